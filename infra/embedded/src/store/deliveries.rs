//! Deliveries: their records, and when each is to be sent next.

use super::error::Result;
use super::keys::Key;
use super::record;
use super::tables::{Read, Table};
use super::txn::Txn;
use super::usage::{self, Counted};
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

/// Records how an attempt of the delivery under this key ended; `None` if that is recorded already.
pub(super) fn record_attempt(txn: &mut Txn<'_>, key: &[u8], result: &AttemptResult) -> Result<Option<Delivery>> {
    let Some(before) = txn.record::<Delivery>(Table::Deliveries, key)? else { return Ok(None) };
    let Some(after) = before.after(result) else { return Ok(None) };
    replace(txn, &before, &after)?;
    let failed_at = |delivery: &Delivery| delivery.ended_at.filter(|_| delivery.status == DeliveryStatus::Failed);
    let failures = |failures| Counted { failures, ..Counted::default() };
    match (failed_at(&before), failed_at(&after)) {
        (None, Some(at)) => usage::count(txn, &after.scope, at, &failures(1))?,
        // It had been withdrawn and was taken nevertheless.
        (Some(at), None) => usage::count(txn, &after.scope, at, &failures(-1))?,
        _ => {}
    }
    Ok(Some(after))
}
