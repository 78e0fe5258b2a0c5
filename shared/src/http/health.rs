//! `GET /health`.

use super::Api;
use super::answer::json;
use super::auth::MaybeCaller;
use super::problem::Problem;
use crate::domain::account::Mode;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;

#[derive(Serialize)]
struct Health {
    status: &'static str,
    timestamp: String,
    service: &'static str,
    version: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<AccountView>,
}

#[derive(Serialize)]
struct AccountView {
    id: String,
    mode: Mode,
    limits: Limits,
}

/// −1 stands for no limit.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Limits {
    concurrent_timers: i64,
}

/// That the service answers; with a key also the account and its limits.
pub(super) async fn health(State(api): State<Api>, caller: MaybeCaller) -> Result<Response, Problem> {
    let account = match caller.0 {
        None => None,
        Some(caller) => {
            let account = api.app.account(&caller).await?;
            Some(AccountView {
                id: account.id.as_str().to_owned(),
                mode: caller.scope().mode,
                limits: Limits { concurrent_timers: account.concurrent_timers.map_or(-1, i64::from) },
            })
        }
    };
    let health = Health {
        status: "healthy",
        timestamp: api.app.clock().now().to_iso(),
        service: "minoots",
        version: env!("CARGO_PKG_VERSION"),
        account,
    };
    Ok(json(StatusCode::OK, serde_json::to_vec(&health).unwrap_or_default()))
}
