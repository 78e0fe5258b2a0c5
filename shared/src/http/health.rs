//! `GET /health`.

use super::Api;
use super::answer::json;
use super::auth::MaybeCaller;
use super::problem::Problem;
use crate::domain::account::Mode;
use crate::domain::time::Timestamp;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;

/// That the service answers.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Health {
    /// Always `healthy`.
    status: &'static str,
    /// The service's time.
    #[cfg_attr(test, schemars(extend("format" = "date-time")))]
    timestamp: String,
    /// Always `minoots`.
    service: &'static str,
    /// The service's version.
    version: &'static str,
    /// The key's account; absent without a key.
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<AccountView>,
}

/// The account of the key that was shown.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Account"))]
pub(super) struct AccountView {
    /// The account's id.
    pub(super) id: String,
    pub(super) mode: Mode,
    pub(super) limits: Limits,
}

/// What the account may have. −1 stands for no limit.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "AccountLimits"))]
#[serde(rename_all = "camelCase")]
pub(super) struct Limits {
    /// Timers that may run or be paused at once, or −1.
    pub(super) concurrent_timers: i64,
}

impl Health {
    /// What is answered at `now`, to the holder of a key of `account` if there is one.
    pub(super) fn at(now: Timestamp, account: Option<AccountView>) -> Self {
        let (timestamp, version) = (now.to_iso(), env!("CARGO_PKG_VERSION"));
        Self { status: "healthy", timestamp, service: "minoots", version, account }
    }
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
    let health = Health::at(api.app.clock().now(), account);
    Ok(json(StatusCode::OK, serde_json::to_vec(&health).unwrap_or_default()))
}
