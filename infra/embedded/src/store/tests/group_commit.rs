use super::*;
use crate::store::deliveries;
use crate::store::error::{Result, StoreError};
use crate::store::keys::Key;
use crate::store::tables::{Read as _, Table};
use crate::store::txn::Txn;
use crate::store::write_job::Durability;
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

/// The name of the thread that writes for a caller of its own.
async fn who_writes_here(store: &EmbeddedStore) -> Option<String> {
    let name = |_: &mut Txn<'_>| Ok(std::thread::current().name().map(str::to_owned));
    store.writer.run_here(name).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_writes_alone_writes_itself_and_others_let_the_writer_do_it_in_their_order() {
    let folder = TempDir::new().unwrap();
    let store = Arc::new(open(&folder));
    let caller = Arc::clone(&store);
    let (own, writer) = tokio::spawn(async move {
        let name = std::thread::current().name().map(str::to_owned);
        (name, who_writes_here(&caller).await)
    })
    .await
    .unwrap();
    assert_eq!(own, writer);

    let (release, held) = hold(&store).await;
    let first = Arc::clone(&store);
    let first = tokio::spawn(async move { create(&first, timer("a")).await });
    while store.writer.waiting() < 2 {
        tokio::task::yield_now().await;
    }
    let second = Arc::clone(&store);
    let second = tokio::spawn(async move {
        let job = |txn: &mut Txn<'_>| {
            let seen = txn.get(Table::Timers, &Key::scoped(&scope(), "a"))?.is_some();
            Ok((seen, std::thread::current().name().map(str::to_owned)))
        };
        second.writer.run_here(job).await.unwrap()
    });
    while store.writer.waiting() < 3 {
        tokio::task::yield_now().await;
    }
    drop(release);
    held.await.unwrap();
    first.await.unwrap();
    assert_eq!(second.await.unwrap(), (true, Some("minoots-writer".to_owned())));
    assert_eq!(store.writer.waiting(), 0);
    let before = store.figures();
    create(&store, timer("b")).await;
    let after = store.figures();
    assert_eq!((after.jobs - before.jobs, after.syncs - before.syncs), (1, 1));
}

#[tokio::test]
async fn a_runtime_of_one_thread_does_not_wait_for_the_disk() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    assert_eq!(who_writes_here(&store).await.as_deref(), Some("minoots-writer"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_panic_in_the_midst_of_a_commit_nobody_writes() {
    let folder = TempDir::new().unwrap();
    let store = Arc::new(open(&folder));
    let panicked = store.writer.run_then(Durability::System, |_| Ok(()), |_| panic!("by test")).await;
    assert!(matches!(panicked, Err(StoreError::Stopped)));
    for id in ["a", "b"] {
        let store = Arc::clone(&store);
        let created = tokio::spawn(async move { store.create_timers(creation(vec![timer(id)])).await });
        let error = created.await.unwrap().unwrap_err();
        assert!(std::error::Error::source(&error).unwrap().to_string().contains("has stopped"), "{error:?}");
    }
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

#[tokio::test]
async fn results_that_come_together_write_the_figures_once() {
    let folder = TempDir::new().unwrap();
    let store = Arc::new(open(&folder));
    for n in 0..20 {
        let timer = timer(&format!("t{n}"));
        create(&store, timer.clone()).await;
        expire(&store, &timer, &format!("del_{n}")).await;
        store.begin_attempt(&scope(), &DeliveryId::new(format!("del_{n}"))).await.unwrap();
    }
    let (scope, before) = (scope(), store.figures());
    let ids: Vec<_> = (0..20).map(|n| DeliveryId::new(format!("del_{n}"))).collect();
    let (release, held) = hold(&store).await;
    let finishing = ids.iter().map(|id| store.finish_attempt(&scope, id, attempt(1, NOW, 200)));
    futures::join!(join_all(finishing), async move { drop(release) });
    held.await.unwrap();
    let after = store.figures();
    assert_eq!((after.jobs - before.jobs, after.commits - before.commits), (21, 1));
    let counts = store.delivery_counts(&scope).await.unwrap();
    assert_eq!((counts.succeeded, counts.total()), (20, 20));
}

#[tokio::test]
async fn a_new_delivery_is_kept_for_whoever_begins_it_unless_its_job_was_rolled_back() {
    let folder = TempDir::new().unwrap();
    let store = Arc::new(open(&folder));
    create(&store, timer("a")).await;
    let (release, held) = hold(&store).await;
    let encoded = deliveries::Encoded::new(delivery(&timer("a"), "del_b", NOW)).unwrap();
    let job = move |txn: &mut Txn<'_>| {
        encoded.put_new(txn)?;
        Err::<(), _>(StoreError::Stopped)
    };
    let rolled_back = store.writer.run(Durability::Disk, job);
    let (timer, before) = (timer("a"), store.figures().commits);
    let (rolled_back, _, ()) =
        futures::join!(rolled_back, expire(&store, &timer, "del_a"), async move { drop(release) });
    held.await.unwrap();
    rolled_back.unwrap_err();
    assert_eq!(store.figures().commits, before + 1);
    let kept = |id| store.tables.new_deliveries.take(&Key::scoped(&scope(), id));
    assert!(kept("del_b").is_none());
    let stored = store.tables.view().get(Table::Deliveries, &Key::scoped(&scope(), "del_a")).unwrap();
    assert_eq!(kept("del_a").map(|kept| kept.record), stored);
    assert!(kept("del_a").is_none());
}
