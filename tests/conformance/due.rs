//! What is due when: complete, in order, from every scope, and nothing that is not.

use crate::samples::{FAR, Sketch, answered, cancel, change, fall_due, fire, later, numbered, pause, resume, sketch};
use crate::world::{ALL, Sure as _, World, at_once, create};
use minoots_shared::domain::account::{Mode, Scope};
use minoots_shared::domain::ids::{AccountId, TimerId};
use minoots_shared::domain::time::{Millis, Timestamp};
use minoots_shared::domain::timer::Timer;
use minoots_shared::ports::{DueDelivery, DueTimer, TimerStep};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Scopes in which this topic's cases let things happen; the world's neighbours stay out of it.
fn busy_scopes() -> [Scope; 3] {
    let scope = |account: &str, mode| Scope { account: AccountId::new(account), mode };
    [scope("busy", Mode::Live), scope("busy", Mode::Test), scope("a", Mode::Live)]
}

/// The same timers in each of the busy scopes; `length` gives each its own end.
async fn busy(world: &World<'_>, count: usize, length: impl Fn(usize, usize) -> u64) -> Vec<Timer> {
    let mut all = Vec::new();
    for (place, scope) in busy_scopes().iter().enumerate() {
        let sketches = numbered(count, |number| {
            sketch(&format!("t{number}"))
                .lasting(length(place, number))
                .with("events", r#"{"on_expire": {"webhook": "https://expired.example.com/x"}}"#)
        });
        let timers: Vec<_> = sketches.iter().map(|sketch| sketch.timer(scope)).collect();
        create(&*world.store(), scope, &timers).await;
        all.extend(timers);
    }
    all
}

fn as_due(timer: &Timer) -> DueTimer {
    let at = timer.next_due().expect("it runs");
    DueTimer { scope: timer.scope.clone(), id: timer.id.clone(), at }
}

pub(crate) async fn timers_due_by_then_are_listed_earliest_first_from_every_scope(world: &mut World<'_>) {
    world.create_one(sketch("t1").lasting(9_000_000)).await;
    let timers = busy(world, 10, |place, number| 100 + (number as u64 * 37 + place as u64 * 13) % 400 * 10).await;
    let mut due: Vec<_> = timers.iter().map(as_due).collect();
    due.sort_by_key(|due| due.at);
    let store = world.store();
    assert_eq!(store.due_timers(due[0].at.minus(Millis(1)), ALL).await.sure(), []);
    for (count, last) in due.iter().enumerate() {
        assert_eq!(store.due_timers(last.at, ALL).await.sure(), due[..=count], "by {:?}", last.at);
    }
}

pub(crate) async fn due_instants_are_ordered_as_numbers(world: &mut World<'_>) {
    let ends = [9_999_999_999_999, 10_000_000_000_000, 9_999_999_000_000, 100_000, 99_999, 65_536, 256, 255];
    let timers = ends.map(|end| sketch(&format!("t{end}")).at(Timestamp(end - 200)).lasting(200));
    world.create(&timers).await;
    let due: Vec<_> = world.due_timers(FAR).await.into_iter().map(|due| due.at.0).collect();
    assert_eq!(due, [255, 256, 65_536, 99_999, 100_000, 9_999_999_000_000, 9_999_999_999_999, 10_000_000_000_000]);
    let by_then: Vec<_> = world.due_timers(Timestamp(99_999)).await.into_iter().map(|due| due.at.0).collect();
    assert_eq!(by_then, [255, 256, 65_536, 99_999]);
}

pub(crate) async fn timers_due_come_in_portions_and_each_comes_once_if_it_is_dealt_with(world: &mut World<'_>) {
    // Many at one instant, more than fit into a portion.
    let timers = busy(world, 40, |_, number| if number < 25 { 5_000 } else { 1_000 + number as u64 }).await;
    let store = world.store();
    let mut dealt_with = BTreeSet::new();
    let mut last = Timestamp(0);
    for _ in 0..ALL {
        let portion = store.due_timers(FAR, 7).await.sure();
        assert!(portion.len() <= 7, "{} at once", portion.len());
        if portion.is_empty() {
            break;
        }
        for due in portion {
            assert!(last <= due.at, "{:?} comes after {last:?}", due.at);
            last = due.at;
            let timer = store.timer(&due.scope, &due.id).await.sure().expect("what is due exists");
            assert_eq!(as_due(&timer), due);
            assert!(store.commit_step(fall_due(&timer, due.at)).await.sure());
            assert!(dealt_with.insert((due.scope, due.id)), "due twice");
        }
    }
    let expected: BTreeSet<_> = timers.into_iter().map(|timer| (timer.scope, timer.id)).collect();
    assert_eq!(dealt_with, expected);
}

pub(crate) async fn a_timer_is_due_at_each_of_its_milestones_and_at_its_end(world: &mut World<'_>) {
    let mut timer = world.create_one(sketch("deploy").telling()).await;
    for quarter in 1..=4 {
        let at = later(quarter * 900_000);
        assert_eq!(world.due_timers(FAR).await, [as_due(&timer)]);
        assert_eq!(world.due_timers(at.minus(Millis(1))).await, []);
        assert_eq!(world.due_timers(at).await.len(), 1);
        timer = world.fall_due(&timer, at).await.0;
    }
    assert_eq!(world.due_timers(FAR).await, []);
}

pub(crate) async fn only_running_timers_are_due(world: &mut World<'_>) {
    type Step = fn(&Timer) -> TimerStep;
    let ends: [(&str, Step); 4] = [
        ("cancelled", |timer| cancel(timer, later(20))),
        ("fired", |timer| fire(timer, later(20))),
        ("expired", |timer| fall_due(timer, FAR)),
        ("changed", |timer| change(timer, r#"{"duration": "1m"}"#, later(20))),
    ];
    for (id, end) in ends {
        let timer = world.create_one(sketch(id).telling()).await;
        let paused = world.take(pause(&timer, later(10))).await;
        assert_eq!(world.due_timers(FAR).await, []);
        let timer = if id == "expired" { world.take(resume(&paused, later(15))).await } else { paused };
        let ended = world.take(end(&timer)).await;
        assert_eq!(world.due_timers(FAR).await, [], "{id}: {:?}", ended.state);
    }
}

pub(crate) async fn a_change_moves_when_a_timer_is_due_and_leaves_nothing_at_the_old_place(world: &mut World<'_>) {
    let mut timer = world.create_one(sketch("deploy").telling()).await;
    type Step = fn(&Timer) -> TimerStep;
    let steps: [Step; 7] = [
        |timer| change(timer, r#"{"extend": "2h"}"#, later(10)),
        |timer| change(timer, r#"{"extend": "-150m"}"#, later(20)),
        |timer| change(timer, r#"{"name": "renamed"}"#, later(30)),
        |timer| change(timer, r#"{"events": {}}"#, later(40)),
        |timer| change(timer, r#"{"duration": "10s"}"#, later(50)),
        |timer| pause(timer, later(60)),
        |timer| resume(timer, later(5_000)),
    ];
    for step in steps {
        timer = world.take(step(&timer)).await;
        let due: Vec<_> = world.due_timers(FAR).await.into_iter().map(|due| due.at).collect();
        assert_eq!(due, Vec::from_iter(timer.next_due()));
    }
}

pub(crate) async fn what_is_due_earlier_than_all_that_was_seen_before_is_seen(world: &mut World<'_>) {
    world.surround(&[telling_once("late").timer(&world.mine)]).await;
    let (store, own) = (world.store(), world.mine.clone());
    let place =
        async |id: &str, length: u64| create(&*store, &own, &[telling_once(id).lasting(length).timer(&own)]).await;
    let due = async |until: Timestamp| -> Vec<_> {
        world.due_timers(until).await.into_iter().map(|due| due.id.to_string()).collect()
    };
    place("late", 50_000).await;
    assert_eq!(due(FAR).await, ["late"]);
    assert_eq!(due(later(40_000)).await, [""; 0]);
    place("earlier", 30_000).await;
    assert_eq!(due(later(40_000)).await, ["earlier"]);
    place("earliest", 1).await;
    assert_eq!(due(FAR).await, ["earliest", "earlier", "late"]);
    for (count, id) in ["late", "earlier", "earliest"].into_iter().enumerate() {
        let timer = world.timer(&TimerId::new(id)).await;
        world.take(fall_due(&timer, FAR)).await;
        let due = world.due_deliveries(FAR).await;
        assert_eq!((due.len(), due[0].at), (count + 1, timer.next_due().expect("it ran")));
    }
}

pub(crate) async fn what_is_created_while_others_look_for_what_is_due_is_seen_at_once(world: &mut World<'_>) {
    world.surround(&[telling_once("t0-0").timer(&world.mine)]).await;
    let created = Arc::new(AtomicUsize::new(0));
    let missed = at_once(4, |task| {
        let (store, scope, created) = (world.store(), world.mine.clone(), Arc::clone(&created));
        async move {
            let mut missed = Vec::new();
            if task >= 2 {
                for _ in 0..1_000_000 {
                    if created.load(Ordering::Relaxed) == 200 {
                        break;
                    }
                    store.due_timers(FAR, 1).await.sure();
                    tokio::task::yield_now().await;
                }
            } else {
                // Each earlier than all before it: that is where a look that has begun already may overlook it.
                for number in 0..100 {
                    let (id, length) = (format!("t{task}-{number}"), 100_000 - number * 1_000);
                    let timer = telling_once(&id).lasting(length).timer(&scope);
                    create(&*store, &scope, &[timer]).await;
                    created.fetch_add(1, Ordering::Relaxed);
                    let due = store.due_timers(later(length), ALL).await.sure();
                    if !due.iter().any(|due| due.id.as_str() == id && due.scope == scope) {
                        missed.push(id);
                    }
                }
            }
            missed
        }
    })
    .await;
    assert_eq!(missed.concat(), [""; 0]);
    assert_eq!(world.due_timers(FAR).await.len(), 200);
}

/// Deliveries in each of the busy scopes, due at the ends that `length` gives their timers.
async fn busy_deliveries(world: &World<'_>, count: usize, length: impl Fn(usize, usize) -> u64) -> Vec<DueDelivery> {
    let store = world.store();
    let mut all = Vec::new();
    for timer in busy(world, count, length).await {
        let step = fall_due(&timer, FAR);
        let delivery = step.deliveries[0].clone();
        assert!(store.commit_step(step).await.sure());
        let at = delivery.next_attempt_at.expect("a new delivery is open");
        all.push(DueDelivery { scope: timer.scope, id: delivery.id.clone(), at });
    }
    all.sort_by_key(|due| due.at);
    all
}

pub(crate) async fn deliveries_due_by_then_are_listed_earliest_first_from_every_scope(world: &mut World<'_>) {
    let timer = world.create_one(sketch("t1").telling()).await;
    let due = busy_deliveries(world, 10, |place, number| 100 + (number as u64 * 37 + place as u64 * 13) % 400).await;
    world.fall_due(&timer, later(900_000)).await;
    let store = world.store();
    assert_eq!(store.due_deliveries(None, later(99), ALL).await.sure(), []);
    for (count, last) in due.iter().enumerate() {
        assert_eq!(store.due_deliveries(None, last.at, ALL).await.sure(), due[..=count], "by {:?}", last.at);
        assert_eq!(store.due_deliveries(None, FAR, count + 1).await.sure(), due[..=count], "the first {}", count + 1);
    }
}

pub(crate) async fn deliveries_due_are_visited_once_each_portion_by_portion(world: &mut World<'_>) {
    // Many at one instant, more than fit into a portion.
    let expected =
        busy_deliveries(world, 30, |_, number| if number < 20 { 5_000 } else { 1_000 + number as u64 }).await;
    let store = world.store();
    for limit in [1, 7, 89, 90, 91] {
        let mut visited: Vec<DueDelivery> = Vec::new();
        for _ in 0..ALL {
            let portion = store.due_deliveries(visited.last(), later(5_000), limit).await.sure();
            assert!(portion.len() <= limit, "{} at once", portion.len());
            if portion.is_empty() {
                break;
            }
            visited.extend(portion);
        }
        assert!(visited.windows(2).all(|pair| pair[0].at <= pair[1].at), "out of order: {visited:?}");
        let key = |due: &DueDelivery| (due.scope.clone(), due.id.clone(), due.at);
        assert_eq!(visited.len(), expected.len(), "portions of {limit}");
        assert_eq!(BTreeSet::from_iter(visited.iter().map(key)), BTreeSet::from_iter(expected.iter().map(key)));
    }
}

pub(crate) async fn a_visit_goes_on_behind_a_delivery_that_is_no_longer_due(world: &mut World<'_>) {
    let due = busy_deliveries(world, 3, |_, number| 1_000 + number as u64).await;
    let store = world.store();
    let first = store.due_deliveries(None, FAR, 4).await.sure();
    let last = first.last().expect("there are nine");
    let begun = store.begin_attempt(&last.scope, &last.id).await.sure().expect("it is open");
    store.finish_attempt(&last.scope, &last.id, answered(&begun, later(2_000), 200)).await.sure().expect("it is new");
    let rest = store.due_deliveries(Some(last), FAR, ALL).await.sure();
    let key = |due: &DueDelivery| (due.scope.clone(), due.id.clone());
    let visited: BTreeSet<_> = first.iter().chain(&rest).map(key).collect();
    assert_eq!(visited, due.iter().map(key).collect());
    assert_eq!(rest.len(), 5);
}

pub(crate) async fn a_delivery_is_due_when_its_next_attempt_is_and_never_once_it_has_ended(world: &mut World<'_>) {
    let timer = world.create_one(telling_once("deploy")).await;
    let (_, deliveries) = world.fall_due(&timer, FAR).await;
    let store = world.store();
    let mut at = later(3_600_000);
    for code in [500, 302, 404, 429, 503] {
        let due: Vec<_> = world.due_deliveries(FAR).await.into_iter().map(|due| (due.id, due.at)).collect();
        assert_eq!(due, [(deliveries[0].id.clone(), at)]);
        assert_eq!(world.due_deliveries(at.minus(Millis(1))).await, []);
        let begun = store.begin_attempt(&world.mine, &deliveries[0].id).await.sure().expect("it is open");
        let after = store.finish_attempt(&world.mine, &begun.id, answered(&begun, at, code)).await.sure();
        at = after.expect("it is new").next_attempt_at.unwrap_or_default();
    }
    assert_eq!(world.due_deliveries(FAR).await, []);
}

/// A timer with one webhook, at its end.
fn telling_once(id: &str) -> Sketch {
    sketch(id).with("events", r#"{"on_expire": {"webhook": "https://expired.example.com/x"}}"#)
}
