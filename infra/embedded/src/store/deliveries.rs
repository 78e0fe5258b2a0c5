//! Deliveries: their records, and what follows from one that comes into being, changes or is deleted: when it is to be sent,
//! where it is listed, and what is counted.

use super::error::Result;
use super::keys::Key;
use super::record;
use super::tables::{Read, Table};
use super::timeline;
use super::txn::Txn;
use super::usage::{self, Counted};
use super::{delivery_lists, figures, sending};
use fjall::{UserKey, UserValue};
use minoots_shared::domain::account::Scope;
use minoots_shared::domain::delivery::{AttemptResult, Delivery, DeliveryStatus, NotReplayed};
use minoots_shared::domain::ids::DeliveryId;
use minoots_shared::domain::time::Timestamp;
use std::sync::Arc;

/// A new delivery made ready for the writer by its caller.
pub(super) struct Encoded {
    delivery: Arc<Delivery>,
    key: UserKey,
    value: UserValue,
    entries: Vec<Entry>,
}

impl Encoded {
    pub(super) fn new(delivery: Arc<Delivery>) -> Result<Self> {
        let key = Key::scoped(&delivery.scope, delivery.id.as_str()).into();
        let (value, entries) = (record::encode(Table::Deliveries, &*delivery)?, entries(&delivery));
        Ok(Self { delivery, key, value, entries })
    }

    /// Stores it unless there is one with its id. `false`: there is.
    pub(super) fn put_new(self, txn: &mut Txn<'_>) -> Result<bool> {
        if txn.get(Table::Deliveries, &self.key)?.is_some() {
            return Ok(false);
        }
        self.entries.into_iter().for_each(|(table, key, value)| txn.put(table, key, value));
        txn.put(Table::Deliveries, self.key, self.value);
        figures::recount(txn, None, Some(&self.delivery))?;
        Ok(true)
    }
}

/// Something under which a delivery is found besides its record.
type Entry = (Table, UserKey, UserValue);

fn entries(delivery: &Delivery) -> Vec<Entry> {
    let lists = delivery_lists::entries(delivery).map(|key| (Table::DeliveryLists, key.into(), [].into()));
    let sending = sending::entry(delivery).map(|(key, value)| (Table::Sending, key, value));
    // A timer's deliveries are deleted with the timer.
    let ended = delivery.ended_at.filter(|_| delivery.source.endpoint().is_some() && !delivery.status.is_open());
    let ended = ended.map(|at| Key::at(at, &delivery.scope, delivery.id.as_str()));
    let ended = ended.map(|key| (Table::EndedDeliveries, key.into(), [].into()));
    lists.chain(sending).chain(ended).collect()
}

/// Replaces a delivery's record by what it has become.
fn replace(txn: &mut Txn<'_>, before: &Delivery, after: &Delivery) -> Result<()> {
    let (old, new) = (entries(before), entries(after));
    old.iter().filter(|entry| !new.contains(entry)).for_each(|(table, key, _)| txn.remove(*table, key.clone()));
    for (table, key, value) in new.into_iter().filter(|entry| !old.contains(entry)) {
        txn.put(table, key, value);
    }
    let key = Key::scoped(&after.scope, after.id.as_str());
    txn.put(Table::Deliveries, key, record::encode(Table::Deliveries, after)?);
    figures::recount(txn, Some(before), Some(after))?;
    let failed_at = |delivery: &Delivery| delivery.ended_at.filter(|_| delivery.status == DeliveryStatus::Failed);
    let failures = |failures| Counted { failures, ..Counted::default() };
    match (failed_at(before), failed_at(after)) {
        (None, Some(at)) => usage::count(txn, &after.scope, at, &failures(1)),
        // It had been withdrawn and was taken nevertheless, or it is sent again.
        (Some(at), None) => usage::count(txn, &after.scope, at, &failures(-1)),
        _ => Ok(()),
    }
}

/// Makes of a delivery what `change` says, and returns it; `None` if there is none, or it is left as it is.
fn change(
    txn: &mut Txn<'_>,
    key: &[u8],
    change: impl FnOnce(&Delivery) -> Option<Delivery>,
) -> Result<Option<Delivery>> {
    let Some(before) = txn.record::<Delivery>(Table::Deliveries, key)? else { return Ok(None) };
    let Some(after) = change(&before) else { return Ok(None) };
    replace(txn, &before, &after)?;
    Ok(Some(after))
}

/// Ends those that are open, for good.
pub(super) fn withdraw<'a>(
    txn: &mut Txn<'_>,
    scope: &Scope,
    ids: impl Iterator<Item = &'a DeliveryId>,
    now: Timestamp,
    reason: &str,
) -> Result<()> {
    for id in ids {
        change(txn, &Key::scoped(scope, id.as_str()), |delivery| delivery.withdrawn(now, reason))?;
    }
    Ok(())
}

/// Ends those that are open, and says how many.
pub(super) fn give_up(
    txn: &mut Txn<'_>,
    scope: &Scope,
    ids: &[DeliveryId],
    now: Timestamp,
    reason: &str,
) -> Result<usize> {
    let mut ended = 0;
    for id in ids {
        let given_up = change(txn, &Key::scoped(scope, id.as_str()), |delivery| delivery.given_up(now, reason))?;
        ended += usize::from(given_up.is_some());
    }
    Ok(ended)
}

/// Gives the delivery under this key a new plan of attempts. `None`: there is none.
pub(super) fn replay(
    txn: &mut Txn<'_>,
    key: &[u8],
    now: Timestamp,
) -> Result<Option<std::result::Result<Delivery, NotReplayed>>> {
    let Some(before) = txn.record::<Delivery>(Table::Deliveries, key)? else { return Ok(None) };
    let replayed = before.replayed(now);
    if let Ok(after) = &replayed {
        replace(txn, &before, after)?;
    }
    Ok(Some(replayed))
}

/// Records how an attempt of the delivery under this key ended; `None` if that is recorded already.
pub(super) fn record_attempt(txn: &mut Txn<'_>, key: &[u8], result: &AttemptResult) -> Result<Option<Delivery>> {
    change(txn, key, |delivery| delivery.after(result))
}

/// Deletes deliveries with all that belongs to them.
pub(super) fn delete(txn: &mut Txn<'_>, scope: &Scope, ids: &[DeliveryId]) -> Result<()> {
    for id in ids {
        let key = Key::scoped(scope, id.as_str());
        if let Some(delivery) = txn.record::<Delivery>(Table::Deliveries, &key)? {
            entries(&delivery).into_iter().for_each(|(table, key, _)| txn.remove(table, key));
            txn.remove(Table::Deliveries, key);
            figures::recount(txn, Some(&delivery), None)?;
        }
    }
    Ok(())
}

/// Deletes a delivery, given its entry in [`Table::EndedDeliveries`]. One that is sent again since the entry was read stays.
pub(super) fn delete_ended(txn: &mut Txn<'_>, entry: &[u8]) -> Result<()> {
    if txn.get(Table::EndedDeliveries, entry)?.is_none() {
        return Ok(());
    }
    let (_, scope, id) = timeline::parts(Table::EndedDeliveries, entry)?;
    delete(txn, &scope, &[DeliveryId::new(id)])
}
