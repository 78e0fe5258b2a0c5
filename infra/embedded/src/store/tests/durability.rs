use super::*;
use minoots_shared::domain::api_key::{ApiKey, ApiKeySecret};
use minoots_shared::domain::ids::ApiKeyId;
use minoots_shared::ports::TimerQuery;
use std::path::Path;

/// The files as a process that is killed now leaves them to the next one.
fn killed(folder: &TempDir) -> TempDir {
    let left = TempDir::new().unwrap();
    copy(folder.path(), left.path());
    left
}

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            std::fs::create_dir(&to).unwrap();
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

#[tokio::test]
async fn what_was_answered_survives_a_kill_at_once_afterwards() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    let secret = ApiKeySecret::generate(Mode::Live, &[1; 32]);
    let key = ApiKey {
        id: ApiKeyId::new("key_1"),
        scope: scope(),
        name: None,
        preview: secret.preview(),
        digest: secret.digest(),
        created_at: NOW,
    };
    store.create_api_key(key.clone(), None).await.unwrap();
    let with_key = Creation { idempotency: Some(idempotency("k", NOW)), ..creation(vec![timer("a"), timer("b")]) };
    store.create_timers(with_key).await.unwrap();
    let expired = expire(&store, &timer("a"), "del_a").await;

    let left = killed(&folder);
    let next = open(&left);
    assert_eq!(next.timer(&scope(), &expired.id).await.unwrap(), Some(expired.clone()));
    assert_eq!(next.timers(&scope(), &TimerQuery { limit: 10, ..Default::default() }).await.unwrap().timers.len(), 2);
    assert_eq!(next.concurrent_timers(&scope()).await.unwrap(), 1);
    let due = next.due_timers(Timestamp(u64::MAX), 10).await.unwrap();
    assert_eq!(due.iter().map(|due| due.id.as_str()).collect::<Vec<_>>(), ["b"]);
    let sending = next.due_deliveries(None, Timestamp(u64::MAX), 10).await.unwrap();
    assert_eq!(sending.iter().map(|due| due.id.as_str()).collect::<Vec<_>>(), ["del_a"]);
    assert!(next.remembered(&idempotency("k", NOW).key, NOW).await.unwrap().is_some());
    assert_eq!(next.api_key(&secret.digest()).await.unwrap(), Some(key));
    let days = next.usage(&scope(), 0..=u64::MAX).await.unwrap();
    assert_eq!(days.iter().map(|day| (day.timers, day.events, day.deliveries)).collect::<Vec<_>>(), [(2, 1, 1)]);
}

#[tokio::test]
async fn an_attempt_that_a_kill_interrupted_is_made_again_under_its_number() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    create(&store, timer("a")).await;
    expire(&store, &timer("a"), "del_a").await;
    let id = DeliveryId::new("del_a");
    assert_eq!(store.begin_attempt(&scope(), &id).await.unwrap().unwrap().next_attempt(), 1);

    let left = killed(&folder);
    let again = open(&left).begin_attempt(&scope(), &id).await.unwrap().unwrap();
    assert_eq!((again.next_attempt(), again.id), (1, id));
}

#[tokio::test]
async fn a_store_that_is_closed_has_kept_what_needed_no_sync() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    create(&store, timer("a")).await;
    expire(&store, &timer("a"), "del_a").await;
    let id = DeliveryId::new("del_a");
    store.begin_attempt(&scope(), &id).await.unwrap().unwrap();
    let done = store.finish_attempt(&scope(), &id, attempt(1, NOW, 200)).await.unwrap().unwrap();
    drop(store);

    let store = open(&folder);
    assert_eq!(store.deliveries(&scope(), &[id]).await.unwrap(), [done]);
    assert_eq!(store.next_due_delivery(None).unwrap(), None);
}
