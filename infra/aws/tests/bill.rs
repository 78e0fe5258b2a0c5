//! What each step of a timer's life really asks of AWS, from the HTTP request to the webhook that is taken, against the
//! table that `minoots cost` makes its bill of.

#![allow(clippy::unwrap_used, reason = "a test that panics says where")]

use aws_sdk_dynamodb::types::AttributeValue;
use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use lambda_runtime::{Context, LambdaEvent};
use minoots_aws::alarms::{AlarmSettings, AwsAlarms, DueQueue, NoAlarms};
use minoots_aws::config::MetricsConfig;
use minoots_aws::handlers::delivery::DeliveryHandler;
use minoots_aws::handlers::expiry::ExpiryHandler;
use minoots_aws::logs::subscriber;
use minoots_aws::metrics::Metrics;
use minoots_aws::queue::DeliveryQueue;
use minoots_aws::store::DynamoStore;
use minoots_emulator::{Fault, FaultyWay, KEY, Stack, batch};
use minoots_shared::app::App;
use minoots_shared::app::clock::Clock;
use minoots_shared::cost::{self, Asked};
use minoots_shared::domain::time::{Millis, Timestamp};
use minoots_shared::http::router;
use minoots_shared::ports::{Alarms, Store};
use minoots_shared::webhook::client::{DEFAULT_TIMEOUT, WebhookClient};
use minoots_shared::webhook::guard::UrlPolicy;
use serde_json::{Value, json};
use std::net::Ipv4Addr;
use std::slice::from_ref;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use tower::ServiceExt as _;
use tracing::level_filters::LevelFilter;

/// The functions' handlers on one stack, with a clock that stands still until it is moved, and all their calls counted.
struct Product {
    stack: Stack,
    now: Arc<AtomicU64>,
    calls: Arc<Mutex<Vec<String>>>,
    store: Arc<DynamoStore>,
    api: Router,
    expiry: ExpiryHandler,
    delivery: DeliveryHandler,
    receiver: u16,
    counted: (f64, f64),
    /// Lines and bytes.
    logged: Arc<Mutex<(usize, usize)>>,
    _log: tracing::subscriber::DefaultGuard,
}

/// Where the log goes, line by line.
struct Counter(Arc<Mutex<(usize, usize)>>);

impl Counter {
    fn count(&self, line: &[u8]) {
        let mut counted = self.0.lock().unwrap();
        *counted = (counted.0 + 1, counted.1 + line.trim_ascii_end().len());
    }
}

impl std::io::Write for Counter {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        self.count(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Product {
    async fn start() -> Self {
        let stack = Stack::deploy().await;
        let calls: Arc<Mutex<Vec<String>>> = Arc::default();
        let noted = Arc::clone(&calls);
        let way = FaultyWay::open(move |call| {
            noted.lock().unwrap().push(call.to_owned());
            Fault::None
        });
        let clients = way.await.clients();
        let now = Arc::new(AtomicU64::new(Clock::system().now().0));
        let told = Arc::clone(&now);
        let clock = Clock::new(move || Timestamp(told.load(Ordering::Relaxed)));
        let environment = stack.environment();
        let variable = |name| environment.iter().find(|(known, _)| *known == name).unwrap().1.clone();
        let table = variable("TABLE_NAME");
        let store = Arc::new(DynamoStore::new(clients.dynamodb.clone(), table, Millis::days(30), clock.clone()));
        store.costs().count();
        let settings = AlarmSettings {
            queue_url: stack.due_queue.clone(),
            queue_arn: variable("DUE_QUEUE_ARN"),
            group: stack.group.clone(),
            role_arn: variable("SCHEDULER_ROLE_ARN"),
            dead_letters_arn: variable("SCHEDULE_DLQ_ARN"),
            direct: Millis::seconds(120),
        };
        let app = |alarms: Arc<dyn Alarms>| {
            let queue =
                DeliveryQueue::new(clients.sqs.clone(), stack.delivery_queue.clone(), Some(stack.due_queue.clone()));
            let webhooks = WebhookClient::new(UrlPolicy::local(), DEFAULT_TIMEOUT).unwrap();
            Arc::new(App::new(Arc::clone(&store) as Arc<dyn Store>, alarms, Arc::new(queue), webhooks, clock.clone()))
        };
        let logged: Arc<Mutex<(usize, usize)>> = Arc::default();
        let (log, line) = (Arc::clone(&logged), Counter(Arc::clone(&logged)));
        let log = tracing::subscriber::set_default(subscriber(LevelFilter::INFO, move || Counter(Arc::clone(&log))));
        let names = MetricsConfig { namespace: "Minoots".to_owned(), stage: "minoots".to_owned() };
        let metrics = Metrics::written_by(names, move |text| line.count(text.as_bytes()));
        let alarms = AwsAlarms::new(clients.sqs.clone(), clients.scheduler.clone(), settings, clock.clone());
        let due = Arc::new(DueQueue::new(clients.sqs.clone(), stack.due_queue.clone(), clock.clone()));
        let queue = stack.delivery_queue.clone();
        Self {
            api: router(app(Arc::new(alarms)), None),
            expiry: ExpiryHandler::new(app(due.clone()), due, metrics.clone()),
            delivery: DeliveryHandler::new(app(Arc::new(NoAlarms)), store.clone(), clients.sqs.clone(), queue, metrics),
            receiver: receiver().await,
            counted: (0.0, 0.0),
            logged,
            _log: log,
            stack,
            now,
            calls,
            store,
        }
    }

    /// What was asked for since the last time.
    fn asked(&mut self) -> Asked {
        let (written, read) = (self.store.costs().write_units(), self.store.costs().read_units());
        let calls = std::mem::take(&mut *self.calls.lock().unwrap());
        let count = |prefix| calls.iter().filter(|call| call.starts_with(prefix)).count() as f64;
        let asked = Asked {
            write_units: written - self.counted.0,
            read_units: read - self.counted.1,
            queue_requests: count("AmazonSQS."),
            schedules: count("POST /schedules/"),
        };
        let known = asked.queue_requests + asked.schedules + count("DynamoDB_20120810.");
        assert_eq!(known, calls.len() as f64, "a call that nobody counts: {calls:?}");
        self.counted = (written, read);
        asked
    }

    /// Bytes that were logged since the last time, for each of so many messages.
    fn logged(&self, messages: usize) -> f64 {
        let (lines, bytes) = std::mem::take(&mut *self.logged.lock().unwrap());
        (bytes as f64 + lines as f64 * cost::LOGGED_BESIDES) / messages as f64
    }

    /// What the table's items take up whose partitions begin like this, as DynamoDB reckons it.
    async fn stored(&self, partitions: &str) -> f64 {
        /// What DynamoDB adds to each item.
        const BESIDES: usize = 100;
        let environment = self.stack.environment();
        let table = &environment.iter().find(|(name, _)| *name == "TABLE_NAME").unwrap().1;
        let items = self.stack.clients.dynamodb.scan().table_name(table).send().await.unwrap().items.unwrap();
        let size = |value: &AttributeValue| match value {
            AttributeValue::S(text) => text.len(),
            AttributeValue::B(bytes) => bytes.as_ref().len(),
            AttributeValue::N(digits) => digits.len().div_ceil(2) + 1,
            other => panic!("nobody counts {other:?}"),
        };
        let items = items.iter().filter(|item| item["pk"].as_s().unwrap().starts_with(partitions));
        items
            .map(|item| BESIDES + item.iter().map(|(name, value)| name.len() + size(value)).sum::<usize>())
            .sum::<usize>() as f64
    }

    /// A timer as the first seed document creates them; its events have webhooks if `webhook`.
    async fn create(&mut self, duration: &str, milestones: &[&str], webhook: bool) -> Asked {
        let url = format!("http://127.0.0.1:{}/services/T024F8/B0421/xoxp-3f2a9c1d8e7b", self.receiver);
        let url = if webhook { json!(url) } else { Value::Null };
        let mut body = json!({
            "name": "deployment-window-eu-west",
            "duration": duration,
            "agent_id": "agent-deployer-7",
            "team": "platform",
            "events": {
                "on_expire": {
                    "webhook": url,
                    "message": "The deployment window for eu-west is over: close the change and report.",
                    "data": {"action": "close_window", "change": "CHG0031337", "region": "eu-west-1"},
                },
                "on_progress": {"webhook": url, "intervals": milestones},
            },
            "metadata": {"ticket": "OPS-4711", "requestedBy": "jane.doe@example.com", "priority": "high"},
        });
        let events = body["events"].as_object_mut().unwrap();
        if milestones.is_empty() {
            events.remove("on_progress");
        }
        for event in events.values_mut().filter(|_| !webhook) {
            event.as_object_mut().unwrap().remove("webhook");
        }
        let request = Request::post("/timers").header("x-api-key", KEY).body(Body::from(body.to_string())).unwrap();
        let answer = self.api.clone().oneshot(request).await.unwrap();
        assert_eq!(answer.status(), StatusCode::CREATED);
        self.asked()
    }

    /// The messages that the stack's schedules will send, the earliest due first.
    async fn scheduled(&self) -> Vec<Value> {
        let scheduler = &self.stack.clients.scheduler;
        let listed = scheduler.list_schedules().group_name(&self.stack.group).send().await.unwrap();
        let mut messages = Vec::new();
        for schedule in listed.schedules() {
            let asked = scheduler.get_schedule().group_name(&self.stack.group).name(schedule.name().unwrap());
            let target = asked.send().await.unwrap().target.unwrap();
            messages.push(serde_json::from_str::<Value>(target.input().unwrap()).unwrap());
        }
        messages.sort_by_key(|message| message["at"].as_u64());
        messages
    }

    /// An invocation that may take a minute.
    fn event(&self, payload: Value) -> LambdaEvent<Value> {
        let mut context = Context::default();
        context.deadline = Timestamp(self.now.load(Ordering::Relaxed)).plus(Millis::MINUTE).0;
        LambdaEvent { payload, context }
    }

    /// So many messages of the due queue, once their delays are over.
    async fn messages(&self, count: usize) -> Vec<Value> {
        let mut messages = Vec::new();
        while messages.len() < count {
            let more = self.stack.receive(&self.stack.due_queue).await;
            assert!(!more.is_empty(), "{} of {count} messages came", messages.len());
            messages.extend(more.iter().map(|message| serde_json::from_str::<Value>(message.body().unwrap()).unwrap()));
        }
        messages
    }

    /// The expiry handler is given these messages, at this time.
    async fn due(&mut self, messages: &[Value], now: u64) -> Asked {
        self.now.store(now, Ordering::Relaxed);
        let records = messages.iter().enumerate().map(|(number, message)| {
            json!({"messageId": number.to_string(), "receiptHandle": "r", "body": message.to_string()})
        });
        let answer = self.expiry.handle(self.event(json!({"Records": records.collect::<Vec<_>>()}))).await.unwrap();
        assert_eq!(answer, json!({"batchItemFailures": []}));
        self.asked()
    }

    /// The delivery function is given `count` messages of its queue.
    async fn deliver(&mut self, count: usize) -> Asked {
        let mut messages = Vec::new();
        while messages.len() < count {
            let more = self.stack.receive(&self.stack.delivery_queue).await;
            assert!(!more.is_empty(), "{} of {count} messages came", messages.len());
            messages.extend(more);
        }
        let answer = self.delivery.handle(self.event(batch(&messages))).await.unwrap();
        assert_eq!(serde_json::to_value(answer).unwrap(), json!({"batchItemFailures": []}));
        for message in &messages {
            self.stack.delete(&self.stack.delivery_queue, message).await;
        }
        self.asked()
    }
}

/// A receiver that takes everything.
async fn receiver() -> u16 {
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let routes = Router::new().fallback(|| async { r#"{"ok":true,"id":"evt_83d1a6"}"# });
    tokio::spawn(async move { axum::serve(listener, routes).await.unwrap_or_default() });
    port
}

fn times(count: usize, asked: Asked) -> Asked {
    (0..count).fold(Asked::default(), |sum, _| sum + asked)
}

fn at(message: &Value) -> u64 {
    message["at"].as_u64().unwrap()
}

#[tokio::test]
async fn a_near_timer_asks_for_what_the_table_says_at_each_step() {
    let mut product = Product::start().await;
    assert_eq!(product.create("1s", &[], true).await, cost::CREATION_DIRECT);
    let received = product.stack.receive(&product.stack.due_queue).await;
    let message: Value = serde_json::from_str(received[0].body().unwrap()).unwrap();
    assert_eq!(product.due(from_ref(&message), at(&message)).await, cost::EXPIRY);
    assert_eq!(product.deliver(1).await, cost::DELIVERY);
    let milestones = ["25%", "50%", "75%"];
    assert_eq!(product.create("100s", &milestones, true).await, cost::CREATION_DIRECT, "one batch of messages for all");
}

#[tokio::test]
async fn a_far_timer_asks_for_what_the_table_says_at_each_step() {
    let mut product = Product::start().await;
    assert_eq!(product.create("6h30m", &[], true).await, cost::CREATION_SCHEDULED);
    let [message] = product.scheduled().await.try_into().unwrap();
    assert_eq!(product.due(from_ref(&message), at(&message) - 119_000).await, cost::SENT_ON);
    assert_eq!(product.due(from_ref(&message), at(&message)).await, cost::EXPIRY);
    assert_eq!(product.deliver(1).await, cost::DELIVERY);
}

#[tokio::test]
async fn milestones_ask_for_what_the_table_says() {
    let mut product = Product::start().await;
    let created = product.create("6h30m", &["50%", "-30m"], true).await;
    assert_eq!(created, cost::CREATION_SCHEDULED + times(2, cost::MILESTONE_SCHEDULED));
    let [half, last, end] = product.scheduled().await.try_into().unwrap();
    for (milestone, asked) in [(half, cost::MILESTONE), (last, cost::MILESTONE + cost::LATER_STEP)] {
        assert_eq!(product.due(from_ref(&milestone), at(&milestone)).await, asked);
        assert_eq!(product.deliver(1).await, cost::MILESTONE_DELIVERY);
    }
    assert_eq!(product.due(from_ref(&end), at(&end)).await, cost::EXPIRY + cost::LATER_STEP);
    assert_eq!(product.deliver(1).await, cost::DELIVERY);
}

#[tokio::test]
async fn events_without_a_webhook_ask_for_what_the_table_says() {
    let mut product = Product::start().await;
    let created = product.create("6h30m", &["50%"], false).await;
    assert_eq!(created, cost::CREATION_SCHEDULED + cost::MILESTONE_SCHEDULED);
    let [half, end] = product.scheduled().await.try_into().unwrap();
    assert_eq!(product.due(from_ref(&half), at(&half)).await, cost::SILENT_MILESTONE);
    assert_eq!(product.due(from_ref(&end), at(&end)).await, cost::SILENT_EXPIRY + cost::LATER_STEP);
}

#[tokio::test]
async fn of_a_batch_each_message_asks_for_what_the_table_says() {
    let mut product = Product::start().await;
    for _ in 0..10 {
        assert_eq!(product.create("6h30m", &[], true).await, cost::CREATION_SCHEDULED);
    }
    let messages = product.scheduled().await;
    let due = messages.iter().map(at).max().unwrap();
    let one_request = Asked { queue_requests: 1.0, ..times(10, cost::SENT_ON) };
    assert_eq!(product.due(&messages, due - 119_000).await, one_request, "sent on in one batch");
    assert_within(product.due(&messages, due).await, cost::TEN_EXPIRIES, times(10, cost::EXPIRY));
    assert_within(product.deliver(10).await, cost::TEN_DELIVERIES, times(10, cost::DELIVERY));
}

/// What is shared goes by what meets whom: at most what the table says, and no fewer writes.
fn assert_within(asked: Asked, table: Asked, apart: Asked) {
    assert!(asked.read_units <= table.read_units && asked.queue_requests <= table.queue_requests, "{asked:?}");
    assert_eq!((asked.write_units, asked.schedules), (table.write_units, table.schedules));
    assert!(table.read_units < apart.read_units, "sharing is to save something");
}

/// The table says no less, and not much more.
fn assert_true(what: &str, measured: f64, table: f64) {
    assert!(measured <= table && measured >= 0.9 * table, "{what}: {measured} bytes, and the table says {table}");
}

#[tokio::test]
async fn logs_and_ended_timers_take_up_what_the_table_says() {
    let mut product = Product::start().await;
    for (place, count) in [10, 1].into_iter().enumerate() {
        for _ in 0..count {
            product.create("1s", &[], true).await;
        }
        assert_eq!(product.logged(count), 0.0, "the API logs nothing of what goes well");
        let received = product.messages(count).await;
        product.due(&received, at(&received[0])).await;
        assert_true("a timer due", product.logged(count), cost::LOGGED.expiry[place]);
        product.deliver(count).await;
        assert_true("a webhook", product.logged(count), cost::LOGGED.delivery[place]);
    }
    assert_true("an ended timer", product.stored("T#").await / 11.0, cost::STORED);
}

#[tokio::test]
async fn a_sweep_that_finds_nothing_asks_for_what_the_table_says() {
    let mut product = Product::start().await;
    product.expiry.handle(product.event(json!({}))).await.unwrap();
    assert_eq!(product.asked(), cost::SWEEP);
}
