//! The HTTP API: one router for the local server, the Lambda function and the tests. A handler decides nothing: it reads
//! the request, asks the use case, and writes the answer.

mod account;
mod answer;
mod auth;
mod body;
mod creating;
pub mod dashboard;
mod deliveries;
mod events;
mod health;
mod idempotency;
mod openapi;
mod operations;
mod path;
pub mod problem;
mod projects;
mod query;
mod rate_limit;
mod timers;
mod webhooks;

pub use query::Cursor;
pub use rate_limit::RateLimit;

use crate::app::App;
use axum::Router;
use axum::http::Uri;
use axum::response::{IntoResponse as _, Response};
use problem::{Code, Problem};
use std::any::Any;
use std::sync::Arc;
use tower_http::catch_panic::CatchPanicLayer;

/// What every handler works on.
#[derive(Clone)]
struct Api {
    app: Arc<App>,
    rate_limit: Option<Arc<RateLimit>>,
}

/// The whole API, at the root and under `/api`.
pub fn router(app: Arc<App>, rate_limit: Option<RateLimit>) -> Router {
    let routes = operations::routes().merge(openapi::pages()).merge(dashboard::routes());
    Router::new()
        .merge(routes.clone())
        .nest("/api", routes)
        .fallback(unknown_route)
        .method_not_allowed_fallback(wrong_method)
        .layer(CatchPanicLayer::custom(panicked))
        .with_state(Api { app, rate_limit: rate_limit.map(Arc::new) })
}

async fn unknown_route(uri: Uri) -> Problem {
    Problem::new(Code::NotFound, format!("there is nothing at {}", uri.path()))
}

async fn wrong_method() -> Problem {
    Problem::new(Code::MethodNotAllowed, "this path takes other methods: see the Allow header")
}

/// The caller learns nothing of a bug but that there is one.
fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let said = panic.downcast_ref::<&str>().copied().or(panic.downcast_ref::<String>().map(String::as_str));
    tracing::error!(panic = said.unwrap_or("without a message"), "a handler panicked");
    Problem::new(Code::InternalError, "an error of the service itself: try again, and report it if it stays")
        .into_response()
}
