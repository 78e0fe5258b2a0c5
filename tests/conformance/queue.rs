//! The queue: what is handed over is sent at once, and what was not is sent all the same.

use crate::calls::Sure as _;
use crate::samples::fire;
use crate::stage::{Stage, path};
use minoots_shared::domain::account::Scope;
use minoots_shared::domain::delivery::{Delivery, DeliveryStatus};
use minoots_shared::domain::time::Millis;
use std::sync::Arc;

/// A delivery that is recorded as open, and handed over to nobody.
async fn recorded(stage: &Stage<'_>, scope: &Scope, id: &str, path: &str) -> Arc<Delivery> {
    let timer = stage.sketch(scope, id, path).timer(scope);
    stage.create(scope, std::slice::from_ref(&timer)).await;
    let step = fire(&timer, Stage::now());
    let delivery = Arc::clone(&step.deliveries[0]);
    stage.take(step).await;
    delivery
}

async fn stored(stage: &Stage<'_>, delivery: &Delivery) -> Delivery {
    let ids = std::slice::from_ref(&delivery.id);
    stage.parts().store.deliveries(&delivery.scope, ids).await.sure().remove(0)
}

pub(crate) async fn a_delivery_is_sent_at_once_with_its_own_body_under_its_id(stage: &mut Stage<'_>) {
    for scope in &Stage::scopes() {
        let delivery = recorded(stage, scope, "deploy", &path(scope, "deploy")).await;
        stage.parts().queue.send(vec![Arc::clone(&delivery)]).await.sure();
        let arrival = stage.arrival().await;
        assert_eq!(arrival.path, path(scope, "deploy"));
        assert_eq!((arrival.id.as_str(), arrival.attempt.as_str()), (delivery.id.as_str(), "1"));
        assert_eq!(arrival.body, delivery.body.as_bytes());
        assert!(arrival.at <= delivery.created_at.plus(stage.prompt()), "it arrives late");
    }
}

pub(crate) async fn many_deliveries_are_handed_over_in_one_call(stage: &mut Stage<'_>) {
    let mut expected = Vec::new();
    for scope in &Stage::scopes() {
        let mut deliveries = Vec::new();
        for number in 0..25 {
            let id = format!("t{number}");
            deliveries.push(recorded(stage, scope, &id, &path(scope, &id)).await);
        }
        expected.extend(deliveries.iter().map(|delivery| delivery.id.to_string()));
        stage.parts().queue.send(deliveries).await.sure();
    }
    stage.parts().queue.send(Vec::new()).await.sure();
    let mut arrived = Vec::new();
    while arrived.len() < expected.len() {
        arrived.push(stage.arrival().await.id);
    }
    arrived.sort();
    expected.sort();
    assert_eq!(arrived, expected);
}

pub(crate) async fn a_delivery_handed_over_again_is_recorded_as_one_attempt(stage: &mut Stage<'_>) {
    let scope = &Stage::scopes()[0];
    let delivery = recorded(stage, scope, "deploy", &path(scope, "deploy")).await;
    stage.parts().queue.send(vec![Arc::clone(&delivery), Arc::clone(&delivery)]).await.sure();
    assert_eq!(stage.arrival().await.id, delivery.id.as_str());
    stage.parts().queue.send(vec![Arc::clone(&delivery)]).await.sure();
    // The delivery may arrive again, but not count again.
    stage.arrivals_within(400).await;
    let stored = stored(stage, &delivery).await;
    assert_eq!((stored.status, stored.attempts.len()), (DeliveryStatus::Success, 1));
}

pub(crate) async fn a_delivery_that_was_never_handed_over_is_sent_all_the_same(stage: &mut Stage<'_>) {
    let scope = &Stage::scopes()[0];
    let delivery = recorded(stage, scope, "forgotten", &path(scope, "forgotten")).await;
    assert_eq!(stage.arrival().await.id, delivery.id.as_str());
}

pub(crate) async fn a_failed_attempt_is_made_again_after_its_wait_with_the_same_bytes(stage: &mut Stage<'_>) {
    let scope = &Stage::scopes()[0];
    let delivery = recorded(stage, scope, "fails-first", &path(scope, "fails-first")).await;
    stage.parts().queue.send(vec![Arc::clone(&delivery)]).await.sure();
    let (first, second) = (stage.arrival().await, stage.arrival().await);
    assert_eq!((first.attempt.as_str(), second.attempt.as_str()), ("1", "2"));
    assert_eq!((&first.id, &first.body), (&second.id, &second.body));
    let wait = second.at.since(first.at);
    assert!(wait >= Millis::seconds(5), "only {wait:?} after the first");
    assert!(wait <= Millis(5_500 + stage.prompt().0), "{wait:?} after the first");
    stage.arrivals_within(400).await;
    let stored = stored(stage, &delivery).await;
    let codes: Vec<_> = stored.attempts.iter().map(|attempt| attempt.response_code).collect();
    assert_eq!((stored.status, codes), (DeliveryStatus::Success, vec![Some(500), Some(204)]));
}
