use super::*;
use crate::domain::account::{Mode, Scope};
use crate::domain::endpoint_settings::parse_new;
use crate::domain::event::Event;
use crate::domain::ids::{AccountId, EndpointId, EventId};
use crate::domain::json::{Json, JsonText};
use crate::domain::secret::{SigningSecrets, WebhookSecret};
use crate::webhook::event_payload::EventPayload;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

const NOW: Timestamp = Timestamp(1_705_313_700_500);

fn scope() -> Scope {
    Scope { account: AccountId::new("acct"), mode: Mode::Live }
}

fn endpoint(url: &str, more: &str) -> Endpoint {
    let body = format!(r#"{{"name": "n", "events": ["*"], "url": "{url}"{more}}}"#);
    let (body, secret) = (Json::parse(body.as_bytes()).unwrap(), WebhookSecret::generate(&[1; 32]));
    parse_new(&body, &scope(), EndpointId::new("whk_1"), secret, NOW, &UrlPolicy::local()).unwrap()
}

fn event() -> Event {
    Event {
        scope: scope(),
        id: EventId::new("evt_1"),
        event_type: "a.b".to_owned(),
        created_at: NOW,
        data: JsonText::empty_object(),
        targets: Vec::new(),
        expanded: 0,
    }
}

fn client() -> WebhookClient {
    WebhookClient::new(UrlPolicy::local(), DEFAULT_TIMEOUT).unwrap()
}

/// One request as it arrived, answered with 204.
async fn receive(listener: TcpListener) -> String {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut request = String::new();
    while !request.ends_with('}') {
        let mut buffer = [0; 4096];
        let length = stream.read(&mut buffer).await.unwrap();
        assert!(length > 0, "the request broke off: {request}");
        request.push_str(std::str::from_utf8(&buffer[..length]).unwrap());
    }
    stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
    request
}

async fn listener() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    (listener, url)
}

#[tokio::test]
async fn an_endpoint_is_reached_as_it_is_at_the_moment_of_the_attempt() {
    let (listener, url) = listener().await;
    let (event, old) = (event(), endpoint("http://127.0.0.1:9/old", r#", "headers": {"x-own": "old"}"#));
    let delivery = EventPayload::new(&event).delivery(&old);
    let mut now = endpoint(&url, r#", "headers": {"x-own": "new", "x-more": "1"}"#);
    now.secrets = now.secrets.rotated(WebhookSecret::generate(&[2; 32]), NOW, Millis::HOUR);
    let receiving = tokio::spawn(receive(listener));
    // The product's time may be another one than the machine's, which is the receiver's as well.
    let stamped = NOW.plus(Millis::DAY);
    let client = WebhookClient { stamp: Clock::new(move || stamped), ..client() };
    let (answer, _) = client.send(&Outgoing::to_endpoint(&delivery, &now), NOW).await;
    assert_eq!(answer.unwrap().code, 204);
    let request = receiving.await.unwrap();
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    assert_eq!(body, &*delivery.body);
    let head = head.to_ascii_lowercase();
    let new = SigningSecrets::new(now.secrets.current.clone());
    for header in [
        "x-own: new",
        "x-more: 1",
        "content-type: application/json",
        "webhook-timestamp: 1705400100",
        "x-minoots-attempt: 1",
        "x-minoots-event: a.b",
        "x-webhook-timestamp: 1705400100",
        "x-webhook-id: evt_1",
        "x-webhook-event: a.b",
        &format!("webhook-id: {}", delivery.id),
        &format!("x-webhook-signature: {}", signature::timestamped(&new, stamped, body)),
        &format!("x-minoots-signature: {}", signature::minoots(&new, body)),
    ] {
        assert!(head.lines().any(|line| line == header), "{header} is not in {head}");
    }
    assert_eq!(head.matches(" v1,").count(), 2, "both secrets sign during the overlap: {head}");
}

#[tokio::test]
async fn an_attempt_ends_after_the_endpoints_own_time_limit() {
    let (listener, url) = listener().await;
    let (event, endpoint) = (event(), endpoint(&url, r#", "timeout": 1"#));
    let delivery = EventPayload::new(&event).delivery(&endpoint);
    let (answer, took) = client().send(&Outgoing::to_endpoint(&delivery, &endpoint), NOW).await;
    assert_eq!(answer.unwrap_err(), "no answer within 1 s");
    assert!((1_000..5_000).contains(&took.0), "{took:?}");
    drop(listener);
}
