//! The webhooks that the service sends.

use super::samples::{self, cancellation, expiry, progress};
use super::schemas::Schemas;
use crate::domain::catalogue::{CATALOGUE, TIMER_CANCELLED, TIMER_CREATED, TIMER_EXPIRED, TIMER_PROGRESS};
use crate::domain::event::Event;
use crate::domain::timer_events;
use crate::domain::timer_view::TimerView;
use crate::webhook::event_payload::EventPayload;
use crate::webhook::payload::{self, CancelledTimer, Payload};
use serde_json::{Map, Value, json};

/// All of them, by name.
pub(super) fn webhooks(schemas: &Schemas) -> Value {
    let mut all = Map::new();
    for (happening, schema, summary) in [
        (progress(), schemas.bare_answer::<Payload<'_, TimerView<'_>>>("TimerPayload"), "A timer reached a milestone."),
        (expiry(), schemas.bare_answer::<Payload<'_, TimerView<'_>>>("TimerPayload"), "A timer's time is up."),
        (
            cancellation(),
            schemas.bare_answer::<Payload<'_, CancelledTimer<'_>>>("CancelledTimerPayload"),
            "A timer was cancelled.",
        ),
    ] {
        let name = happening.event.name();
        let body = payload::delivery(&happening).unwrap().body;
        let about = format!(
            "To the timer's own webhook under `{}`. In `timer.events` stands this event alone.",
            happening.event.key()
        );
        all.insert(name.to_owned(), webhook(name, (summary, &about), schema, &body, &timer_headers()));
    }
    for (name, summary) in CATALOGUE {
        let event = event(name);
        let delivery = EventPayload::new(&event).delivery(&samples::endpoint());
        let summary = format!("{summary}.");
        let about = "To every endpoint that subscribes to it.";
        let schema = json!({"$ref": "#/components/schemas/EventPayload"});
        all.insert(name.to_owned(), webhook(name, (&summary, about), schema, &delivery.body, &endpoint_headers()));
    }
    Value::Object(all)
}

/// What endpoints are sent.
pub(super) fn event_payload() -> Value {
    json!({
        "type": "object",
        "description": "An event, as endpoints are told of it.",
        "required": ["id", "type", "created", "data"],
        "properties": {
            "id": {"type": "string", "description": "The event's id: the same for every endpoint and every attempt."},
            "type": {"type": "string", "description": "As `session.started`."},
            "created": {"type": "string", "format": "date-time", "description": "When it happened."},
            "data": {
                "type": "object", "additionalProperties": true,
                "description": "What the sender of the event gave; for `timer.…` events the `timer`, without its `events`, and \
                                for `timer.progress` the `milestone`.",
            },
        },
    })
}

fn event(name: &str) -> Event {
    match name {
        TIMER_CREATED => timer_events::created(&samples::timer(), Vec::new()),
        TIMER_PROGRESS => progress().told_to(Vec::new()),
        TIMER_EXPIRED => expiry().told_to(Vec::new()),
        TIMER_CANCELLED => cancellation().told_to(Vec::new()),
        "webhook.test" => {
            let data =
                json!({"message": "This is a test.", "webhookId": samples::endpoint().id.as_str(), "name": "Audit"});
            samples::event(name, &data)
        }
        "webhook.disabled" => samples::event(
            name,
            &json!({
                "webhookId": samples::endpoint().id.as_str(),
                "name": "Audit",
                "reason": "the receiver answered 410 Gone",
                "disabledAt": samples::later(1).to_iso(),
            }),
        ),
        "session.started" => samples::session_started(),
        other => {
            let subject = other.split('.').next().unwrap_or_default();
            samples::event(other, &json!({format!("{subject}Id"): "42"}))
        }
    }
}

fn webhook(name: &str, (summary, about): (&str, &str), schema: Value, body: &str, headers: &[&str]) -> Value {
    let body: Value = serde_json::from_str(body).unwrap();
    let all = ["WebhookId", "WebhookTimestamp", "WebhookSignature", "Attempt", "Event", "Delivery"];
    let parameters = all.iter().chain(headers).map(|name| json!({"$ref": format!("#/components/parameters/{name}")}));
    json!({"post": {
        "operationId": operation_id(name),
        "tags": ["Sent webhooks"],
        "summary": summary,
        "description": about,
        "security": [],
        "parameters": parameters.collect::<Vec<_>>(),
        "requestBody": {"required": true, "content": {"application/json": {"schema": schema, "example": body}}},
        "responses": {
            "2XX": {"description": "Taken: it is not sent again."},
            "410": {"description": "Gone: it is not sent again, and an endpoint is deactivated."},
            "default": {"description": "Failed, as is no answer in time: it is sent again, at the earliest when `Retry-After` of a 429 \
                                        or 503 says."},
        },
    }})
}

/// `timer_expired` is sent to a timer's own webhook, `timer.expired` to endpoints.
fn operation_id(name: &str) -> String {
    let to = if name.contains('.') { "ToEndpoint" } else { "ToTimersWebhook" };
    name.split(['.', '_']).fold("send".to_owned(), |id, word| id + &capitalised(word)) + to
}

fn capitalised(word: &str) -> String {
    word[..1].to_uppercase() + &word[1..]
}

fn timer_headers() -> [&'static str; 1] {
    ["Signature"]
}

fn endpoint_headers() -> [&'static str; 5] {
    ["Signature", "EndpointSignature", "EndpointTimestamp", "EndpointEventId", "EndpointEvent"]
}

/// The headers of a webhook, by the names that they are referred to by.
pub(super) fn headers() -> Map<String, Value> {
    let rows = [
        ("WebhookId", "webhook-id", "The delivery's id: the same in every attempt, to recognise repetitions by."),
        ("WebhookTimestamp", "webhook-timestamp", "When this attempt was sent, in Unix seconds."),
        (
            "WebhookSignature",
            "webhook-signature",
            "Standard Webhooks: `v1,` and the base64 HMAC-SHA256 of `id.timestamp.body` under the decoded secret; two of them, with a \
             blank between, while a secret is being rotated.",
        ),
        ("Signature", "X-MINOOTS-Signature", "`sha256=` and the hex HMAC-SHA256 of the body under the secret's text."),
        ("Attempt", "X-MINOOTS-Attempt", "Which attempt this is: 1, 2 and so on."),
        ("Event", "X-MINOOTS-Event", "The event."),
        ("Delivery", "X-MINOOTS-Delivery", "The delivery's id."),
        (
            "EndpointSignature",
            "X-Webhook-Signature",
            "The hex HMAC-SHA256 of `timestamp.body` under the secret's text, with the timestamp of `X-Webhook-Timestamp`.",
        ),
        ("EndpointTimestamp", "X-Webhook-Timestamp", "When this attempt was sent, in Unix seconds."),
        ("EndpointEventId", "X-Webhook-ID", "The event's id."),
        ("EndpointEvent", "X-Webhook-Event", "The event's type."),
    ];
    let parameter = |(key, name, about): (&str, &str, &str)| {
        let schema = json!({"type": "string"});
        (
            key.to_owned(),
            json!({"name": name, "in": "header", "required": true, "description": about, "schema": schema}),
        )
    };
    rows.into_iter().map(parameter).collect()
}
