//! The writes of one group commit, as later jobs of the group see them before they are committed.

use super::deliveries::Stored;
use super::error::Result;
use super::tables::{Read, Table, Tables};
use super::timeline;
use fjall::{PersistMode, UserKey, UserValue};
use foldhash::HashMap;

/// A write: a value, or the removal.
type Write = Option<UserValue>;
/// The last write of each key, by table.
type Pending = [HashMap<UserKey, Write>; Table::ALL.len()];

/// The state that the jobs of one group work on: the committed one under what they wrote so far. A job that fails is rolled
/// back alone.
pub(super) struct Txn<'a> {
    tables: &'a Tables,
    pending: Pending,
    /// What the present job overwrote in `pending`, in order.
    undo: Vec<(Table, UserKey, Option<Write>)>,
    /// Deliveries that came into being, unless their jobs were rolled back.
    new_deliveries: Vec<(UserKey, Stored)>,
    bytes: usize,
}

impl<'a> Txn<'a> {
    pub(super) fn new(tables: &'a Tables) -> Self {
        Self { tables, pending: Default::default(), undo: Vec::new(), new_deliveries: Vec::new(), bytes: 0 }
    }

    /// Stores a new delivery, and keeps it at hand for whoever begins to send it.
    pub(super) fn put_new_delivery(&mut self, key: UserKey, new: Stored) {
        self.put(Table::Deliveries, key.clone(), new.record.clone());
        if new.delivery.status.is_open() {
            self.new_deliveries.push((key, new));
        }
    }

    pub(super) fn put(&mut self, table: Table, key: impl Into<UserKey>, value: impl Into<UserValue>) {
        self.write(table, key.into(), Some(value.into()));
    }

    pub(super) fn remove(&mut self, table: Table, key: impl Into<UserKey>) {
        self.write(table, key.into(), None);
    }

    fn write(&mut self, table: Table, key: UserKey, write: Write) {
        self.bytes += key.len() + write.as_ref().map_or(0, |value| value.len());
        let before = self.pending[table as usize].insert(key.clone(), write);
        self.undo.push((table, key, before));
    }

    /// The next job begins: from here on, [`Self::roll_back`] leaves alone what was written so far.
    pub(super) fn begin(&mut self) {
        self.undo.clear();
    }

    /// Whether the present job wrote anything.
    pub(super) fn wrote(&self) -> bool {
        !self.undo.is_empty()
    }

    /// Undoes what the present job wrote.
    pub(super) fn roll_back(&mut self) {
        while let Some((table, key, before)) = self.undo.pop() {
            let pending = &mut self.pending[table as usize];
            match before {
                Some(write) => pending.insert(key, write),
                None => pending.remove(&key),
            };
        }
    }

    /// How much was written so far.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Commits everything at once, on disk if it is to be `durable`, and tells those who wait for what is due. `false`:
    /// there was nothing to commit.
    pub(super) fn commit(self, durable: bool) -> Result<bool> {
        let Self { tables, pending, mut new_deliveries, .. } = self;
        if pending.iter().all(HashMap::is_empty) {
            return Ok(false);
        }
        let changes = Table::ALL.map(|table| !pending[table as usize].is_empty());
        if changes[Table::Subscriptions as usize] {
            tables.note_subscriptions();
        }
        let deliveries = &pending[Table::Deliveries as usize];
        tables.new_deliveries.forget(deliveries.keys());
        new_deliveries.retain(|(key, new)| deliveries.get(key) == Some(&Some(new.record.clone())));
        let lowest = write(tables, pending, durable).inspect_err(|_| tables.break_down())?;
        if changes[Table::Accounts as usize] {
            tables.accounts.forget();
        }
        if changes[Table::ApiKeys as usize] {
            tables.api_keys.forget();
        }
        tables.new_deliveries.keep(new_deliveries);
        // Floors first: whoever is woken reads from there on.
        for (table, key) in lowest {
            tables.floor(table).note(&key);
            match table {
                Table::Due => tables.timers_wake.note(timeline::instant(table, &key)?),
                Table::Sending => tables.deliveries_wake.note(timeline::instant(table, &key)?),
                _ => {}
            }
        }
        Ok(true)
    }
}

/// Writes everything as one batch, and returns the lowest new key of each line of time.
fn write(tables: &Tables, pending: Pending, durable: bool) -> Result<Vec<(Table, UserKey)>> {
    let mode = if durable { PersistMode::SyncData } else { PersistMode::Buffer };
    let mut batch = tables.db.batch().durability(Some(mode));
    let mut lowest = Vec::new();
    for (table, pending) in Table::ALL.into_iter().zip(pending) {
        // In the order of the keys: each then finds its place beside the last one's, where the processor has just been.
        let mut pending: Vec<_> = pending.into_iter().collect();
        pending.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        if table.is_line_of_time() {
            let first = pending.iter().find(|(_, write)| write.is_some());
            lowest.extend(first.map(|(key, _)| (table, key.clone())));
        }
        let keyspace = tables.keyspace(table);
        for (key, write) in pending {
            match write {
                Some(value) => batch.insert(keyspace, key, value),
                None => batch.remove(keyspace, key),
            }
        }
    }
    batch.commit()?;
    Ok(lowest)
}

impl Read for Txn<'_> {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<UserValue>> {
        match self.pending[table as usize].get(key) {
            Some(write) => Ok(write.clone()),
            // The writer's thread is the only one that writes, so it needs no snapshot.
            None => Ok(self.tables.keyspace(table).get(key)?),
        }
    }
}
