//! Opening the database in a data folder.

use super::error::OpenError;
use super::folder::{self, Folder};
use super::journal::{self, Torn};
use super::tables::Tables;
use fjall::{Database, KeyspaceCreateOptions, PersistMode};
use minoots_shared::failpoint::{self, Failpoint};
use std::error::Error;
use std::path::Path;

/// The layout of tables and keys. Raised when a version can't read what an earlier one wrote.
const FORMAT: u8 = 1;
/// Holds [`FORMAT`] and nothing else, whatever the format.
const META: &str = "meta";
const FORMAT_KEY: &str = "format";

/// The database, in the data folder.
const DATABASE: &str = "store";
/// A database that is being made. Only when it is complete it gets its name: one that was cut off could not be opened.
const UNFINISHED: &str = "store.new";

/// Where fjall keeps a folder for each table, in the database. It syncs these folders, but not the list of them: after a power
/// cut one could be missing, and fjall would begin with an empty table.
const TABLES: &str = "keyspaces";

/// Bytes of recently read blocks that are kept in memory.
const CACHE: u64 = 16 << 20;
/// Bytes of journal on disk before memtables are flushed for it.
const JOURNAL: u64 = 64 << 20;
/// Threads that write memtables to disk. Never one alone: fjall's worker waits for room in the queue that it takes its work
/// from, which is full when it has been slow for a thousand commits, and nobody else makes any. Then nothing is written out
/// any more, and memory and journal grow with every timer.
const WORKERS: usize = 2;

/// Opens the database in `path`, or makes one, and holds the folder until it is dropped.
pub(super) fn open(path: &Path) -> Result<Tables, OpenError> {
    let failed = |source: Box<dyn Error + Send + Sync>| OpenError::Failed { path: path.to_owned(), source };
    let folder = Folder::take(path)?;
    let database = path.join(DATABASE);
    if !database.try_exists().map_err(|error| failed(error.into()))? {
        make(folder.path()).map_err(failed)?;
    }
    let db = mended(&database, folder.path()).map_err(failed)?;
    match format(&db).map_err(|error| failed(error.into()))?.as_deref() {
        Some([FORMAT]) => {
            let meta = db.keyspace(META, KeyspaceCreateOptions::default).map_err(|error| failed(error.into()))?;
            let tables = Tables::open(db, meta, folder).map_err(|error| failed(error.into()))?;
            folder::sync(&database.join(TABLES)).map_err(|error| failed(error.into()))?;
            Ok(tables)
        }
        Some(found) => {
            let found = found.iter().map(u8::to_string).collect::<Vec<_>>().join(".");
            Err(OpenError::Format { path: path.to_owned(), found, known: FORMAT })
        }
        None => Err(OpenError::Foreign(path.to_owned())),
    }
}

/// Opens a database, even if a power failure has torn the end of its journal.
fn mended(path: &Path, folder: &Path) -> Result<Database, Box<dyn Error + Send + Sync>> {
    match open_database(path) {
        Err(error @ fjall::Error::JournalRecovery(_)) => {
            let Some(Torn { bytes, kept }) = journal::mend(path, folder)? else { return Err(error.into()) };
            let kept = kept.display();
            tracing::warn!(bytes, %kept, "a power failure has torn the journal's end, of which nothing had been answered: cut off");
            Ok(open_database(path)?)
        }
        other => Ok(other?),
    }
}

fn open_database(path: &Path) -> fjall::Result<Database> {
    Database::builder(path).cache_size(CACHE).max_journaling_size(JOURNAL).worker_threads(WORKERS).open()
}

/// Makes a database: all of it, or none.
fn make(path: &Path) -> Result<(), Box<dyn Error + Send + Sync>> {
    let unfinished = path.join(UNFINISHED);
    if unfinished.try_exists()? {
        std::fs::remove_dir_all(&unfinished)?;
    }
    let db = open_database(&unfinished)?;
    db.keyspace(META, KeyspaceCreateOptions::default)?.insert(FORMAT_KEY, [FORMAT])?;
    db.persist(PersistMode::SyncAll)?;
    drop(db);
    folder::sync(&unfinished.join(TABLES))?;
    failpoint::reached(Failpoint::DatabaseMade);
    std::fs::rename(&unfinished, path.join(DATABASE))?;
    failpoint::reached(Failpoint::DatabaseNamed);
    folder::sync(path)?;
    Ok(())
}

/// What the database says of its format. Asked before any table is touched: one of another format is left as it is.
fn format(db: &Database) -> fjall::Result<Option<fjall::UserValue>> {
    if !db.keyspace_exists(META) {
        return Ok(None);
    }
    db.keyspace(META, KeyspaceCreateOptions::default)?.get(FORMAT_KEY)
}
