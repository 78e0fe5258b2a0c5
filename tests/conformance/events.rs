//! Events: accepted once, whoever says so how often.

use crate::calls::{Sure as _, at_once, creation, idempotency};
use crate::samples::{NOW, cancel, later, sketch};
use crate::subscribed::event;
use crate::world::World;
use minoots_shared::domain::event::Event;
use minoots_shared::domain::ids::{EndpointId, EventId};
use minoots_shared::domain::json::{Json, JsonText};
use minoots_shared::ports::{Accepted, Created, Creation, Placement, TimerStep};

fn targets(count: usize) -> Vec<EndpointId> {
    (0..count).map(|number| EndpointId::new(format!("whk_{number:04}"))).collect()
}

async fn stored(world: &World<'_>, id: &str) -> Option<Event> {
    world.store().event(&world.mine, &EventId::new(id)).await.sure()
}

pub(crate) async fn an_accepted_event_is_read_back_exactly_as_it_was_accepted(world: &mut World<'_>) {
    let accepted = world.accept("order-7_A", NOW, &targets(3)).await;
    assert_eq!(world.event(&accepted.id).await, accepted);
    assert_eq!(stored(world, "order-7").await, None);
    assert_eq!(stored(world, "order-7_AA").await, None);
}

pub(crate) async fn another_scopes_event_is_neither_found_nor_in_the_way(world: &mut World<'_>) {
    let [_, foreign, other_mode] = world.scopes();
    let mine = event(&world.mine, "evt_1", NOW, &targets(2));
    assert_eq!(world.store().accept_event(mine.clone(), None).await.sure(), Accepted::New);
    for scope in [foreign, other_mode] {
        assert_eq!(world.store().event(&scope, &mine.id).await.sure(), None);
        let expanded = world.store().expand_event(&scope, &mine.id, 0, 2, Vec::new()).await.sure();
        assert!(!expanded);
    }
    assert_eq!(world.event(&mine.id).await, mine);
}

pub(crate) async fn an_event_accepted_again_stays_as_it_was(world: &mut World<'_>) {
    let first = world.accept("evt_1", NOW, &targets(2)).await;
    let again = Event { created_at: later(5), targets: targets(4), ..first.clone() };
    assert_eq!(world.store().accept_event(again, None).await.sure(), Accepted::Known);
    let other_type = Event { event_type: "session.ended".to_owned(), ..first.clone() };
    let other_data = Event { data: JsonText::empty_object(), ..first.clone() };
    for other in [other_type, other_data] {
        assert_eq!(world.store().accept_event(other, None).await.sure(), Accepted::Taken);
    }
    assert_eq!(world.event(&first.id).await, first);
    assert_eq!(world.unexpanded().await, [first.id]);
}

pub(crate) async fn of_many_who_accept_an_event_at_once_one_does(world: &mut World<'_>) {
    for round in 0..10 {
        let accepted = at_once(20, |number| {
            let (store, count) = (world.store(), number % 3);
            let event = event(&world.mine, &format!("evt_{round}"), later(number as u64), &targets(count + 1));
            async move { (store.accept_event(event.clone(), None).await.sure(), event) }
        })
        .await;
        let new: Vec<_> = accepted.iter().filter(|(accepted, _)| *accepted == Accepted::New).collect();
        assert_eq!(new.len(), 1);
        assert!(accepted.iter().all(|(accepted, _)| matches!(accepted, Accepted::New | Accepted::Known)));
        assert_eq!(world.event(&new[0].1.id).await, new[0].1);
    }
}

pub(crate) async fn the_answer_is_remembered_with_a_new_event_and_with_no_other(world: &mut World<'_>) {
    let own = world.idempotency("POST /events", "key-1", "first").await;
    let first = event(&world.mine, "evt_1", NOW, &targets(1));
    let store = world.store();
    assert_eq!(store.accept_event(first.clone(), Some(own.clone())).await.sure(), Accepted::New);
    let again = idempotency(&world.mine, "POST /events", "key-1", "second", later(5));
    let second = event(&world.mine, "evt_2", later(5), &targets(1));
    match store.accept_event(second, Some(again)).await.sure() {
        Accepted::Remembered(known) => assert_eq!(known.answer, b"first"),
        other => panic!("the key is known, but: {other:?}"),
    }
    assert_eq!(stored(world, "evt_2").await, None);
    let other = idempotency(&world.mine, "POST /events", "key-2", "third", later(5));
    assert_eq!(store.accept_event(first.clone(), Some(other.clone())).await.sure(), Accepted::Known);
    let changed = Event { data: JsonText::empty_object(), ..first };
    assert_eq!(store.accept_event(changed, Some(other.clone())).await.sure(), Accepted::Taken);
    assert_eq!(store.remembered(&other.key, later(5)).await.sure(), None);
}

pub(crate) async fn a_new_timers_event_is_accepted_with_it_and_with_no_timer_that_is_left_out(world: &mut World<'_>) {
    world.create_one(sketch("taken")).await;
    let timers: Vec<_> = ["new", "taken", "quiet", "over"].map(|id| sketch(id).timer(&world.mine)).into();
    let tells = |id: &str| Some(event(&world.mine, id, NOW, &targets(2)));
    let events = vec![tells("evt_new"), tells("evt_taken"), None, tells("evt_over")];
    let creation = Creation { events, ..creation(&world.mine, timers, Some(3), None) };
    let placed = vec![Placement::Stored, Placement::IdTaken, Placement::Stored, Placement::OverLimit];
    assert_eq!(world.store().create_timers(creation).await.sure(), Created::Placed(placed));
    assert_eq!(stored(world, "evt_new").await, tells("evt_new"));
    assert_eq!((stored(world, "evt_taken").await, stored(world, "evt_over").await), (None, None));
    assert_eq!(world.unexpanded().await, [EventId::new("evt_new")]);
}

pub(crate) async fn a_timers_events_are_accepted_with_its_step_or_not_at_all(world: &mut World<'_>) {
    let timer = world.create_one(sketch("deploy").telling()).await;
    let events =
        vec![event(&world.mine, "evt_1", later(9), &targets(2)), event(&world.mine, "evt_2", later(9), &targets(1))];
    let known = Event { targets: targets(5), ..events[1].clone() };
    assert_eq!(world.store().accept_event(known.clone(), None).await.sure(), Accepted::New);
    let step = TimerStep { events: events.clone(), ..cancel(&timer, later(9)) };
    let stale = TimerStep { before: 7, ..step.clone() };
    assert!(!world.store().commit_step(stale).await.sure());
    assert_eq!(stored(world, "evt_1").await, None);
    assert!(world.store().commit_step(step).await.sure());
    assert_eq!(world.event(&events[0].id).await, events[0]);
    assert_eq!(world.event(&known.id).await, known, "one that exists already is left as it is");
}

pub(crate) async fn an_event_to_nobody_is_kept_and_never_fanned_out(world: &mut World<'_>) {
    let accepted = world.accept("evt_1", NOW, &[]).await;
    assert_eq!(world.event(&accepted.id).await, accepted);
    assert_eq!(world.unexpanded().await, []);
}

pub(crate) async fn an_event_with_64_kib_of_data_to_a_thousand_endpoints_is_kept_whole(world: &mut World<'_>) {
    let data = Json::parse(format!(r#"{{"t": "{}"}}"#, "é".repeat(32_000)).as_bytes()).expect("it is JSON");
    let large = Event { data: JsonText::from(&data), ..event(&world.mine, "evt_1", NOW, &targets(1_000)) };
    assert_eq!(world.store().accept_event(large.clone(), None).await.sure(), Accepted::New);
    assert_eq!(world.event(&large.id).await, large);
}

pub(crate) async fn accepted_events_are_there_after_a_restart(world: &mut World<'_>) {
    let accepted = world.accept("evt_1", NOW, &targets(2)).await;
    let own = world.idempotency("POST /events", "key-1", "answer").await;
    let keyed = event(&world.mine, "evt_2", later(1), &targets(1));
    assert_eq!(world.store().accept_event(keyed.clone(), Some(own.clone())).await.sure(), Accepted::New);
    world.restart().await;
    assert_eq!(world.event(&accepted.id).await, accepted);
    assert_eq!(world.unexpanded().await, [accepted.id, keyed.id]);
    assert!(world.store().remembered(&own.key, NOW).await.sure().is_some());
}
