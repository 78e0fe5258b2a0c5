//! `GET /openapi.json`, the description of this API, and `GET /docs`, a page that renders it.
//!
//! The description is generated from the code by this module's tests and committed: `make openapi` writes it anew, and a
//! test fails while what is committed is not what the code says. So no deployed binary carries the generator.

use super::Api;
use axum::Router;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::response::IntoResponse;
use axum::routing::get;

#[cfg(test)]
mod document;

/// The page loads from its own origin only, and nothing may frame it or be sent a form from it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The routes of both; none asks for a key.
pub(super) fn pages() -> Router<Api> {
    Router::new()
        .route("/openapi.json", get(async || file("application/json", include_str!("openapi.json"))))
        .route("/docs", get(async || file("text/html; charset=utf-8", include_str!("page.html"))))
        .route("/docs/page.js", get(async || file("text/javascript; charset=utf-8", include_str!("page.js"))))
        .route("/docs/page.css", get(async || file("text/css; charset=utf-8", include_str!("page.css"))))
}

fn file(media_type: &'static str, content: &'static str) -> impl IntoResponse {
    let headers = [
        (CONTENT_TYPE, media_type),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        // They change with the service's version only, and then at once.
        (CACHE_CONTROL, "no-cache"),
    ];
    (headers, content)
}
