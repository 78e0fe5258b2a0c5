//! What is specific to this store. What every store promises is tested by the conformance suite.

mod durability;
mod group_commit;
mod journal;
mod keys;
mod lines_of_time;
mod listing;
mod new_deliveries;
mod opening;
mod records;
mod retention;
mod sending;

use super::{EmbeddedStore, StoreOptions};
use minoots_shared::domain::account::{Mode, Scope};
use minoots_shared::domain::attempt::{Answer, AttemptResult};
use minoots_shared::domain::delivery::{Delivery, DeliveryStatus, NewDelivery, Source};
use minoots_shared::domain::ids::{AccountId, DeliveryId, TimerId};
use minoots_shared::domain::json::JsonText;
use minoots_shared::domain::retry::RetryPlan;
use minoots_shared::domain::time::{Millis, Timestamp};
use minoots_shared::domain::timer::{Labels, State, Timer};
use minoots_shared::ports::{Created, Creation, Idempotency, IdempotencyKey, Placement, Store as _, TimerStep};
use std::sync::Arc;
use tempfile::TempDir;

const NOW: Timestamp = Timestamp(1_700_000_000_000);

fn open(folder: &TempDir) -> EmbeddedStore {
    EmbeddedStore::open(folder.path(), StoreOptions::default()).unwrap()
}

fn scope() -> Scope {
    Scope { account: AccountId::new("acct_1"), mode: Mode::Live }
}

/// A timer that was made at [`NOW`] and is due a second later.
fn timer(id: &str) -> Timer {
    let duration = Millis::SECOND;
    Timer {
        scope: scope(),
        id: TimerId::new(id),
        name: id.to_owned(),
        labels: Labels { team: Some("red".to_owned()), ..Labels::default() },
        metadata: JsonText::empty_object(),
        events: JsonText::empty_object(),
        milestones: Vec::new(),
        state: State::Running { start: NOW, end: NOW.plus(duration) },
        duration,
        created_at: NOW,
        updated_at: NOW,
        epoch: 0,
        revision: 0,
        planned_at: NOW,
        fired: Vec::new(),
        deliveries: Vec::new(),
    }
}

fn delivery(timer: &Timer, id: &str, at: Timestamp) -> Arc<Delivery> {
    Arc::new(Delivery::from(NewDelivery {
        scope: timer.scope.clone(),
        id: DeliveryId::new(id),
        source: Source::Timer(timer.id.clone()),
        event: "timer_expired".to_owned(),
        url: "https://example.com/hook".to_owned(),
        headers: Vec::new(),
        body: "{}".into(),
        plan: RetryPlan::TIMER,
        at,
    }))
}

fn attempt(number: u32, at: Timestamp, code: u16) -> AttemptResult {
    let answer = Ok(Answer { code, body: "ok".to_owned(), retry_after: None });
    AttemptResult { attempt: number, sent_at: at, duration: Millis(3), answer }
}

fn creation(timers: Vec<Timer>) -> Creation {
    let timers = timers.into_iter().map(Arc::new).collect();
    Creation { scope: scope(), timers, limit: None, events: Vec::new(), idempotency: None }
}

fn idempotency(key: &str, at: Timestamp) -> Idempotency {
    let key = IdempotencyKey { scope: scope(), route: "POST /timers", key: key.to_owned() };
    let answer = Arc::new(|_: &[Placement]| Some(b"the answer".to_vec()));
    Idempotency { key, fingerprint: [7; 32], at, expires_at: at.plus(Millis::DAY), answer }
}

async fn create(store: &EmbeddedStore, timer: Timer) {
    let created = store.create_timers(creation(vec![timer])).await.unwrap();
    assert_eq!(created, Created::Placed(vec![Placement::Stored]));
}

/// Lets a timer of these tests fall due, which leads to the delivery `id`, and returns it as it is then.
async fn expire(store: &EmbeddedStore, timer: &Timer, id: &str) -> Timer {
    let at = timer.next_due().unwrap();
    let mut after = timer.fall_due(at).unwrap().timer;
    after.deliveries.push(DeliveryId::new(id));
    let deliveries = vec![delivery(timer, id, at)];
    let (before, events) = (timer.revision, Vec::new());
    let step = TimerStep { before, timer: after.clone(), deliveries, withdraw: None, happened: 1, events };
    assert!(store.commit_step(step).await.unwrap());
    after
}
