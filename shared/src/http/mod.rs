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
mod path;
pub mod problem;
mod projects;
mod query;
mod rate_limit;
mod timers;
mod webhooks;

pub use rate_limit::RateLimit;

use crate::app::App;
use axum::Router;
use axum::http::Uri;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post, put};
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
    let routes = Router::new()
        .route("/health", get(health::health))
        .route("/timers", get(timers::list).post(creating::create))
        // `batch` is also an id that a caller may choose.
        .route(BATCH, post(creating::batch).get(timers::get).patch(timers::change).delete(timers::cancel))
        .route("/timers/{id}", get(timers::get).patch(timers::change).delete(timers::cancel))
        .route("/timers/{id}/pause", post(timers::pause))
        .route("/timers/{id}/resume", post(timers::resume))
        .route("/timers/{id}/fire", post(timers::fire))
        .route("/quick/wait", post(creating::quick_wait))
        .route("/account/api-keys", get(account::keys).post(account::create_key))
        .route("/account/api-keys/{id}", put(account::rename_key).delete(account::revoke_key))
        .route("/account/webhook-secret", get(account::webhook_secret))
        .route("/account/webhook-secret/rotate", post(account::rotate_webhook_secret))
        .route("/account/usage", get(account::usage))
        .route("/webhooks", get(webhooks::list).post(webhooks::create))
        .route("/webhooks/events", get(events::catalogue))
        .route("/webhooks/queue/stats", get(deliveries::queue))
        .route("/webhooks/queue/retry-failed", post(deliveries::retry_failed))
        .route(
            "/webhooks/{id}",
            get(webhooks::get).put(webhooks::change).patch(webhooks::change).delete(webhooks::delete),
        )
        .route("/webhooks/{id}/regenerate-secret", post(webhooks::regenerate_secret))
        .route("/webhooks/{id}/test", post(webhooks::test))
        .route("/webhooks/{id}/deliveries", get(deliveries::list))
        .route("/webhooks/{id}/stats", get(deliveries::statistics))
        .route("/deliveries", get(deliveries::all))
        .route("/deliveries/{id}", get(deliveries::get))
        .route("/deliveries/{id}/retry", post(deliveries::retry))
        .route("/events", post(events::send))
        .route("/projects", post(projects::create))
        .merge(dashboard::routes());
    Router::new()
        .merge(routes.clone())
        .nest("/api", routes)
        .fallback(unknown_route)
        .method_not_allowed_fallback(wrong_method)
        .layer(CatchPanicLayer::custom(panicked))
        .with_state(Api { app, rate_limit: rate_limit.map(Arc::new) })
}

/// Has no parameter: [`path::Id`] takes the last segment then.
const BATCH: &str = "/timers/batch";

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
