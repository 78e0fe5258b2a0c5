//! What a timer's life asks of DynamoDB, in the units that are billed.

#![allow(clippy::unwrap_used, reason = "a test that panics says where")]

use minoots_aws::store::{DynamoStore, create_table};
use minoots_emulator::{emulator, fresh_name};
use minoots_shared::app::clock::Clock;
use minoots_shared::domain::account::{Mode, Scope};
use minoots_shared::domain::attempt::{Answer, AttemptResult};
use minoots_shared::domain::catalogue::{TIMER_CREATED, TIMER_EXPIRED};
use minoots_shared::domain::ids::{AccountId, TimerId};
use minoots_shared::domain::json::Json;
use minoots_shared::domain::new_timer;
use minoots_shared::domain::time::{Millis, Timestamp};
use minoots_shared::domain::timer::Timer;
use minoots_shared::ports::{Creation, Store as _, TimerStep};
use minoots_shared::webhook::guard::UrlPolicy;
use minoots_shared::webhook::payload;
use std::sync::Arc;

const NOW: Timestamp = Timestamp(1_800_000_000_000);

/// A timer as the first seed document creates them: a webhook with a message and data, and metadata.
const TYPICAL: &str = r#"{
    "name": "deployment-window-eu-west",
    "duration": "6h30m",
    "agent_id": "agent-deployer-7",
    "team": "platform",
    "events": {"on_expire": {
        "webhook": "https://hooks.example.com/services/T024F8/B0421/xoxp-3f2a9c1d8e7b",
        "message": "The deployment window for eu-west is over: close the change and report.",
        "data": {"action": "close_window", "change": "CHG0031337", "region": "eu-west-1", "retry": {"max": 3, "delay": 30}}
    }},
    "metadata": {"ticket": "OPS-4711", "requestedBy": "jane.doe@example.com", "priority": "high", "attempt": 1}
}"#;

async fn store() -> DynamoStore {
    let client = emulator().clients().dynamodb;
    let table = fresh_name("costs");
    create_table(&client, &table).await.unwrap();
    let store = DynamoStore::new(client, table, Millis::days(30), Clock::new(|| NOW));
    store.costs().count();
    store
}

fn timer(body: &str) -> Timer {
    let scope = Scope { account: AccountId::new("acct_0193c2f4a1b27d3e"), mode: Mode::Live };
    let id = TimerId::generate(NOW, &[0x5a; 10]);
    new_timer::parse(&Json::parse(body.as_bytes()).unwrap(), &scope, id, NOW, &UrlPolicy::strict()).unwrap()
}

fn due(timer: &Timer) -> TimerStep {
    let transition = timer.fall_due(timer.next_due().unwrap()).unwrap();
    let deliveries: Vec<_> = transition.happened.iter().filter_map(payload::delivery).map(Arc::new).collect();
    let mut timer = transition.timer;
    timer.deliveries.extend(deliveries.iter().map(|delivery| delivery.id.clone()));
    TimerStep { before: transition.before, timer, deliveries, withdraw: None, happened: 1, events: Vec::new() }
}

/// Write and read units since the last time it was asked.
struct Meter<'a>(&'a DynamoStore, f64, f64);

impl Meter<'_> {
    fn read(&mut self) -> (f64, f64) {
        let (written, read) = (self.0.costs().write_units(), self.0.costs().read_units());
        let since = (written - self.1, read - self.2);
        (self.1, self.2) = (written, read);
        since
    }
}

/// As the product asks before each event, in a scope without endpoints.
async fn asks_for_subscribers(store: &DynamoStore, timer: &Timer, event_type: &str) {
    assert_eq!(store.subscribers(&timer.scope, event_type).await.unwrap(), []);
}

async fn create(store: &DynamoStore, timer: &Timer) {
    asks_for_subscribers(store, timer, TIMER_CREATED).await;
    let creation = Creation {
        scope: timer.scope.clone(),
        timers: vec![Arc::new(timer.clone())],
        limit: None,
        events: Vec::new(),
        idempotency: None,
    };
    store.create_timers(creation).await.unwrap();
}

async fn deliver(store: &DynamoStore, step: &TimerStep) {
    let (scope, id) = (&step.timer.scope, &step.deliveries[0].id);
    let begun = store.begin_attempt(scope, id).await.unwrap().unwrap();
    let answer = Ok(Answer { code: 200, body: r#"{"ok":true,"id":"evt_83d1a6"}"#.to_owned(), retry_after: None });
    let sent_at = begun.next_attempt_at.unwrap().plus(Millis(87));
    let result = AttemptResult { attempt: 1, sent_at, duration: Millis(143), answer };
    store.finish_attempt(scope, id, result).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_typical_timer_with_one_webhook_costs_five_write_units_and_three_reads() {
    let store = store().await;
    let mut meter = Meter(&store, 0.0, 0.0);
    let timer = timer(TYPICAL);
    create(&store, &timer).await;
    let (written, read) = meter.read();
    assert!(
        written == 2.0 && read <= 1.0,
        "{written}, {read}: the item and its entry in the due index; who is subscribed"
    );
    let step = due(&timer);
    asks_for_subscribers(&store, &timer, TIMER_EXPIRED).await;
    assert!(store.commit_step(step.clone()).await.unwrap());
    let (written, read) = meter.read();
    assert!(
        written == 1.0 && read <= 1.0,
        "{written}, {read}: the item, its place in the index stays; who is subscribed"
    );
    deliver(&store, &step).await;
    assert_eq!(
        meter.read(),
        (2.0, 1.0),
        "the item, and its entry goes; begun with one read, and ended from what was read"
    );
}

#[tokio::test]
async fn a_milestone_costs_five_write_units_and_two_reads_more() {
    let store = store().await;
    let mut meter = Meter(&store, 0.0, 0.0);
    let progress =
        r#""events": {"on_progress": {"webhook": "https://hooks.example.com/progress", "intervals": ["50%"]},"#;
    let timer = timer(&TYPICAL.replace(r#""events": {"#, progress));
    create(&store, &timer).await;
    let halfway = due(&timer);
    assert!(store.commit_step(halfway.clone()).await.unwrap());
    deliver(&store, &halfway).await;
    let (written, read) = meter.read();
    assert!(written <= 8.0 && read <= 3.0, "{written} write units, {read} read units until the milestone is delivered");
    let end = due(&halfway.timer);
    assert!(store.commit_step(end.clone()).await.unwrap());
    deliver(&store, &end).await;
    let (written, read) = meter.read();
    assert!(written <= 5.0 && read <= 2.0, "{written} write units, {read} read units from there");
}
