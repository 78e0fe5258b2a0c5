use super::*;
use crate::store::error::{Result, StoreError};
use crate::store::tables::{Read as _, Table};
use crate::store::txn::Txn;
use crate::store::writer::Durability;
use futures::future::join_all;
use std::sync::mpsc::channel;

/// Keeps the writer busy until the returned sender is dropped, so that what comes meanwhile is one group.
async fn hold(store: &Arc<EmbeddedStore>) -> (std::sync::mpsc::Sender<()>, tokio::task::JoinHandle<()>) {
    let (release, held) = channel::<()>();
    let (started, running) = tokio::sync::oneshot::channel();
    let holder = Arc::clone(store);
    let task = tokio::spawn(async move {
        let job = move |_: &mut Txn<'_>| {
            let _ = started.send(());
            let _ = held.recv();
            Ok(())
        };
        holder.writer.run(Durability::System, job).await.unwrap();
    });
    running.await.unwrap();
    (release, task)
}

#[tokio::test]
async fn creations_that_come_together_share_one_sync() {
    let folder = TempDir::new().unwrap();
    let store = Arc::new(open(&folder));
    let before = store.figures();
    let (release, held) = hold(&store).await;
    let creations: Vec<_> = (0..32).map(|n| create(&store, timer(&format!("t{n}")))).collect();
    let release = async move { drop(release) };
    futures::join!(join_all(creations), release);
    held.await.unwrap();
    let after = store.figures();
    assert_eq!(after.jobs - before.jobs, 33);
    assert_eq!(after.syncs - before.syncs, 1);
    assert_eq!(store.concurrent_timers(&scope()).await.unwrap(), 32);
}

#[tokio::test]
async fn what_changes_nothing_and_what_need_not_be_durable_waits_for_no_disk() {
    let folder = TempDir::new().unwrap();
    let store = Arc::new(open(&folder));
    let id = DeliveryId::new("del_a");
    create(&store, timer("a")).await;
    expire(&store, &timer("a"), "del_a").await;
    store.begin_attempt(&scope(), &id).await.unwrap();
    let before = store.figures();
    let (release, held) = hold(&store).await;
    let scope = scope();
    let finish = store.finish_attempt(&scope, &id, attempt(1, NOW, 200));
    let taken = store.create_timers(creation(vec![timer("a")]));
    let (finished, taken, ()) = futures::join!(finish, taken, async move { drop(release) });
    held.await.unwrap();
    assert!(finished.unwrap().is_some());
    assert_eq!(taken.unwrap(), Created::Placed(vec![Placement::IdTaken]));
    let after = store.figures();
    assert_eq!((after.jobs - before.jobs, after.commits - before.commits, after.syncs - before.syncs), (3, 1, 0));
}

#[tokio::test]
async fn a_job_that_fails_or_panics_takes_its_own_writes_back_and_nobody_elses() {
    let folder = TempDir::new().unwrap();
    let store = Arc::new(open(&folder));
    let (release, held) = hold(&store).await;
    let write = |value: u8, fail: fn() -> Result<()>| {
        store.writer.run(Durability::Disk, move |txn| {
            let seen = txn.get(Table::Accounts, b"shared")?.map(|value| value.to_vec());
            txn.put(Table::Accounts, b"shared", [value]);
            txn.put(Table::Accounts, [value], [value]);
            txn.put(Table::Accounts, [value], [0]);
            fail()?;
            Ok(seen)
        })
    };
    let release = async move { drop(release) };
    let (first, failed, panicked, last, ()) = futures::join!(
        write(1, || Ok(())),
        write(2, || Err(StoreError::Stopped)),
        write(3, || panic!("by test")),
        write(4, || Ok(())),
        release
    );
    held.await.unwrap();
    assert_eq!(first.unwrap(), None);
    assert!(failed.is_err());
    assert!(panicked.unwrap_err().to_string().contains("by test"));
    assert_eq!(last.unwrap(), Some(vec![1]));
    let view = store.tables.view();
    let stored = |key: &[u8]| view.get(Table::Accounts, key).unwrap().map(|value| value.to_vec());
    assert_eq!(stored(b"shared"), Some(vec![4]));
    assert_eq!([1, 2, 3, 4].map(|key| stored(&[key]).is_some()), [true, false, false, true]);
}

#[tokio::test]
async fn after_a_failed_write_nothing_is_written_and_no_attempt_begins() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    create(&store, timer("a")).await;
    expire(&store, &timer("a"), "del_a").await;
    store.tables.break_down();
    let error = store.create_timers(creation(vec![timer("b")])).await.unwrap_err();
    assert!(std::error::Error::source(&error).unwrap().to_string().contains("takes no more writes"));
    assert!(store.begin_attempt(&scope(), &DeliveryId::new("del_a")).await.is_err());
    assert_eq!(store.timer(&scope(), &TimerId::new("b")).await.unwrap(), None);
}
