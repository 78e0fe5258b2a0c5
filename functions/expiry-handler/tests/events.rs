//! The expiry handler's binary, given batches of the due queue and the sweep's event.

#![allow(clippy::unwrap_used, reason = "a test that panics says where")]

use minoots_emulator::{ACCOUNT, Function, Stack, batch};
use minoots_shared::app::clock::Clock;
use minoots_shared::domain::ids::TimerId;
use minoots_shared::domain::json::Json;
use minoots_shared::domain::new_timer;
use minoots_shared::domain::time::{Millis, Timestamp};
use minoots_shared::domain::timer::{Status, Timer};
use minoots_shared::ports::{Creation, Store as _};
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
    let creation =
        Creation { scope: stack.scope(), timers: vec![Arc::new(timer.clone())], limit: None, idempotency: None };
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
        expected.push(json!({"account": ACCOUNT, "mode": "live", "delivery": delivery}));
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
    let result = minoots_shared::domain::delivery::AttemptResult {
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
        events: 1,
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
