//! An account and its key, as a caller of the API.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, request};
use minoots_shared::app::App;
use minoots_shared::domain::account::{Mode, Scope};
use minoots_shared::domain::api_key::ApiKeySecret;
use minoots_shared::domain::ids::AccountId;
use serde_json::Value;
use tower::ServiceExt as _;

/// What each tenant makes, with the answer's status. The words in it are looked for where they must not be.
pub(crate) const CREATIONS: [(&str, &str, u16); 4] = [
    ("/timers", r#"{"id": "chosen-timer", "name": "their-timer", "duration": "1h", "team": "their-team"}"#, 201),
    ("/webhooks", r#"{"name": "their-hook", "url": "http://127.0.0.1:9/their-path", "events": ["their.*"]}"#, 201),
    ("/events", r#"{"id": "chosen-event", "type": "their.event", "data": {"their-data": 1}}"#, 202),
    ("/account/api-keys", r#"{"name": "their-key"}"#, 201),
];
/// The words of [`CREATIONS`] that say whose they are.
const WORDS: [&str; 9] = [
    "chosen-timer",
    "their-timer",
    "their-team",
    "their-hook",
    "their-path",
    "chosen-event",
    "their.event",
    "their-data",
    "their-key",
];

/// An answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    /// A text in it.
    fn text(&self, pointer: &str) -> String {
        let answer: Value = serde_json::from_str(&self.body).unwrap_or_default();
        answer.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("no {pointer} in {self:?}")).to_owned()
    }
}

pub(crate) struct Tenant {
    router: Router,
    key: String,
}

impl Tenant {
    pub(crate) async fn new(app: &App, router: &Router, name: &str) -> Self {
        let (account, key) = (AccountId::new(name), format!("mnt_live_{name}"));
        app.open_account(&account, None).await.expect("an account is opened");
        let made = app.api_key_for(ApiKeySecret::new(key.clone()), Scope { account, mode: Mode::Live }, None);
        app.store_api_key(&made.key, None, Vec::new()).await.expect("a key is stored");
        Self { router: router.clone(), key }
    }

    /// The same account through a test key.
    pub(crate) async fn test_mode(&self) -> Self {
        let answer = self.call("POST", "/account/api-keys", r#"{"mode": "test"}"#).await;
        Self { router: self.router.clone(), key: answer.text("/apiKey") }
    }

    pub(crate) async fn call(&self, method: &str, path: &str, body: &str) -> Answer {
        self.send(Request::builder().method(method).uri(path), body).await
    }

    /// With an idempotency key that every tenant uses.
    pub(crate) async fn call_once(&self, method: &str, path: &str, body: &str) -> Answer {
        self.send(Request::builder().method(method).uri(path).header("idempotency-key", "once"), body).await
    }

    async fn send(&self, request: request::Builder, body: &str) -> Answer {
        let request = request.header("x-api-key", &self.key).body(Body::from(body.to_owned()));
        let answered = self.router.clone().oneshot(request.expect("it is a request")).await;
        let answer = answered.unwrap_or_else(|never| match never {});
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let body = to_bytes(answer.into_body(), usize::MAX).await.expect("an answer has an end");
        Answer { status, headers, body: String::from_utf8(body.to_vec()).expect("answers are UTF-8") }
    }

    /// A successful POST.
    async fn make(&self, path: &str, body: &str) -> Answer {
        let answer = self.call_once("POST", path, body).await;
        assert!((200..300).contains(&answer.status), "{path}: {answer:?}");
        answer
    }

    /// Makes one of everything. `fan_out` lets an event reach its endpoints.
    pub(crate) async fn possessions(&self, fan_out: impl AsyncFn(&str)) -> Possessions {
        // The endpoint before the event that goes to it.
        let mut made = Vec::new();
        for (path, body, _) in CREATIONS {
            made.push(self.make(path, body).await);
        }
        let endpoint = made[1].text("/data/id");
        fan_out("chosen-event").await;
        let told = self.call("GET", &format!("/webhooks/{endpoint}/deliveries"), "").await;
        let fired = r#"{"id": "chosen-fired", "duration": "1h", "webhook": "http://127.0.0.1:9/their-path"}"#;
        self.call("POST", "/timers", fired).await;
        self.make("/timers/chosen-fired/fire", "").await;
        let fired = self.call("GET", "/timers/chosen-fired", "").await;
        // A name that is also a path.
        self.call("POST", "/timers", r#"{"id": "batch", "name": "their-timer", "duration": "1h"}"#).await;
        let page = self.call("GET", "/timers?limit=1", "").await;
        Possessions {
            endpoint,
            deliveries: [fired.text("/deliveries/0/id"), told.text("/data/0/id")],
            key: made[3].text("/id"),
            cursor: page.text("/nextCursor"),
        }
    }
}

/// Ids of what a tenant made.
pub(crate) struct Possessions {
    pub(crate) endpoint: String,
    /// A timer's, which ends with the timer's id, and an endpoint's.
    deliveries: [String; 2],
    key: String,
    /// Of the tenant's list of timers.
    pub(crate) cursor: String,
}

impl Possessions {
    /// The ids that a path with `{id}` is about.
    pub(crate) fn ids_for(&self, path: &str) -> Vec<String> {
        match path.trim_start_matches("/api").split('/').nth(1) {
            Some("timers") => vec!["chosen-timer".to_owned(), "chosen-fired".to_owned()],
            Some("webhooks") => vec![self.endpoint.clone()],
            Some("deliveries") => self.deliveries.to_vec(),
            Some("account") => vec![self.key.clone()],
            _ => panic!("{path} is new here: say what ids it takes"),
        }
    }

    /// Ids that the service gave, rather than the tenant.
    pub(crate) fn given_ids(&self) -> impl Iterator<Item = &str> {
        self.deliveries.iter().chain([&self.endpoint, &self.key]).map(String::as_str)
    }

    /// What no stranger may see.
    pub(crate) fn words(&self) -> Vec<&str> {
        self.given_ids().chain(WORDS).chain(["chosen-fired"]).collect()
    }
}
