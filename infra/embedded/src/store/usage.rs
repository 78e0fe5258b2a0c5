//! Usage: what each scope did on each day, counted inside the commits that it counts.

use super::error::Result;
use super::keys::{Key, KeyReader};
use super::record::unreadable;
use super::tables::{Read, Table, View};
use super::txn::Txn;
use fjall::UserValue;
use minoots_shared::domain::account::Scope;
use minoots_shared::domain::time::{Millis, Timestamp};
use minoots_shared::ports::DayUsage;
use std::ops::{Bound, RangeInclusive};

/// One byte that says this form, then timers, events, deliveries and failures as big-endian 64-bit numbers.
const COUNTS: u8 = 1;

/// What to add to a day. Only failures can become fewer: a delivery that had been given up was taken after all.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counted {
    pub(super) timers: u64,
    pub(super) events: u64,
    pub(super) deliveries: u64,
    pub(super) failures: i64,
}

/// Adds to what the scope did on the day of `at`.
pub(super) fn count(txn: &mut Txn<'_>, scope: &Scope, at: Timestamp, more: &Counted) -> Result<()> {
    let day = at.unix_day();
    let key = day_key(scope, day);
    let known = txn.get(Table::Usage, &key)?;
    if known.is_none() {
        txn.put(Table::UsageDays, day_entry(scope, day), []);
    }
    let before = known.map_or(Ok(DayUsage { day, ..DayUsage::default() }), |value| decode(day, &value))?;
    let after = DayUsage {
        day,
        timers: before.timers + more.timers,
        events: before.events + more.events,
        deliveries: before.deliveries + more.deliveries,
        failures: before.failures.saturating_add_signed(more.failures),
    };
    txn.put(Table::Usage, key, encode(&after));
    Ok(())
}

pub(super) fn usage(view: &View<'_>, scope: &Scope, days: RangeInclusive<u64>) -> Result<Vec<DayUsage>> {
    if days.is_empty() {
        return Ok(Vec::new());
    }
    let from = day_key(scope, *days.start());
    let to = day_key(scope, *days.end()).byte(0);
    let prefix = from.len() - size_of::<u64>();
    view.range(Table::Usage, Bound::Included(&from), Some(&to))
        .map(|entry| {
            let (key, value) = entry?;
            let day = KeyReader::new(&key[prefix..]).number();
            decode(day.ok_or_else(|| unreadable(Table::Usage, "its key has no day"))?, &value)
        })
        .collect()
}

/// Forgets a day, given its entry in [`Table::UsageDays`].
pub(super) fn forget(txn: &mut Txn<'_>, entry: &[u8]) -> Result<()> {
    let mut reader = KeyReader::new(entry);
    let at = reader.instant();
    let (at, scope) = at.zip(reader.scope()).ok_or_else(|| unreadable(Table::UsageDays, "its key has no scope"))?;
    txn.remove(Table::Usage, day_key(&scope, at.unix_day()));
    txn.remove(Table::UsageDays, entry);
    Ok(())
}

fn day_key(scope: &Scope, day: u64) -> Key {
    Key::new().scope(scope).number(day).prefix()
}

fn day_entry(scope: &Scope, day: u64) -> Key {
    let midnight = Timestamp(day.saturating_mul(Millis::DAY.0));
    Key::new().instant(midnight).scope(scope).prefix()
}

fn encode(usage: &DayUsage) -> UserValue {
    let mut bytes = [0; 33];
    bytes[0] = COUNTS;
    let counts = [usage.timers, usage.events, usage.deliveries, usage.failures];
    for (part, count) in bytes[1..].chunks_exact_mut(8).zip(counts) {
        part.copy_from_slice(&count.to_be_bytes());
    }
    bytes.into()
}

fn decode(day: u64, value: &[u8]) -> Result<DayUsage> {
    let mut reader = KeyReader::new(value);
    let form = reader.byte();
    let mut counts = || reader.number();
    let read = (|| Some((counts()?, counts()?, counts()?, counts()?)))();
    match (form, read) {
        (Some(COUNTS), Some((timers, events, deliveries, failures))) => {
            Ok(DayUsage { day, timers, events, deliveries, failures })
        }
        _ => Err(unreadable(Table::Usage, "it is not four counts")),
    }
}
