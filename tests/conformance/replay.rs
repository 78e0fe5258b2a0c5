//! Replays, and giving up: what ended is sent again with a whole new plan, what is open is ended before its time.

use crate::calls::{Sure as _, at_once};
use crate::samples::{FAR, NOW, answered, cancel, later, sketch};
use crate::world::World;
use minoots_shared::domain::delivery::{Delivery, DeliveryStatus, NotReplayed};
use minoots_shared::domain::endpoint::Endpoint;
use minoots_shared::domain::ids::{DeliveryId, EndpointId};
use minoots_shared::domain::time::{Millis, Timestamp};

async fn replay(world: &World<'_>, id: &DeliveryId, now: Timestamp) -> Option<Result<Delivery, NotReplayed>> {
    world.store().replay(&world.mine, id, now).await.sure()
}

async fn give_up(world: &World<'_>, endpoint: &EndpointId, now: Timestamp, limit: usize) -> usize {
    world.store().give_up_deliveries(&world.mine, endpoint, "it is gone", now, limit).await.sure()
}

async fn is_due_at(world: &World<'_>, id: &DeliveryId) -> Option<Timestamp> {
    world.due_deliveries(FAR).await.into_iter().find(|due| due.id == *id).map(|due| due.at)
}

/// Two endpoints, and one delivery of the first.
async fn told(world: &mut World<'_>) -> (Vec<Endpoint>, Delivery) {
    let endpoints = world.subscribe(&[("whk_1", &["*"]), ("whk_11", &["*"])]).await;
    let delivery = world.told("evt_1", NOW, &endpoints[..1]).await.remove(0);
    (endpoints, delivery)
}

pub(crate) async fn what_ended_is_sent_again_with_a_whole_new_plan_of_attempts(world: &mut World<'_>) {
    let (_, delivery) = told(world).await;
    let mut at = later(10);
    for round in 0..3 {
        for number in 1..=5 {
            let after = world.attempted(&delivery.id, at, 500).await;
            assert_eq!(after.attempts.len(), round * 5 + number);
            assert_eq!(after.status.is_open(), number < 5);
            at = after.next_attempt_at.unwrap_or(at);
        }
        let ended = world.delivery(&delivery.id).await;
        at = at.plus(Millis::HOUR);
        let replayed = replay(world, &delivery.id, at).await.expect("it is known").expect("it ended");
        assert_eq!(ended.replayed(at).as_ref(), Ok(&replayed));
        assert_eq!(world.delivery(&delivery.id).await, replayed);
        assert_eq!(is_due_at(world, &delivery.id).await, Some(at));
    }
    let taken = world.attempted(&delivery.id, at, 200).await;
    let numbers: Vec<_> = taken.attempts.iter().map(|attempt| attempt.attempt).collect();
    assert_eq!((taken.status, numbers), (DeliveryStatus::Success, (1..=16).collect()));
}

pub(crate) async fn what_was_taken_can_be_sent_again(world: &mut World<'_>) {
    let (_, delivery) = told(world).await;
    world.attempted(&delivery.id, later(1), 200).await;
    let replayed = replay(world, &delivery.id, later(9)).await.expect("it is known").expect("it ended");
    assert!(replayed.status.is_open());
    assert_eq!((is_due_at(world, &delivery.id).await, replayed.ended_at), (Some(later(9)), None));
    let again = world.attempted(&delivery.id, later(9), 200).await;
    assert_eq!((again.status, again.attempts.len()), (DeliveryStatus::Success, 2));
}

pub(crate) async fn what_is_open_or_withdrawn_is_not_sent_again(world: &mut World<'_>) {
    let (_, delivery) = told(world).await;
    assert_eq!(replay(world, &delivery.id, later(9)).await, Some(Err(NotReplayed::Open)));
    let retrying = world.attempted(&delivery.id, later(9), 500).await;
    assert_eq!(replay(world, &delivery.id, later(10)).await, Some(Err(NotReplayed::Open)));
    world.store().begin_attempt(&world.mine, &delivery.id).await.sure().expect("it is open");
    assert_eq!(replay(world, &delivery.id, later(11)).await, Some(Err(NotReplayed::Open)));
    assert_eq!(is_due_at(world, &delivery.id).await, retrying.next_attempt_at);
    let timer = world.create_one(sketch("deploy").telling()).await;
    let (timer, deliveries) = world.fall_due(&timer, later(900_000)).await;
    world.take(cancel(&timer, later(900_001))).await;
    let withdrawn = world.delivery(&deliveries[0].id).await;
    assert_eq!(replay(world, &withdrawn.id, later(900_002)).await, Some(Err(NotReplayed::Withdrawn)));
    assert_eq!(world.delivery(&withdrawn.id).await, withdrawn);
    assert_eq!(is_due_at(world, &withdrawn.id).await, None);
}

pub(crate) async fn an_unknown_or_foreign_delivery_is_neither_sent_again_nor_given_up(world: &mut World<'_>) {
    let (endpoints, delivery) = told(world).await;
    world.attempted(&delivery.id, later(1), 410).await;
    let unknown = DeliveryId::new("del_unknown");
    assert_eq!(replay(world, &unknown, later(9)).await, None);
    world.store().give_up_delivery(&world.mine, &unknown, "x", later(9)).await.sure();
    // The neighbours have one under the same endpoint and event, whose id is another.
    let [neighbour, _] = &world.neighbours;
    let foreign = neighbour.deliveries.keys().next().expect("they have the same").clone();
    assert_eq!(replay(world, &foreign, later(9)).await, None);
    world.store().give_up_delivery(&world.mine, &foreign, "x", later(9)).await.sure();
    assert_eq!(give_up(world, &endpoints[0].id, later(9), 10).await, 0);
    assert_eq!(world.store().deliveries(&world.mine, &[unknown, foreign]).await.sure(), []);
}

pub(crate) async fn of_many_who_replay_a_delivery_at_once_one_does(world: &mut World<'_>) {
    let endpoints = world.subscribe(&[("whk_1", &["*"])]).await;
    for number in 0..10 {
        let delivery = world.told(&format!("evt_{number}"), later(number), &endpoints).await.remove(0);
        world.attempted(&delivery.id, later(20), 410).await;
        let replayed = at_once(10, |part| {
            let (store, scope, id) = (world.store(), world.mine.clone(), delivery.id.clone());
            async move { store.replay(&scope, &id, later(100 + part as u64)).await.sure().expect("it is known") }
        })
        .await;
        let taken: Vec<_> = replayed.into_iter().filter_map(Result::ok).collect();
        assert_eq!(taken, [world.delivery(&delivery.id).await]);
        assert_eq!(world.due_deliveries(FAR).await.iter().filter(|due| due.id == delivery.id).count(), 1);
    }
    world.figures_agree(&[&endpoints[0].id]).await;
}

pub(crate) async fn a_timers_own_webhook_is_sent_again_too(world: &mut World<'_>) {
    let timer = world.create_one(sketch("deploy").telling()).await;
    let (_, deliveries) = world.fall_due(&timer, later(900_000)).await;
    world.attempted(&deliveries[0].id, later(900_000), 410).await;
    let replayed = replay(world, &deliveries[0].id, later(900_009)).await.expect("it is known").expect("it ended");
    assert_eq!(world.delivery(&deliveries[0].id).await, replayed);
    assert_eq!(world.attempted(&deliveries[0].id, later(900_010), 204).await.attempts.len(), 2);
    world.figures_agree(&[]).await;
}

pub(crate) async fn giving_up_ends_the_open_deliveries_of_one_endpoint_portion_by_portion(world: &mut World<'_>) {
    let endpoints = world.subscribe(&[("whk_1", &["*"]), ("whk_11", &["*"])]).await;
    let mut mine = Vec::new();
    for number in 0..9 {
        mine.push(world.told(&format!("evt_{number}"), later(number), &endpoints).await.remove(0).id);
    }
    let taken = world.attempted(&mine[0], later(20), 200).await;
    let failed = world.attempted(&mine[1], later(20), 410).await;
    world.attempted(&mine[2], later(20), 500).await;
    let mut given_up = Vec::new();
    for _ in 0..ALL_PORTIONS {
        match give_up(world, &endpoints[0].id, later(30), 3).await {
            0 => break,
            portion => given_up.push(portion),
        }
    }
    assert!(given_up.iter().all(|portion| *portion <= 3));
    assert_eq!(given_up.iter().sum::<usize>(), 7);
    assert_eq!((world.delivery(&mine[0]).await, world.delivery(&mine[1]).await), (taken, failed));
    for id in &mine[2..] {
        let ended = world.delivery(id).await;
        let expected = (DeliveryStatus::Failed, Some("it is gone"), Some(later(30)), false);
        assert_eq!((ended.status, ended.error.as_deref(), ended.ended_at, ended.withdrawn), expected);
        assert_eq!(world.store().begin_attempt(&world.mine, id).await.sure(), None);
    }
    let other = world.listed(Some(&endpoints[1].id), None).await;
    assert!(other.len() == 9 && other.iter().all(|delivery| delivery.status == DeliveryStatus::Pending));
    world.figures_agree(&[&endpoints[0].id, &endpoints[1].id]).await;
}

/// More than any case needs.
const ALL_PORTIONS: usize = 100;

pub(crate) async fn a_delivery_given_up_while_it_is_attempted_stays_failed_unless_its_receiver_took_it(
    world: &mut World<'_>,
) {
    let endpoints = world.subscribe(&[("whk_1", &["*"])]).await;
    for (id, code) in [("refused", 500), ("gone", 410), ("taken", 200)] {
        let delivery = world.told(id, NOW, &endpoints).await.remove(0);
        let begun = world.store().begin_attempt(&world.mine, &delivery.id).await.sure().expect("it is open");
        assert_eq!(give_up(world, &endpoints[0].id, later(5), 10).await, 1);
        let given_up = world.delivery(&delivery.id).await;
        let result = answered(&begun, later(4), code);
        let expected = given_up.after(&result);
        assert_eq!(world.store().finish_attempt(&world.mine, &delivery.id, result).await.sure(), expected, "{id}");
        assert_eq!(Some(world.delivery(&delivery.id).await), expected, "{id}");
        assert_eq!(is_due_at(world, &delivery.id).await, None);
        world.figures_agree(&[&endpoints[0].id]).await;
    }
}

pub(crate) async fn nobody_is_at_a_delivery_whose_attempt_was_given_up(world: &mut World<'_>) {
    let (endpoints, delivery) = told(world).await;
    let store = world.store();
    store.begin_attempt(&world.mine, &delivery.id).await.sure().expect("it is open");
    store.give_up_delivery(&world.mine, &delivery.id, "it is gone", later(5)).await.sure();
    let ended = world.delivery(&delivery.id).await;
    assert_eq!(Some(&ended), delivery.given_up(later(5), "it is gone").as_ref());
    store.give_up_delivery(&world.mine, &delivery.id, "another reason", later(6)).await.sure();
    assert_eq!(world.delivery(&delivery.id).await, ended, "one that has ended stays as it is");
    replay(world, &delivery.id, later(9)).await.expect("it is known").expect("it ended");
    let begun = store.begin_attempt(&world.mine, &delivery.id).await.sure().expect("nobody is at it");
    assert_eq!(begun.next_attempt(), 1);
    store.finish_attempt(&world.mine, &delivery.id, answered(&begun, later(9), 200)).await.sure().expect("it is new");
    world.figures_agree(&[&endpoints[0].id]).await;
}

pub(crate) async fn giving_up_that_meets_attempts_ends_leaves_nothing_open(world: &mut World<'_>) {
    let endpoints = world.subscribe(&[("whk_1", &["*"])]).await;
    for round in 0..10 {
        let mut begun = Vec::new();
        for number in 0..4 {
            let delivery =
                world.told(&format!("evt_{round}_{number}"), later(round * 10 + number), &endpoints).await.remove(0);
            begun.push(world.store().begin_attempt(&world.mine, &delivery.id).await.sure().expect("it is open"));
        }
        at_once(5, |part| {
            let (store, scope, endpoint) = (world.store(), world.mine.clone(), endpoints[0].id.clone());
            let attempt =
                begun.get(part).map(|begun| (begun.id.clone(), answered(begun, later(200), [500, 200][part % 2])));
            async move {
                match attempt {
                    Some((id, result)) => {
                        store.finish_attempt(&scope, &id, result).await.sure().expect("it was made, so it is recorded");
                    }
                    None => while store.give_up_deliveries(&scope, &endpoint, "x", later(201), 2).await.sure() > 0 {},
                }
            }
        })
        .await;
        for status in [DeliveryStatus::Pending, DeliveryStatus::Retrying] {
            assert_eq!(world.listed(Some(&endpoints[0].id), Some(status)).await, []);
        }
        assert_eq!(world.due_deliveries(FAR).await, []);
        world.figures_agree(&[&endpoints[0].id]).await;
    }
}
