//! What is deleted after its time: timers that ended long ago, with their deliveries; endpoints' deliveries that did; events
//! that happened long ago; what was remembered under idempotency keys; old usage.

use super::EmbeddedStore;
use super::deliveries;
use super::error::Result;
use super::events;
use super::idempotency;
use super::keys::Key;
use super::tables::{Read as _, Table};
use super::timeline;
use super::timers;
use super::txn::Txn;
use super::usage;
use super::write_job::Durability;
use minoots_shared::domain::time::{Millis, Timestamp};
use minoots_shared::domain::timer::Timer;
use minoots_shared::ports::Unavailable;

/// How long a timer's or a delivery's record stays readable after its end, and an event's after it happened, unless the
/// operator says otherwise.
pub const DEFAULT_RETENTION: Millis = Millis::days(30);
/// How long a day's usage is kept.
const USAGE_RETENTION: Millis = Millis::days(400);
/// At most this many things are deleted in one job, so that others needn't wait long for the writer.
const CHUNK: usize = 64;

impl EmbeddedStore {
    /// Deletes what has outlived its time at `now`, at most `limit` things, and says how many. As many as `limit`: there
    /// may be more. A deleted timer's id is free again.
    ///
    /// # Errors
    /// What was deleted so far stays deleted; trying again goes on from there.
    pub async fn purge(&self, now: Timestamp, limit: usize) -> std::result::Result<usize, Unavailable> {
        let cutoffs = [
            (Table::Ended, now.minus(self.retention)),
            (Table::EndedDeliveries, now.minus(self.retention)),
            (Table::Expanded, now.minus(self.retention)),
            (Table::Expiring, now),
            (Table::UsageDays, now.minus(USAGE_RETENTION)),
        ];
        let mut purged = 0;
        for (table, until) in cutoffs {
            while purged < limit {
                let most = CHUNK.min(limit - purged);
                let entries = self.tables.scan(table, None, Some(until), most)?;
                let found = entries.len();
                let job = move |txn: &mut Txn<'_>| {
                    entries.iter().try_for_each(|entry| match table {
                        Table::Ended => delete_timer(txn, entry),
                        Table::EndedDeliveries => deliveries::delete_ended(txn, entry),
                        Table::Expanded => events::delete(txn, entry),
                        Table::Expiring => idempotency::forget_expired(txn, entry, until),
                        _ => usage::forget(txn, entry),
                    })
                };
                // Whatever a power cut brings back is deleted again.
                self.writer.run(Durability::System, job).await?;
                purged += found;
                if found < most {
                    break;
                }
            }
        }
        Ok(purged)
    }
}

/// Deletes a timer with all that belongs to it, given its entry in [`Table::Ended`]. Since the entry was read, another purge
/// may have deleted the timer and its id may have been given to a new one: that stays.
pub(super) fn delete_timer(txn: &mut Txn<'_>, entry: &[u8]) -> Result<()> {
    let (ended_at, scope, id) = timeline::parts(Table::Ended, entry)?;
    let key = Key::scoped(&scope, id);
    let timer: Option<Timer> = txn.record(Table::Timers, &key)?;
    if let Some(timer) = timer.filter(|timer| timer.ended_at() == Some(ended_at)) {
        deliveries::delete(txn, &scope, &timer.deliveries)?;
        for (table, key) in timers::entries(&timer) {
            txn.remove(table, key);
        }
        txn.remove(Table::Timers, key);
    }
    txn.remove(Table::Ended, entry);
    Ok(())
}
