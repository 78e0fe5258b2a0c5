//! What a webhook's sender is entrusted with shows neither in the function's log nor in the queue.

#![allow(clippy::unwrap_used, reason = "a test that panics says where")]

use minoots_emulator::{Function, KEY, Stack, batch};
use minoots_shared::app::clock::Clock;
use minoots_shared::domain::ids::TimerId;
use minoots_shared::domain::json::Json;
use minoots_shared::domain::new_timer;
use minoots_shared::ports::{Creation, Queue as _, Store as _, TimerStep};
use minoots_shared::webhook::guard::UrlPolicy;
use minoots_shared::webhook::payload;
use std::sync::Arc;

/// In each place that takes a text.
const WORDS: [&str; 6] =
    ["secret-path", "secret-query", "secret-header", "secret-message", "secret-data", "secret-meta"];

#[tokio::test]
async fn secrets_are_neither_logged_nor_queued() {
    let stack = Stack::deploy().await;
    let mut environment = stack.environment();
    environment.push(("RUST_LOG", "trace".to_owned()));
    let function = Function::start(env!("CARGO_BIN_EXE_delivery"), environment).await;
    // Nobody listens there: a failure has more to say than a success.
    let body = r#"{"id": "secretive", "duration": "2h", "metadata": {"m": "secret-meta"}, "events": {"on_expire": {
        "webhook": "http://127.0.0.1:9/secret-path?token=secret-query", "headers": {"Authorization": "secret-header"},
        "message": "secret-message", "data": {"d": "secret-data"}}}}"#;
    let now = Clock::system().now();
    let body = Json::parse(body.as_bytes()).unwrap();
    let timer = new_timer::parse(&body, &stack.scope(), TimerId::new("secretive"), now, &UrlPolicy::local()).unwrap();
    let creation = Creation {
        scope: stack.scope(),
        timers: vec![Arc::new(timer.clone())],
        limit: None,
        events: Vec::new(),
        idempotency: None,
    };
    stack.store.create_timers(creation).await.unwrap();
    let fired = timer.fire(now).unwrap();
    let deliveries: Vec<_> = fired.happened.iter().filter_map(payload::delivery).map(Arc::new).collect();
    let mut after = fired.timer;
    after.deliveries.extend(deliveries.iter().map(|delivery| delivery.id.clone()));
    let step = TimerStep {
        before: fired.before,
        timer: after,
        deliveries: deliveries.clone(),
        withdraw: fired.withdraw,
        happened: 1,
        events: Vec::new(),
    };
    assert!(stack.store.commit_step(step).await.unwrap());
    let queue = minoots_aws::queue::DeliveryQueue::new(
        stack.clients.sqs.clone(),
        stack.delivery_queue.clone(),
        Some(stack.due_queue.clone()),
    );
    queue.send(deliveries).await.unwrap();
    let event = batch(&stack.receive(&stack.delivery_queue).await);
    let queued = event.to_string();
    let answer = function.invoke(event).await.unwrap();
    assert_eq!(answer["batchItemFailures"].as_array().unwrap().len(), 1, "{answer}");
    let log = function.log();
    assert!(log.contains("127.0.0.1:9"), "the attempt is logged with its host: {log}");
    let secrets = stack.store.account(&stack.scope().account).await.unwrap().unwrap().webhook_secrets;
    for word in WORDS.into_iter().chain([KEY, secrets.current.reveal()]) {
        assert!(!log.contains(word), "{word} is logged: {log}");
        assert!(!queued.contains(word), "{word} is queued: {queued}");
    }
}
