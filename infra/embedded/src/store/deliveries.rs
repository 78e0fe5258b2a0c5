//! Deliveries: their records, and what follows from one that comes into being, changes or is deleted: when it is to be sent,
//! where it is listed, and what is counted.

use super::error::Result;
use super::keys::Key;
use super::record::{self, unreadable};
use super::tables::{Read, Table};
use super::timeline;
use super::txn::Txn;
use super::usage::{self, Counted};
use super::{delivery_lists, figures, sending};
use fjall::{UserKey, UserValue};
use minoots_shared::domain::account::Scope;
use minoots_shared::domain::attempt::AttemptResult;
use minoots_shared::domain::delivery::{Delivery, DeliveryStatus, NotReplayed};
use minoots_shared::domain::ids::DeliveryId;
use minoots_shared::domain::time::Timestamp;
use std::sync::Arc;

/// A delivery as it is stored.
#[derive(Clone)]
pub(super) struct Stored {
    pub(super) delivery: Arc<Delivery>,
    pub(super) record: UserValue,
}

/// The body stands in front of the rest, as it is: inside the JSON each of its quotes would take another byte and some time.
pub(super) fn encode(delivery: &Delivery) -> Result<UserValue> {
    let rest = Delivery { body: Arc::default(), ..delivery.clone() };
    record::encode_headed(Table::Deliveries, delivery.body.as_bytes(), &rest)
}

/// The delivery of a record.
pub(super) fn decode(bytes: &[u8]) -> Result<Delivery> {
    let delivery: Delivery = record::decode(Table::Deliveries, bytes)?;
    let Some(body) = record::head(Table::Deliveries, bytes)? else { return Ok(delivery) };
    let body = str::from_utf8(body).map_err(|error| unreadable(Table::Deliveries, error.to_string()))?;
    Ok(Delivery { body: body.into(), ..delivery })
}

/// The delivery that is stored under a key.
pub(super) fn read(read: &impl Read, key: &[u8]) -> Result<Option<Delivery>> {
    read.get(Table::Deliveries, key)?.map(|record| decode(&record)).transpose()
}

/// A new delivery made ready for the writer by its caller.
pub(super) struct Encoded {
    delivery: Arc<Delivery>,
    key: UserKey,
    value: UserValue,
    entries: Vec<(Entry, UserValue)>,
}

impl Encoded {
    pub(super) fn new(delivery: Arc<Delivery>) -> Result<Self> {
        let key = Key::scoped(&delivery.scope, delivery.id.as_str()).into();
        let entries = entries(&delivery).into_iter().map(|entry| (entry.clone(), value(&delivery, entry.0))).collect();
        Ok(Self { value: encode(&delivery)?, delivery, key, entries })
    }

    /// Stores it unless there is one with its id. `false`: there is.
    pub(super) fn put_new(self, txn: &mut Txn<'_>) -> Result<bool> {
        if txn.get(Table::Deliveries, &self.key)?.is_some() {
            return Ok(false);
        }
        self.entries.into_iter().for_each(|((table, key), value)| txn.put(table, key, value));
        figures::recount(txn, None, Some(&self.delivery))?;
        txn.put_new_delivery(self.key, Stored { delivery: self.delivery, record: self.value });
        Ok(true)
    }
}

/// Something under which a delivery is found besides its record.
type Entry = (Table, UserKey);

fn entries(delivery: &Delivery) -> Vec<Entry> {
    let lists = delivery_lists::entries(delivery).map(|key| (Table::DeliveryLists, key.into()));
    let sending = sending::key(delivery).map(|key| (Table::Sending, key));
    // A timer's deliveries are deleted with the timer.
    let ended = delivery.ended_at.filter(|_| delivery.source.endpoint().is_some() && !delivery.status.is_open());
    let ended = ended.map(|at| Key::at(at, &delivery.scope, delivery.id.as_str()));
    let ended = ended.map(|key| (Table::EndedDeliveries, key.into()));
    lists.chain(sending).chain(ended).collect()
}

/// What stands under an entry.
fn value(delivery: &Delivery, table: Table) -> UserValue {
    if table == Table::Sending { sending::value(delivery) } else { [].into() }
}

/// What a delivery becomes, made ready for the writer.
struct Change {
    after: Delivery,
    value: UserValue,
    gone: Vec<Entry>,
    new: Vec<(Entry, UserValue)>,
}

impl Change {
    fn new(before: &Delivery, after: Delivery) -> Result<Self> {
        let (mut gone, mut new) = (entries(before), entries(&after));
        new.retain(|entry| match gone.iter().position(|old| old == entry) {
            Some(stays) => {
                gone.swap_remove(stays);
                false
            }
            None => true,
        });
        let new = new.into_iter().map(|entry| (entry.clone(), value(&after, entry.0))).collect();
        Ok(Self { value: encode(&after)?, after, gone, new })
    }

    /// Replaces the delivery's record by what it has become.
    fn write(self, txn: &mut Txn<'_>, before: &Delivery) -> Result<Delivery> {
        let Self { after, value, gone, new } = self;
        gone.into_iter().for_each(|(table, key)| txn.remove(table, key));
        new.into_iter().for_each(|((table, key), value)| txn.put(table, key, value));
        txn.put(Table::Deliveries, Key::scoped(&after.scope, after.id.as_str()), value);
        figures::recount(txn, Some(before), Some(&after))?;
        let failed_at = |delivery: &Delivery| delivery.ended_at.filter(|_| delivery.status == DeliveryStatus::Failed);
        let failures = |failures| Counted { failures, ..Counted::default() };
        match (failed_at(before), failed_at(&after)) {
            (None, Some(at)) => usage::count(txn, &after.scope, at, &failures(1))?,
            // It had been withdrawn and was taken nevertheless, or it is sent again.
            (Some(at), None) => usage::count(txn, &after.scope, at, &failures(-1))?,
            _ => {}
        }
        Ok(after)
    }
}

/// What an attempt makes of a delivery, if nobody changes it meanwhile.
pub(super) struct Foreseen {
    /// The record that it was worked out from.
    record: UserValue,
    before: Arc<Delivery>,
    change: Change,
}

impl Foreseen {
    /// `None`: the attempt is recorded already.
    pub(super) fn new(record: UserValue, before: &Arc<Delivery>, result: &AttemptResult) -> Result<Option<Self>> {
        let Some(after) = before.after(result) else { return Ok(None) };
        Ok(Some(Self { record, before: Arc::clone(before), change: Change::new(before, after)? }))
    }

    /// Whether the record under this key is still the one that this was worked out from.
    pub(super) fn holds(&self, txn: &Txn<'_>, key: &[u8]) -> Result<bool> {
        Ok(txn.get(Table::Deliveries, key)?.as_ref() == Some(&self.record))
    }

    /// Writes it, and returns the delivery.
    pub(super) fn write(self, txn: &mut Txn<'_>) -> Result<Delivery> {
        self.change.write(txn, &self.before)
    }
}

/// Makes of a delivery what `change` says, and returns it; `None` if there is none, or it is left as it is.
fn change(
    txn: &mut Txn<'_>,
    key: &[u8],
    change: impl FnOnce(&Delivery) -> Option<Delivery>,
) -> Result<Option<Delivery>> {
    let Some(before) = read(txn, key)? else { return Ok(None) };
    let Some(after) = change(&before) else { return Ok(None) };
    Change::new(&before, after)?.write(txn, &before).map(Some)
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
    let Some(before) = read(txn, key)? else { return Ok(None) };
    match before.replayed(now) {
        Ok(after) => Change::new(&before, after)?.write(txn, &before).map(|after| Some(Ok(after))),
        Err(refused) => Ok(Some(Err(refused))),
    }
}

/// Records how an attempt of the delivery under this key ended; `None` if that is recorded already.
pub(super) fn record_attempt(txn: &mut Txn<'_>, key: &[u8], result: &AttemptResult) -> Result<Option<Delivery>> {
    change(txn, key, |delivery| delivery.after(result))
}

/// Deletes deliveries with all that belongs to them.
pub(super) fn delete(txn: &mut Txn<'_>, scope: &Scope, ids: &[DeliveryId]) -> Result<()> {
    for id in ids {
        let key = Key::scoped(scope, id.as_str());
        if let Some(delivery) = read(txn, &key)? {
            entries(&delivery).into_iter().for_each(|(table, key)| txn.remove(table, key));
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
