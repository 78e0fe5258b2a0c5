use super::*;
use minoots_shared::domain::transition::CANCELLED;

async fn begun(store: &EmbeddedStore) -> DeliveryId {
    let id = DeliveryId::new("del_a");
    create(store, timer("a")).await;
    expire(store, &timer("a"), "del_a").await;
    store.begin_attempt(&scope(), &id).await.unwrap().unwrap();
    id
}

async fn status(store: &EmbeddedStore, id: &DeliveryId) -> DeliveryStatus {
    store.deliveries(&scope(), std::slice::from_ref(id)).await.unwrap()[0].status
}

#[tokio::test]
async fn an_attempt_under_way_shows_as_sending_until_it_is_finished_or_abandoned() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    let id = begun(&store).await;
    assert_eq!(status(&store, &id).await, DeliveryStatus::Sending);
    assert!(store.begin_attempt(&scope(), &id).await.unwrap().is_none());
    store.abandon_attempt(&scope(), &id);
    assert_eq!(status(&store, &id).await, DeliveryStatus::Pending);
    assert!(store.begin_attempt(&scope(), &id).await.unwrap().is_some());
    store.finish_attempt(&scope(), &id, attempt(1, NOW, 500)).await.unwrap().unwrap();
    assert_eq!(status(&store, &id).await, DeliveryStatus::Retrying);
}

#[tokio::test]
async fn the_late_result_of_an_earlier_attempt_does_not_end_the_one_under_way() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    let id = begun(&store).await;
    store.finish_attempt(&scope(), &id, attempt(1, NOW, 500)).await.unwrap().unwrap();
    assert_eq!(store.begin_attempt(&scope(), &id).await.unwrap().unwrap().next_attempt(), 2);
    assert_eq!(store.finish_attempt(&scope(), &id, attempt(1, NOW, 500)).await.unwrap(), None);
    assert_eq!(status(&store, &id).await, DeliveryStatus::Sending);
}

#[tokio::test]
async fn a_delivery_withdrawn_while_it_was_sent_and_then_taken_is_no_failure() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    let id = begun(&store).await;
    let failures = async || store.usage(&scope(), 0..=u64::MAX).await.unwrap()[0].failures;
    let expired = store.timer(&scope(), &TimerId::new("a")).await.unwrap().unwrap();
    let timer = Timer { revision: expired.revision + 1, ..expired.clone() };
    let before = expired.revision;
    let step = TimerStep { before, timer, deliveries: Vec::new(), withdraw: Some(CANCELLED), events: 0 };
    assert!(store.commit_step(step).await.unwrap());
    assert_eq!((status(&store, &id).await, failures().await), (DeliveryStatus::Failed, 1));
    store.finish_attempt(&scope(), &id, attempt(1, NOW, 200)).await.unwrap().unwrap();
    assert_eq!((status(&store, &id).await, failures().await), (DeliveryStatus::Success, 0));
    assert!(store.begin_attempt(&scope(), &id).await.unwrap().is_none());
}
