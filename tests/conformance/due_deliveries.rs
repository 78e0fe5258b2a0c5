//! Deliveries with an attempt due: complete, in order, from every scope, and none that has ended.

use crate::calls::{ALL, Sure as _};
use crate::due::{busy, telling_once};
use crate::samples::{FAR, answered, fall_due, later, sketch};
use crate::world::World;
use minoots_shared::domain::time::Millis;
use minoots_shared::ports::DueDelivery;
use std::collections::BTreeSet;

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
