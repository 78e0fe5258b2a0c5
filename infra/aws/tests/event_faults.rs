//! Events of what is created and changed, when answers are lost and processes are gone: accepted with it, once, or not at all.

#![allow(clippy::unwrap_used, reason = "a test that panics says where")]

use minoots_aws::store::{DynamoStore, create_table};
use minoots_emulator::{Fault, FaultyWay, emulator, fresh_name};
use minoots_shared::app::clock::Clock;
use minoots_shared::domain::account::{Mode, Scope};
use minoots_shared::domain::event::Event;
use minoots_shared::domain::ids::{AccountId, EndpointId, EventId, TimerId};
use minoots_shared::domain::json::{Json, JsonText};
use minoots_shared::domain::new_timer;
use minoots_shared::domain::time::{Millis, Timestamp};
use minoots_shared::domain::timer::Timer;
use minoots_shared::domain::timer_events;
use minoots_shared::ports::{Accepted, Created, Creation, Placement, Store as _, TimerStep};
use minoots_shared::webhook::guard::UrlPolicy;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

const NOW: Timestamp = Timestamp(1_800_000_000_000);

fn scope() -> Scope {
    Scope { account: AccountId::new("acct"), mode: Mode::Live }
}

fn targets() -> Vec<EndpointId> {
    vec![EndpointId::new("whk_1"), EndpointId::new("whk_2")]
}

fn timer(id: &str) -> Timer {
    let body = Json::parse(br#"{"duration":"1h"}"#).unwrap();
    new_timer::parse(&body, &scope(), TimerId::new(id), NOW, &UrlPolicy::strict()).unwrap()
}

/// Timers with the events that tell of them.
fn creation(ids: &[&str]) -> Creation {
    let timers: Vec<_> = ids.iter().map(|id| Arc::new(timer(id))).collect();
    let events = timers.iter().map(|timer| Some(timer_events::created(timer, targets()))).collect();
    Creation { scope: scope(), timers, limit: None, events, idempotency: None }
}

async fn table() -> (FaultyWay, String) {
    let way = FaultyWay::open(|_| Fault::None).await;
    let table = fresh_name("events");
    create_table(&emulator().clients().dynamodb, &table).await.unwrap();
    (way, table)
}

fn store(way: &FaultyWay, table: &str, now: &Arc<AtomicU64>) -> DynamoStore {
    let now = Arc::clone(now);
    let clock = Clock::new(move || Timestamp(now.load(Ordering::Relaxed)));
    DynamoStore::new(way.clients().dynamodb, table.to_owned(), Millis::days(30), clock)
}

/// The timers of which there is an event to fan out, each event whole.
async fn told(store: &DynamoStore) -> Vec<EventId> {
    let mut ids = Vec::new();
    for (scope, id) in store.unexpanded_events(100).await.unwrap() {
        assert_eq!(store.event(&scope, &id).await.unwrap().unwrap().targets, targets());
        ids.push(id);
    }
    ids.sort();
    ids
}

fn expected(ids: &[&str]) -> Vec<EventId> {
    let mut ids: Vec<_> = ids.iter().map(|id| timer_events::created(&timer(id), targets()).id).collect();
    ids.sort();
    ids
}

#[tokio::test]
async fn timers_and_their_events_are_there_together_whatever_call_was_the_last_of_the_process_that_made_them() {
    let ids = ["t1", "t2", "t3"];
    for calls in 0.. {
        assert!(calls < 40, "the batch takes more calls than it should");
        let (way, table) = table().await;
        let made = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&made);
        way.set(move |_| match count.fetch_add(1, Ordering::Relaxed) < calls {
            true => Fault::None,
            false => Fault::Refused(400, "AccessDeniedException"),
        });
        let now = Arc::new(AtomicU64::new(NOW.0));
        let done = store(&way, &table, &now).create_timers(creation(&ids)).await.is_ok();
        let needed = made.load(Ordering::Relaxed);
        way.set(|_| Fault::None);
        let after = store(&way, &table, &now);
        let seen = told(&after).await;
        assert_eq!(seen, expected(if done { &ids } else { &[] }), "after {calls} calls");
        if needed <= calls {
            assert!(calls > 6, "three timers and three events were cut off at {calls} places only");
            return;
        }
        // The same again, once the other process can't be at it any more: one by itself, and then the others.
        now.fetch_add(61_000, Ordering::Relaxed);
        if !done {
            let one = after.create_timers(creation(&ids[..1])).await.unwrap();
            assert_eq!(one, Created::Placed(vec![Placement::Stored]), "after {calls} calls");
            let others = after.create_timers(creation(&ids[1..])).await.unwrap();
            assert_eq!(others, Created::Placed(vec![Placement::Stored; 2]), "after {calls} calls");
        }
        assert_eq!(told(&after).await, expected(&ids), "after {calls} calls");
    }
}

#[tokio::test]
async fn an_event_whose_answer_is_lost_is_accepted_once_and_said_to_be_new() {
    let (way, table) = table().await;
    let store = store(&way, &table, &Arc::new(AtomicU64::new(NOW.0)));
    let event = Event {
        scope: scope(),
        id: EventId::new("evt_1"),
        event_type: "session.started".to_owned(),
        created_at: NOW,
        data: JsonText::empty_object(),
        targets: targets(),
        expanded: 0,
    };
    way.set(lost_once("PutItem"));
    assert_eq!(store.accept_event(event.clone(), None).await.unwrap(), Accepted::New);
    assert_eq!(store.accept_event(event.clone(), None).await.unwrap(), Accepted::Known);
    way.set(lost_once("PutItem"));
    assert!(store.expand_event(&event.scope, &event.id, 0, 2, Vec::new()).await.unwrap());
    assert!(!store.expand_event(&event.scope, &event.id, 0, 2, Vec::new()).await.unwrap());
}

#[tokio::test]
async fn a_step_with_an_event_whose_answer_is_lost_is_taken_once_and_says_so() {
    let (way, table) = table().await;
    let store = store(&way, &table, &Arc::new(AtomicU64::new(NOW.0)));
    store.create_timers(Creation { events: Vec::new(), ..creation(&["t"]) }).await.unwrap();
    let transition = timer("t").fall_due(NOW.plus(Millis::HOUR)).unwrap();
    let events: Vec<_> = transition.happened.iter().map(|happening| happening.told_to(targets())).collect();
    let id = events[0].id.clone();
    let step = TimerStep {
        before: transition.before,
        timer: transition.timer,
        deliveries: Vec::new(),
        withdraw: None,
        happened: 1,
        events,
    };
    way.set(lost_once("TransactWriteItems"));
    assert!(store.commit_step(step.clone()).await.unwrap());
    assert!(!store.commit_step(step).await.unwrap());
    assert_eq!(told(&store).await, [id]);
}

/// A plan by which the first call of this name loses its answer.
fn lost_once(call: &'static str) -> impl FnMut(&str) -> Fault + Send {
    let mut lost = false;
    move |name| {
        if name.ends_with(call) && !std::mem::replace(&mut lost, true) { Fault::AnswerLost } else { Fault::None }
    }
}
