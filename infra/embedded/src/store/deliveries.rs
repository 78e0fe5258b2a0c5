//! Deliveries: their records, when each is to be sent next, and which attempts are under way.

use super::EmbeddedStore;
use super::error::Result;
use super::keys::Key;
use super::record;
use super::tables::{Read, Table};
use super::txn::Txn;
use super::usage::{self, Counted};
use super::writer::Durability;
use fjall::{UserKey, UserValue};
use minoots_shared::domain::account::Scope;
use minoots_shared::domain::delivery::{AttemptResult, Delivery, DeliveryStatus};
use minoots_shared::domain::ids::DeliveryId;
use minoots_shared::domain::time::Timestamp;

/// A new delivery made ready for the writer by its caller.
pub(super) struct Encoded {
    key: UserKey,
    value: UserValue,
    entry: Option<UserKey>,
}

impl Encoded {
    pub(super) fn new(delivery: &Delivery) -> Result<Self> {
        let key = Key::scoped(&delivery.scope, delivery.id.as_str()).into();
        Ok(Self { key, value: record::encode(Table::Deliveries, delivery)?, entry: entry(delivery) })
    }

    /// Stores it unless there is one with its id. `false`: there is.
    pub(super) fn put_new(self, txn: &mut Txn<'_>) -> Result<bool> {
        if txn.get(Table::Deliveries, &self.key)?.is_some() {
            return Ok(false);
        }
        if let Some(entry) = self.entry {
            txn.put(Table::Sending, entry, []);
        }
        txn.put(Table::Deliveries, self.key, self.value);
        Ok(true)
    }
}

/// Where an open delivery stands among those to be sent.
fn entry(delivery: &Delivery) -> Option<UserKey> {
    let at = delivery.next_attempt_at.filter(|_| delivery.status.is_open())?;
    Some(Key::at(at, &delivery.scope, delivery.id.as_str()).into())
}

/// Replaces a delivery's record by what it has become.
fn replace(txn: &mut Txn<'_>, before: &Delivery, after: &Delivery) -> Result<()> {
    let (old, new) = (entry(before), entry(after));
    if old != new {
        old.into_iter().for_each(|old| txn.remove(Table::Sending, old));
        new.into_iter().for_each(|new| txn.put(Table::Sending, new, []));
    }
    let key = Key::scoped(&after.scope, after.id.as_str());
    txn.put(Table::Deliveries, key, record::encode(Table::Deliveries, after)?);
    Ok(())
}

/// Ends those that are open, and says how many.
pub(super) fn withdraw<'a>(
    txn: &mut Txn<'_>,
    scope: &Scope,
    ids: impl Iterator<Item = &'a DeliveryId>,
    now: Timestamp,
    reason: &str,
) -> Result<i64> {
    let mut ended = 0;
    for id in ids {
        let Some(before) = txn.record::<Delivery>(Table::Deliveries, &Key::scoped(scope, id.as_str()))? else {
            continue;
        };
        if let Some(after) = before.withdrawn(now, reason) {
            replace(txn, &before, &after)?;
            ended += 1;
        }
    }
    Ok(ended)
}

/// Deletes deliveries and where they stand.
pub(super) fn delete(txn: &mut Txn<'_>, scope: &Scope, ids: &[DeliveryId]) -> Result<()> {
    for id in ids {
        let key = Key::scoped(scope, id.as_str());
        if let Some(delivery) = txn.record::<Delivery>(Table::Deliveries, &key)? {
            entry(&delivery).into_iter().for_each(|entry| txn.remove(Table::Sending, entry));
            txn.remove(Table::Deliveries, key);
        }
    }
    Ok(())
}

impl EmbeddedStore {
    pub(super) fn read_deliveries(&self, scope: &Scope, ids: &[DeliveryId]) -> Result<Vec<Delivery>> {
        let view = self.tables.view();
        let mut found = Vec::with_capacity(ids.len());
        for id in ids {
            let key = Key::scoped(scope, id.as_str());
            let Some(mut delivery) = view.record::<Delivery>(Table::Deliveries, &key)? else { continue };
            if delivery.status.is_open() && self.under_way().contains_key(key.as_slice()) {
                delivery.status = DeliveryStatus::Sending;
            }
            found.push(delivery);
        }
        Ok(found)
    }

    /// The set of attempts under way is locked before the record is read: whatever was committed when this is called is
    /// seen, and of two callers one gets the delivery.
    pub(super) fn begin(&self, scope: &Scope, id: &DeliveryId) -> Result<Option<Delivery>> {
        // Without this, a delivery whose results can't be recorded would be sent over and over.
        self.tables.check()?;
        let key = Key::scoped(scope, id.as_str());
        let mut under_way = self.under_way();
        if under_way.contains_key(key.as_slice()) {
            return Ok(None);
        }
        let Some(mut delivery) = self.tables.view().record::<Delivery>(Table::Deliveries, &key)? else {
            return Ok(None);
        };
        if !delivery.status.is_open() {
            return Ok(None);
        }
        under_way.insert(key.into(), delivery.next_attempt());
        delivery.status = DeliveryStatus::Sending;
        Ok(Some(delivery))
    }

    pub(super) async fn finish(
        &self,
        scope: &Scope,
        id: &DeliveryId,
        result: AttemptResult,
    ) -> Result<Option<Delivery>> {
        let key = Key::scoped(scope, id.as_str());
        let (stored, attempt) = (key.clone(), result.attempt);
        let after = self.writer.run(Durability::System, move |txn| record_attempt(txn, &stored, &result)).await?;
        // Only now: until the result is committed nobody may begin this attempt again. If it can't be committed, nobody will
        // before the next start.
        let mut under_way = self.under_way();
        if under_way.get(key.as_slice()) == Some(&attempt) {
            under_way.remove(key.as_slice());
        }
        Ok(after)
    }

    /// The attempt that [`begin_attempt`](minoots_shared::ports::Store::begin_attempt) began was given up without a result:
    /// it may be begun again. For a shutdown that can't wait for it.
    pub fn abandon_attempt(&self, scope: &Scope, id: &DeliveryId) {
        self.under_way().remove(Key::scoped(scope, id.as_str()).as_slice());
    }
}

fn record_attempt(txn: &mut Txn<'_>, key: &[u8], result: &AttemptResult) -> Result<Option<Delivery>> {
    let Some(before) = txn.record::<Delivery>(Table::Deliveries, key)? else { return Ok(None) };
    let Some(after) = before.after(result) else { return Ok(None) };
    replace(txn, &before, &after)?;
    let failed = |delivery: &Delivery| i64::from(delivery.status == DeliveryStatus::Failed);
    // One that was withdrawn and then taken has been counted as failed, on the day when it ended.
    let failures = failed(&after) - failed(&before);
    if let (Some(ended_at), true) = (after.ended_at, failures != 0) {
        usage::count(txn, &after.scope, ended_at, &Counted { failures, ..Counted::default() })?;
    }
    Ok(Some(after))
}
