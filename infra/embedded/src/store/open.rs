//! Opening a data folder.

use super::error::OpenError;
use super::tables::{Table, Tables};
use fjall::{Database, KeyspaceCreateOptions, PersistMode};
use std::path::Path;

/// The layout of tables and keys. Raised when a version can't read what an earlier one wrote.
pub(super) const FORMAT: u8 = 1;
/// Holds [`FORMAT`] and nothing else, whatever the format.
const META: &str = "meta";
const FORMAT_KEY: &str = "format";

/// Bytes of recently read blocks that are kept in memory.
const CACHE: u64 = 16 << 20;
/// Bytes of journal on disk before memtables are flushed for it.
const JOURNAL: u64 = 64 << 20;

/// Opens the database in `path`, or makes one, and holds the folder until it is dropped.
pub(super) fn open(path: &Path) -> Result<Tables, OpenError> {
    let failed = |source: Box<dyn std::error::Error + Send + Sync>| OpenError::Failed { path: path.to_owned(), source };
    make_private(path).map_err(|error| failed(error.into()))?;
    let builder = Database::builder(path).cache_size(CACHE).max_journaling_size(JOURNAL).worker_threads(1);
    let db = builder.open().map_err(|error| match error {
        fjall::Error::Locked => OpenError::InUse(path.to_owned()),
        error => failed(error.into()),
    })?;
    check_format(&db, path)?;
    Tables::open(db).map_err(|error| failed(error.into()))
}

/// Before any table is touched: a database of another format is left as it is.
fn check_format(db: &Database, path: &Path) -> Result<(), OpenError> {
    let failed = |error: fjall::Error| OpenError::Failed { path: path.to_owned(), source: error.into() };
    if !db.keyspace_exists(META) && Table::ALL.iter().any(|table| db.keyspace_exists(table.name())) {
        return Err(OpenError::Foreign(path.to_owned()));
    }
    if !db.keyspace_exists(META) && db.keyspace_count() > 0 {
        return Err(OpenError::Foreign(path.to_owned()));
    }
    let meta = db.keyspace(META, KeyspaceCreateOptions::default).map_err(failed)?;
    match meta.get(FORMAT_KEY).map_err(failed)?.as_deref() {
        Some([FORMAT]) => Ok(()),
        Some(found) => {
            let found = found.iter().map(u8::to_string).collect::<Vec<_>>().join(".");
            Err(OpenError::Format { path: path.to_owned(), found, known: FORMAT })
        }
        None if db.keyspace_count() > 1 => Err(OpenError::Foreign(path.to_owned())),
        None => {
            meta.insert(FORMAT_KEY, [FORMAT]).map_err(failed)?;
            db.persist(PersistMode::SyncAll).map_err(failed)
        }
    }
}

/// Webhook secrets are in there: others on this machine have no business in it.
fn make_private(path: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}
