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
    let (deliveries, events) = (Vec::new(), Vec::new());
    let step = TimerStep { before, timer, deliveries, withdraw: Some(CANCELLED), happened: 0, events };
    assert!(store.commit_step(step).await.unwrap());
    assert_eq!((status(&store, &id).await, failures().await), (DeliveryStatus::Failed, 1));
    store.finish_attempt(&scope(), &id, attempt(1, NOW, 200)).await.unwrap().unwrap();
    assert_eq!((status(&store, &id).await, failures().await), (DeliveryStatus::Success, 0));
    assert!(store.begin_attempt(&scope(), &id).await.unwrap().is_none());
}

#[tokio::test]
async fn a_result_is_recorded_even_if_its_caller_goes_away_and_the_next_attempt_may_begin() {
    use futures::FutureExt as _;
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    let id = begun(&store).await;
    drop(store.finish_attempt(&scope(), &id, attempt(1, NOW, 500)).now_or_never());
    // The writer takes jobs in order: once it has done another one, it has done that.
    create(&store, timer("b")).await;
    assert_eq!(store.begin_attempt(&scope(), &id).await.unwrap().unwrap().next_attempt(), 2);
}

#[tokio::test]
async fn of_many_that_begin_an_attempt_at_once_one_gets_it() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    create(&store, timer("a")).await;
    expire(&store, &timer("a"), "del_a").await;
    let id = DeliveryId::new("del_a");
    let begin = || store.begin(&scope(), &id).unwrap().is_some();
    for number in 1..=4 {
        let begun: Vec<bool> = std::thread::scope(|threads| {
            let beginners: Vec<_> = (0..8).map(|_| threads.spawn(begin)).collect();
            beginners.into_iter().map(|beginner| beginner.join().unwrap()).collect()
        });
        assert_eq!(begun.iter().filter(|begun| **begun).count(), 1);
        store.finish_attempt(&scope(), &id, attempt(number, NOW, 500)).await.unwrap().unwrap();
    }
}
