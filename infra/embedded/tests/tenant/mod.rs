//! Accounts on one machine whose clock stands still, so that what nobody changed is answered with the same bytes.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request};
use minoots_embedded::store::{EmbeddedStore, StoreOptions};
use minoots_embedded::{DeliveryQueue, DueIndexAlarms, Limits};
use minoots_shared::app::App;
use minoots_shared::app::clock::Clock;
use minoots_shared::domain::account::{Mode, Scope};
use minoots_shared::domain::api_key::ApiKeySecret;
use minoots_shared::domain::ids::AccountId;
use minoots_shared::domain::time::{Millis, Timestamp};
use minoots_shared::webhook::client::WebhookClient;
use minoots_shared::webhook::guard::UrlPolicy;
use std::sync::Arc;
use tempfile::TempDir;
use tower::ServiceExt as _;

/// What each tenant makes, with the answer's status. The words in it are looked for where they must not be.
pub(crate) const CREATIONS: [(&str, &str, u16); 4] = [
    ("/timers", r#"{"id": "chosen-timer", "name": "their-timer", "duration": "1h", "team": "their-team"}"#, 201),
    ("/webhooks", r#"{"name": "their-hook", "url": "http://127.0.0.1:9/their-path", "events": ["their.*"]}"#, 201),
    ("/events", r#"{"id": "chosen-event", "type": "their.event", "data": {"their-data": 1}}"#, 202),
    ("/account/api-keys", r#"{"name": "their-key"}"#, 201),
];
/// The words of [`CREATIONS`] that say whose they are.
const WORDS: [&str; 8] = [
    "chosen-timer",
    "their-timer",
    "their-team",
    "their-hook",
    "their-path",
    "chosen-event",
    "their.event",
    "their-key",
];

pub(crate) struct Machine {
    pub(crate) router: Router,
    app: Arc<App>,
    _folder: TempDir,
}

impl Machine {
    pub(crate) async fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let store = Arc::new(EmbeddedStore::open(folder.path(), StoreOptions::default()).unwrap());
        let webhooks = WebhookClient::new(UrlPolicy::local(), Millis::seconds(1)).unwrap();
        let clock = Clock::new(|| Timestamp(1_800_000_000_000));
        let queue = DeliveryQueue::new(Limits::default());
        let app = Arc::new(App::new(store, Arc::new(DueIndexAlarms), queue, webhooks, clock));
        Self { router: minoots_shared::http::router(app.clone(), None), app, _folder: folder }
    }
}

/// An answer, but for what differs from call to call.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

pub(crate) struct Tenant {
    router: Router,
    key: String,
}

impl Tenant {
    pub(crate) async fn new(machine: &Machine, name: &str) -> Self {
        let account = AccountId::new(name);
        machine.app.open_account(&account, None).await.unwrap();
        let secret = ApiKeySecret::new(format!("mnt_live_{name}"));
        let key = machine.app.api_key_for(secret, Scope { account, mode: Mode::Live }, None);
        machine.app.store_api_key(&key.key, None, Vec::new()).await.unwrap();
        Self { router: machine.router.clone(), key: format!("mnt_live_{name}") }
    }

    /// The same account through a test key.
    pub(crate) async fn test_mode(&self) -> Self {
        let answer = self.call("POST", "/account/api-keys", r#"{"mode": "test"}"#).await;
        Self { router: self.router.clone(), key: text(&answer, &["apiKey"]) }
    }

    pub(crate) async fn call(&self, method: &str, path: &str, body: &str) -> Answer {
        self.send(Request::builder().method(method).uri(path), body).await
    }

    /// With an idempotency key that every tenant uses.
    pub(crate) async fn call_once(&self, method: &str, path: &str, body: &str) -> Answer {
        self.send(Request::builder().method(method).uri(path).header("idempotency-key", "once"), body).await
    }

    async fn send(&self, request: axum::http::request::Builder, body: &str) -> Answer {
        let request = request.header("x-api-key", &self.key).body(Body::from(body.to_owned())).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (status, mut headers) = (response.status().as_u16(), response.headers().clone());
        // It counts the bytes of the id.
        headers.remove("content-length");
        let body = String::from_utf8(to_bytes(response.into_body(), usize::MAX).await.unwrap().to_vec()).unwrap();
        Answer { status, headers, body }
    }

    /// Makes one of everything.
    pub(crate) async fn possessions(&self) -> Possessions {
        let mut made = Vec::new();
        // The endpoint before the event that goes to it.
        for (path, body, status) in CREATIONS {
            let answer = self.call_once("POST", path, body).await;
            assert_eq!(answer.status, status, "{path}: {answer:?}");
            made.push(answer);
        }
        let endpoint = text(&made[1], &["data", "id"]);
        let fired = r#"{"id": "chosen-fired", "duration": "1h", "webhook": "http://127.0.0.1:9/their-path"}"#;
        assert_eq!(self.call("POST", "/timers", fired).await.status, 201);
        assert_eq!(self.call("POST", "/timers/chosen-fired/fire", "").await.status, 200);
        let fired = self.call("GET", "/timers/chosen-fired", "").await;
        let page = self.call("GET", "/timers?limit=1", "").await;
        Possessions {
            timers: vec!["chosen-timer".to_owned(), "chosen-fired".to_owned()],
            endpoint,
            delivery: text(&fired, &["deliveries", "0", "id"]),
            key: text(&made[3], &["id"]),
            cursor: text(&page, &["nextCursor"]),
        }
    }

    /// All that the account shows of itself.
    pub(crate) async fn everything(&self, possessions: &Possessions) -> Vec<Answer> {
        let mut paths: Vec<_> = possessions.timers.iter().map(|id| format!("/timers/{id}")).collect();
        paths.push(format!("/webhooks/{}", possessions.endpoint));
        paths.push(format!("/webhooks/{}/stats", possessions.endpoint));
        paths.push(format!("/webhooks/{}/deliveries", possessions.endpoint));
        paths.push(format!("/deliveries/{}", possessions.delivery));
        paths.extend(
            ["/timers", "/webhooks?includeInactive=true", "/webhooks/queue/stats", "/account/webhook-secret"]
                .map(str::to_owned),
        );
        let mut answers = Vec::new();
        for path in paths {
            let answer = self.call("GET", &path, "").await;
            assert_eq!(answer.status, 200, "{path}: {answer:?}");
            answers.push(answer);
        }
        answers
    }
}

/// Ids of what a tenant made.
pub(crate) struct Possessions {
    pub(crate) timers: Vec<String>,
    pub(crate) endpoint: String,
    pub(crate) delivery: String,
    pub(crate) key: String,
    /// Of the tenant's list of timers.
    pub(crate) cursor: String,
}

impl Possessions {
    /// The ids that a path with `{id}` is about.
    pub(crate) fn ids_for(&self, path: &str) -> Vec<String> {
        match path.trim_start_matches("/api").split('/').nth(1) {
            Some("timers") => self.timers.clone(),
            Some("webhooks") => vec![self.endpoint.clone()],
            Some("deliveries") => vec![self.delivery.clone()],
            Some("account") => vec![self.key.clone()],
            _ => panic!("{path} is new here: say what ids it takes"),
        }
    }

    pub(crate) fn ids(&self) -> Vec<String> {
        let mut ids = self.timers.clone();
        ids.extend([&self.endpoint, &self.delivery, &self.key].map(Clone::clone));
        ids
    }

    /// What no stranger may see.
    pub(crate) fn words(&self) -> Vec<&str> {
        let ids = self.timers.iter().chain([&self.endpoint, &self.delivery, &self.key]).map(String::as_str);
        ids.chain(WORDS).collect()
    }

    /// A body that asks for the endpoint's failed deliveries.
    pub(crate) fn retry(&self) -> String {
        format!(r#"{{"webhookId": "{}"}}"#, self.endpoint)
    }
}

/// A text in an answer.
fn text(answer: &Answer, path: &[&str]) -> String {
    let mut at: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    for step in path {
        at = match step.parse::<usize>() {
            Ok(index) => at[index].take(),
            Err(_) => at[step].take(),
        };
    }
    at.as_str().unwrap_or_else(|| panic!("no {path:?} in {answer:?}")).to_owned()
}
