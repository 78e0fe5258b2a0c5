//! Every operation of the API: its method, its path and its handler, in one table that the router and the tests of the
//! OpenAPI document read.

use super::{Api, account, creating, deliveries, events, health, projects, timers, webhooks};
use axum::Router;
use axum::routing::{delete, get, patch, post, put};

macro_rules! operations {
    ($($method:ident $path:literal => $handler:path),+ $(,)?) => {
        /// Method and path of each operation.
        #[cfg(test)]
        pub(super) const OPERATIONS: &[(&str, &str)] = &[$((stringify!($method), $path)),+];

        /// The handlers of all operations.
        pub(super) fn routes() -> Router<Api> {
            Router::new()$(.route($path, $method($handler)))+
        }
    };
}

operations! {
    post "/timers" => creating::create,
    get "/timers" => timers::list,
    post "/timers/batch" => creating::batch,
    // `batch` is also an id that a caller may choose. The path has no parameter: `path::Id` takes its last segment then.
    get "/timers/batch" => timers::get,
    patch "/timers/batch" => timers::change,
    delete "/timers/batch" => timers::cancel,
    get "/timers/{id}" => timers::get,
    patch "/timers/{id}" => timers::change,
    delete "/timers/{id}" => timers::cancel,
    post "/timers/{id}/pause" => timers::pause,
    post "/timers/{id}/resume" => timers::resume,
    post "/timers/{id}/fire" => timers::fire,
    post "/quick/wait" => creating::quick_wait,
    post "/webhooks" => webhooks::create,
    get "/webhooks" => webhooks::list,
    get "/webhooks/events" => events::catalogue,
    get "/webhooks/queue/stats" => deliveries::queue,
    post "/webhooks/queue/retry-failed" => deliveries::retry_failed,
    get "/webhooks/{id}" => webhooks::get,
    put "/webhooks/{id}" => webhooks::change,
    patch "/webhooks/{id}" => webhooks::change,
    delete "/webhooks/{id}" => webhooks::delete,
    post "/webhooks/{id}/regenerate-secret" => webhooks::regenerate_secret,
    post "/webhooks/{id}/test" => webhooks::test,
    get "/webhooks/{id}/deliveries" => deliveries::list,
    get "/webhooks/{id}/stats" => deliveries::statistics,
    get "/deliveries" => deliveries::all,
    get "/deliveries/{id}" => deliveries::get,
    post "/deliveries/{id}/retry" => deliveries::retry,
    post "/events" => events::send,
    post "/projects" => projects::create,
    post "/account/api-keys" => account::create_key,
    get "/account/api-keys" => account::keys,
    put "/account/api-keys/{id}" => account::rename_key,
    delete "/account/api-keys/{id}" => account::revoke_key,
    get "/account/webhook-secret" => account::webhook_secret,
    post "/account/webhook-secret/rotate" => account::rotate_webhook_secret,
    get "/account/usage" => account::usage,
    get "/health" => health::health,
}
