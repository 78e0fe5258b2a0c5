//! Lists of deliveries: newest first, each filter exactly, nothing missed and nothing twice.

use crate::calls::Sure as _;
use crate::samples::{FAR, NOW, answered, later, sketch};
use crate::subscribed::{pages, query};
use crate::world::World;
use minoots_shared::domain::delivery::{Delivery, DeliveryStatus, Source};
use minoots_shared::domain::endpoint::Endpoint;
use minoots_shared::domain::ids::{DeliveryId, EndpointId, EventId};
use minoots_shared::domain::retry::RetryPlan;
use minoots_shared::ports::{DeliveryPosition, DeliveryQuery};
use std::collections::BTreeSet;

const STATES: [DeliveryStatus; 4] =
    [DeliveryStatus::Pending, DeliveryStatus::Retrying, DeliveryStatus::Success, DeliveryStatus::Failed];

fn newest_first(deliveries: &[Delivery]) -> Vec<Delivery> {
    let mut sorted = deliveries.to_vec();
    sorted.sort_by(|one, other| (other.created_at, &other.id).cmp(&(one.created_at, &one.id)));
    sorted
}

/// Three endpoints, whose ids begin alike.
async fn three(world: &mut World<'_>) -> Vec<Endpoint> {
    world.subscribe(&[("whk_1", &["*"]), ("whk_11", &["*"]), ("whk_2", &["*"])]).await
}

/// Deliveries of three endpoints and of a timer, some in each state.
async fn in_every_state(world: &mut World<'_>) -> (Vec<Endpoint>, Vec<Delivery>) {
    let endpoints = three(world).await;
    let mut deliveries = Vec::new();
    for number in 0..8 {
        deliveries.extend(world.told(&format!("evt_{number}"), later(number * 7), &endpoints).await);
    }
    for id in ["a", "b", "c", "d"] {
        let timer = world.create_one(sketch(id).telling()).await;
        deliveries.extend(world.fall_due(&timer, later(900_000)).await.1);
    }
    for (number, delivery) in deliveries.iter_mut().enumerate() {
        *delivery = match number % 5 {
            0 => world.attempted(&delivery.id, later(1_000_000), 204).await,
            1 => world.attempted(&delivery.id, later(1_000_000), 500).await,
            2 => world.attempted(&delivery.id, later(1_000_000), 410).await,
            _ => continue,
        };
    }
    (endpoints, deliveries)
}

pub(crate) async fn a_scope_without_deliveries_lists_none(world: &mut World<'_>) {
    let endpoints = three(world).await;
    assert_eq!(world.listed(None, None).await, []);
    for status in STATES {
        assert_eq!(world.listed(None, Some(status)).await, []);
        assert_eq!(world.listed(Some(&endpoints[0].id), Some(status)).await, []);
    }
}

pub(crate) async fn deliveries_are_listed_newest_first_and_within_a_millisecond_by_id_backwards(world: &mut World<'_>) {
    let endpoints = three(world).await;
    let mut all = Vec::new();
    for (id, at) in [("b", 5), ("a", 5), ("y", 4_000_000_000), ("z", 300), ("x", 299), ("c", 5)] {
        all.extend(world.told(id, later(at), &endpoints).await);
    }
    assert_eq!(world.listed(None, None).await, newest_first(&all));
    let mine: Vec<_> = all.into_iter().filter(|one| one.source.endpoint() == Some(&endpoints[1].id)).collect();
    assert_eq!(world.listed(Some(&endpoints[1].id), None).await, newest_first(&mine));
}

pub(crate) async fn each_filter_lists_exactly_the_deliveries_that_it_matches(world: &mut World<'_>) {
    let (endpoints, all) = in_every_state(world).await;
    let unknown = EndpointId::new("whk_");
    let of = endpoints.iter().map(|endpoint| Some(&endpoint.id)).chain([None, Some(&unknown)]);
    for endpoint in of {
        for status in STATES.into_iter().map(Some).chain([None]) {
            let matches = |delivery: &&Delivery| {
                endpoint.is_none_or(|endpoint| delivery.source.endpoint() == Some(endpoint))
                    && status.is_none_or(|status| delivery.status == status)
            };
            let expected = newest_first(&all.iter().filter(matches).cloned().collect::<Vec<_>>());
            assert_eq!(expected.is_empty(), endpoint == Some(&unknown), "the samples have some of each");
            assert_eq!(world.listed(endpoint, status).await, expected, "{endpoint:?} {status:?}");
        }
    }
}

pub(crate) async fn pages_of_deliveries_follow_each_other_without_gap_or_repetition(world: &mut World<'_>) {
    let (endpoints, all) = in_every_state(world).await;
    for endpoint in [None, Some(&endpoints[0].id)] {
        for status in [None, Some(DeliveryStatus::Failed), Some(DeliveryStatus::Pending)] {
            let expected = world.listed(endpoint, status).await;
            assert!(!expected.is_empty() && expected.len() <= all.len());
            for limit in [1, 2, 3, 100] {
                let pages = pages(&*world.store(), &world.mine, query(endpoint, status, limit)).await;
                let found: Vec<_> = pages.into_iter().flat_map(|page| page.deliveries).collect();
                assert_eq!(found, expected, "{endpoint:?} {status:?} by {limit}");
            }
        }
    }
}

pub(crate) async fn a_page_of_deliveries_begins_behind_its_position_even_if_nothing_is_there(world: &mut World<'_>) {
    let endpoints = three(world).await;
    let mut all = Vec::new();
    for number in 0..4 {
        all.extend(world.told(&format!("evt_{number}"), later(number * 10), &endpoints[..1]).await);
    }
    let behind = |created_at, id: &str| DeliveryPosition { created_at, id: DeliveryId::new(id) };
    for (after, left) in [(behind(later(25), "x"), 3), (behind(later(20), ""), 2), (behind(NOW, ""), 0)] {
        let query = DeliveryQuery { after: Some(after.clone()), ..query(None, None, 10) };
        let page = world.store().delivery_page(&world.mine, &query).await.sure();
        assert_eq!(page.deliveries, newest_first(&all[..left]), "{after:?}");
    }
}

pub(crate) async fn a_delivery_is_listed_under_the_state_that_it_has_now(world: &mut World<'_>) {
    let endpoints = three(world).await;
    let delivery = world.told("evt_1", NOW, &endpoints[..1]).await.remove(0);
    let is_only_in = async |world: &World<'_>, status: DeliveryStatus| {
        for other in STATES {
            for endpoint in [None, Some(&endpoints[0].id)] {
                let listed = world.listed(endpoint, Some(other)).await;
                assert_eq!(listed.len(), usize::from(other == status), "{other:?} while {status:?}");
            }
        }
        assert_eq!(world.listed(None, None).await.len(), 1);
        assert_eq!(world.listed(Some(&endpoints[0].id), None).await.len(), 1);
    };
    is_only_in(world, DeliveryStatus::Pending).await;
    world.attempted(&delivery.id, later(10), 500).await;
    is_only_in(world, DeliveryStatus::Retrying).await;
    world.attempted(&delivery.id, later(6_000), 410).await;
    is_only_in(world, DeliveryStatus::Failed).await;
    world.store().replay(&world.mine, &delivery.id, later(7_000)).await.sure().expect("it is known").expect("it ended");
    is_only_in(world, DeliveryStatus::Retrying).await;
    world.attempted(&delivery.id, later(7_000), 200).await;
    is_only_in(world, DeliveryStatus::Success).await;
}

pub(crate) async fn a_delivery_under_way_is_listed_as_what_it_was_before(world: &mut World<'_>) {
    let endpoints = three(world).await;
    let delivery = world.told("evt_1", NOW, &endpoints[..1]).await.remove(0);
    world.store().begin_attempt(&world.mine, &delivery.id).await.sure().expect("it is open");
    for endpoint in [None, Some(&endpoints[0].id)] {
        let listed = world.listed(endpoint, Some(DeliveryStatus::Pending)).await;
        assert_eq!(listed.len(), 1);
        assert!(listed[0].status.is_open());
        assert_eq!(world.listed(endpoint, Some(DeliveryStatus::Retrying)).await, []);
    }
}

pub(crate) async fn a_test_send_is_recorded_as_it_ended_and_is_in_its_endpoints_history(world: &mut World<'_>) {
    let endpoints = three(world).await;
    let told = world.told("evt_1", NOW, &endpoints[..1]).await.remove(0);
    for (id, code) in [("del_t1", 204), ("del_t2", 500)] {
        let source = Source::Endpoint { endpoint: endpoints[0].id.clone(), event: EventId::new("evt_t"), test: true };
        let plan = RetryPlan { attempts: 1, ..told.plan };
        let sent = Delivery { id: DeliveryId::new(id), source, plan, created_at: later(5), ..told.clone() };
        let ended = sent.after(&answered(&sent, later(5), code)).expect("it is the first attempt");
        world.store().record_delivery(ended.clone()).await.sure();
        assert_eq!(world.delivery(&ended.id).await, ended);
        let history = world.listed(Some(&endpoints[0].id), Some(ended.status)).await;
        assert_eq!(history, std::slice::from_ref(&ended));
        assert!(world.due_deliveries(FAR).await.iter().all(|due| due.id != ended.id));
    }
    assert_eq!(world.listed(Some(&endpoints[0].id), None).await.len(), 3);
}

pub(crate) async fn what_failed_is_found_among_many_deliveries_that_did_not(world: &mut World<'_>) {
    let endpoint = world.subscribe(&[("whk_1", &["*"])]).await;
    let mut failed = None;
    for number in 0..120 {
        let told = world.told(&format!("evt_{number}"), later(number), &endpoint).await.remove(0);
        let code = if number == 3 { 410 } else { 200 };
        let ended = world.attempted(&told.id, later(1_000), code).await;
        failed = failed.or((code == 410).then_some(ended));
    }
    let failed = [failed.expect("one failed")];
    assert_eq!(world.listed(None, Some(DeliveryStatus::Failed)).await, failed);
    assert_eq!(world.listed(Some(&endpoint[0].id), Some(DeliveryStatus::Failed)).await, failed);
    assert_eq!(world.listed(Some(&endpoint[0].id), Some(DeliveryStatus::Retrying)).await, []);
}

pub(crate) async fn paging_while_deliveries_end_visits_each_one_exactly_once(world: &mut World<'_>) {
    let endpoints = three(world).await;
    let mut all = BTreeSet::new();
    for number in 0..20 {
        all.extend(world.told(&format!("evt_{number}"), later(number), &endpoints).await.into_iter().map(|one| one.id));
    }
    let ends: Vec<_> = all.iter().cloned().collect();
    let (store, scope) = (world.store(), world.mine.clone());
    let writer = tokio::spawn(async move {
        for (number, id) in ends.iter().enumerate() {
            let begun = store.begin_attempt(&scope, id).await.sure().expect("it is open");
            let code = [200, 500, 410][number % 3];
            store.finish_attempt(&scope, id, answered(&begun, later(99), code)).await.sure();
        }
    });
    for _ in 0..5 {
        let pages = pages(&*world.store(), &world.mine, query(None, None, 7)).await;
        let found: Vec<_> = pages.into_iter().flat_map(|page| page.deliveries).map(|one| one.id).collect();
        assert_eq!(found.len(), all.len());
        assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), all);
    }
    writer.await.expect("it ends");
}
