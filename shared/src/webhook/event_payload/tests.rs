use super::*;
use crate::domain::account::{Mode, Scope};
use crate::domain::endpoint_settings::parse_new;
use crate::domain::ids::{AccountId, EndpointId, EventId};
use crate::domain::json::JsonText;
use crate::domain::secret::WebhookSecret;
use crate::domain::time::Timestamp;
use crate::webhook::guard::UrlPolicy;

fn scope() -> Scope {
    Scope { account: AccountId::new("acct"), mode: Mode::Live }
}

fn endpoint(id: &str, more: &str) -> Endpoint {
    let body = format!(r#"{{"name": "n", "events": ["*"], "url": "https://a.example/"{more}}}"#);
    let (body, secret) = (Json::parse(body.as_bytes()).unwrap(), WebhookSecret::generate(&[1; 32]));
    parse_new(&body, &scope(), EndpointId::new(id), secret, Timestamp(0), &UrlPolicy::strict()).unwrap()
}

fn event(event_type: &str, data: &str) -> Event {
    Event {
        scope: scope(),
        id: EventId::new("evt_1"),
        event_type: event_type.to_owned(),
        created_at: Timestamp(1_705_313_700_000),
        data: JsonText::from(&Json::parse(data.as_bytes()).unwrap()),
        targets: Vec::new(),
        expanded: 0,
    }
}

fn body(event: &Event, more: &str) -> String {
    EventPayload::new(event).delivery(&endpoint("whk_1", more)).body.to_string()
}

#[test]
fn the_payload_has_id_type_created_and_data_in_the_form_that_the_endpoint_asks_for() {
    let event = event("a.b", r#"{"b": 1.0, "7": "é"}"#);
    assert_eq!(
        body(&event, ""),
        r#"{"id":"evt_1","type":"a.b","created":"2024-01-15T10:15:00.000Z","data":{"7":"é","b":1}}"#
    );
    assert_eq!(
        body(&event, r#", "payloadFormat": "python""#),
        r#"{"id": "evt_1", "type": "a.b", "created": "2024-01-15T10:15:00.000Z", "data": {"b": 1.0, "7": "\u00e9"}}"#
    );
}

#[test]
fn chats_get_a_sentence_and_what_the_data_holds_for_them() {
    let slack = r#", "format": "slack""#;
    assert_eq!(
        body(&event("project.created", r#"{"name": "<!here>", "username": "u"}"#), slack),
        r#"{"text":"project.created: &lt;!here&gt;","username":"u"}"#
    );
    assert_eq!(body(&event("a.b", r#"{"message": "*now*"}"#), slack), r#"{"text":"*now*"}"#);
    assert_eq!(body(&event("a.b", "{}"), slack), r#"{"text":"a.b"}"#);
    assert_eq!(
        body(&event("timer.progress", r#"{"timer": {"name": "t"}, "milestone": "50%"}"#), r#", "format": "discord""#),
        r#"{"content":"Timer \"t\" has reached 50%.","allowed_mentions":{"parse":[]}}"#
    );
}

#[test]
fn each_endpoint_has_its_own_delivery_and_always_the_same() {
    let (event, other) = (event("a.b", "{}"), event("a.b", "{}"));
    let id = |event: &Event, endpoint_id: &str| EventPayload::new(event).delivery(&endpoint(endpoint_id, "")).id;
    assert_eq!(id(&event, "whk_1"), id(&other, "whk_1"));
    assert_ne!(id(&event, "whk_1"), id(&event, "whk_2"));
    assert_ne!(id(&event, "whk_1"), id(&Event { id: EventId::new("evt_2"), ..other }, "whk_1"));
}

#[test]
fn an_event_that_is_too_large_in_a_form_that_will_be_sent_is_refused() {
    let event = event("a.b", &format!(r#"{{"text": "{}"}}"#, "é".repeat(20_000)));
    let (javascript, python) = (endpoint("whk_1", ""), endpoint("whk_2", r#", "payloadFormat": "python""#));
    let mut payload = EventPayload::new(&event);
    assert_eq!(payload.check_size([&javascript], "data"), Ok(()));
    let faults = payload.check_size([&javascript, &python], "data").unwrap_err();
    assert_eq!((faults.list()[0].code, faults.list()[0].path.as_str()), (FaultCode::PayloadTooLarge, "data"));
    assert_eq!(EventPayload::new(&event).check_size([], "data"), Ok(()));
}
