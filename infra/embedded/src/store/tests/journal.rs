//! The journal's end after a power failure: parts of what was not synced are missing.

use super::*;
use crate::store::OpenError;
use crate::store::journal;
use crate::store::tables::Table;
use crate::store::txn::Txn;
use crate::store::write_job::Durability;
use minoots_shared::domain::json::Json;
use std::fs::{read, write};
use std::path::PathBuf;

/// What a disk writes whole or not at all, in bytes.
const BLOCK: usize = 512;

/// A store with timers `first`, `large` and `last`, of which `large` takes many blocks, and whose process has died.
async fn three_timers(folder: &TempDir) {
    let store = open(folder);
    create(&store, timer("first")).await;
    let padding = Json::parse(format!(r#"{{"padding": "{}"}}"#, "x".repeat(30_000)).as_bytes()).unwrap();
    create(&store, Timer { metadata: (&padding).into(), ..timer("large") }).await;
    create(&store, timer("last")).await;
}

fn journal_of(folder: &TempDir) -> PathBuf {
    folder.path().join("store/0.jnl")
}

/// Where a text stands last in the journal.
fn last(journal: &[u8], text: &str) -> usize {
    journal.windows(text.len()).rposition(|part| part == text.as_bytes()).unwrap()
}

/// The journal up to the first byte behind the batch that wrote this timer.
fn up_to(journal: &[u8], id: &str) -> usize {
    let at = last(journal, id);
    at + journal[at..].windows(4).position(|part| part == b"FJL\x03").unwrap() + 4
}

fn without_block(mut journal: Vec<u8>, at: usize) -> Vec<u8> {
    let begin = at / BLOCK * BLOCK;
    journal[begin..begin + BLOCK].fill(0);
    journal
}

async fn has(store: &EmbeddedStore, id: &str) -> bool {
    store.timer(&scope(), &TimerId::new(id)).await.unwrap().is_some()
}

#[tokio::test]
async fn a_batch_that_was_not_synced_and_lost_its_middle_is_cut_off_and_kept_aside() {
    let folder = TempDir::new().unwrap();
    three_timers(&folder).await;
    let path = journal_of(&folder);
    let mut journal = read(&path).unwrap();
    journal.truncate(up_to(&journal, "large"));
    let at = last(&journal, "xxxx") - 10_000;
    let mut torn = without_block(journal, at);
    let rest = torn.clone();
    torn.resize(1 << 20, 0);
    write(&path, torn).unwrap();
    for _ in 0..2 {
        let store = open(&folder);
        assert_eq!((has(&store, "first").await, has(&store, "large").await), (true, false));
    }
    let kept: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_str().unwrap().contains("torn-journal-0-"))
        .collect();
    let [kept] = kept.as_slice() else { panic!("{kept:?}") };
    assert!(rest.ends_with(&read(kept).unwrap()));
    create(&open(&folder), timer("large")).await;
    assert!(has(&open(&folder), "large").await);
}

#[tokio::test]
async fn what_is_broken_before_a_batch_that_was_synced_is_damage_and_is_left_as_it_is() {
    let folder = TempDir::new().unwrap();
    three_timers(&folder).await;
    create(&open(&folder), timer("still later")).await;
    let path = journal_of(&folder);
    let journal = read(&path).unwrap();
    let at = last(&journal, "xxxx") - 10_000;
    let damaged = without_block(journal, at);
    write(&path, &damaged).unwrap();
    let error = EmbeddedStore::open(folder.path(), StoreOptions::default()).err().unwrap();
    assert!(matches!(&error, OpenError::Failed { .. }), "{error}");
    assert!(std::error::Error::source(&error).is_some());
    assert_eq!(read(&path).unwrap(), damaged);
}

#[tokio::test]
async fn of_batches_that_the_next_one_did_not_wait_for_any_may_be_broken() {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    let ids = ["del_a", "del_b"].map(DeliveryId::new);
    for (name, id) in ["a", "b"].into_iter().zip(&ids) {
        create(&store, timer(name)).await;
        expire(&store, &timer(name), id.as_str()).await;
    }
    for (id, text) in ids.iter().zip(["broken", "whole"]) {
        store.begin_attempt(&scope(), id).await.unwrap().unwrap();
        let answer = Answer { code: 200, body: text.repeat(1_000), retry_after: None };
        let result = AttemptResult { answer: Ok(answer), ..attempt(1, NOW, 200) };
        store.finish_attempt(&scope(), id, result).await.unwrap().unwrap();
    }
    drop(store);
    let path = journal_of(&folder);
    let journal = read(&path).unwrap();
    let at = last(&journal, "broken") - 2_000;
    write(&path, without_block(journal, at)).unwrap();
    let store = open(&folder);
    let deliveries = store.deliveries(&scope(), &ids).await.unwrap();
    assert!(deliveries.iter().all(|delivery| delivery.status == DeliveryStatus::Pending));
}

/// What another version of fjall might write otherwise.
#[tokio::test]
async fn every_batch_of_a_journal_is_found_whole() {
    let folder = TempDir::new().unwrap();
    three_timers(&folder).await;
    let before = read(journal_of(&folder)).unwrap();
    assert!(journal::mend(&folder.path().join("store"), folder.path()).unwrap().is_none());
    assert_eq!(read(journal_of(&folder)).unwrap(), before);
}

#[test]
fn a_folder_without_a_journal_has_nothing_to_mend() {
    let folder = TempDir::new().unwrap();
    assert!(journal::mend(folder.path(), folder.path()).unwrap().is_none());
    write(folder.path().join("7.jnl"), [0; 100]).unwrap();
    assert!(journal::mend(folder.path(), folder.path()).unwrap().is_none());
}

/// What the journals take on disk, in bytes.
fn journals(folder: &TempDir) -> u64 {
    let files = std::fs::read_dir(folder.path().join("store")).unwrap().map(|file| file.unwrap());
    let journals = files.filter(|file| file.path().extension().is_some_and(|name| name == "jnl"));
    journals.map(|file| file.metadata().unwrap().len()).sum()
}

#[tokio::test]
async fn a_full_journal_goes_once_there_is_a_new_one_even_if_it_holds_the_only_record_of_a_table_that_is_seldom_written()
 {
    let folder = TempDir::new().unwrap();
    let store = open(&folder);
    create(&store, timer("first")).await;
    // fjall lets a journal of 64 MiB go by itself, and begins a new one from 64 MB on: so that this one is between them, some
    // is written that does not count for when the other table is written to disk.
    for (table, least) in [(Table::Timers, 20), (Table::Usage, 0)] {
        let mut writes = 0_u32;
        while writes < least || least == 0 && store.tables.db.journal_count() < 2 {
            let value = vec![b'x'; 100 << 10];
            let key = format!("large {}", writes % 4);
            let job = move |txn: &mut Txn<'_>| {
                txn.put(table, key.as_bytes(), value);
                Ok(())
            };
            store.writer.run(Durability::System, job).await.unwrap();
            writes += 1;
            assert!(writes < 1_000, "the journal is never full");
        }
    }
    let begun = std::time::Instant::now();
    while store.tables.db.journal_count() > 1 {
        assert!(begun.elapsed() < std::time::Duration::from_secs(20), "the full journal is still there");
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    assert!(journals(&folder) <= 64 << 20);
    drop(store);
    assert!(has(&open(&folder), "first").await);
}
