//! The store: `minoots_shared::ports::Store` on fjall, a log-structured merge tree.
//!
//! All writes go through one thread, which commits what waits as one group with one sync. Reads don't wait for
//! it: each looks at a snapshot of what is committed, inline, for they take microseconds.

mod accounts;
mod attempts;
mod creation;
mod deliveries;
mod error;
mod floor;
mod folder;
mod idempotency;
mod keys;
mod listing;
mod open;
mod record;
mod retention;
mod step;
mod tables;
mod timeline;
mod timers;
mod txn;
mod usage;
mod wake;
mod writer;

#[cfg(test)]
mod tests;

pub use error::OpenError;
pub use retention::DEFAULT_RETENTION;
pub use wake::Wake;
pub use writer::Figures;

use async_trait::async_trait;
use attempts::Attempts;
use keys::Key;
use minoots_shared::domain::account::{Account, Scope};
use minoots_shared::domain::api_key::{ApiKey, KeyDigest};
use minoots_shared::domain::delivery::{AttemptResult, Delivery};
use minoots_shared::domain::ids::{AccountId, ApiKeyId, DeliveryId, TimerId};
use minoots_shared::domain::time::{Millis, Timestamp};
use minoots_shared::domain::timer::Timer;
use minoots_shared::ports::{
    Created, Creation, DayUsage, DueDelivery, DueTimer, Idempotency, IdempotencyKey, Remembered, Store, TimerPage,
    TimerQuery, TimerStep, Unavailable,
};
use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::Arc;
use tables::{Read as _, Table, Tables};
use writer::Writer;

/// What an operator may choose.
#[derive(Clone, Copy, Debug)]
pub struct StoreOptions {
    /// How long a timer's record stays readable after its end; see [`EmbeddedStore::purge`].
    pub retention: Millis,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self { retention: DEFAULT_RETENTION }
    }
}

/// Timers, deliveries, accounts and keys in a folder, which it holds until it is dropped.
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

    /// Wakes the loop that lets timers fall due.
    pub fn timers_wake(&self) -> &Wake {
        &self.tables.timers_wake
    }

    /// Wakes the loop that sends deliveries.
    pub fn deliveries_wake(&self) -> &Wake {
        &self.tables.deliveries_wake
    }

    /// What the writer has done since the store was opened.
    pub fn figures(&self) -> Figures {
        self.writer.figures()
    }
}

fn due_key(due: &DueDelivery) -> Vec<u8> {
    Key::at(due.at, &due.scope, due.id.as_str())
}

#[async_trait]
impl Store for EmbeddedStore {
    async fn create_timers(&self, creation: Creation) -> Result<Created, Unavailable> {
        Ok(self.create(creation).await?)
    }

    async fn timer(&self, scope: &Scope, id: &TimerId) -> Result<Option<Timer>, Unavailable> {
        Ok(self.tables.view().record(Table::Timers, &Key::scoped(scope, id.as_str()))?)
    }

    async fn timers(&self, scope: &Scope, query: &TimerQuery) -> Result<TimerPage, Unavailable> {
        Ok(listing::page(&self.tables.view(), scope, query)?)
    }

    async fn concurrent_timers(&self, scope: &Scope) -> Result<u64, Unavailable> {
        Ok(timers::running(&self.tables.view(), scope)?)
    }

    async fn commit_step(&self, step: TimerStep) -> Result<bool, Unavailable> {
        Ok(self.step(step).await?)
    }

    async fn due_timers(&self, until: Timestamp, limit: usize) -> Result<Vec<DueTimer>, Unavailable> {
        let keys = self.tables.scan(Table::Due, None, Some(until), limit)?;
        let due = keys.iter().map(|key| {
            let (at, scope, id) = timeline::parts(Table::Due, key)?;
            Ok(DueTimer { scope, id: TimerId::new(id), at })
        });
        Ok(due.collect::<error::Result<_>>()?)
    }

    async fn deliveries(&self, scope: &Scope, ids: &[DeliveryId]) -> Result<Vec<Delivery>, Unavailable> {
        Ok(self.read_deliveries(scope, ids)?)
    }

    async fn begin_attempt(&self, scope: &Scope, id: &DeliveryId) -> Result<Option<Delivery>, Unavailable> {
        Ok(self.begin(scope, id)?)
    }

    async fn finish_attempt(
        &self,
        scope: &Scope,
        id: &DeliveryId,
        result: AttemptResult,
    ) -> Result<Option<Delivery>, Unavailable> {
        Ok(self.finish(scope, id, result).await?)
    }

    async fn due_deliveries(
        &self,
        after: Option<&DueDelivery>,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<DueDelivery>, Unavailable> {
        let keys = self.tables.scan(Table::Sending, after.map(due_key).as_deref(), Some(until), limit)?;
        let due = keys.iter().map(|key| {
            let (at, scope, id) = timeline::parts(Table::Sending, key)?;
            Ok(DueDelivery { scope, id: DeliveryId::new(id), at })
        });
        Ok(due.collect::<error::Result<_>>()?)
    }

    async fn remembered(&self, key: &IdempotencyKey, now: Timestamp) -> Result<Option<Remembered>, Unavailable> {
        Ok(idempotency::remembered(&self.tables.view(), &idempotency::digest(key), now)?)
    }

    async fn create_account(&self, account: Account) -> Result<bool, Unavailable> {
        Ok(self.put_account(account, None).await?)
    }

    async fn account(&self, id: &AccountId) -> Result<Option<Account>, Unavailable> {
        Ok(self.read_account(id)?)
    }

    async fn replace_account(&self, account: Account) -> Result<bool, Unavailable> {
        let Some(before) = account.revision.checked_sub(1) else { return Ok(false) };
        Ok(self.put_account(account, Some(before)).await?)
    }

    async fn create_api_key(
        &self,
        key: ApiKey,
        idempotency: Option<Idempotency>,
    ) -> Result<Option<Remembered>, Unavailable> {
        Ok(self.put_api_key(key, idempotency).await?)
    }

    async fn api_key(&self, digest: &KeyDigest) -> Result<Option<ApiKey>, Unavailable> {
        Ok(self.read_api_key(digest)?)
    }

    async fn api_keys(&self, account: &AccountId) -> Result<Vec<ApiKey>, Unavailable> {
        Ok(self.read_api_keys(account)?)
    }

    async fn rename_api_key(
        &self,
        account: &AccountId,
        id: &ApiKeyId,
        name: Option<String>,
    ) -> Result<Option<ApiKey>, Unavailable> {
        Ok(self.name_api_key(account, id, name).await?)
    }

    async fn revoke_api_key(&self, account: &AccountId, id: &ApiKeyId) -> Result<bool, Unavailable> {
        Ok(self.delete_api_key(account, id).await?)
    }

    async fn usage(&self, scope: &Scope, days: RangeInclusive<u64>) -> Result<Vec<DayUsage>, Unavailable> {
        Ok(usage::usage(&self.tables.view(), scope, days)?)
    }
}
