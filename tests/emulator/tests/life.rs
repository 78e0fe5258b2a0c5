//! Timers' whole lives through the three functions' real binaries. The queues' triggers are played by this test; the schedules
//! are the emulator's.

#![allow(clippy::unwrap_used, reason = "a test that panics says where")]

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use minoots_emulator::{Function, KEY, Stack, batch};
use minoots_shared::app::clock::Clock;
use serde_json::{Value, json};
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;

/// How long everything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(240);
/// More than this late would not be the functions' doing, and is still a failure.
const MOST_LATE: u64 = 60_000;

/// The functions' binaries, built as this test was.
fn binaries() -> [PathBuf; 3] {
    let packages = ["-p", "minoots-api", "-p", "minoots-expiry-handler", "-p", "minoots-delivery"];
    let built = Command::new(env!("CARGO")).args(["build", "--quiet"]).args(packages).status().unwrap();
    assert!(built.success(), "the functions can't be built");
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target"), PathBuf::from);
    ["api", "expiry-handler", "delivery"].map(|name| target.join("debug").join(name))
}

/// Hands a queue's messages to a function, and deletes those that it does not report.
async fn trigger(stack: Arc<Stack>, queue: String, function: Arc<Function>) {
    loop {
        let messages = stack.receive(&queue).await;
        if messages.is_empty() {
            continue;
        }
        let answer = function.invoke(batch(&messages)).await.unwrap();
        let again = answer["batchItemFailures"].to_string();
        for message in messages.iter().filter(|message| !again.contains(message.message_id().unwrap())) {
            stack.delete(&queue, message).await;
        }
    }
}

async fn receiver() -> (u16, UnboundedReceiver<(u64, Value)>) {
    let (sender, received) = unbounded_channel();
    let receive = async |State(sender): State<UnboundedSender<(u64, Value)>>, body: Bytes| {
        sender.send((Clock::system().now().0, serde_json::from_slice(&body).unwrap())).unwrap();
        StatusCode::NO_CONTENT
    };
    let routes = Router::new().route("/", post(receive)).with_state(sender);
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move { axum::serve(listener, routes).await.unwrap_or_default() });
    (port, received)
}

fn request(method: &str, path: &str, body: Option<String>) -> Value {
    json!({
        "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": "",
        "headers": {"x-api-key": KEY, "host": "abc.execute-api.eu-west-1.amazonaws.com"},
        "requestContext": {
            "accountId": "123456789012", "apiId": "abc", "domainName": "abc.execute-api.eu-west-1.amazonaws.com",
            "domainPrefix": "abc", "requestId": "r", "routeKey": "$default", "stage": "$default",
            "time": "24/Nov/2026:06:00:00 +0000", "timeEpoch": 1_795_500_000_000_u64,
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "t"}
        },
        "body": body, "isBase64Encoded": false
    })
}

fn histogram(path: &str, mut late: Vec<u64>) {
    late.sort_unstable();
    let at = |share: usize| late[(late.len() - 1) * share / 100];
    println!(
        "{path}: {} webhooks, late by ms: p50 {} p90 {} p99 {} most {}",
        late.len(),
        at(50),
        at(90),
        at(99),
        at(100)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn timers_fire_once_and_in_time_by_the_direct_path_and_through_schedules() {
    let [api, expiry, delivery] = binaries();
    let stack = Arc::new(Stack::deploy().await);
    let mut environment = stack.environment();
    environment.push(("DIRECT_DELAY_SECONDS", "4".to_owned()));
    let start = async |binary: PathBuf| Arc::new(Function::start(binary.to_str().unwrap(), environment.clone()).await);
    let (api, expiry, delivery) = (start(api).await, start(expiry).await, start(delivery).await);
    let mut triggers = JoinSet::new();
    triggers.spawn(trigger(Arc::clone(&stack), stack.due_queue.clone(), expiry));
    triggers.spawn(trigger(Arc::clone(&stack), stack.delivery_queue.clone(), delivery));
    let (port, mut received) = receiver().await;
    let create = async |id: &str, millis: u64| {
        let url = format!("http://127.0.0.1:{port}/");
        let body = format!(
            r#"{{"id":"{id}","duration":{millis},"webhook":"{url}",
                "events":{{"on_progress":{{"webhook":"{url}","intervals":["50%"]}}}}}}"#
        );
        let created = api.invoke(request("POST", "/timers", Some(body))).await.unwrap();
        assert_eq!(created["statusCode"], 201, "{created}");
    };
    for number in 0..8 {
        create(&format!("direct-{number}"), 3_000 + 100 * number).await;
        create(&format!("scheduled-{number}"), 12_000 + 150 * number).await;
    }
    create("cancelled", 9_000).await;
    let cancelled = api.invoke(request("DELETE", "/timers/cancelled", None)).await.unwrap();
    assert_eq!(cancelled["statusCode"], 200, "{cancelled}");
    let mut webhooks = Vec::new();
    while webhooks.len() < 33 {
        let next = tokio::time::timeout(PATIENCE, received.recv()).await;
        webhooks.push(next.unwrap_or_else(|_| panic!("only {} of 33 came", webhooks.len())).unwrap());
    }
    let name = |(_, body): &(u64, Value)| format!("{} {}", body["timer"]["id"], body["event"]);
    let mut names: Vec<_> = webhooks.iter().map(name).collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 33, "something came twice: {names:?}");
    assert!(names.contains(&r#""cancelled" "timer_cancelled""#.to_owned()), "{names:?}");
    let (mut direct, mut scheduled) = (Vec::new(), Vec::new());
    for (arrived, body) in webhooks.iter().filter(|(_, body)| body["event"] != "timer_cancelled") {
        let due = body["timestamp"].as_str().and_then(minoots_shared::domain::time::Timestamp::parse_rfc3339).unwrap();
        assert!(*arrived >= due.0, "{body} came early");
        let late = arrived - due.0;
        assert!(late <= MOST_LATE, "{late} ms late: {body}");
        if body["timer"]["id"].as_str().unwrap().starts_with("direct") {
            direct.push(late)
        } else {
            scheduled.push(late)
        }
    }
    histogram("direct", direct);
    histogram("scheduled", scheduled);
    triggers.shutdown().await;
}
