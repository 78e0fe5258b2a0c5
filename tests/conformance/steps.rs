//! Steps in a timer's life: whole or not at all, and exactly one from each revision.

use crate::samples::{FAR, answered, cancel, change, fall_due, fire, later, numbered, pause, resume, sketch, step};
use crate::world::{Sure as _, World, at_once};
use minoots_shared::domain::delivery::{Delivery, DeliveryStatus};
use minoots_shared::domain::ids::TimerId;
use minoots_shared::domain::timer::Status;
use minoots_shared::domain::transition::CANCELLED;
use minoots_shared::ports::TimerStep;
use minoots_shared::webhook::payload;
use std::collections::BTreeSet;
use std::sync::Arc;

pub(crate) async fn a_step_writes_the_timer_and_its_deliveries_together(world: &mut World<'_>) {
    let timer = world.create_one(sketch("deploy").telling()).await;
    let (after, deliveries) = world.fall_due(&timer, later(1_800_000)).await;
    assert_eq!(deliveries.len(), 2);
    assert_eq!(world.timer(&timer.id).await, after);
    for delivery in &deliveries {
        assert_eq!(world.delivery(&delivery.id).await, *delivery);
    }
    let (expired, deliveries) = world.fall_due(&after, FAR).await;
    assert_eq!((expired.status(), deliveries.len(), expired.deliveries.len()), (Status::Expired, 2, 4));
    assert_eq!(world.timer(&timer.id).await, expired);
}

pub(crate) async fn a_step_from_an_old_revision_writes_nothing(world: &mut World<'_>) {
    let timer = world.create_one(sketch("deploy").telling()).await;
    let (after, deliveries) = world.fall_due(&timer, later(900_000)).await;
    let renamed = world.take(change(&after, r#"{"name": "renamed"}"#, later(900_001))).await;
    let store = world.store();
    for stale in
        [cancel(&after, later(900_002)), fall_due(&after, FAR), fire(&timer, later(2)), pause(&timer, later(2))]
    {
        let new: Vec<_> = stale.deliveries.iter().map(|delivery| delivery.id.clone()).collect();
        assert!(!store.commit_step(stale).await.sure());
        assert_eq!(store.deliveries(&world.mine, &new).await.sure(), []);
    }
    assert_eq!(world.timer(&timer.id).await, renamed);
    assert_eq!(world.delivery(&deliveries[0].id).await, deliveries[0]);
    let due: Vec<_> = world.due_timers(FAR).await.into_iter().map(|due| due.at).collect();
    assert_eq!(due, [later(1_800_000)]);
    assert_eq!(world.due_deliveries(FAR).await.len(), 1);
    assert_eq!(store.concurrent_timers(&world.mine).await.sure(), 1);
}

pub(crate) async fn a_step_of_a_revision_that_is_still_to_come_writes_nothing(world: &mut World<'_>) {
    let timer = world.create_one(sketch("deploy").telling()).await;
    let paused = pause(&timer, later(1));
    let resumed = resume(&paused.timer, later(2));
    assert!(!world.store().commit_step(resumed.clone()).await.sure());
    assert_eq!(world.timer(&timer.id).await, timer);
    world.take(paused).await;
    world.take(resumed).await;
}

pub(crate) async fn a_step_of_an_unknown_or_foreign_timer_writes_nothing(world: &mut World<'_>) {
    world.create_one(sketch("deploy").telling()).await;
    let mine_alone = sketch("mine-alone").telling();
    world.place_alone(vec![mine_alone.timer(&world.mine)], None).await;
    let store = world.store();
    for (scope, unknown) in [(world.foreign(), mine_alone), (world.mine.clone(), sketch("unknown").telling())] {
        let step = cancel(&unknown.timer(&scope), later(1));
        let (id, delivery) = (step.timer.id.clone(), step.deliveries[0].id.clone());
        assert!(!store.commit_step(step).await.sure());
        assert_eq!(store.timer(&scope, &id).await.sure(), None);
        assert_eq!(store.deliveries(&scope, &[delivery]).await.sure(), []);
    }
    assert_eq!(world.timer(&TimerId::new("mine-alone")).await.status(), Status::Running);
    assert_eq!(world.due_deliveries(FAR).await, []);
}

pub(crate) async fn of_claims_and_cancellations_at_once_exactly_one_is_taken_whole(world: &mut World<'_>) {
    let timers = world.create(&numbered(20, |number| sketch(&format!("t{number}")).telling())).await;
    for timer in timers {
        let steps: Vec<TimerStep> = (0..10)
            .map(|number| match number % 5 {
                0 | 1 => fall_due(&timer, FAR),
                2 | 3 => cancel(&timer, later(3_599_999 + number)),
                _ => change(&timer, r#"{"extend": "1h"}"#, later(5)),
            })
            .collect();
        let taken = at_once(steps.len(), |number| {
            let (store, step) = (world.store(), steps[number].clone());
            async move { store.commit_step(step).await.sure() }
        })
        .await;
        let winners: Vec<_> = steps.iter().zip(&taken).filter_map(|(step, taken)| taken.then_some(step)).collect();
        assert_eq!(winners.len(), 1, "{taken:?}");
        let winner = winners[0];
        assert_eq!(world.timer(&timer.id).await, winner.timer);
        let all: BTreeSet<_> =
            steps.iter().flat_map(|step| &step.deliveries).map(|delivery| delivery.id.clone()).collect();
        let all: Vec<_> = all.into_iter().collect();
        let mut found = world.store().deliveries(&world.mine, &all).await.sure();
        found.sort_by(|one, other| one.id.cmp(&other.id));
        let mut expected: Vec<Delivery> = winner.deliveries.iter().map(|delivery| Delivery::clone(delivery)).collect();
        expected.sort_by(|one, other| one.id.cmp(&other.id));
        assert_eq!(found, expected, "deliveries of a step that lost");
        let due: Vec<_> = world.due_timers(FAR).await.into_iter().filter(|due| due.id == timer.id).collect();
        assert_eq!(due.first().map(|due| due.at), winner.timer.next_due());
        assert!(due.len() <= 1, "due twice: {due:?}");
    }
}

pub(crate) async fn a_cancellation_ends_every_open_delivery_and_none_that_has_ended(world: &mut World<'_>) {
    let twenty: Vec<_> = (1..=20).map(|number| format!("\"{}%\"", number * 4)).collect();
    let progress = format!(r#"{{"webhook": "https://progress.example.com/x", "intervals": [{}]}}"#, twenty.join(","));
    let events = format!(r#"{{"on_progress": {progress}, "on_cancel": {{"webhook": "https://stop.example.com/x"}}}}"#);
    let timer = world.create_one(sketch("deploy").with("events", &events)).await;
    let other = world.create_one(sketch("deploy-2").with("events", &events)).await;
    let (timer, deliveries) = world.fall_due(&timer, later(3_000_000)).await;
    let (_, others) = world.fall_due(&other, later(3_000_000)).await;
    assert_eq!(deliveries.len(), 20);
    let store = world.store();
    let attempt = async |delivery: &Delivery, code: u16| {
        let begun = store.begin_attempt(&world.mine, &delivery.id).await.sure().expect("it is open");
        let result = answered(&begun, later(3_000_100), code);
        store.finish_attempt(&world.mine, &delivery.id, result).await.sure().expect("it is not recorded yet");
    };
    for (number, delivery) in deliveries.iter().enumerate() {
        match number % 5 {
            0 => attempt(delivery, 204).await,
            1 => attempt(delivery, 503).await,
            2 => attempt(delivery, 410).await,
            3 => drop(store.begin_attempt(&world.mine, &delivery.id).await.sure().expect("it is open")),
            _ => {}
        }
    }
    let mut before = Vec::new();
    for delivery in &deliveries {
        before.push(world.delivery(&delivery.id).await);
    }
    let cancelled = world.take(cancel(&timer, later(3_000_200))).await;
    for was in before {
        let is = world.delivery(&was.id).await;
        let expected =
            if was.status.is_open() { was.withdrawn(later(3_000_200), CANCELLED).expect("open") } else { was };
        assert_eq!(is, expected);
        assert_eq!(store.begin_attempt(&world.mine, &is.id).await.sure(), None);
    }
    let own = world.delivery(cancelled.deliveries.last().expect("the cancellation's own")).await;
    assert_eq!((own.event.as_str(), own.status), ("timer_cancelled", DeliveryStatus::Pending));
    let mut due: Vec<_> = world.due_deliveries(FAR).await.into_iter().map(|due| due.id).collect();
    due.sort();
    let mut expected: Vec<_> = others.iter().map(|delivery| delivery.id.clone()).chain([own.id]).collect();
    expected.sort();
    assert_eq!(due, expected);
}

pub(crate) async fn a_moved_end_withdraws_open_deliveries_and_a_new_name_does_not(world: &mut World<'_>) {
    let timer = world.create_one(sketch("deploy").telling()).await;
    let (timer, deliveries) = world.fall_due(&timer, later(900_000)).await;
    let timer = world.take(change(&timer, r#"{"name": "renamed"}"#, later(900_001))).await;
    assert_eq!(world.delivery(&deliveries[0].id).await, deliveries[0]);
    let timer = world.take(pause(&timer, later(900_002))).await;
    assert_eq!(world.delivery(&deliveries[0].id).await, deliveries[0]);
    let step = change(&timer, r#"{"extend": "1h"}"#, later(900_003));
    let reason = step.withdraw.expect("an end that moves withdraws");
    world.take(step).await;
    assert_eq!(Some(world.delivery(&deliveries[0].id).await), deliveries[0].withdrawn(later(900_003), reason));
    assert_eq!(world.due_deliveries(FAR).await, []);
}

pub(crate) async fn a_delivery_that_exists_already_is_left_as_it_is(world: &mut World<'_>) {
    let timer = world.create_one(sketch("deploy").telling()).await;
    let first = timer.fall_due(later(1_800_000)).expect("two milestones are due");
    let again: Vec<_> = first.happened.iter().filter_map(payload::delivery).map(Arc::new).collect();
    let (after, deliveries) = world.fall_due(&timer, later(1_800_000)).await;
    let store = world.store();
    let begun = store.begin_attempt(&world.mine, &deliveries[0].id).await.sure().expect("it is open");
    let taken = store.finish_attempt(&world.mine, &begun.id, answered(&begun, later(1_800_100), 200)).await.sure();
    let begun = store.begin_attempt(&world.mine, &deliveries[1].id).await.sure().expect("it is open");
    let failed = store.finish_attempt(&world.mine, &begun.id, answered(&begun, later(1_800_100), 500)).await.sure();
    // The same events, told of once more by a later step.
    let repeated = TimerStep { deliveries: again, ..change(&after, r#"{"name": "renamed"}"#, later(1_800_200)) };
    world.take(repeated).await;
    assert_eq!(Some(world.delivery(&deliveries[0].id).await), taken);
    assert_eq!(Some(world.delivery(&deliveries[1].id).await), failed);
    let due: Vec<_> = world.due_deliveries(FAR).await.into_iter().map(|due| (due.id, Some(due.at))).collect();
    assert_eq!(due, [(deliveries[1].id.clone(), failed.and_then(|failed| failed.next_attempt_at))]);
}

pub(crate) async fn a_timer_goes_through_a_hundred_steps_and_is_due_once(world: &mut World<'_>) {
    let mut timer = world.create_one(sketch("busy").telling().text("team", "red")).await;
    for number in 0..50 {
        timer = world.take(pause(&timer, later(number * 10))).await;
        timer = world.take(resume(&timer, later(number * 10 + 5))).await;
    }
    assert_eq!((timer.revision, world.timer(&timer.id).await), (100, timer.clone()));
    let due: Vec<_> = world.due_timers(FAR).await.into_iter().map(|due| Some(due.at)).collect();
    assert_eq!(due, [timer.next_due()]);
    assert_eq!(world.store().concurrent_timers(&world.mine).await.sure(), 1);
}

pub(crate) async fn a_step_without_a_webhook_makes_no_delivery(world: &mut World<'_>) {
    let timer = world.create_one(sketch("quiet")).await;
    let expired = world.take(step(timer.fall_due(FAR).expect("it is due"))).await;
    assert_eq!(world.timer(&timer.id).await, expired);
    assert_eq!(world.due_deliveries(FAR).await, []);
    assert_eq!(world.due_timers(FAR).await, []);
}
