//! AWS at its worst: refused calls, answers that are lost, and a process that is gone after any of its calls.

#![allow(clippy::unwrap_used, reason = "a test that panics says where")]

use minoots_aws::alarms::{AlarmSettings, AwsAlarms};
use minoots_aws::store::{DynamoStore, create_table};
use minoots_emulator::{Fault, FaultyWay, Stack, emulator, fresh_name};
use minoots_shared::app::clock::Clock;
use minoots_shared::domain::account::{Mode, Scope};
use minoots_shared::domain::ids::{AccountId, TimerId};
use minoots_shared::domain::json::Json;
use minoots_shared::domain::new_timer;
use minoots_shared::domain::time::{Millis, Timestamp};
use minoots_shared::domain::timer::Timer;
use minoots_shared::domain::timer_change;
use minoots_shared::ports::{
    Alarm, Alarms as _, Created, Creation, Idempotency, IdempotencyKey, Placement, Store as _, TimerQuery, TimerStep,
};
use minoots_shared::webhook::guard::UrlPolicy;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

const NOW: Timestamp = Timestamp(1_800_000_000_000);

fn scope() -> Scope {
    Scope { account: AccountId::new("acct"), mode: Mode::Live }
}

fn timer(id: &str) -> Timer {
    let body = format!(r#"{{"id":"{id}","duration":"1h","webhook":"https://hooks.example.com/x"}}"#);
    let body = Json::parse(body.as_bytes()).unwrap();
    new_timer::parse(&body, &scope(), TimerId::new(id), NOW, &UrlPolicy::strict()).unwrap()
}

fn creation(ids: &[&str], key: Option<&str>) -> Creation {
    let timers = ids.iter().map(|id| Arc::new(timer(id))).collect();
    let idempotency = key.map(|key| Idempotency {
        key: IdempotencyKey { scope: scope(), route: "POST /timers/batch", key: key.to_owned() },
        fingerprint: [7; 32],
        at: NOW,
        expires_at: NOW.plus(Millis::DAY),
        answer: Arc::new(|placements| Some(format!("{placements:?}").into_bytes())),
    });
    Creation { scope: scope(), timers, limit: None, idempotency }
}

/// A table, and a way to it on which nothing goes wrong yet.
async fn table() -> (FaultyWay, String) {
    let way = FaultyWay::open(|_| Fault::None).await;
    let table = fresh_name("faults");
    create_table(&emulator().clients().dynamodb, &table).await.unwrap();
    (way, table)
}

fn store(way: &FaultyWay, table: &str) -> DynamoStore {
    store_at(way, table, Arc::new(AtomicU64::new(NOW.0)))
}

fn store_at(way: &FaultyWay, table: &str, now: Arc<AtomicU64>) -> DynamoStore {
    let clock = Clock::new(move || Timestamp(now.load(Ordering::Relaxed)));
    DynamoStore::new(way.clients().dynamodb, table.to_owned(), Millis::days(30), clock)
}

/// A plan by which the first call of this name loses its answer.
fn lost_once(call: &'static str) -> impl FnMut(&str) -> Fault + Send {
    let mut lost = false;
    move |name| {
        if name.ends_with(call) && !std::mem::replace(&mut lost, true) { Fault::AnswerLost } else { Fault::None }
    }
}

async fn listed(store: &DynamoStore) -> Vec<String> {
    let query = TimerQuery { limit: 100, ..TimerQuery::default() };
    let page = store.timers(&scope(), &query).await.unwrap();
    let mut ids: Vec<_> = page.timers.iter().map(|timer| timer.id.as_str().to_owned()).collect();
    ids.sort();
    ids
}

#[tokio::test]
async fn a_creation_whose_answer_is_lost_is_done_once_and_says_so() {
    let (way, table) = table().await;
    let store = store(&way, &table);
    for (ids, key, call) in [
        (&["one"][..], None, "PutItem"),
        (&["with-key"], Some("k1"), "TransactWriteItems"),
        (&["b1", "b2"], None, "PutItem"),
        (&["c1", "c2"], Some("k2"), "TransactWriteItems"),
    ] {
        way.set(lost_once(call));
        let created = store.create_timers(creation(ids, key)).await.unwrap();
        let stored = Created::Placed(vec![Placement::Stored; ids.len()]);
        // In a transaction AWS recognises the repetition by its token. The emulator does not, and so the key is known.
        if call == "PutItem" {
            assert_eq!(created, stored, "{ids:?}");
        } else {
            assert!(
                matches!(&created, Created::Known(known) if known.answer.starts_with(b"[Stored")) || created == stored
            );
        }
    }
    assert_eq!(listed(&store).await, ["b1", "b2", "c1", "c2", "one", "with-key"]);
}

#[tokio::test]
async fn a_step_whose_answer_is_lost_is_taken_once_and_says_so() {
    let (way, table) = table().await;
    let store = store(&way, &table);
    store.create_timers(creation(&["t"], None)).await.unwrap();
    let mut timer = timer("t");
    for number in 1..=3 {
        let change = timer_change::parse(&Json::parse(br#"{"extend":"15m"}"#).unwrap(), &UrlPolicy::strict()).unwrap();
        let transition = timer.change(&change, NOW.plus(Millis(number))).unwrap().unwrap();
        timer = transition.timer.clone();
        let step = TimerStep {
            before: transition.before,
            timer: timer.clone(),
            deliveries: Vec::new(),
            withdraw: transition.withdraw,
            events: 0,
        };
        way.set(lost_once("PutItem"));
        assert!(store.commit_step(step).await.unwrap(), "step {number}");
    }
    assert_eq!(store.timer(&scope(), &timer.id).await.unwrap(), Some(timer));
}

#[tokio::test]
async fn a_service_that_throttles_or_fails_for_a_while_is_asked_again() {
    let (way, table) = table().await;
    let store = store(&way, &table);
    for (id, fault) in [
        ("throttled", Fault::Refused(400, "ProvisionedThroughputExceededException")),
        ("failing", Fault::Refused(500, "InternalServerError")),
        ("cut", Fault::AnswerLost),
    ] {
        let mut left = 2;
        way.set(move |name| match (name.ends_with("PutItem"), left) {
            (true, 1..) => {
                left -= 1;
                fault
            }
            _ => Fault::None,
        });
        let created = store.create_timers(creation(&[id], None)).await.unwrap();
        assert_eq!(created, Created::Placed(vec![Placement::Stored]), "{id}");
    }
}

#[tokio::test]
async fn a_service_that_stays_down_is_unavailable_with_its_own_words() {
    let (way, table) = table().await;
    let store = store(&way, &table);
    for (fault, word) in [
        (Fault::Refused(500, "InternalServerError"), "InternalServerError"),
        (Fault::Refused(400, "AccessDeniedException"), "AccessDeniedException"),
    ] {
        way.set(move |_| fault);
        let error = store.create_timers(creation(&["t"], None)).await.unwrap_err();
        assert!(error.0.to_string().contains(word), "{}", error.0);
    }
}

/// How many calls go through before the process is gone.
fn gone_after(calls: usize) -> (impl FnMut(&str) -> Fault + Send, Arc<AtomicUsize>) {
    let made = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&made);
    let plan = move |_: &str| {
        if count.fetch_add(1, Ordering::Relaxed) < calls {
            Fault::None
        } else {
            Fault::Refused(400, "AccessDeniedException")
        }
    };
    (plan, made)
}

#[tokio::test]
async fn a_process_that_is_gone_after_any_call_of_a_batch_leaves_all_of_it_or_nothing_and_the_retry_makes_it_whole() {
    let ids = ["t1", "t2", "t3"];
    for calls in 0.. {
        assert!(calls < 30, "the batch takes more calls than it should");
        let (way, table) = table().await;
        let (plan, made) = gone_after(calls);
        way.set(plan);
        let first = store(&way, &table).create_timers(creation(&ids, Some("key"))).await;
        let needed = made.load(Ordering::Relaxed);
        way.set(|_| Fault::None);
        let now = Arc::new(AtomicU64::new(NOW.0));
        let after = store_at(&way, &table, Arc::clone(&now));
        let seen = listed(&after).await;
        assert!(seen.is_empty() || seen == ids, "after {calls} calls: {seen:?}");
        assert_eq!(first.is_ok(), seen == ids, "after {calls} calls");
        let count = after.concurrent_timers(&scope()).await.unwrap();
        assert_eq!(count, seen.len() as u64, "after {calls} calls");
        assert_eq!(after.due_timers(NOW.plus(Millis::DAY), 100).await.unwrap().len(), seen.len());
        // The caller tries again, after the time in which it could still have been the other process's turn.
        now.fetch_add(61_000, Ordering::Relaxed);
        let again = after.create_timers(creation(&ids, Some("key"))).await.unwrap();
        match again {
            Created::Known(_) => assert_eq!(seen, ids, "after {calls} calls"),
            Created::Placed(placements) => assert_eq!(placements, [Placement::Stored; 3], "after {calls} calls"),
        }
        assert_eq!(listed(&after).await, ids, "after {calls} calls");
        assert_eq!(after.due_timers(NOW.plus(Millis::DAY), 100).await.unwrap().len(), 3);
        if needed <= calls {
            return;
        }
    }
}

#[tokio::test]
async fn an_id_that_a_cut_off_batch_holds_is_free_for_the_next_creation() {
    let (way, table) = table().await;
    // The marks are transactions' or single writes' last: everything but the third write of a timer goes through.
    let (plan, _) = gone_after(4);
    way.set(plan);
    assert!(store(&way, &table).create_timers(creation(&["t1", "t2"], None)).await.is_err());
    way.set(|_| Fault::None);
    let store = store(&way, &table);
    assert_eq!(listed(&store).await, [""; 0]);
    let created = store.create_timers(creation(&["t1"], None)).await.unwrap();
    assert_eq!(created, Created::Placed(vec![Placement::Stored]));
    assert_eq!(listed(&store).await, ["t1"]);
}

#[tokio::test]
async fn the_sweep_clears_what_a_cut_off_batch_left_behind() {
    let (way, table) = table().await;
    let (plan, _) = gone_after(4);
    way.set(plan);
    assert!(store(&way, &table).create_timers(creation(&["t1", "t2"], None)).await.is_err());
    way.set(|_| Fault::None);
    let now = Arc::new(AtomicU64::new(NOW.0 + 1_000));
    let store = store_at(&way, &table, Arc::clone(&now));
    let scan = async || {
        let scanned = emulator().clients().dynamodb.scan().table_name(&table).send().await.unwrap();
        let items = scanned.items.unwrap_or_default();
        items.iter().filter(|item| item["sk"].as_s().is_ok_and(|sk| sk.starts_with('='))).count()
    };
    let left = scan().await;
    assert!(left > 0, "something was left behind");
    assert_eq!(store.due_timers(NOW.plus(Millis::DAY), 100).await.unwrap(), []);
    assert_eq!(scan().await, left, "its process may still be at it");
    now.fetch_add(61_000, Ordering::Relaxed);
    assert_eq!(store.due_timers(NOW.plus(Millis::DAY), 100).await.unwrap(), []);
    assert_eq!(scan().await, 0);
}

#[tokio::test]
async fn creations_of_several_processes_at_once_fill_the_limit_and_never_exceed_it() {
    // Of one timer each, and of two.
    for size in [1, 2] {
        let (way, table) = table().await;
        let creations = (0..12).map(|process| {
            let store = Arc::new(store(&way, &table));
            tokio::spawn(async move {
                let mut stored = 0;
                for number in 0..2 {
                    let ids = [format!("t{process}-{number}-a"), format!("t{process}-{number}-b")];
                    let ids: Vec<&str> = ids.iter().take(size).map(String::as_str).collect();
                    let creation = Creation { limit: Some(5), ..creation(&ids, None) };
                    let created = store.create_timers(creation).await.unwrap();
                    let Created::Placed(placements) = created else { panic!("no key was given") };
                    stored += placements.iter().filter(|placement| **placement == Placement::Stored).count();
                }
                stored
            })
        });
        let mut stored = 0;
        for created in creations.collect::<Vec<_>>() {
            stored += created.await.unwrap();
        }
        assert_eq!(stored, 5, "creations of {size}");
        assert_eq!(listed(&store(&way, &table)).await.len(), 5, "creations of {size}");
    }
}

#[tokio::test]
async fn alarms_that_can_be_set_are_set_even_if_others_cannot_and_setting_them_again_does_no_harm() {
    let stack = Stack::deploy().await;
    let way = FaultyWay::open(|_| Fault::None).await;
    let clients = way.clients();
    let settings = AlarmSettings {
        queue_url: stack.due_queue.clone(),
        queue_arn: "arn:aws:sqs:eu-west-1:123456789012:due".to_owned(),
        group: stack.group.clone(),
        role_arn: "arn:aws:iam::123456789012:role/scheduler".to_owned(),
        dead_letters_arn: "arn:aws:sqs:eu-west-1:123456789012:dead".to_owned(),
        direct: Millis::seconds(120),
    };
    let alarms = AwsAlarms::new(clients.sqs, clients.scheduler, settings, Clock::system());
    let now = Clock::system().now();
    let alarm = |timer: &str, left: u64| Alarm {
        scope: scope(),
        timer: TimerId::new(timer),
        epoch: 0,
        at: now.plus(Millis(left)),
    };
    let all = [alarm("near", 60_000), alarm("past", 0), alarm("far", 3_600_000), alarm("farther", 7_200_000)];
    let schedules = async || {
        let listed = stack.clients.scheduler.list_schedules().group_name(&stack.group).send().await.unwrap();
        listed.schedules.len()
    };
    let mut first = true;
    way.set(move |name| match name.starts_with("POST /schedules/") && std::mem::take(&mut first) {
        true => Fault::Refused(402, "ServiceQuotaExceededException"),
        false => Fault::None,
    });
    assert!(alarms.set(&all).await.is_err());
    assert_eq!(schedules().await, 1);
    assert_eq!(stack.counts(&stack.due_queue).await[..2], [1, 1]);
    way.set(|_| Fault::None);
    alarms.set(&all[2..]).await.unwrap();
    alarms.set(&all[2..]).await.unwrap();
    assert_eq!(schedules().await, 2);
    alarms.unset(&all).await.unwrap();
    assert_eq!(schedules().await, 0);
    alarms.unset(&all).await.unwrap();
}
