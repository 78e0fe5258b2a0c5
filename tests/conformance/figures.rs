//! Figures: they say of deliveries what the lists say, whatever happens in which order.

use crate::calls::{Sure as _, at_once};
use crate::samples::{NOW, answered, cancel, later, sketch, unanswered};
use crate::world::World;
use minoots_shared::domain::attempt::AttemptResult;
use minoots_shared::domain::delivery::{Delivery, Source};
use minoots_shared::domain::figures::{DeliveryCounts, EndpointFigures, Latencies};
use minoots_shared::domain::ids::{DeliveryId, EndpointId, EventId};
use minoots_shared::domain::time::Millis;

async fn figures(world: &World<'_>, endpoint: &EndpointId) -> EndpointFigures {
    world.store().endpoint_figures(&world.mine, endpoint).await.sure()
}

pub(crate) async fn nothing_has_figures_of_nothing(world: &mut World<'_>) {
    let endpoints = world.subscribe(&[("whk_1", &["*"])]).await;
    for id in [endpoints[0].id.clone(), EndpointId::new("whk_unknown")] {
        assert_eq!(figures(world, &id).await, EndpointFigures::default());
    }
    assert_eq!(world.store().delivery_counts(&world.mine).await.sure(), DeliveryCounts::default());
}

pub(crate) async fn each_delivery_is_counted_where_it_stands_from_its_first_to_its_last_state(world: &mut World<'_>) {
    let endpoints = world.subscribe(&[("whk_1", &["*"]), ("whk_11", &["*"])]).await;
    let told = world.told("evt_1", NOW, &endpoints).await.remove(0);
    let is = async |world: &World<'_>, counts: DeliveryCounts| {
        assert_eq!(figures(world, &endpoints[0].id).await.counts, counts);
        let all = world.store().delivery_counts(&world.mine).await.sure();
        assert_eq!(all, DeliveryCounts { pending: counts.pending + 1, ..counts });
        world.figures_agree(&[&endpoints[0].id, &endpoints[1].id]).await;
    };
    let one = DeliveryCounts::default();
    is(world, DeliveryCounts { pending: 1, ..one }).await;
    world.attempted(&told.id, later(1), 500).await;
    is(world, DeliveryCounts { retrying: 1, ..one }).await;
    world.attempted(&told.id, later(6_000), 410).await;
    is(world, DeliveryCounts { failed: 1, ..one }).await;
    world.store().replay(&world.mine, &told.id, later(7_000)).await.sure().expect("known").expect("ended");
    is(world, DeliveryCounts { retrying: 1, ..one }).await;
    world.attempted(&told.id, later(7_000), 204).await;
    is(world, DeliveryCounts { succeeded: 1, ..one }).await;
    world.store().replay(&world.mine, &told.id, later(8_000)).await.sure().expect("known").expect("ended");
    is(world, DeliveryCounts { retrying: 1, ..one }).await;
    world.store().give_up_delivery(&world.mine, &told.id, "gone", later(8_001)).await.sure();
    is(world, DeliveryCounts { failed: 1, ..one }).await;
}

pub(crate) async fn a_delivery_under_way_is_counted_once(world: &mut World<'_>) {
    let endpoints = world.subscribe(&[("whk_1", &["*"])]).await;
    let told = [world.told("evt_1", NOW, &endpoints).await, world.told("evt_2", later(1), &endpoints).await].concat();
    world.attempted(&told[1].id, later(2), 500).await;
    for delivery in &told {
        world.store().begin_attempt(&world.mine, &delivery.id).await.sure().expect("it is open");
    }
    let all = world.store().delivery_counts(&world.mine).await.sure();
    for counts in [all, figures(world, &endpoints[0].id).await.counts] {
        // Either they are counted as such, or as what they were before.
        let expected = match counts.sending {
            0 => DeliveryCounts { pending: 1, retrying: 1, ..DeliveryCounts::default() },
            _ => DeliveryCounts { sending: 2, ..DeliveryCounts::default() },
        };
        assert_eq!(counts, expected);
    }
}

pub(crate) async fn timers_own_webhooks_are_counted_in_the_scope_and_at_no_endpoint(world: &mut World<'_>) {
    let endpoints = world.subscribe(&[("whk_1", &["*"])]).await;
    let timer = world.create_one(sketch("deploy").telling()).await;
    let (timer, deliveries) = world.fall_due(&timer, later(2_700_000)).await;
    world.attempted(&deliveries[0].id, later(2_700_000), 200).await;
    world.attempted(&deliveries[1].id, later(2_700_000), 500).await;
    let counts = DeliveryCounts { pending: 1, retrying: 1, succeeded: 1, ..DeliveryCounts::default() };
    assert_eq!(world.store().delivery_counts(&world.mine).await.sure(), counts);
    // It withdraws two, and tells of itself.
    world.take(cancel(&timer, later(2_700_009))).await;
    let counts = DeliveryCounts { pending: 1, succeeded: 1, failed: 2, ..DeliveryCounts::default() };
    assert_eq!(world.store().delivery_counts(&world.mine).await.sure(), counts);
    assert_eq!(figures(world, &endpoints[0].id).await, EndpointFigures::default());
    world.figures_agree(&[]).await;
}

pub(crate) async fn tests_are_no_part_of_any_figure(world: &mut World<'_>) {
    let endpoints = world.subscribe(&[("whk_1", &["*"])]).await;
    let told = world.told("evt_1", NOW, &endpoints).await.remove(0);
    let before = (figures(world, &endpoints[0].id).await, world.store().delivery_counts(&world.mine).await.sure());
    let source = Source::Endpoint { endpoint: endpoints[0].id.clone(), event: EventId::new("evt_t"), test: true };
    let sent = Delivery { id: DeliveryId::new("del_t"), source, ..told };
    for code in [200, 410] {
        let ended = sent.after(&answered(&sent, later(5), code)).expect("it is the first attempt");
        world.store().record_delivery(ended).await.sure();
        let after = (figures(world, &endpoints[0].id).await, world.store().delivery_counts(&world.mine).await.sure());
        assert_eq!(after, before);
    }
}

pub(crate) async fn latencies_are_those_of_every_attempt_that_was_answered(world: &mut World<'_>) {
    let endpoints = world.subscribe(&[("whk_1", &["*"])]).await;
    let mut expected = Latencies::default();
    for number in 0..20 {
        let told = world.told(&format!("evt_{number}"), later(number), &endpoints).await.remove(0);
        for (code, millis) in [(500, 3 + number * 40), (200, 900 + number)] {
            let begun = world.store().begin_attempt(&world.mine, &told.id).await.sure().expect("it is open");
            let result = match number % 4 {
                0 if code == 500 => unanswered(&begun, later(99)),
                _ => {
                    expected.count(Millis(millis));
                    AttemptResult { duration: Millis(millis), ..answered(&begun, later(99), code) }
                }
            };
            world.store().finish_attempt(&world.mine, &told.id, result).await.sure().expect("it is new");
        }
    }
    assert_eq!(figures(world, &endpoints[0].id).await.latencies, expected);
}

pub(crate) async fn an_endpoint_was_last_sent_something_when_its_last_attempt_began(world: &mut World<'_>) {
    let endpoints = world.subscribe(&[("whk_1", &["*"])]).await;
    let (one, two) = (
        world.told("evt_1", NOW, &endpoints).await.remove(0),
        world.told("evt_2", later(1), &endpoints).await.remove(0),
    );
    assert_eq!(figures(world, &endpoints[0].id).await.last_triggered_at, None);
    world.attempted(&two.id, later(500), 500).await;
    assert_eq!(figures(world, &endpoints[0].id).await.last_triggered_at, Some(later(500)));
    // Begun before, and recorded after it.
    world.attempted(&one.id, later(400), 200).await;
    assert_eq!(figures(world, &endpoints[0].id).await.last_triggered_at, Some(later(500)));
    world.attempted(&two.id, later(9_000), 200).await;
    assert_eq!(figures(world, &endpoints[0].id).await.last_triggered_at, Some(later(9_000)));
}

pub(crate) async fn an_endpoint_fails_since_the_first_failure_after_its_last_success(world: &mut World<'_>) {
    let endpoints = world.subscribe(&[("whk_1", &["*"]), ("whk_2", &["*"])]).await;
    let failing = async |world: &World<'_>| figures(world, &endpoints[0].id).await.failing_since;
    let told = [
        world.told("evt_1", NOW, &endpoints).await.remove(0),
        world.told("evt_2", later(1), &endpoints).await.remove(0),
    ];
    assert_eq!(failing(world).await, None);
    world.attempted(&told[0].id, later(10), 200).await;
    assert_eq!(failing(world).await, None);
    for (at, since) in [(20, 20), (6_000, 20)] {
        world.attempted(&told[1].id, later(at), 500).await;
        assert_eq!(failing(world).await, Some(later(since)));
    }
    world.attempted(&told[1].id, later(40_000), 200).await;
    assert_eq!(failing(world).await, None);
    world.store().replay(&world.mine, &told[1].id, later(50_000)).await.sure().expect("known").expect("ended");
    let begun = world.store().begin_attempt(&world.mine, &told[1].id).await.sure().expect("it is open");
    let result = unanswered(&begun, later(50_000));
    world.store().finish_attempt(&world.mine, &told[1].id, result).await.sure().expect("it is new");
    assert_eq!(failing(world).await, Some(later(50_000)));
    assert_eq!(figures(world, &endpoints[1].id).await.failing_since, None, "another endpoint's");
}

pub(crate) async fn figures_agree_with_the_lists_after_many_did_everything_at_once(world: &mut World<'_>) {
    let endpoints = world.subscribe(&[("whk_1", &["*"]), ("whk_2", &["*"]), ("whk_3", &["*"])]).await;
    let mut told = Vec::new();
    for number in 0..16 {
        told.extend(world.told(&format!("evt_{number}"), later(number), &endpoints).await);
    }
    at_once(8, |part| {
        let (store, scope, told, endpoint) =
            (world.store(), world.mine.clone(), told.clone(), endpoints[part % 3].id.clone());
        async move {
            for (number, delivery) in told.iter().enumerate() {
                let at = later(100_000 * (number as u64 + 1) + part as u64);
                match (part + number) % 4 {
                    0 | 1 => {
                        if let Some(begun) = store.begin_attempt(&scope, &delivery.id).await.sure() {
                            let result = answered(&begun, at, [200, 500, 410][(number + part) % 3]);
                            store.finish_attempt(&scope, &delivery.id, result).await.sure();
                        }
                    }
                    2 => drop(store.replay(&scope, &delivery.id, at).await.sure()),
                    _ => drop(store.give_up_deliveries(&scope, &endpoint, "x", at, 2).await.sure()),
                }
            }
        }
    })
    .await;
    let ids: Vec<_> = endpoints.iter().map(|endpoint| &endpoint.id).collect();
    world.figures_agree(&ids).await;
    assert_eq!(world.store().delivery_counts(&world.mine).await.sure().total(), 48);
    let mut latencies = 0;
    for delivery in world.listed(None, None).await {
        latencies += delivery.attempts.iter().filter(|attempt| attempt.response_code.is_some()).count();
    }
    let mut counted = Latencies::default();
    for id in ids {
        counted.add(&figures(world, id).await.latencies);
    }
    let mut expected = Latencies::default();
    (0..latencies).for_each(|_| expected.count(Millis(40)));
    assert_eq!(counted, expected);
}

pub(crate) async fn figures_are_the_same_after_a_restart(world: &mut World<'_>) {
    let endpoints = world.subscribe(&[("whk_1", &["*"])]).await;
    let told = [world.told("evt_1", NOW, &endpoints).await, world.told("evt_2", later(1), &endpoints).await].concat();
    world.attempted(&told[0].id, later(2), 200).await;
    world.attempted(&told[1].id, later(3), 500).await;
    let before = (figures(world, &endpoints[0].id).await, world.store().delivery_counts(&world.mine).await.sure());
    world.restart().await;
    let after = (figures(world, &endpoints[0].id).await, world.store().delivery_counts(&world.mine).await.sure());
    assert_eq!(after, before);
    world.figures_agree(&[&endpoints[0].id]).await;
}
