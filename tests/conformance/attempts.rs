//! Attempts: each begun once, recorded once, under its own number, and none after the end.

use crate::calls::{Sure as _, at_once};
use crate::samples::{FAR, answered, cancel, fall_due, later, numbered, sketch, unanswered};
use crate::world::World;
use minoots_shared::domain::attempt::AttemptResult;
use minoots_shared::domain::delivery::{Delivery, DeliveryStatus};
use minoots_shared::domain::ids::DeliveryId;
use minoots_shared::domain::time::{Millis, Timestamp};
use minoots_shared::domain::timer::Timer;
use minoots_shared::domain::transition::CANCELLED;

/// When the deliveries of this topic come into being: a quarter on the way of their timers.
const DUE: Timestamp = later(900_000);

/// A running timer with one open delivery, here and at the neighbours'.
async fn open_delivery(world: &mut World<'_>, id: &str) -> (Timer, Delivery) {
    let timer = world.create_one(sketch(id).telling()).await;
    let (timer, mut deliveries) = world.fall_due(&timer, DUE).await;
    (timer, deliveries.remove(0))
}

async fn begin(world: &World<'_>, id: &DeliveryId) -> Option<Delivery> {
    world.store().begin_attempt(&world.mine, id).await.sure()
}

async fn finish(world: &World<'_>, id: &DeliveryId, result: AttemptResult) -> Option<Delivery> {
    world.store().finish_attempt(&world.mine, id, result).await.sure()
}

pub(crate) async fn an_attempt_begins_with_all_that_is_to_be_sent(world: &mut World<'_>) {
    let (_, delivery) = open_delivery(world, "deploy").await;
    let begun = begin(world, &delivery.id).await.expect("it is open");
    assert!(begun.status.is_open());
    assert_eq!(Delivery { status: delivery.status, ..begun }, delivery);
}

pub(crate) async fn an_attempt_under_way_is_not_begun_again_until_it_is_recorded(world: &mut World<'_>) {
    let (_, delivery) = open_delivery(world, "deploy").await;
    let begun = begin(world, &delivery.id).await.expect("it is open");
    assert_eq!(begin(world, &delivery.id).await, None);
    assert!(world.delivery(&delivery.id).await.status.is_open());
    finish(world, &delivery.id, answered(&begun, DUE, 500)).await.expect("it is new");
    let second = begin(world, &delivery.id).await.expect("it is open");
    assert_eq!(second.next_attempt(), 2);
    assert_eq!(begin(world, &delivery.id).await, None);
}

pub(crate) async fn of_many_who_begin_an_attempt_at_once_one_gets_it(world: &mut World<'_>) {
    for number in 0..10 {
        let (_, delivery) = open_delivery(world, &format!("t{number}")).await;
        let begun = at_once(20, |_| {
            let (store, scope, id) = (world.store(), world.mine.clone(), delivery.id.clone());
            async move { store.begin_attempt(&scope, &id).await.sure() }
        })
        .await;
        assert_eq!(begun.iter().flatten().count(), 1);
    }
}

pub(crate) async fn an_attempt_that_begins_as_the_one_before_ends_has_the_next_number(world: &mut World<'_>) {
    for number in 0..20 {
        let (_, delivery) = open_delivery(world, &format!("t{number}")).await;
        let first = begin(world, &delivery.id).await.expect("it is open");
        let begun = at_once(8, |part| {
            let (store, scope, id) = (world.store(), world.mine.clone(), delivery.id.clone());
            let result = answered(&first, DUE, 500);
            async move {
                if part == 0 {
                    store.finish_attempt(&scope, &id, result).await.sure().expect("it is new");
                }
                store.begin_attempt(&scope, &id).await.sure()
            }
        })
        .await;
        let begun: Vec<_> = begun.into_iter().flatten().map(|delivery| delivery.next_attempt()).collect();
        assert_eq!(begun, [2]);
    }
}

pub(crate) async fn a_recorded_attempt_is_what_the_rules_make_of_it(world: &mut World<'_>) {
    type Result = fn(&Delivery) -> AttemptResult;
    let results: [(&str, Result); 6] = [
        ("taken", |delivery| answered(delivery, DUE, 204)),
        ("redirected", |delivery| answered(delivery, DUE, 302)),
        ("failed", |delivery| answered(delivery, DUE, 500)),
        ("gone", |delivery| answered(delivery, DUE, 410)),
        ("unanswered", |delivery| unanswered(delivery, DUE)),
        ("put-off", |delivery| {
            let mut result = answered(delivery, DUE, 429);
            result.answer = result.answer.map(|mut answer| {
                answer.retry_after = Some(Millis(90_000));
                answer
            });
            result
        }),
    ];
    for (id, result) in results {
        let (_, delivery) = open_delivery(world, id).await;
        let begun = begin(world, &delivery.id).await.expect("it is open");
        let result = result(&begun);
        let expected = begun.after(&result).expect("it is not recorded yet");
        assert_eq!(finish(world, &delivery.id, result).await.as_ref(), Some(&expected), "{id}");
        assert_eq!(world.delivery(&delivery.id).await, expected, "{id}");
        let due = world.due_deliveries(FAR).await.into_iter().filter(|due| due.id == delivery.id).map(|due| due.at);
        assert_eq!(due.collect::<Vec<_>>(), Vec::from_iter(expected.next_attempt_at), "{id}");
        assert_eq!(begin(world, &delivery.id).await.is_some(), expected.status.is_open(), "{id}");
    }
}

pub(crate) async fn attempts_are_numbered_without_gaps_until_they_are_used_up(world: &mut World<'_>) {
    let (_, delivery) = open_delivery(world, "deploy").await;
    for number in 1..=5 {
        let begun = begin(world, &delivery.id).await.expect("it is open");
        assert_eq!((begun.next_attempt(), begun.attempts.len()), (number, number as usize - 1));
        let after = finish(world, &delivery.id, answered(&begun, later(1_000_000 * u64::from(number)), 500)).await;
        assert_eq!(after.map(|after| after.status.is_open()), Some(number < 5));
    }
    let given_up = world.delivery(&delivery.id).await;
    let numbers: Vec<_> = given_up.attempts.iter().map(|attempt| attempt.attempt).collect();
    assert_eq!((given_up.status, numbers), (DeliveryStatus::Failed, vec![1, 2, 3, 4, 5]));
    assert_eq!(begin(world, &delivery.id).await, None);
}

pub(crate) async fn an_attempt_is_recorded_once_however_often_it_is_reported(world: &mut World<'_>) {
    let (_, failing) = open_delivery(world, "failing").await;
    let (_, taken) = open_delivery(world, "taken").await;
    for (delivery, code) in [(failing, 500), (taken, 200)] {
        let begun = begin(world, &delivery.id).await.expect("it is open");
        let recorded = finish(world, &delivery.id, answered(&begun, DUE, code)).await.expect("it is new");
        assert_eq!(finish(world, &delivery.id, answered(&begun, later(900_007), 404)).await, None);
        assert_eq!(finish(world, &delivery.id, answered(&begun, DUE, code)).await, None);
        assert_eq!(world.delivery(&delivery.id).await, recorded);
    }
}

pub(crate) async fn of_many_who_report_an_attempt_at_once_one_records_it(world: &mut World<'_>) {
    for number in 0..10 {
        let (_, delivery) = open_delivery(world, &format!("t{number}")).await;
        let begun = begin(world, &delivery.id).await.expect("it is open");
        let recorded = at_once(10, |report| {
            let (store, scope, id) = (world.store(), world.mine.clone(), delivery.id.clone());
            let result = answered(&begun, DUE, 500 + report as u16);
            async move { store.finish_attempt(&scope, &id, result).await.sure() }
        })
        .await;
        let recorded: Vec<_> = recorded.into_iter().flatten().collect();
        assert_eq!(recorded, [world.delivery(&delivery.id).await]);
        assert_eq!(recorded[0].attempts.len(), 1);
        assert_eq!(world.due_deliveries(FAR).await.iter().filter(|due| due.id == delivery.id).count(), 1);
    }
}

pub(crate) async fn an_attempt_whose_turn_has_not_come_is_not_recorded(world: &mut World<'_>) {
    let (_, delivery) = open_delivery(world, "deploy").await;
    let begun = begin(world, &delivery.id).await.expect("it is open");
    for attempt in [0, 2, 5] {
        let early = AttemptResult { attempt, ..answered(&begun, DUE, 200) };
        assert_eq!(finish(world, &delivery.id, early).await, None, "attempt {attempt}");
    }
    let stored = world.delivery(&delivery.id).await;
    assert!(stored.status.is_open() && stored.attempts.is_empty(), "{stored:?}");
    assert!(finish(world, &delivery.id, answered(&begun, DUE, 200)).await.is_some());
}

pub(crate) async fn a_delivery_withdrawn_under_way_stays_failed_unless_its_receiver_took_it(world: &mut World<'_>) {
    for (id, code) in [("refused", 500), ("gone", 410), ("taken", 200)] {
        let (timer, delivery) = open_delivery(world, id).await;
        let begun = begin(world, &delivery.id).await.expect("it is open");
        world.take(cancel(&timer, later(900_010))).await;
        let withdrawn = world.delivery(&delivery.id).await;
        assert_eq!((withdrawn.status, withdrawn.error.as_deref()), (DeliveryStatus::Failed, Some(CANCELLED)));
        let result = answered(&begun, DUE, code);
        let expected = withdrawn.after(&result);
        assert_eq!(finish(world, &delivery.id, result).await, expected, "{id}");
        assert_eq!(Some(world.delivery(&delivery.id).await), expected, "{id}");
        let due = world.due_deliveries(FAR).await;
        assert!(due.iter().all(|due| due.id != delivery.id), "{id}: withdrawn, but due");
        assert_eq!(begin(world, &delivery.id).await, None, "{id}");
    }
}

pub(crate) async fn a_cancellation_that_meets_an_attempts_end_leaves_nothing_to_attempt(world: &mut World<'_>) {
    for (number, code) in [500, 200].repeat(15).into_iter().enumerate() {
        let (timer, delivery) = open_delivery(world, &format!("t{number}")).await;
        let begun = begin(world, &delivery.id).await.expect("it is open");
        let done = at_once(2, |part| {
            let (store, scope, id) = (world.store(), world.mine.clone(), delivery.id.clone());
            let (result, step) = (answered(&begun, DUE, code), cancel(&timer, later(900_020)));
            async move {
                match part {
                    0 => store.finish_attempt(&scope, &id, result).await.sure().is_some(),
                    _ => store.commit_step(step).await.sure(),
                }
            }
        })
        .await;
        assert_eq!(done, [true, true]);
        let is = world.delivery(&delivery.id).await;
        assert_eq!(is.attempts.len(), 1, "the attempt was made, so it is recorded");
        match code {
            200 => assert_eq!((is.status, is.error), (DeliveryStatus::Success, None)),
            _ => assert_eq!((is.status, is.error.as_deref()), (DeliveryStatus::Failed, Some(CANCELLED))),
        }
        assert!(world.due_deliveries(FAR).await.iter().all(|due| due.id != delivery.id), "ended, but due");
        assert_eq!(begin(world, &delivery.id).await, None);
    }
}

pub(crate) async fn no_attempt_begins_once_the_cancellation_is_answered(world: &mut World<'_>) {
    let (timer, delivery) = open_delivery(world, "deploy").await;
    let begun = at_once(20, |part| {
        let (store, scope, id) = (world.store(), world.mine.clone(), delivery.id.clone());
        let step = cancel(&timer, later(900_020));
        async move {
            if part == 0 {
                assert!(store.commit_step(step).await.sure());
                // Answered: from here on there must be nothing to attempt.
                store.begin_attempt(&scope, &id).await.sure().is_some()
            } else {
                store.begin_attempt(&scope, &id).await.sure().is_some()
            }
        }
    })
    .await;
    assert!(!begun[0], "an attempt began after the cancellation");
    assert!(begun.into_iter().filter(|begun| *begun).count() <= 1);
    assert_eq!(begin(world, &delivery.id).await, None);
}

pub(crate) async fn an_unknown_delivery_is_neither_found_nor_attempted(world: &mut World<'_>) {
    let (_, delivery) = open_delivery(world, "deploy").await;
    for id in ["del_unknown", "", "del_", &delivery.id.as_str()[..10], &format!("{}0", delivery.id)] {
        let unknown = DeliveryId::new(id);
        let store = world.store();
        let found = store.deliveries(&world.mine, &[unknown.clone(), delivery.id.clone()]).await.sure();
        assert_eq!(found, std::slice::from_ref(&delivery), "{id:?}");
        assert_eq!(begin(world, &unknown).await, None, "{id:?}");
        assert_eq!(finish(world, &unknown, answered(&delivery, DUE, 200)).await, None, "{id:?}");
    }
}

pub(crate) async fn a_delivery_that_was_asked_for_too_early_is_attempted_once_it_is_there(world: &mut World<'_>) {
    let timer = world.create_one(sketch("deploy").telling()).await;
    let id = fall_due(&timer, DUE).deliveries[0].id.clone();
    assert_eq!(begin(world, &id).await, None);
    let (_, deliveries) = world.fall_due(&timer, DUE).await;
    assert_eq!(deliveries[0].id, id);
    assert_eq!(begin(world, &id).await.map(|begun| begun.next_attempt()), Some(1));
}

pub(crate) async fn another_scopes_delivery_is_neither_found_nor_attempted(world: &mut World<'_>) {
    let (_, delivery) = open_delivery(world, "deploy").await;
    let store = world.store();
    for scope in &world.scopes()[1..] {
        assert_eq!(store.deliveries(scope, std::slice::from_ref(&delivery.id)).await.sure(), []);
        assert_eq!(store.begin_attempt(scope, &delivery.id).await.sure(), None);
        let result = answered(&delivery, DUE, 200);
        assert_eq!(store.finish_attempt(scope, &delivery.id, result).await.sure(), None);
    }
    assert_eq!(world.delivery(&delivery.id).await, delivery);
    let begun = begin(world, &delivery.id).await.expect("nobody else is at it");
    for scope in &world.scopes()[1..] {
        assert_eq!(store.finish_attempt(scope, &delivery.id, answered(&begun, DUE, 200)).await.sure(), None);
    }
    assert!(finish(world, &delivery.id, answered(&begun, DUE, 200)).await.is_some());
}

pub(crate) async fn a_hundred_deliveries_are_read_at_once(world: &mut World<'_>) {
    let mut ids = Vec::new();
    for timer in world.create(&numbered(34, |number| sketch(&format!("t{number}")).telling())).await {
        let (_, deliveries) = world.fall_due(&timer, later(2_700_000)).await;
        ids.extend(deliveries.into_iter().map(|delivery| delivery.id));
    }
    assert_eq!(ids.len(), 102);
    let mut asked = ids.clone();
    asked.insert(50, DeliveryId::new("del_unknown"));
    let mut found: Vec<_> =
        world.store().deliveries(&world.mine, &asked).await.sure().into_iter().map(|delivery| delivery.id).collect();
    found.sort();
    ids.sort();
    assert_eq!(found, ids);
    assert_eq!(world.store().deliveries(&world.mine, &[]).await.sure(), []);
}
