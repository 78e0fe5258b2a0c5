//! `/dashboard`: files for the browser, embedded, and headers under which a browser runs nothing but them.
//!
//! They need no key, for they hold nothing of anyone's: what is shown comes over the API, with the key that the visitor gives.
//! Modules are served below a folder named for their content, so that browsers keep them for good and a new version is
//! a new folder.

use super::problem::{Code, Problem};
use axum::Router;
use axum::extract::{Path, Request};
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH, LOCATION};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::middleware::map_response;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use sha2::{Digest as _, Sha256};
use std::sync::LazyLock;

/// Nothing runs and nothing is loaded but files of this server's; no text becomes markup or code (Trusted Types, with no
/// policy that could make an exception); nobody may frame the page.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

/// Marks requests to a server that has the inbox and tells of changes: put it into their extensions.
#[derive(Clone, Copy, Debug)]
pub struct LocalServer;

struct Asset {
    name: &'static str,
    bytes: &'static [u8],
}

macro_rules! assets {
    ($($name:literal)*) => {
        [$(Asset { name: $name, bytes: include_bytes!(concat!("../../dashboard/", $name)) }),*]
    };
}

static ASSETS: [Asset; 36] = assets! {
    "api.js" "attempts.js" "bar.js" "clock.js" "code.js" "dialog.js" "dom.js" "duration.js" "format.js"
    "icon.svg" "icons.js" "keyboard.js" "live.js" "main.js" "milestones.js" "notice.js" "page-create.js"
    "page-deliveries.js" "page-delivery.js" "page-inbox.js" "page-insights.js" "page-sign-in.js"
    "page-timer.js" "page-timers.js" "page-webhook.js" "page-webhooks.js" "parts.css" "plot.js"
    "request-headers.js" "router.js" "session.js" "snippets.js" "style.css" "theme.js" "timer-feed.js"
    "virtual-list.js"
};
const PAGE: &str = include_str!("../../dashboard/index.html");

/// A name for the content of all files together.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    let mut hash = Sha256::new_with_prefix(PAGE);
    for asset in &ASSETS {
        hash.update(asset.name);
        hash.update(asset.bytes);
    }
    hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
});

/// The dashboard's routes.
pub(super) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/dashboard", get(page))
        // The page's own addresses are relative, so that they hold behind a gateway's stage as well.
        .route("/dashboard/", get(|| async { (StatusCode::PERMANENT_REDIRECT, [(LOCATION, "../dashboard")]) }))
        .route("/dashboard/{version}/{file}", get(asset))
        .layer(map_response(guarded))
}

async fn page(request: Request) -> Response {
    let local = request.extensions().get::<LocalServer>().is_some();
    let kind = if local { "local" } else { "deployed" };
    let tag = format!("\"{}-{kind}\"", *VERSION);
    let modules = ASSETS.iter().filter(|asset| asset.name.ends_with(".js"));
    let preloads: String = modules
        .map(|module| format!("<link rel=\"modulepreload\" href=\"dashboard/{}/{}\">\n", *VERSION, module.name))
        .collect();
    let text = PAGE.replace("{version}", &VERSION).replace("{server}", kind).replace("<!-- modules -->", &preloads);
    answer(request.headers(), &tag, "no-cache", "text/html; charset=utf-8", text.into_bytes())
}

async fn asset(Path((version, file)): Path<(String, String)>, headers: HeaderMap) -> Result<Response, Problem> {
    let Some(asset) = ASSETS.iter().find(|asset| asset.name == file) else {
        return Err(Problem::new(Code::NotFound, "the dashboard has no such file"));
    };
    // While a new version is rolled out, a page of the one may ask a server of the other.
    let keep = if version == *VERSION { "public, max-age=31536000, immutable" } else { "no-store" };
    let kind = match asset.name.rsplit('.').next() {
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        _ => "image/svg+xml",
    };
    Ok(answer(&headers, &format!("\"{}\"", *VERSION), keep, kind, asset.bytes.to_vec()))
}

/// The bytes, or 304 to a browser that has them.
fn answer(headers: &HeaderMap, tag: &str, keep: &'static str, kind: &'static str, bytes: Vec<u8>) -> Response {
    let known = headers.get(IF_NONE_MATCH).and_then(|known| known.to_str().ok()).unwrap_or_default();
    let mut response = if known.split(',').any(|known| known.trim().trim_start_matches("W/") == tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(CONTENT_TYPE, kind)], bytes).into_response()
    };
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static(keep));
    if let Ok(tag) = HeaderValue::from_str(tag) {
        response.headers_mut().insert(ETAG, tag);
    }
    response
}

async fn guarded(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    ] {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_of_the_folder_is_served_and_all_together_are_small() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/dashboard");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name != "index.html" && name != "tsconfig.json")
            .collect();
        files.sort();
        let mut served: Vec<_> = ASSETS.iter().map(|asset| asset.name).collect();
        served.sort_unstable();
        assert_eq!(files, served);
        let bytes = PAGE.len() + ASSETS.iter().map(|asset| asset.bytes.len()).sum::<usize>();
        assert!(bytes <= 150_000, "they go into the API function's zip: {bytes} bytes");
    }
}
