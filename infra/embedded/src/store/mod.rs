//! The store: `minoots_shared::ports::Store` on fjall, a log-structured merge tree.
//!
//! One writes at a time and commits what waits as one group with one sync: see `writer.rs`. Reads don't wait for
//! that: each looks at a snapshot of what is committed, inline, for they take microseconds.

mod accounts;
mod attempts;
mod cache;
mod committer;
mod creation;
mod deliveries;
mod delivery_lists;
mod endpoints;
mod error;
mod events;
mod figures;
mod floor;
mod folder;
mod idempotency;
mod journal;
mod keys;
mod listing;
mod new_deliveries;
mod open;
mod port;
mod record;
mod retention;
mod sending;
mod step;
mod subscribers;
mod tables;
mod timeline;
mod timers;
mod txn;
mod usage;
mod wake;
mod write_job;
mod writer;

#[cfg(test)]
mod tests;

pub use committer::Figures;
pub use error::OpenError;
pub use retention::DEFAULT_RETENTION;
pub use wake::Wake;

use crate::job::Job;
use attempts::Attempts;
pub(crate) use attempts::Begin;
use keys::Key;
use minoots_shared::domain::time::{Millis, Timestamp};
use minoots_shared::ports::{DueDelivery, Unavailable};
use std::path::Path;
use std::sync::Arc;
use tables::{Table, Tables};
use tokio::sync::watch;
use writer::Writer;

/// What an operator may choose.
#[derive(Clone, Copy, Debug)]
pub struct StoreOptions {
    /// How long records of timers, deliveries and events stay readable; see [`DEFAULT_RETENTION`] and
    /// [`EmbeddedStore::purge`].
    pub retention: Millis,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self { retention: DEFAULT_RETENTION }
    }
}

/// Timers, endpoints, events, deliveries, accounts and keys in a folder, which it holds until it is dropped.
pub struct EmbeddedStore {
    writer: Writer,
    tables: Arc<Tables>,
    attempts: Attempts,
    retention: Millis,
}

impl EmbeddedStore {
    /// Opens the data in a folder, and makes the folder if there is none.
    ///
    /// # Errors
    /// Another process uses it, another version or program wrote it, or it can't be read.
    pub fn open(folder: &Path, options: StoreOptions) -> Result<Self, OpenError> {
        let tables = Arc::new(open::open(folder)?);
        let writer = Writer::start(Arc::clone(&tables))
            .map_err(|error| OpenError::Failed { path: folder.to_owned(), source: error.into() })?;
        Ok(Self { writer, tables, attempts: Attempts::default(), retention: options.retention })
    }

    /// When the first running timer has something due. What is committed while this is being answered may be missing; see
    /// [`Self::timers_wake`].
    ///
    /// # Errors
    /// The database can't be read.
    pub fn next_due_timer(&self) -> Result<Option<Timestamp>, Unavailable> {
        Ok(self.tables.first(Table::Due, None)?)
    }

    /// When the first open delivery behind `after` is to be sent, those under way included.
    ///
    /// # Errors
    /// The database can't be read.
    pub fn next_due_delivery(&self, after: Option<&DueDelivery>) -> Result<Option<Timestamp>, Unavailable> {
        Ok(self.tables.first(Table::Sending, after.map(due_key).as_deref())?)
    }

    /// [`Store::due_deliveries`](minoots_shared::ports::Store::due_deliveries), with all that one must know to queue them.
    pub(crate) fn due_jobs(
        &self,
        after: Option<&DueDelivery>,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<(DueDelivery, Job)>, Unavailable> {
        let entries = self.tables.scan_entries(Table::Sending, after.map(due_key).as_deref(), Some(until), limit)?;
        Ok(entries.iter().map(sending::due).collect::<error::Result<_>>()?)
    }

    /// Wakes the loop that lets timers fall due.
    pub fn timers_wake(&self) -> &Wake {
        &self.tables.timers_wake
    }

    /// Wakes the loop that sends deliveries.
    pub fn deliveries_wake(&self) -> &Wake {
        &self.tables.deliveries_wake
    }

    /// Changes with every commit: for those who show what is stored.
    pub fn committed(&self) -> watch::Receiver<u64> {
        self.writer.committed()
    }

    /// What the writer has done since the store was opened.
    pub fn figures(&self) -> Figures {
        self.writer.figures()
    }
}

fn due_key(due: &DueDelivery) -> Key {
    Key::at(due.at, &due.scope, due.id.as_str())
}
