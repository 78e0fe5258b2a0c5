//! The writes of one group commit, as later jobs of the group see them before they are committed.

use super::error::Result;
use super::tables::{Read, Table, Tables};
use super::timeline;
use fjall::{PersistMode, UserKey, UserValue};
use foldhash::HashMap;

/// A write: a value, or the removal.
type Write = Option<UserValue>;

/// The state that the jobs of one group work on: the committed one under what they wrote so far. A job that fails is rolled
/// back alone.
pub(super) struct Txn<'a> {
    tables: &'a Tables,
    pending: [HashMap<UserKey, Write>; Table::ALL.len()],
    /// What the present job overwrote in `pending`, in order.
    undo: Vec<(Table, UserKey, Option<Write>)>,
    bytes: usize,
}

impl<'a> Txn<'a> {
    pub(super) fn new(tables: &'a Tables) -> Self {
        Self { tables, pending: Default::default(), undo: Vec::new(), bytes: 0 }
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
        let tables = self.tables;
        if self.pending.iter().all(HashMap::is_empty) {
            return Ok(false);
        }
        let has_subscriptions = !self.pending[Table::Subscriptions as usize].is_empty();
        let mode = if durable { PersistMode::SyncData } else { PersistMode::Buffer };
        let mut batch = tables.db.batch().durability(Some(mode));
        let mut lowest: Vec<(Table, UserKey)> = Vec::new();
        for (table, pending) in Table::ALL.into_iter().zip(self.pending) {
            if table.is_line_of_time() {
                let put = pending.iter().filter(|(_, write)| write.is_some());
                lowest.extend(put.map(|(key, _)| key).min().map(|key| (table, key.clone())));
            }
            let keyspace = tables.keyspace(table);
            for (key, write) in pending {
                match write {
                    Some(value) => batch.insert(keyspace, key, value),
                    None => batch.remove(keyspace, key),
                }
            }
        }
        if has_subscriptions {
            tables.note_subscriptions();
        }
        batch.commit().inspect_err(|_| tables.break_down())?;
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

impl Read for Txn<'_> {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<UserValue>> {
        match self.pending[table as usize].get(key) {
            Some(write) => Ok(write.clone()),
            // The writer's thread is the only one that writes, so it needs no snapshot.
            None => Ok(self.tables.keyspace(table).get(key)?),
        }
    }
}
