//! What the examples are made of: timers, endpoints and deliveries as the code itself makes them from the requests that the
//! document shows, at one fixed moment.

use super::requests::parsed;
use crate::domain::account::{Mode, Scope};
use crate::domain::api_key::{ApiKey, ApiKeySecret};
use crate::domain::attempt::{Answer, AttemptResult};
use crate::domain::delivery::Delivery;
use crate::domain::endpoint::Endpoint;
use crate::domain::event::Event;
use crate::domain::ids::{AccountId, ApiKeyId, EndpointId, EventId, TimerId};
use crate::domain::json::JsonText;
use crate::domain::secret::WebhookSecret;
use crate::domain::time::{Millis, Timestamp};
use crate::domain::timer::Timer;
use crate::domain::transition::Happening;
use crate::domain::{endpoint_settings, new_timer};
use crate::webhook::event_payload::EventPayload;
use crate::webhook::guard::UrlPolicy;
use crate::webhook::payload;
use serde_json::{Value, json};

/// 2026-11-24T10:00:00Z
pub(super) const NOW: Timestamp = Timestamp(1_795_514_400_000);
/// The `x…` parts of ids.
const ENTROPY: [u8; 10] = [0x2b, 0x7e, 0x15, 0x16, 0x28, 0xae, 0xd2, 0xa6, 0xab, 0xf7];

pub(super) fn later(minutes: u64) -> Timestamp {
    NOW.plus(Millis(Millis::MINUTE.0 * minutes))
}

pub(super) fn scope() -> Scope {
    Scope { account: AccountId::new("acme"), mode: Mode::Live }
}

/// The body of `POST /timers`.
pub(super) fn new_timer() -> Value {
    json!({
        "name": "Build timeout",
        "duration": "15m",
        "agentId": "ci-7",
        "events": {
            "on_progress": {"webhook": "https://ci.example.com/hooks/timer", "intervals": ["50%", "-1m"]},
            "on_expire": {"webhook": "https://ci.example.com/hooks/timer", "message": "Too long!", "data": {"buildId": 123}},
        },
        "metadata": {"branch": "main"},
    })
}

pub(super) fn timer() -> Timer {
    let id = TimerId::generate(NOW, &ENTROPY);
    new_timer::parse(&parsed(&new_timer()), &scope(), id, NOW, &UrlPolicy::strict()).unwrap()
}

/// What happens to the timer: its first milestone, its end, or a cancellation.
pub(super) fn progress() -> Happening {
    timer().fall_due(later(8)).unwrap().happened.remove(0)
}

pub(super) fn expiry() -> Happening {
    timer().fall_due(later(15)).unwrap().happened.pop().unwrap()
}

pub(super) fn cancelled() -> Timer {
    timer().cancel(later(3), Some("done early".to_owned())).unwrap().unwrap().timer
}

pub(super) fn cancellation() -> Happening {
    timer().cancel(later(3), Some("done early".to_owned())).unwrap().unwrap().happened.remove(0)
}

/// A delivery of the timer's own: failed once, and to be tried again.
pub(super) fn retrying(happening: &Happening) -> Delivery {
    answered(&payload::delivery(happening).unwrap(), happening.at, 503, "try again later")
}

fn answered(delivery: &Delivery, at: Timestamp, code: u16, body: &str) -> Delivery {
    let answer = Answer { code, body: body.to_owned(), retry_after: None };
    let (sent_at, duration) = (at.plus(Millis(4)), Millis(87));
    let attempt = delivery.next_attempt();
    delivery.after(&AttemptResult { attempt, sent_at, duration, answer: Ok(answer) }).unwrap()
}

/// The body of `POST /webhooks`.
pub(super) fn new_endpoint() -> Value {
    json!({
        "name": "Audit",
        "url": "https://audit.example.com/webhooks",
        "events": ["session.*", "timer.expired"],
        "headers": {"X-Team": "platform"},
        "maxRetries": 6,
    })
}

pub(super) fn endpoint() -> Endpoint {
    let (id, secret) = (EndpointId::generate(NOW, &ENTROPY), secret());
    endpoint_settings::parse_new(&parsed(&new_endpoint()), &scope(), id, secret, NOW, &UrlPolicy::strict()).unwrap()
}

/// Recognisably no real secret: base64 of zeros.
pub(super) fn secret() -> WebhookSecret {
    WebhookSecret::generate(&[0; 32])
}

/// An event with this data, told to the endpoint.
pub(super) fn event(event_type: &str, data: &Value) -> Event {
    Event {
        scope: scope(),
        id: EventId::generate(later(1), &ENTROPY),
        event_type: event_type.to_owned(),
        created_at: later(1),
        data: JsonText::from(&parsed(data)),
        targets: vec![endpoint().id],
        expanded: 0,
    }
}

/// The event's delivery to the endpoint, taken at the first attempt.
pub(super) fn delivered(event: &Event) -> Delivery {
    answered(&EventPayload::new(event).delivery(&endpoint()), event.created_at, 200, "ok")
}

/// The body of `POST /events`.
pub(super) fn new_event() -> Value {
    json!({"type": "session.started", "data": {"sessionId": "s_42", "user": "u_1"}})
}

pub(super) fn session_started() -> Event {
    event("session.started", &new_event()["data"])
}

pub(super) fn api_key() -> (ApiKey, ApiKeySecret) {
    let secret = ApiKeySecret::generate(Mode::Live, &[0; 32]);
    let key = ApiKey {
        id: ApiKeyId::generate(NOW, &ENTROPY),
        scope: scope(),
        name: Some("ci".to_owned()),
        preview: secret.preview(),
        digest: secret.digest(),
        created_at: NOW,
    };
    (key, secret)
}
