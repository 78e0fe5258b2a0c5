//! A timer's record, and everything that is found through it: the keys under which it stands in other tables.

use super::error::Result;
use super::keys::Key;
use super::listing;
use super::record;
use super::tables::{Read, Table};
use super::txn::Txn;
use fjall::{UserKey, UserValue};
use minoots_shared::domain::account::Scope;
use minoots_shared::domain::timer::Timer;

/// A timer made ready for the writer by its caller: the writer's thread is the one that all wait for.
pub(super) struct Encoded {
    pub(super) key: UserKey,
    pub(super) value: UserValue,
    pub(super) entries: Vec<(Table, UserKey)>,
}

impl Encoded {
    pub(super) fn new(timer: &Timer) -> Result<Self> {
        Ok(Self { key: key(timer), value: record::encode(Table::Timers, timer)?, entries: entries(timer) })
    }

    /// Writes the timer. `old`: the entries that it stood under so far.
    pub(super) fn put(self, txn: &mut Txn<'_>, old: &[(Table, UserKey)]) {
        for (table, key) in old.iter().filter(|entry| !self.entries.contains(entry)) {
            txn.remove(*table, key.clone());
        }
        for entry in self.entries {
            if !old.contains(&entry) {
                txn.put(entry.0, entry.1, []);
            }
        }
        txn.put(Table::Timers, self.key, self.value);
    }
}

pub(super) fn key(timer: &Timer) -> UserKey {
    Key::scoped(&timer.scope, timer.id.as_str()).into()
}

/// Where a timer is found besides its record: the lists, what is due, and what has ended.
pub(super) fn entries(timer: &Timer) -> Vec<(Table, UserKey)> {
    let mut entries: Vec<_> = listing::entries(timer).map(|key| (Table::Listing, key.into())).collect();
    let at = |table, at| (table, Key::at(at, &timer.scope, timer.id.as_str()).into());
    entries.extend(timer.next_due().map(|due| at(Table::Due, due)));
    entries.extend(timer.ended_at().map(|ended| at(Table::Ended, ended)));
    entries
}

/// How many of a scope's timers run or are paused.
pub(super) fn running(read: &impl Read, scope: &Scope) -> Result<u64> {
    Ok(read.record(Table::Running, &running_key(scope))?.unwrap_or(0))
}

/// See [`running`].
pub(super) fn set_running(txn: &mut Txn<'_>, scope: &Scope, count: u64) -> Result<()> {
    let key = running_key(scope);
    match count {
        0 => txn.remove(Table::Running, key),
        _ => txn.put(Table::Running, key, record::encode(Table::Running, &count)?),
    }
    Ok(())
}

fn running_key(scope: &Scope) -> Vec<u8> {
    Key::new().scope(scope).prefix()
}
