//! What an operator asks of the API function by invoking it directly: an account's first key. Lambda lets in whom IAM allows
//! `lambda:InvokeFunction`; nobody can ask it over HTTP, for there a caller fills only what is inside the event.

use super::api::Api;
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, Service as _};
use lambda_runtime::{Error, LambdaEvent};
use minoots_shared::app::{App, cause};
use minoots_shared::domain::account::{Mode, Scope};
use minoots_shared::domain::ids::AccountId;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use std::sync::Arc;

/// What operators and callers reach: one function for both, so that nothing more has to be deployed.
pub struct Front {
    app: Arc<App>,
    http: Adapter<'static, axum::response::Response, Api>,
}

/// An operator's event; a gateway's has no such member.
#[derive(Deserialize)]
struct Asked {
    #[serde(rename = "createKey")]
    create_key: Option<CreateKey>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CreateKey {
    account: String,
    #[serde(default = "live")]
    mode: Mode,
    name: Option<String>,
}

/// The only answer in which the key is shown.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Created<'a> {
    api_key: &'a str,
    id: &'a str,
    account: &'a str,
    mode: Mode,
}

impl Front {
    /// Answers callers by `api`, and operators by what `app` does.
    pub fn new(app: Arc<App>, api: Api) -> Self {
        Self { app, http: Adapter::from(api) }
    }

    /// An event of a gateway or of an operator.
    ///
    /// # Errors
    /// The event is neither, or what the operator asks for can't be done.
    pub async fn handle(&self, event: LambdaEvent<Box<RawValue>>) -> Result<Box<RawValue>, Error> {
        let (payload, context) = event.into_parts();
        let asked: Asked = serde_json::from_str(payload.get())?;
        if let Some(asked) = asked.create_key {
            return Ok(self.create_key(asked).await?);
        }
        let request: LambdaRequest = serde_json::from_str(payload.get())?;
        let answer = self.http.clone().call(LambdaEvent::new(request, context)).await?;
        Ok(to_raw_value(&answer)?)
    }

    /// Makes a key, and its account if there is none of the name.
    async fn create_key(&self, asked: CreateKey) -> Result<Box<RawValue>, String> {
        let CreateKey { account, mode, name } = asked;
        if !is_plain(&account) {
            return Err("createKey.account must be 1 to 64 of A-Z, a-z, 0-9, _ and -".to_owned());
        }
        let account = AccountId::new(account);
        let failed = |error: &dyn std::error::Error| format!("the key could not be made, try again: {}", cause(error));
        self.app.open_account(&account, None).await.map_err(|error| failed(&error))?;
        let new = self.app.api_key_for(App::fresh_api_key(mode), Scope { account: account.clone(), mode }, name);
        self.app.register_api_key(new.key.clone()).await.map_err(|error| failed(&error))?;
        tracing::info!(account = %account, mode = %mode, key = %new.key.id, "an operator made a key");
        let created =
            Created { api_key: new.secret.reveal(), id: new.key.id.as_str(), account: account.as_str(), mode };
        to_raw_value(&created).map_err(|error| failed(&error))
    }
}

fn live() -> Mode {
    Mode::Live
}

fn is_plain(account: &str) -> bool {
    let plain = account.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    plain && (1..=64).contains(&account.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(event: &str) -> Option<CreateKey> {
        serde_json::from_str::<Asked>(event).unwrap().create_key
    }

    #[test]
    fn what_a_caller_sends_over_http_is_never_an_operators_wish() {
        let body = r#"{\"createKey\":{\"account\":\"acme\"}}"#;
        let event = format!(
            r#"{{"version":"2.0","rawPath":"/","rawQueryString":"createKey=1","headers":{{"createKey":"1"}},
                "queryStringParameters":{{"createKey":"1"}},"body":"{body}","isBase64Encoded":false}}"#
        );
        assert!(asked(&event).is_none());
        assert!(asked(&body.replace('\\', "")).is_some());
    }

    #[test]
    fn a_wish_with_a_misspelled_member_is_refused_instead_of_making_another_key() {
        assert!(serde_json::from_str::<Asked>(r#"{"createKey":{"account":"a","mod":"test"}}"#).is_err());
        assert_eq!(asked(r#"{"createKey":{"account":"a"}}"#).unwrap().mode, Mode::Live);
        assert_eq!(asked(r#"{"createKey":{"account":"a","mode":"test"}}"#).unwrap().mode, Mode::Test);
    }

    #[test]
    fn an_accounts_name_is_short_and_plain() {
        assert!(is_plain("acme") && is_plain("A_b-9") && is_plain(&"x".repeat(64)));
        for odd in ["", "a b", "a#b", "é", &"x".repeat(65)] {
            assert!(!is_plain(odd), "{odd}");
        }
    }
}
