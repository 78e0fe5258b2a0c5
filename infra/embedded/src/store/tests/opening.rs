use super::*;
use crate::store::OpenError;
use fjall::{Database, KeyspaceCreateOptions};

#[test]
fn a_folder_serves_one_store_at_a_time_and_the_next_one_afterwards() {
    let folder = TempDir::new().unwrap();
    let first = open(&folder);
    let second = EmbeddedStore::open(folder.path(), StoreOptions::default()).err().unwrap();
    assert!(matches!(&second, OpenError::InUse(path) if path == folder.path()), "{second}");
    assert!(second.to_string().contains("another minoots uses this data folder"));
    drop(first);
    open(&folder);
}

#[test]
fn data_of_another_format_is_refused_and_left_as_it_is() {
    let folder = TempDir::new().unwrap();
    drop(open(&folder));
    let write = |format: &[u8]| {
        let db = Database::builder(folder.path().join("store")).open().unwrap();
        db.keyspace("meta", KeyspaceCreateOptions::default).unwrap().insert("format", format).unwrap();
        db.persist(fjall::PersistMode::SyncAll).unwrap();
    };
    for other in [[2].as_slice(), &[1, 0], &[]] {
        write(other);
        let error = EmbeddedStore::open(folder.path(), StoreOptions::default()).err().unwrap();
        assert!(matches!(error, OpenError::Format { known: 1, .. }), "{error}");
    }
    write(&[1]);
    open(&folder);
}

#[test]
fn another_programs_database_is_refused() {
    let folder = TempDir::new().unwrap();
    Database::builder(folder.path().join("store"))
        .open()
        .unwrap()
        .keyspace("timers", KeyspaceCreateOptions::default)
        .unwrap();
    let error = EmbeddedStore::open(folder.path(), StoreOptions::default()).err().unwrap();
    assert!(matches!(error, OpenError::Foreign(_)), "{error}");
}

#[tokio::test]
async fn a_first_start_that_was_cut_off_anywhere_is_made_up_for() {
    let folder = TempDir::new().unwrap();
    let unfinished = folder.path().join("store.new");
    std::fs::create_dir(&unfinished).unwrap();
    std::fs::write(unfinished.join("0.jnl"), "half a journal").unwrap();
    create(&open(&folder), timer("a")).await;
    assert!(!unfinished.exists());
    // Cut off behind the rename, and there is a database already.
    std::fs::create_dir(&unfinished).unwrap();
    assert!(open(&folder).timer(&scope(), &TimerId::new("a")).await.unwrap().is_some());
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error = EmbeddedStore::open(&file.join("data"), StoreOptions::default()).err().unwrap();
    assert!(error.to_string().contains("data can't be opened"), "{error}");
    assert!(std::error::Error::source(&error).is_some());
}

#[cfg(unix)]
#[test]
fn a_new_folder_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let parent = TempDir::new().unwrap();
    let folder = parent.path().join("deep/data");
    EmbeddedStore::open(&folder, StoreOptions::default()).unwrap();
    assert_eq!(std::fs::metadata(folder).unwrap().permissions().mode() & 0o777, 0o700);
}
