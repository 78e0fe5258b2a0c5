//! redb: a copy-on-write B-tree, one table per table.

use crate::store::{Op, Result, Store, Table, option};
use redb::{Database, Durability, ReadableDatabase, TableDefinition};
use std::path::Path;

const fn definition(table: Table) -> TableDefinition<'static, &'static [u8], &'static [u8]> {
    TableDefinition::new(Table::NAMES[table as usize])
}

const ALL: [Table; 5] = [Table::Timers, Table::Status, Table::Due, Table::Deliveries, Table::Sending];

pub struct Redb {
    db: Database,
    quick_repair: bool,
}

impl Redb {
    /// Options: `cache` in MiB; `quick=1`: keep the allocator's state in every commit, so that opening after a crash need not walk
    /// the whole file.
    pub fn open(dir: &Path, options: &str) -> Result<Self> {
        std::fs::create_dir_all(dir)?;
        let db = Database::builder()
            .set_cache_size((option(options, "cache", 16) << 20) as usize)
            .create(dir.join("store.redb"))?;
        let txn = db.begin_write()?;
        for table in ALL {
            txn.open_table(definition(table))?;
        }
        txn.commit()?;
        Ok(Self { db, quick_repair: option(options, "quick", 0) == 1 })
    }
}

impl Store for Redb {
    fn commit(&mut self, ops: Vec<Op>, durable: bool) -> Result<()> {
        let mut txn = self.db.begin_write()?;
        txn.set_durability(if durable { Durability::Immediate } else { Durability::None })?;
        txn.set_quick_repair(self.quick_repair && durable);
        {
            let mut tables = Vec::with_capacity(ALL.len());
            for table in ALL {
                tables.push(txn.open_table(definition(table))?);
            }
            for op in &ops {
                match op {
                    Op::Put(table, key, value) => tables[*table as usize].insert(&key[..], &value[..]).map(drop)?,
                    Op::Del(table, key) => tables[*table as usize].remove(&key[..]).map(drop)?,
                }
            }
        }
        Ok(txn.commit()?)
    }

    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>> {
        let table = self.db.begin_read()?.open_table(definition(table))?;
        Ok(table.get(key)?.map(|value| value.value().to_vec()))
    }

    fn keys(&self, table: Table, from: &[u8], limit: usize) -> Result<Vec<Vec<u8>>> {
        let table = self.db.begin_read()?.open_table(definition(table))?;
        let mut keys = Vec::new();
        for entry in table.range(from..)?.take(limit) {
            keys.push(entry?.0.value().to_vec());
        }
        Ok(keys)
    }
}
