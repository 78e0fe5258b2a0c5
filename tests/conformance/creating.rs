//! Creating timers: all in one step, never over another, never more than the limit.

use crate::samples::{FAR, NOW, cancel, fall_due, later, numbered, pause, sketch};
use crate::world::{ALL, Sure as _, World, at_once, create, creation, pages};
use minoots_shared::domain::timer::Timer;
use minoots_shared::ports::Placement::{IdTaken, OverLimit, Stored};
use minoots_shared::ports::{Created, TimerQuery};
use std::sync::Arc;

pub(crate) async fn a_created_timer_is_read_back_exactly_as_it_was_made(world: &mut World<'_>) {
    let plain = sketch("plain");
    let rich = sketch("A-Z_09")
        .telling()
        .text("name", "naïve \u{0}\u{1f600} \"name\"")
        .text("agent_id", "agent")
        .text("team", "")
        .text("scenario", "a\u{0}b")
        .text("organizationId", "org/1")
        .text("projectId", "\u{10ffff}")
        .with("metadata", r#"{"b": 1.0, "a": {"10": [1e5, -0, 12345678901234567890], "9": null}, "": "é\u0001"}"#);
    for timer in world.create(&[plain, rich]).await {
        assert_eq!(world.timer(&timer.id).await, timer);
    }
}

pub(crate) async fn another_scopes_timer_is_unknown(world: &mut World<'_>) {
    world.create_one(sketch("everybodys")).await;
    let own = sketch("mine-alone").timer(&world.mine);
    assert_eq!(world.place_alone(vec![own.clone()], None).await, [Stored]);
    let store = world.store();
    assert_eq!(store.timer(&world.foreign(), &own.id).await.sure(), None);
    assert_eq!(store.timer(&world.mine, &own.id).await.sure(), Some(own));
}

pub(crate) async fn a_hundred_timers_are_stored_in_one_creation_each_in_its_place(world: &mut World<'_>) {
    let timers =
        world.create(&numbered(100, |number| sketch(&format!("t{number}")).lasting(1_000 + number as u64))).await;
    for timer in &timers {
        assert_eq!(world.timer(&timer.id).await, *timer);
    }
    assert_eq!(world.due_timers(FAR).await.len(), 100);
    assert_eq!(world.store().concurrent_timers(&world.mine).await.sure(), 100);
}

pub(crate) async fn an_id_in_use_is_left_out_and_its_timer_stays_as_it_was(world: &mut World<'_>) {
    let first = world.create_one(sketch("deploy").telling().lasting(7_200_000)).await;
    let second = sketch("deploy").at(later(5)).lasting(60_000).text("team", "late").timer(&world.mine);
    let beside = sketch("beside").timer(&world.mine);
    assert_eq!(world.place(vec![second, beside.clone()], None).await, [IdTaken, Stored]);
    assert_eq!(world.timer(&first.id).await, first);
    assert_eq!(world.timer(&beside.id).await, beside);
    let due: Vec<_> = world.due_timers(FAR).await.into_iter().map(|due| (due.id, due.at)).collect();
    assert_eq!(due, [(first.id.clone(), later(1_800_000)), (beside.id, later(3_600_000))]);
    let mut query = TimerQuery { limit: ALL, ..TimerQuery::default() };
    query.labels.team = Some("late".to_owned());
    let listed = pages(&*world.store(), &world.mine, query).await;
    assert!(listed.iter().all(|page| page.timers.is_empty()), "what was left out is listed: {listed:?}");
}

pub(crate) async fn an_id_given_twice_in_one_creation_goes_to_the_first(world: &mut World<'_>) {
    world.create_one(sketch("other")).await;
    let first = sketch("twice").text("name", "first").timer(&world.mine);
    let second = sketch("twice").text("name", "second").lasting(1_000).timer(&world.mine);
    let third = sketch("third").timer(&world.mine);
    assert_eq!(world.place(vec![first.clone(), second, third], None).await, [Stored, IdTaken, Stored]);
    assert_eq!(world.timer(&first.id).await, first);
    assert_eq!(world.due_timers(FAR).await.len(), 3);
    assert_eq!(world.store().concurrent_timers(&world.mine).await.sure(), 3);
}

pub(crate) async fn an_id_stays_in_use_when_its_timer_has_ended(world: &mut World<'_>) {
    let timers = world.create(&[sketch("cancelled"), sketch("expired")]).await;
    let cancelled = world.take(cancel(&timers[0], later(1))).await;
    let expired = world.take(fall_due(&timers[1], FAR)).await;
    let again = timers.iter().map(|timer| sketch(timer.id.as_str()).at(FAR).timer(&world.mine)).collect();
    assert_eq!(world.place(again, None).await, [IdTaken, IdTaken]);
    assert_eq!(world.timer(&cancelled.id).await, cancelled);
    assert_eq!(world.timer(&expired.id).await, expired);
}

pub(crate) async fn of_many_creations_of_one_id_at_once_exactly_one_is_stored(world: &mut World<'_>) {
    world.create_one(sketch("other")).await;
    let mine = world.mine.clone();
    let timer = |number: usize| sketch("wanted").text("name", &number.to_string()).lasting(1_000).timer(&mine);
    world.surround(&[timer(0)]).await;
    let placed = at_once(40, |number| {
        let (store, creation) = (world.store(), creation(&world.mine, vec![timer(number)], None, None));
        async move { store.create_timers(creation).await.sure() }
    })
    .await;
    let stored: Vec<_> =
        placed.iter().enumerate().filter(|(_, created)| **created == Created::Placed(vec![Stored])).collect();
    let taken = placed.iter().filter(|created| **created == Created::Placed(vec![IdTaken])).count();
    assert_eq!((stored.len(), taken), (1, 39));
    let winner = timer(stored[0].0);
    assert_eq!(world.timer(&winner.id).await, winner);
    assert_eq!(world.due_timers(later(1_000)).await.len(), 1);
    assert_eq!(world.store().concurrent_timers(&world.mine).await.sure(), 2);
}

pub(crate) async fn a_creation_beyond_the_limit_stores_the_first_that_fit(world: &mut World<'_>) {
    world.create(&[sketch("running-1"), sketch("running-2")]).await;
    let taken = sketch("running-1").timer(&world.mine);
    let mine = world.mine.clone();
    let fresh = |number: u32| sketch(&format!("fresh-{number}")).timer(&mine);
    let placed = world.place(vec![taken, fresh(1), fresh(2), fresh(3)], Some(4)).await;
    assert_eq!(placed, [IdTaken, Stored, Stored, OverLimit]);
    assert_eq!(world.store().timer(&world.mine, &fresh(3).id).await.sure(), None);
    assert_eq!(world.store().concurrent_timers(&world.mine).await.sure(), 4);
    assert_eq!(world.due_timers(FAR).await.len(), 4);
    assert_eq!(world.place(vec![fresh(3)], Some(4)).await, [OverLimit]);
    assert_eq!(world.place(vec![fresh(3)], Some(5)).await, [Stored]);
    assert_eq!(world.place(vec![fresh(4)], Some(0)).await, [OverLimit]);
    assert_eq!(world.place(vec![fresh(4)], None).await, [Stored]);
}

pub(crate) async fn an_ended_timer_makes_room_under_the_limit_and_a_paused_one_does_not(world: &mut World<'_>) {
    let timers = world.create(&numbered(4, |number| sketch(&format!("t{number}")))).await;
    let mine = world.mine.clone();
    let fresh = |number: u32| vec![sketch(&format!("fresh-{number}")).timer(&mine)];
    world.take(pause(&timers[0], later(1))).await;
    assert_eq!(world.place(fresh(0), Some(4)).await, [OverLimit]);
    world.take(cancel(&timers[1], later(1))).await;
    assert_eq!(world.store().concurrent_timers(&world.mine).await.sure(), 3);
    assert_eq!(world.place(fresh(1), Some(4)).await, [Stored]);
    assert_eq!(world.place(fresh(2), Some(4)).await, [OverLimit]);
    world.take(fall_due(&timers[2], FAR)).await;
    assert_eq!(world.place(fresh(3), Some(4)).await, [Stored]);
    assert_eq!(world.store().concurrent_timers(&world.mine).await.sure(), 4);
}

pub(crate) async fn creations_at_once_fill_the_limit_and_never_exceed_it(world: &mut World<'_>) {
    world.create(&numbered(3, |number| sketch(&format!("t{number}")))).await;
    let placed = at_once(40, |number| {
        let timers: Vec<Timer> =
            (0..2).map(|half| sketch(&format!("fresh-{number}-{half}")).timer(&world.mine)).collect();
        let (store, creation) = (world.store(), creation(&world.mine, timers, Some(20), None));
        async move { store.create_timers(creation).await.sure() }
    })
    .await;
    let stored = placed.iter().map(|created| match created {
        Created::Placed(placements) => placements.iter().filter(|placement| **placement == Stored).count(),
        Created::Known(_) => 0,
    });
    assert_eq!(stored.sum::<usize>(), 17);
    assert_eq!(world.store().concurrent_timers(&world.mine).await.sure(), 20);
    assert_eq!(world.due_timers(FAR).await.len(), 20);
}

pub(crate) async fn timers_that_end_while_others_are_created_are_counted_once(world: &mut World<'_>) {
    let timers = Arc::new(world.create(&numbered(30, |number| sketch(&format!("t{number}")))).await);
    at_once(60, |number| {
        let (store, scope, timers) = (world.store(), world.mine.clone(), Arc::clone(&timers));
        async move {
            if number % 2 == 0 {
                create(&*store, &scope, &[sketch(&format!("fresh-{number}")).timer(&scope)]).await;
            } else if number % 4 == 1 {
                assert!(store.commit_step(cancel(&timers[number / 2], later(1))).await.sure());
            } else {
                assert!(store.commit_step(pause(&timers[number / 2], later(1))).await.sure());
            }
        }
    })
    .await;
    let listed = pages(&*world.store(), &world.mine, TimerQuery { limit: 100, ..TimerQuery::default() }).await;
    let running = listed.iter().flat_map(|page| &page.timers).filter(|timer| !timer.status().has_ended()).count();
    assert_eq!(running, 45);
    assert_eq!(world.store().concurrent_timers(&world.mine).await.sure(), 45);
}

pub(crate) async fn a_creation_of_nothing_stores_nothing(world: &mut World<'_>) {
    world.create_one(sketch("other").at(NOW)).await;
    assert_eq!(world.place(Vec::new(), None).await, []);
    assert_eq!(world.place(Vec::new(), Some(0)).await, []);
    assert_eq!(world.store().concurrent_timers(&world.mine).await.sure(), 1);
}
