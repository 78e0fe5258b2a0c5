//! Fan-out: each target of an event has its delivery once, whatever is cut off or done twice.

use crate::calls::{Sure as _, at_once};
use crate::samples::{NOW, later};
use crate::subscribed::deliveries;
use crate::world::World;
use minoots_shared::domain::account::Scope;
use minoots_shared::domain::delivery::DeliveryStatus;
use minoots_shared::domain::endpoint::Endpoint;
use minoots_shared::domain::event::Event;
use minoots_shared::domain::ids::EventId;
use minoots_shared::ports::DayUsage;

/// An event to `count` endpoints.
async fn accepted(world: &mut World<'_>, count: usize) -> (Event, Vec<Endpoint>) {
    let ids: Vec<_> = (0..count).map(|number| format!("whk_{number:04}")).collect();
    let endpoints: Vec<(&str, &[&str])> = ids.iter().map(|id| (id.as_str(), ["session.*"].as_slice())).collect();
    let made = world.subscribe(&endpoints).await;
    let targets: Vec<_> = made.iter().map(|endpoint| endpoint.id.clone()).collect();
    (world.accept("evt_1", NOW, &targets).await, made)
}

/// One step of the fan-out in my scope.
async fn step(world: &World<'_>, (event, endpoints): &(Event, Vec<Endpoint>), from: usize, to: usize) -> bool {
    let new = deliveries(event, endpoints, from, to);
    world.store().expand_event(&world.mine, &event.id, from, to, new).await.sure()
}

pub(crate) async fn an_event_is_to_be_fanned_out_until_each_target_has_its_delivery(world: &mut World<'_>) {
    let accepted = accepted(world, 5).await;
    let (event, endpoints) = &accepted;
    for (from, to) in [(0, 2), (2, 4), (4, 5)] {
        assert_eq!(world.unexpanded().await, std::slice::from_ref(&event.id));
        assert_eq!(world.event(&event.id).await, Event { expanded: from, ..event.clone() });
        assert!(step(world, &accepted, from, to).await);
    }
    assert_eq!(world.unexpanded().await, []);
    assert_eq!(world.event(&event.id).await, Event { expanded: 5, ..event.clone() });
    for new in deliveries(event, endpoints, 0, 5) {
        assert_eq!(world.delivery(&new.id).await, *new);
    }
    let due = world.due_deliveries(NOW).await;
    assert_eq!(due.len(), 5, "each is due when the event happened");
    assert_eq!(world.listed(None, Some(DeliveryStatus::Pending)).await.len(), 5);
}

pub(crate) async fn a_target_without_a_delivery_is_passed(world: &mut World<'_>) {
    let accepted = accepted(world, 3).await;
    let (event, endpoints) = &accepted;
    let new = deliveries(event, &endpoints[1..2], 0, 3);
    assert_eq!(new.len(), 1);
    assert!(world.store().expand_event(&world.mine, &event.id, 0, 3, new).await.sure());
    assert_eq!(world.unexpanded().await, []);
    assert_eq!(world.listed(None, None).await.len(), 1);
}

pub(crate) async fn a_step_that_others_took_writes_nothing(world: &mut World<'_>) {
    let accepted = accepted(world, 4).await;
    assert!(!step(world, &accepted, 1, 3).await, "from where nobody is yet");
    assert_eq!(world.listed(None, None).await, []);
    assert!(step(world, &accepted, 0, 2).await);
    for (from, to) in [(0, 2), (0, 4), (1, 3), (3, 4)] {
        assert!(!step(world, &accepted, from, to).await, "{from} to {to}");
    }
    assert_eq!(world.listed(None, None).await.len(), 2);
    assert!(step(world, &accepted, 2, 4).await);
    assert!(!step(world, &accepted, 2, 4).await);
    assert_eq!((world.listed(None, None).await.len(), world.unexpanded().await), (4, vec![]));
    let unknown = EventId::new("evt_9");
    assert!(!world.store().expand_event(&world.mine, &unknown, 0, 1, Vec::new()).await.sure());
}

pub(crate) async fn many_who_fan_one_event_out_make_each_delivery_once(world: &mut World<'_>) {
    let accepted = accepted(world, 60).await;
    let taken = at_once(6, |_| {
        let (store, scope, (event, endpoints)) = (world.store(), world.mine.clone(), accepted.clone());
        async move {
            let mut taken = 0;
            loop {
                let event = store.event(&scope, &event.id).await.sure().expect("it is stored");
                let (from, to) = (event.expanded, (event.expanded + 7).min(event.targets.len()));
                if from == to {
                    return taken;
                }
                let new = deliveries(&event, &endpoints, from, to);
                taken += usize::from(store.expand_event(&scope, &event.id, from, to, new).await.sure());
            }
        }
    })
    .await;
    assert_eq!(taken.iter().sum::<usize>(), 9);
    assert_eq!((world.listed(None, None).await.len(), world.unexpanded().await), (60, vec![]));
    let day = NOW.unix_day();
    let usage = world.store().usage(&world.mine, day..=day).await.sure();
    assert_eq!(usage, [DayUsage { day, timers: 0, events: 1, deliveries: 60, failures: 0 }]);
}

pub(crate) async fn a_delivery_of_an_event_that_exists_already_is_left_as_it_is(world: &mut World<'_>) {
    let accepted = accepted(world, 2).await;
    let (event, endpoints) = &accepted;
    let first = deliveries(event, endpoints, 0, 1).remove(0);
    assert!(step(world, &accepted, 0, 1).await);
    let taken = world.attempted(&first.id, later(3), 200).await;
    let both = deliveries(event, endpoints, 0, 2);
    assert!(world.store().expand_event(&world.mine, &event.id, 1, 2, both).await.sure());
    assert_eq!(world.delivery(&first.id).await, taken);
    world.figures_agree(&[&endpoints[0].id, &endpoints[1].id]).await;
}

pub(crate) async fn unfinished_events_come_oldest_first_from_every_scope_and_each_until_it_is_done(
    world: &mut World<'_>,
) {
    let made = world.subscribe(&[("whk_1", &["*"])]).await;
    let targets = [made[0].id.clone()];
    for (id, at) in [("c", 300), ("a", 2), ("d", 1 << 33), ("b", 10)] {
        world.accept(id, later(at), &targets).await;
    }
    let scopes = world.scopes();
    let order = ["a", "b", "c", "d"].map(EventId::new);
    let place = |(scope, id): &(Scope, EventId)| (order.iter().position(|other| other == id), scopes.contains(scope));
    let mut visited = Vec::new();
    while visited.len() < 12 {
        let page = world.store().unexpanded_events(5).await.sure();
        assert_eq!(page.len(), 5.min(12 - visited.len()));
        let places: Vec<_> = page.iter().map(place).collect();
        assert!(places.is_sorted() && places.iter().all(|(_, known)| *known), "{page:?}");
        // Only mine are done in this portion; what is left comes again.
        for (scope, id) in page.into_iter().take(2) {
            let event = world.store().event(&scope, &id).await.sure().expect("it is stored");
            let endpoint = world.store().endpoint(&scope, &targets[0]).await.sure().expect("it is stored");
            let new = deliveries(&event, &[endpoint], 0, 1);
            world.done_by_others(&scope, &event, &new);
            assert!(world.store().expand_event(&scope, &id, 0, 1, new).await.sure());
            visited.push((scope, id));
        }
    }
    visited.sort();
    visited.dedup();
    assert_eq!(visited.len(), 12);
    assert_eq!(world.store().unexpanded_events(5).await.sure(), []);
}

pub(crate) async fn an_event_that_happened_before_all_that_was_fanned_out_is_fanned_out(world: &mut World<'_>) {
    let made = world.subscribe(&[("whk_1", &["*"])]).await;
    world.told("late", later(5_000), &made).await;
    assert_eq!(world.unexpanded().await, []);
    let early = world.accept("early", NOW, std::slice::from_ref(&made[0].id)).await;
    assert_eq!(world.unexpanded().await, std::slice::from_ref(&early.id));
    world.expand(&early, &made).await;
    assert_eq!(world.unexpanded().await, []);
}

pub(crate) async fn a_fan_out_goes_on_after_a_restart_where_it_stopped(world: &mut World<'_>) {
    let accepted = accepted(world, 5).await;
    assert!(step(world, &accepted, 0, 3).await);
    world.restart().await;
    let (event, _) = &accepted;
    assert_eq!(world.unexpanded().await, std::slice::from_ref(&event.id));
    assert_eq!(world.event(&event.id).await.expanded, 3);
    assert!(!step(world, &accepted, 0, 3).await);
    assert!(step(world, &accepted, 3, 5).await);
    assert_eq!((world.listed(None, None).await.len(), world.unexpanded().await), (5, vec![]));
}

pub(crate) async fn an_event_to_a_thousand_endpoints_is_fanned_out_in_steps_of_32(world: &mut World<'_>) {
    let ids: Vec<_> = (0..1_000).map(|number| format!("whk_{number:04}")).collect();
    let endpoints: Vec<_> = ids.iter().map(|id| crate::subscribed::endpoint(&world.mine, id, &["session.*"])).collect();
    let targets: Vec<_> = endpoints.iter().map(|endpoint| endpoint.id.clone()).collect();
    let event = crate::subscribed::event(&world.mine, "evt_1", NOW, &targets);
    world.store().accept_event(event.clone(), None).await.sure();
    let accepted = (event, endpoints);
    for from in (0..1_000).step_by(32) {
        assert!(step(world, &accepted, from, (from + 32).min(1_000)).await);
    }
    assert_eq!(world.unexpanded().await, []);
    let mut told: Vec<_> =
        world.listed(None, None).await.iter().filter_map(|delivery| delivery.source.endpoint().cloned()).collect();
    told.sort();
    assert_eq!(told, targets);
    assert_eq!(world.store().delivery_counts(&world.mine).await.sure().total(), 1_000);
}
