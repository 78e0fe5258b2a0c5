//! The expiry handler's binary, given batches of the due queue and the sweep's event.

#![allow(clippy::unwrap_used, reason = "a test that panics says where")]

use minoots_emulator::{ACCOUNT, Function, Stack, batch};
use minoots_shared::app::clock::Clock;
use minoots_shared::domain::endpoint_settings;
use minoots_shared::domain::ids::{EndpointId, EventId, TimerId};
use minoots_shared::domain::json::Json;
use minoots_shared::domain::new_timer;
use minoots_shared::domain::secret::WebhookSecret;
use minoots_shared::domain::time::{Millis, Timestamp};
use minoots_shared::domain::timer::{Status, Timer};
use minoots_shared::ports::{Creation, DeliveryQuery, Store as _};
use minoots_shared::webhook::guard::UrlPolicy;
use serde_json::{Value, json};
use std::sync::Arc;

async fn expiry(stack: &Stack) -> Function {
    Function::start(env!("CARGO_BIN_EXE_expiry-handler"), stack.environment()).await
}

/// A timer of one webhook that is due `from_now` milliseconds from now, or that many ago.
async fn timer(stack: &Stack, id: &str, from_now: i64) -> Timer {
    let now = Clock::system().now();
    let made = now.minus(Millis::HOUR);
    let length = 3_600_000i64 + from_now;
    let body = format!(r#"{{"id":"{id}","duration":{length},"webhook":"https://hooks.example.com/x"}}"#);
    let body = Json::parse(body.as_bytes()).unwrap();
    let timer = new_timer::parse(&body, &stack.scope(), TimerId::new(id), made, &UrlPolicy::strict()).unwrap();
    let creation = Creation {
        scope: stack.scope(),
        timers: vec![Arc::new(timer.clone())],
        limit: None,
        events: Vec::new(),
        idempotency: None,
    };
    stack.store.create_timers(creation).await.unwrap();
    timer
}

async fn stored(stack: &Stack, id: &str) -> Timer {
    stack.store.timer(&stack.scope(), &TimerId::new(id)).await.unwrap().unwrap()
}

fn due(id: &str, epoch: u32, at: Timestamp) -> String {
    json!({"account": ACCOUNT, "mode": "live", "timer": id, "epoch": epoch, "at": at.0, "path": "direct"}).to_string()
}

fn sent(id: &str, body: &str) -> Value {
    json!({
        "messageId": id, "receiptHandle": id, "body": body, "attributes": {"ApproximateReceiveCount": "1"},
        "messageAttributes": {}, "eventSource": "aws:sqs", "awsRegion": "eu-west-1"
    })
}

#[tokio::test]
async fn each_message_of_a_batch_comes_to_its_own_end() {
    let stack = Stack::deploy().await;
    let expiry = expiry(&stack).await;
    let overdue = timer(&stack, "overdue", -5_000).await;
    let soon = timer(&stack, "soon", 700).await;
    let later = timer(&stack, "later", 600_900).await;
    let far = timer(&stack, "far", 40_000_000).await;
    let changed = timer(&stack, "changed", -1_000).await;
    let at = |timer: &Timer| timer.next_due().unwrap();
    let records = [
        sent("overdue", &due("overdue", 0, at(&overdue))),
        sent("soon", &due("soon", 0, at(&soon))),
        sent("later", &due("later", 0, at(&later))),
        sent("far", &due("far", 0, at(&far))),
        sent("old-epoch", &due("changed", 7, at(&changed))),
        sent("gone", &due("nobody", 0, at(&changed))),
        sent("unreadable", "{"),
    ];
    let answer = expiry.invoke(json!({"Records": records})).await.unwrap();
    assert_eq!(answer, json!({"batchItemFailures": [{"itemIdentifier": "unreadable"}]}));
    for (id, status) in [
        ("overdue", Status::Expired),
        ("soon", Status::Expired),
        ("later", Status::Running),
        ("far", Status::Running),
        ("changed", Status::Running),
    ] {
        assert_eq!(stored(&stack, id).await.status(), status, "{id}");
    }
    let mut deliveries = Vec::new();
    while deliveries.len() < 2 {
        deliveries.extend(stack.receive(&stack.delivery_queue).await);
    }
    let mut told: Vec<Value> =
        deliveries.iter().map(|message| serde_json::from_str(message.body().unwrap()).unwrap()).collect();
    told.sort_by_key(|message| message["delivery"].to_string());
    let mut expected = Vec::new();
    for id in ["overdue", "soon"] {
        let delivery = stored(&stack, id).await.deliveries.remove(0);
        let lane = format!("{ACCOUNT}/live/hooks.example.com:443");
        expected.push(json!({"account": ACCOUNT, "mode": "live", "delivery": delivery, "lane": lane}));
    }
    expected.sort_by_key(|message| message["delivery"].to_string());
    assert_eq!(told, expected);
    // What came too early waits on, `far` for the longest that SQS takes.
    assert_eq!(stack.counts(&stack.due_queue).await, [0, 2, 0]);
}

#[tokio::test]
async fn a_message_that_comes_again_sends_what_nobody_attempted_and_nothing_else() {
    let stack = Stack::deploy().await;
    let expiry = expiry(&stack).await;
    let timer = timer(&stack, "twice", -10).await;
    let event = json!({"Records": [sent("m", &due("twice", 0, timer.next_due().unwrap()))]});
    for _ in 0..2 {
        assert_eq!(expiry.invoke(event.clone()).await.unwrap(), json!({"batchItemFailures": []}));
        assert_eq!(stack.receive(&stack.delivery_queue).await.len(), 1);
    }
    let id = stored(&stack, "twice").await.deliveries.remove(0);
    let begun = stack.store.begin_attempt(&stack.scope(), &id).await.unwrap().unwrap();
    let result = minoots_shared::domain::attempt::AttemptResult {
        attempt: begun.next_attempt(),
        sent_at: Clock::system().now(),
        duration: Millis(1),
        answer: Err("no connection".to_owned()),
    };
    stack.store.finish_attempt(&stack.scope(), &id, result).await.unwrap().unwrap();
    assert_eq!(expiry.invoke(event).await.unwrap(), json!({"batchItemFailures": []}));
    assert_eq!(stack.counts(&stack.delivery_queue).await[0], 0);
}

#[tokio::test]
async fn the_sweep_puts_in_again_what_fell_through_and_leaves_what_is_in_time() {
    let stack = Stack::deploy().await;
    let expiry = expiry(&stack).await;
    timer(&stack, "never-armed", -60_000).await;
    timer(&stack, "just-now", -5_000).await;
    timer(&stack, "ahead", 60_000).await;
    let never_sent = timer(&stack, "never-sent", -60_000).await;
    let transition = never_sent.fall_due(Clock::system().now()).unwrap();
    let delivery = minoots_shared::webhook::payload::delivery(&transition.happened[0]).unwrap();
    let mut after = transition.timer;
    after.deliveries.push(delivery.id.clone());
    let step = minoots_shared::ports::TimerStep {
        before: 0,
        timer: after,
        deliveries: vec![Arc::new(delivery)],
        withdraw: None,
        happened: 1,
        events: Vec::new(),
    };
    assert!(stack.store.commit_step(step).await.unwrap());
    let event = json!({
        "version": "0", "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa", "detail-type": "Scheduled Event",
        "source": "aws.events", "account": "123456789012", "time": "2026-11-24T06:00:00Z", "region": "eu-west-1",
        "resources": ["arn:aws:events:eu-west-1:123456789012:rule/sweep"], "detail": {}
    });
    assert_eq!(expiry.invoke(event).await.unwrap(), json!({"batchItemFailures": []}));
    let messages = stack.receive(&stack.due_queue).await;
    let told: Vec<Value> =
        messages.iter().map(|message| serde_json::from_str(message.body().unwrap()).unwrap()).collect();
    assert_eq!(told.iter().map(|message| &message["timer"]).collect::<Vec<_>>(), ["never-armed"]);
    assert_eq!(stack.receive(&stack.delivery_queue).await.len(), 1);
    // And the message that the sweep sent lets it happen.
    assert_eq!(expiry.invoke(batch(&messages)).await.unwrap(), json!({"batchItemFailures": []}));
    assert_eq!(stored(&stack, "never-armed").await.status(), Status::Expired);
}

/// An endpoint of the stack's account that is told of timers.
async fn subscribe(stack: &Stack) -> EndpointId {
    let (id, secret) = (EndpointId::new("whk_1"), WebhookSecret::generate(&[7; 32]));
    let body = br#"{"name": "n", "url": "https://a.example/in", "events": ["timer.*"]}"#;
    let (body, now) = (Json::parse(body).unwrap(), Clock::system().now());
    let endpoint =
        endpoint_settings::parse_new(&body, &stack.scope(), id.clone(), secret, now, &UrlPolicy::strict()).unwrap();
    stack.store.create_endpoint(endpoint, None).await.unwrap();
    id
}

#[tokio::test]
async fn what_endpoints_are_told_of_goes_through_the_due_queue_again_until_each_has_its_delivery() {
    let stack = Stack::deploy().await;
    let expiry = expiry(&stack).await;
    let endpoint = subscribe(&stack).await;
    let timer = timer(&stack, "told", -60_000).await;
    let due = json!({"Records": [sent("m", &due("told", 0, timer.next_due().unwrap()))]});
    let sweep = json!({"source": "aws.events", "detail-type": "Scheduled Event"});
    let mut events = Vec::new();
    // It falls due; its message comes again; the sweep finds what is not told yet.
    for event in [&due, &due, &sweep] {
        assert_eq!(expiry.invoke(event.clone()).await.unwrap(), json!({"batchItemFailures": []}));
        events = stack.receive(&stack.due_queue).await;
        assert_eq!(events.len(), 1);
        let message: Value = serde_json::from_str(events[0].body().unwrap()).unwrap();
        let id = EventId::new(message["event"].as_str().unwrap());
        assert_eq!(message, json!({"account": ACCOUNT, "mode": "live", "event": id}));
        let event = stack.store.event(&stack.scope(), &id).await.unwrap().unwrap();
        assert_eq!((event.event_type.as_str(), event.targets), ("timer.expired", vec![endpoint.clone()]));
    }
    // The timer's own webhook, which none of them was to hold up, was sent by each of them.
    let own = stack.counts(&stack.delivery_queue).await[0];
    assert_eq!(own, 3);
    for _ in 0..2 {
        assert_eq!(expiry.invoke(batch(&events)).await.unwrap(), json!({"batchItemFailures": []}));
        assert_eq!(stack.counts(&stack.delivery_queue).await[0], own + 1);
    }
    let query = DeliveryQuery { endpoint: Some(endpoint), limit: 10, ..DeliveryQuery::default() };
    assert_eq!(stack.store.delivery_page(&stack.scope(), &query).await.unwrap().deliveries.len(), 1);
    assert_eq!(expiry.invoke(due).await.unwrap(), json!({"batchItemFailures": []}));
    assert_eq!(stack.counts(&stack.due_queue).await[0], 0, "everybody is told");
}

#[tokio::test]
async fn an_operator_opens_an_account_and_is_shown_its_key_once() {
    let stack = Stack::deploy().await;
    let expiry = expiry(&stack).await;
    let opened =
        expiry.invoke(json!({"openAccount": {"account": "acme", "mode": "test", "name": "ci"}})).await.unwrap();
    let key = minoots_shared::domain::api_key::ApiKeySecret::new(opened["apiKey"].as_str().unwrap());
    let stored = stack.store.api_key(&key.digest()).await.unwrap().unwrap();
    assert_eq!((stored.scope.account.as_str(), stored.scope.mode.as_str()), ("acme", "test"));
    let account = stack.store.account(&stored.scope.account).await.unwrap().unwrap();
    // Once more: another key, and the account as it was.
    let again = expiry.invoke(json!({"openAccount": {"account": "acme"}})).await.unwrap();
    assert_ne!(again["apiKey"], opened["apiKey"]);
    assert_eq!(again["mode"], "live");
    assert_eq!(stack.store.account(&stored.scope.account).await.unwrap(), Some(account));
    for wrong in [json!({"account": "a b"}), json!({"acount": "acme"}), json!("acme")] {
        assert!(expiry.invoke(json!({"openAccount": wrong})).await.is_err(), "{wrong}");
    }
}
