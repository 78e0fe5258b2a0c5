//! fjall: a log-structured merge tree, one keyspace per table.

use crate::store::{Op, Result, Store, Table, option};
use fjall::{Database, Guard, KeyspaceCreateOptions, PersistMode, Readable};
use std::path::Path;

pub struct Fjall {
    db: Database,
    tables: Vec<fjall::Keyspace>,
    sync: PersistMode,
    snapshots: bool,
}

impl Fjall {
    /// Options, sizes in MiB: `memtable` (of the records), `index` (memtable of the indexes), `cache`, `journal`, `workers`;
    /// `syncall=1`: fsync in place of fdatasync; `hits=0`: filters on the last level too; `snapshot=1`: take one after
    /// each commit.
    pub fn open(dir: &Path, options: &str) -> Result<Self> {
        let mib = |key, default| option(options, key, default) << 20;
        let db = Database::builder(dir)
            .cache_size(mib("cache", 16))
            .max_journaling_size(mib("journal", 64))
            .worker_threads(option(options, "workers", 1) as usize)
            .open()?;
        let mut tables = Vec::new();
        for name in Table::NAMES {
            let records = matches!(name, "timers" | "deliveries");
            let memtable = if records { mib("memtable", 16) } else { mib("index", 4) };
            tables.push(db.keyspace(name, || {
                KeyspaceCreateOptions::default()
                    .max_memtable_size(memtable)
                    .expect_point_read_hits(option(options, "hits", 1) == 1)
            })?);
        }
        let sync = if option(options, "syncall", 0) == 1 { PersistMode::SyncAll } else { PersistMode::SyncData };
        Ok(Self { db, tables, sync, snapshots: option(options, "snapshot", 0) == 1 })
    }
}

impl Store for Fjall {
    fn commit(&mut self, ops: Vec<Op>, durable: bool) -> Result<()> {
        let mut batch = self.db.batch().durability(Some(if durable { self.sync } else { PersistMode::Buffer }));
        for op in ops {
            match op {
                Op::Put(table, key, value) => batch.insert(&self.tables[table as usize], key, value),
                Op::Del(table, key) => batch.remove(&self.tables[table as usize], key),
            }
        }
        batch.commit()?;
        if self.snapshots {
            drop(std::hint::black_box(self.db.snapshot()));
        }
        Ok(())
    }

    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>> {
        Ok(self.tables[table as usize].get(key)?.map(|value| value.to_vec()))
    }

    fn keys(&self, table: Table, from: &[u8], limit: usize) -> Result<Vec<Vec<u8>>> {
        let snapshot = self.db.snapshot();
        let keys = snapshot.range(&self.tables[table as usize], from..).take(limit).map(Guard::key);
        Ok(keys.map(|key| key.map(|key| key.to_vec())).collect::<fjall::Result<_>>()?)
    }
}
