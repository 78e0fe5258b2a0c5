//! What an operator tells the expiry handler by invoking it, as IAM allows nobody else:
//!
//! ```json
//! {"openAccount": {"account": "acme", "mode": "live", "name": "first key"}}
//! ```
//!
//! makes the account, unless there is one, and a key of it. The answer is the only place where the key is ever shown. So the
//! first key needs neither a program on the operator's machine nor a resource that would cost money at rest.

use minoots_shared::app::App;
use minoots_shared::domain::account::{Mode, Scope};
use minoots_shared::domain::ids::AccountId;
use minoots_shared::ports::Unavailable;
use serde::Deserialize;
use serde_json::{Value, json};

/// Why an order is not carried out.
#[derive(Debug, thiserror::Error)]
pub(super) enum OrderError {
    /// It makes no sense.
    #[error("openAccount takes {{\"account\", \"mode\"?, \"name\"?}}: {0}")]
    Unreadable(#[from] serde_json::Error),
    /// The account's name is none.
    #[error("account must be 1 to 64 characters of A-Z, a-z, 0-9, _ and -")]
    Account,
    /// The table can't be written.
    #[error("the account could not be opened: {}", .0.0)]
    Unavailable(#[from] Unavailable),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OpenAccount {
    account: String,
    #[serde(default = "live")]
    mode: Mode,
    #[serde(default)]
    name: Option<String>,
}

fn live() -> Mode {
    Mode::Live
}

/// Makes an account, unless there is one, and a new key of it.
pub(super) async fn open_account(app: &App, order: &Value) -> Result<Value, OrderError> {
    let OpenAccount { account, mode, name } = OpenAccount::deserialize(order)?;
    let plain = account.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
    if !(1..=64).contains(&account.len()) || !plain {
        return Err(OrderError::Account);
    }
    let account = app.open_account(&AccountId::new(account), None).await?;
    let scope = Scope { account: account.id, mode };
    let made = app.api_key_for(App::fresh_api_key(mode), scope.clone(), name);
    app.register_api_key(made.key.clone()).await?;
    tracing::info!(account = %scope.account, mode = %mode, key = %made.key.id, "an operator made a key");
    Ok(json!({"account": scope.account, "mode": mode, "id": made.key.id, "apiKey": made.secret.reveal()}))
}
