//! The delivery function's binary, given batches of its queue, and receivers of every temper.

#![allow(clippy::unwrap_used, reason = "a test that panics says where")]

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use minoots_emulator::{Function, Stack, batch};
use minoots_shared::app::clock::Clock;
use minoots_shared::domain::attempt::AttemptResult;
use minoots_shared::domain::delivery::{Delivery, DeliveryStatus};
use minoots_shared::domain::ids::{DeliveryId, TimerId};
use minoots_shared::domain::json::Json;
use minoots_shared::domain::new_timer;
use minoots_shared::domain::time::Millis;
use minoots_shared::domain::timer::Timer;
use minoots_shared::ports::{Creation, Queue as _, Store as _, TimerStep};
use minoots_shared::webhook::guard::UrlPolicy;
use minoots_shared::webhook::payload;
use serde_json::{Value, json};
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What was received: the status that was asked for, and the headers.
type Received = Arc<Mutex<Vec<(u16, HeaderMap)>>>;

/// How long a receiver that answers 503 asks to be left alone: long enough for what is to happen before that.
const RETRY_AFTER: &str = "12";

/// A receiver that answers with the status in its path, and 0 never.
struct Receiver {
    port: u16,
    got: Received,
}

impl Receiver {
    async fn start() -> Self {
        let got: Received = Arc::default();
        let routes = Router::new().route("/{status}", post(receive)).with_state(Arc::clone(&got));
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move { axum::serve(listener, routes).await.unwrap_or_default() });
        Self { port, got }
    }

    fn got(&self) -> Vec<u16> {
        self.got.lock().unwrap().iter().map(|(status, _)| *status).collect()
    }
}

async fn receive(
    State(got): State<Received>,
    Path(status): Path<u16>,
    headers: HeaderMap,
) -> (StatusCode, [(&'static str, &'static str); 1]) {
    got.lock().unwrap().push((status, headers));
    match StatusCode::from_u16(status) {
        Ok(status) => (status, [("retry-after", RETRY_AFTER)]),
        Err(_) => std::future::pending().await,
    }
}

async fn delivery_function(stack: &Stack) -> Function {
    Function::start(env!("CARGO_BIN_EXE_delivery"), stack.environment()).await
}

fn step(transition: minoots_shared::domain::transition::Transition) -> TimerStep {
    let deliveries: Vec<_> = transition.happened.iter().filter_map(payload::delivery).map(Arc::new).collect();
    let mut timer = transition.timer;
    timer.deliveries.extend(deliveries.iter().map(|delivery| delivery.id.clone()));
    TimerStep {
        before: transition.before,
        timer,
        deliveries,
        withdraw: transition.withdraw,
        happened: 1,
        events: Vec::new(),
    }
}

/// A timer whose halfway event is on its way to a receiver that answers with `status`.
async fn telling(stack: &Stack, receiver: &Receiver, id: &str, status: u16) -> (Timer, Arc<Delivery>) {
    let now = Clock::system().now();
    let url = format!("http://127.0.0.1:{}/{status}", receiver.port);
    let progress = format!(r#"{{"intervals":["50%"],"webhook":"{url}"}}"#);
    let body = format!(r#"{{"id":"{id}","duration":"2h","events":{{"on_progress":{progress}}}}}"#);
    let body = Json::parse(body.as_bytes()).unwrap();
    let made = now.minus(Millis(3_600_050));
    let timer = new_timer::parse(&body, &stack.scope(), TimerId::new(id), made, &UrlPolicy::local()).unwrap();
    let creation = Creation {
        scope: stack.scope(),
        timers: vec![Arc::new(timer.clone())],
        limit: None,
        events: Vec::new(),
        idempotency: None,
    };
    stack.store.create_timers(creation).await.unwrap();
    let step = step(timer.fall_due(now).unwrap());
    let (after, delivery) = (step.timer.clone(), Arc::clone(&step.deliveries[0]));
    assert!(stack.store.commit_step(step).await.unwrap());
    (after, delivery)
}

async fn send(stack: &Stack, deliveries: &[&Arc<Delivery>]) {
    let queue = minoots_aws::queue::DeliveryQueue::new(
        stack.clients.sqs.clone(),
        stack.delivery_queue.clone(),
        Some(stack.due_queue.clone()),
    );
    queue.send(deliveries.iter().map(|delivery| Arc::clone(delivery)).collect()).await.unwrap();
}

/// As many messages as were sent, as an event.
async fn received(stack: &Stack, count: usize) -> Value {
    let mut messages = Vec::new();
    while messages.len() < count {
        let more = stack.receive(&stack.delivery_queue).await;
        assert!(!more.is_empty(), "{} of {count} messages came", messages.len());
        messages.extend(more);
    }
    batch(&messages)
}

fn again(answer: &Value) -> usize {
    answer["batchItemFailures"].as_array().expect("a batch is answered").len()
}

async fn stored(stack: &Stack, id: &DeliveryId) -> Delivery {
    stack.store.deliveries(&stack.scope(), std::slice::from_ref(id)).await.unwrap().remove(0)
}

#[tokio::test]
async fn of_a_batch_only_what_failed_stays_and_stays_hidden_until_its_next_attempt() {
    let stack = Stack::deploy().await;
    let (receiver, function) = (Receiver::start().await, delivery_function(&stack).await);
    let (_, taken) = telling(&stack, &receiver, "taken", 204).await;
    let (_, failing) = telling(&stack, &receiver, "failing", 503).await;
    let (cancelled, withdrawn) = telling(&stack, &receiver, "withdrawn", 204).await;
    let cancel = cancelled.cancel(Clock::system().now(), None).unwrap().unwrap();
    assert!(stack.store.commit_step(step(cancel)).await.unwrap());
    send(&stack, &[&taken, &failing, &withdrawn]).await;
    let event = received(&stack, 3).await;
    let of_failing = event["Records"]
        .as_array()
        .unwrap()
        .iter()
        .find(|record| record["body"].as_str().unwrap().contains(failing.id.as_str()));
    let expected = json!({"batchItemFailures": [{"itemIdentifier": of_failing.unwrap()["messageId"]}]});
    assert_eq!(function.invoke(event.clone()).await.unwrap(), expected);
    let mut got = receiver.got();
    got.sort_unstable();
    assert_eq!(got, [204, 503]);
    assert_eq!(stored(&stack, &taken.id).await.status, DeliveryStatus::Success);
    let failing = stored(&stack, &failing.id).await;
    assert_eq!((failing.status, failing.attempts.len()), (DeliveryStatus::Retrying, 1));
    let headers = receiver.got.lock().unwrap().iter().find(|(status, _)| *status == 503).unwrap().1.clone();
    assert_eq!(headers["webhook-id"], failing.id.as_str());
    assert_eq!(headers["x-minoots-attempt"], "1");
    // The same message once more, before its time: nothing is attempted.
    let mut early = json!({"Records": [of_failing.unwrap()]});
    early["Records"][0]["attributes"]["ApproximateReceiveCount"] = json!("2");
    assert_eq!(again(&function.invoke(early).await.unwrap()), 1);
    assert_eq!(receiver.got().len(), 2);
    // And when its time has come, the second attempt.
    let second = received(&stack, 1).await;
    assert!(Clock::system().now() >= failing.next_attempt_at.unwrap());
    assert_eq!(again(&function.invoke(second).await.unwrap()), 1);
    assert_eq!(stored(&stack, &failing.id).await.attempts.len(), 2);
}

#[tokio::test]
async fn what_its_receiver_says_is_gone_is_given_up_and_its_message_done_with() {
    let stack = Stack::deploy().await;
    let (receiver, function) = (Receiver::start().await, delivery_function(&stack).await);
    let (_, gone) = telling(&stack, &receiver, "gone", 410).await;
    send(&stack, &[&gone]).await;
    let event = received(&stack, 1).await;
    for _ in 0..2 {
        assert_eq!(again(&function.invoke(event.clone()).await.unwrap()), 0);
    }
    assert_eq!(receiver.got(), [410]);
    assert_eq!(stored(&stack, &gone.id).await.status, DeliveryStatus::Failed);
}

#[tokio::test]
async fn what_has_been_delivered_is_not_delivered_again_when_its_message_comes_twice() {
    let stack = Stack::deploy().await;
    let (receiver, function) = (Receiver::start().await, delivery_function(&stack).await);
    let (_, taken) = telling(&stack, &receiver, "taken", 200).await;
    send(&stack, &[&taken, &taken]).await;
    let event = received(&stack, 2).await;
    let first = json!({"Records": [event["Records"][0]]});
    let second = json!({"Records": [event["Records"][1]]});
    for event in [first, second] {
        assert_eq!(again(&function.invoke(event).await.unwrap()), 0);
    }
    assert_eq!(receiver.got(), [200]);
}

#[tokio::test]
async fn a_receiver_that_hangs_keeps_no_other_retry_of_its_batch_waiting() {
    let stack = Stack::deploy().await;
    let (receiver, function) = (Receiver::start().await, delivery_function(&stack).await);
    let (_, hanging) = telling(&stack, &receiver, "hanging", 0).await;
    let (_, failing) = telling(&stack, &receiver, "failing", 503).await;
    send(&stack, &[&hanging, &failing]).await;
    let event = received(&stack, 2).await;
    let second = tokio::select! {
        _ = function.invoke_for(event, Duration::from_secs(25)) => panic!("the retry waits for the batch's end"),
        second = received(&stack, 1) => second,
    };
    assert!(second["Records"][0]["body"].as_str().unwrap().contains(failing.id.as_str()), "{second}");
    assert!(Clock::system().now() >= stored(&stack, &failing.id).await.next_attempt_at.unwrap());
}

#[tokio::test]
async fn an_attempt_that_outlasts_its_invocation_is_made_again_and_takes_no_other_with_it() {
    let stack = Stack::deploy().await;
    let (receiver, function) = (Receiver::start().await, delivery_function(&stack).await);
    let (_, hanging) = telling(&stack, &receiver, "hanging", 0).await;
    let (_, taken) = telling(&stack, &receiver, "taken", 200).await;
    send(&stack, &[&hanging, &taken]).await;
    let event = received(&stack, 2).await;
    let answer = function.invoke_for(event.clone(), Duration::from_secs(8)).await.unwrap();
    assert_eq!(again(&answer), 1);
    assert_eq!(stored(&stack, &taken.id).await.status, DeliveryStatus::Success);
    let open = stored(&stack, &hanging.id).await;
    assert_eq!((open.status, open.attempts.len()), (DeliveryStatus::Pending, 0));
    let answer = function.invoke_for(event, Duration::from_secs(8)).await.unwrap();
    assert_eq!(again(&answer), 1);
    assert_eq!(receiver.got().iter().filter(|status| **status == 0).count(), 2);
}

#[tokio::test]
async fn a_message_that_cannot_be_read_or_is_of_no_delivery_hurts_nobody() {
    let stack = Stack::deploy().await;
    let function = delivery_function(&stack).await;
    let record = |id: &str, body: &str| json!({"messageId": id, "receiptHandle": id, "body": body, "attributes": {}});
    let nobody = r#"{"account":"acct","mode":"live","delivery":"del_0190000000000000000000000_nobody"}"#;
    let event = json!({"Records": [record("unreadable", "nonsense"), record("nobody", nobody)]});
    let answer = function.invoke(event).await.unwrap();
    assert_eq!(answer, json!({"batchItemFailures": [{"itemIdentifier": "unreadable"}]}));
}

#[tokio::test]
async fn what_used_up_its_attempts_is_attempted_no_more_until_the_redrive_policy_takes_it() {
    let stack = Stack::deploy().await;
    let (receiver, function) = (Receiver::start().await, delivery_function(&stack).await);
    let (_, failing) = telling(&stack, &receiver, "failing", 500).await;
    for attempt in 1..=4 {
        let answer = Err("no connection".to_owned());
        let result =
            AttemptResult { attempt, sent_at: Clock::system().now().minus(Millis::HOUR), duration: Millis(1), answer };
        stack.store.finish_attempt(&stack.scope(), &failing.id, result).await.unwrap().unwrap();
    }
    send(&stack, &[&failing]).await;
    // The template's redrive policy: after 20 receives.
    for receive in 1..=20 {
        // Visible again at once.
        let messages = stack.receive_now(&stack.delivery_queue).await;
        assert_eq!(again(&function.invoke(batch(&messages)).await.unwrap()), 1, "receive {receive}");
    }
    assert!(stack.receive_now(&stack.delivery_queue).await.is_empty());
    assert_eq!(receiver.got(), [500]);
    let given_up = stored(&stack, &failing.id).await;
    assert_eq!((given_up.status, given_up.attempts.len()), (DeliveryStatus::Failed, 5));
    let dead = stack.receive_now(&stack.delivery_dead_letters).await;
    assert_eq!(dead.len(), 1, "{dead:?}");
}
