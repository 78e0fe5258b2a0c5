use super::*;
use crate::store::tables::Table;
use crate::store::txn::Txn;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Whatever is committed while scans raise the floor is found by a later one.
#[test]
fn no_entry_is_lost_below_a_floor_that_scans_raise_while_others_write() {
    const WRITERS: u64 = 2;
    const EACH: u64 = 3_000;
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    let tables = &store.tables;
    let write = |act: &dyn Fn(&mut Txn<'_>)| {
        let mut txn = Txn::new(tables);
        act(&mut txn);
        txn.commit(false).unwrap();
    };
    let writing = AtomicUsize::new(WRITERS as usize);
    let scan_all = || {
        let mut seen = BTreeSet::new();
        loop {
            let last_round = writing.load(Ordering::Acquire) == 0;
            let keys = tables.scan(Table::Due, None, None, 16).unwrap();
            if last_round && keys.is_empty() {
                return seen;
            }
            write(&|txn| keys.iter().for_each(|key| txn.remove(Table::Due, key.clone())));
            seen.extend(keys.into_iter().map(|key| key.to_vec()));
        }
    };
    let seen: BTreeSet<Vec<u8>> = std::thread::scope(|threads| {
        for writer in 0..WRITERS {
            let (write, writing) = (&write, &writing);
            threads.spawn(move || {
                for n in 0..EACH {
                    // Ever earlier ones, so that each is below what scans have found.
                    let at = Timestamp((EACH - n) * WRITERS + writer);
                    write(&|txn| txn.put(Table::Due, at.0.to_be_bytes(), []));
                }
                writing.fetch_sub(1, Ordering::Release);
            });
        }
        let scanners = [threads.spawn(scan_all), threads.spawn(scan_all)];
        scanners.into_iter().flat_map(|scanner| scanner.join().unwrap()).collect()
    });
    assert_eq!(seen.len() as u64, WRITERS * EACH);
}

#[tokio::test]
async fn a_timer_that_is_due_earlier_than_all_scanned_so_far_is_found() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    assert_eq!(store.next_due_timer().unwrap(), None);
    assert_eq!(store.due_timers(NOW.plus(Millis::DAY), 10).await.unwrap(), []);
    create(&store, timer("a")).await;
    assert_eq!(store.next_due_timer().unwrap(), Some(NOW.plus(Millis::SECOND)));
    assert_eq!(store.due_timers(NOW.plus(Millis::SECOND), 10).await.unwrap().len(), 1);
    assert_eq!(store.due_timers(NOW, 10).await.unwrap(), []);
    expire(&store, &timer("a"), "del_a").await;
    assert_eq!(store.next_due_timer().unwrap(), None);
    assert_eq!(store.next_due_delivery(None).unwrap(), Some(NOW.plus(Millis::SECOND)));
}

#[tokio::test]
async fn instants_at_the_end_of_time_are_found_too() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    assert_eq!(store.due_timers(Timestamp(u64::MAX), 10).await.unwrap(), []);
    let state = State::Running { start: NOW, end: Timestamp(u64::MAX) };
    create(&store, Timer { state, ..timer("a") }).await;
    assert_eq!(store.due_timers(Timestamp(u64::MAX), 10).await.unwrap().len(), 1);
    assert_eq!(store.due_timers(Timestamp(u64::MAX - 1), 10).await.unwrap(), []);
    assert_eq!(store.next_due_timer().unwrap(), Some(Timestamp(u64::MAX)));
}

#[tokio::test]
async fn a_sleeping_loop_is_woken_by_what_is_committed_earlier_than_its_next_instant() {
    const SOON: std::time::Duration = std::time::Duration::from_secs(30);
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    store.timers_wake().arm();
    assert_eq!(store.next_due_timer().unwrap(), None);
    let woken = tokio::time::timeout(SOON, store.timers_wake().earlier_than(Timestamp(u64::MAX)));
    let (woken, ()) = futures::join!(woken, create(&store, timer("a")));
    woken.unwrap();

    store.deliveries_wake().arm();
    let timer = timer("a");
    let woken = tokio::time::timeout(SOON, store.deliveries_wake().earlier_than(Timestamp(u64::MAX)));
    let (woken, _) = futures::join!(woken, expire(&store, &timer, "del_a"));
    woken.unwrap();
}

/// Otherwise a loop that is woken finds nothing, and sleeps on over what it was woken for.
#[test]
fn who_is_woken_finds_what_it_was_woken_for() {
    use futures::FutureExt as _;
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    let (next, commits) = std::sync::mpsc::channel::<Timestamp>();
    std::thread::scope(|threads| {
        threads.spawn(|| {
            for at in commits {
                let mut txn = Txn::new(&store.tables);
                txn.put(Table::Due, at.0.to_be_bytes(), []);
                txn.commit(false).unwrap();
            }
        });
        for round in 0..10_000 {
            store.timers_wake().arm();
            let known = store.next_due_timer().unwrap().unwrap_or(Timestamp(u64::MAX));
            next.send(Timestamp(20_000 - round)).unwrap();
            // Watches closely, for the moment to be caught is short.
            while store.timers_wake().earlier_than(known).now_or_never().is_none() {}
            assert_eq!(store.next_due_timer().unwrap(), Some(Timestamp(20_000 - round)));
        }
        drop(next);
    });
}
