//! Usage: what a scope did on each day.

use crate::samples::{FAR, NOW, answered, cancel, change, fall_due, later, numbered, sketch};
use crate::world::{Sure as _, World, idempotency};
use minoots_shared::domain::delivery::Delivery;
use minoots_shared::domain::time::{Millis, Timestamp};
use minoots_shared::ports::{Created, DayUsage};
use std::ops::RangeInclusive;

/// The day on which most cases begin.
const TODAY: u64 = NOW.unix_day();

/// The usage of days on which something happened, of one of the world's scopes.
async fn usage(world: &World<'_>, place: usize, days: RangeInclusive<u64>) -> Vec<DayUsage> {
    let mut usage = world.store().usage(&world.scopes()[place], days.clone()).await.sure();
    assert!(usage.iter().all(|usage| days.contains(&usage.day)), "days that were not asked for: {usage:?}");
    usage.retain(|usage| *usage != DayUsage { day: usage.day, ..DayUsage::default() });
    usage.sort_by_key(|usage| usage.day);
    usage
}

fn day(day: u64, timers: u64, events: u64, deliveries: u64, failures: u64) -> DayUsage {
    DayUsage { day, timers, events, deliveries, failures }
}

async fn attempt(world: &World<'_>, delivery: &Delivery, at: Timestamp, code: u16) {
    let begun = world.store().begin_attempt(&world.mine, &delivery.id).await.sure().expect("it is open");
    let finished = world.store().finish_attempt(&world.mine, &delivery.id, answered(&begun, at, code)).await.sure();
    finished.expect("it is not recorded yet");
}

pub(crate) async fn each_day_counts_what_happened_on_it(world: &mut World<'_>) {
    let days = |count: u64| NOW.plus(Millis::days(count));
    let long = |id: &str, at: Timestamp| sketch(id).telling().at(at).lasting(8 * 86_400_000);
    let timers = world.create(&[long("a", NOW), long("b", NOW), sketch("quiet")]).await;
    world.create_one(long("c", days(1))).await;
    // Two milestones, one webhook each, on the third day; expiry without a webhook on the first.
    let (after, deliveries) = world.fall_due(&timers[0], days(4)).await;
    world.fall_due(&timers[2], later(3_600_000)).await;
    // One delivery is given up on the fifth day, the other is taken.
    attempt(world, &deliveries[0], days(5), 410).await;
    attempt(world, &deliveries[1], days(5), 200).await;
    world.take(cancel(&after, days(6))).await;
    let expected = [
        day(TODAY, 3, 1, 0, 0),
        day(TODAY + 1, 1, 0, 0, 0),
        day(TODAY + 4, 0, 2, 2, 0),
        day(TODAY + 5, 0, 0, 0, 1),
        day(TODAY + 6, 0, 1, 1, 0),
    ];
    assert_eq!(usage(world, 0, TODAY..=TODAY + 8).await, expected);
    let neighbours = [day(TODAY, 3, 1, 0, 0), day(TODAY + 1, 1, 0, 0, 0), day(TODAY + 4, 0, 2, 2, 0)];
    assert_eq!(usage(world, 1, TODAY..=TODAY + 8).await, neighbours);
    assert_eq!(usage(world, 2, TODAY..=TODAY + 8).await, neighbours);
}

pub(crate) async fn only_the_days_asked_for_are_counted_the_first_and_the_last_included(world: &mut World<'_>) {
    let midnight = Timestamp(TODAY * 86_400_000);
    let instants = [midnight.minus(Millis(1)), midnight, midnight.plus(Millis(86_399_999)), midnight.plus(Millis::DAY)];
    world.create(&numbered(4, |number| sketch(&format!("t{number}")).at(instants[number]))).await;
    let (before, today, after) = (day(TODAY - 1, 1, 0, 0, 0), day(TODAY, 2, 0, 0, 0), day(TODAY + 1, 1, 0, 0, 0));
    assert_eq!(usage(world, 0, TODAY - 1..=TODAY + 1).await, [before, today, after]);
    assert_eq!(usage(world, 0, TODAY..=TODAY).await, [today]);
    assert_eq!(usage(world, 0, TODAY - 5..=TODAY - 1).await, [before]);
    assert_eq!(usage(world, 0, TODAY + 1..=TODAY + 30).await, [after]);
    assert_eq!(usage(world, 0, TODAY + 2..=TODAY + 30).await, []);
}

pub(crate) async fn what_was_not_done_is_not_counted(world: &mut World<'_>) {
    let timer = world.create_one(sketch("deploy").telling()).await;
    world.place(vec![timer.clone(), sketch("over").timer(&world.mine)], Some(1)).await;
    let own = idempotency(&world.mine, "POST /timers", "key-1", "first", NOW);
    for id in ["first", "second"] {
        let creation =
            crate::world::creation(&world.mine, vec![sketch(id).timer(&world.mine)], None, Some(own.clone()));
        assert_eq!(matches!(world.store().create_timers(creation).await.sure(), Created::Placed(_)), id == "first");
    }
    world.take(change(&timer, r#"{"name": "renamed"}"#, later(1))).await;
    assert!(!world.store().commit_step(fall_due(&timer, FAR)).await.sure());
    assert!(!world.store().commit_step(cancel(&timer, later(2))).await.sure());
    assert_eq!(usage(world, 0, TODAY - 1..=TODAY + 1).await, [day(TODAY, 2, 0, 0, 0)]);
}

pub(crate) async fn a_delivery_given_up_counts_once_as_a_failure(world: &mut World<'_>) {
    let timer = world.create_one(sketch("deploy").telling()).await;
    let (timer, deliveries) = world.fall_due(&timer, later(2_700_000)).await;
    for number in 0..5 {
        attempt(world, &deliveries[0], later(2_700_000 + number * 800_000), 500).await;
    }
    attempt(world, &deliveries[1], later(2_700_000), 500).await;
    // The second is withdrawn while it waits, the third before its first attempt.
    world.take(cancel(&timer, later(3_000_000))).await;
    assert_eq!(usage(world, 0, TODAY..=TODAY).await, [day(TODAY, 1, 4, 4, 3)]);
    assert_eq!(usage(world, 1, TODAY..=TODAY).await, [day(TODAY, 1, 3, 3, 0)]);
}
