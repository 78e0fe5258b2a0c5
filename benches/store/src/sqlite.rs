//! SQLite: a B-tree with a write-ahead log, one table per table.

use crate::store::{Op, Result, Store, Table, option};
use rusqlite::{Connection, OptionalExtension, params};
use std::path::Path;

pub struct Sqlite {
    db: Connection,
    durable: Option<bool>,
}

impl Sqlite {
    /// Options: `cache` in MiB; `checkpoint` in pages; `rowid=1`: ordinary tables with an index for the records.
    pub fn open(dir: &Path, options: &str) -> Result<Self> {
        std::fs::create_dir_all(dir)?;
        let db = Connection::open(dir.join("store.sqlite"))?;
        db.pragma_update(None, "locking_mode", "exclusive")?;
        db.pragma_update(None, "journal_mode", "wal")?;
        db.pragma_update(None, "cache_size", -((option(options, "cache", 16) << 10) as i64))?;
        db.pragma_update(None, "wal_autocheckpoint", option(options, "checkpoint", 4000) as i64)?;
        for name in Table::NAMES {
            let records = matches!(name, "timers" | "deliveries");
            let kind = if records && option(options, "rowid", 0) == 1 { "" } else { "without rowid" };
            db.execute_batch(&format!(
                "create table if not exists {name} (k blob not null primary key, v blob not null) {kind}"
            ))?;
        }
        db.set_prepared_statement_cache_capacity(64);
        Ok(Self { db, durable: None })
    }
}

impl Store for Sqlite {
    fn commit(&mut self, ops: Vec<Op>, durable: bool) -> Result<()> {
        // Full: sync the log at each commit. Normal: only at checkpoints.
        if self.durable.replace(durable) != Some(durable) {
            self.db.pragma_update(None, "synchronous", if durable { "full" } else { "normal" })?;
        }
        let txn = self.db.transaction()?;
        for op in &ops {
            match op {
                Op::Put(table, key, value) => {
                    let sql = format!("insert or replace into {} values (?, ?)", Table::NAMES[*table as usize]);
                    txn.prepare_cached(&sql)?.execute(params![key, value])?
                }
                Op::Del(table, key) => {
                    let sql = format!("delete from {} where k = ?", Table::NAMES[*table as usize]);
                    txn.prepare_cached(&sql)?.execute(params![key])?
                }
            };
        }
        Ok(txn.commit()?)
    }

    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>> {
        let sql = format!("select v from {} where k = ?", Table::NAMES[table as usize]);
        Ok(self.db.prepare_cached(&sql)?.query_row([key], |row| row.get(0)).optional()?)
    }

    fn keys(&self, table: Table, from: &[u8], limit: usize) -> Result<Vec<Vec<u8>>> {
        let sql = format!("select k from {} where k >= ? order by k limit ?", Table::NAMES[table as usize]);
        let mut statement = self.db.prepare_cached(&sql)?;
        let keys = statement.query_map(params![from, limit as i64], |row| row.get(0))?;
        Ok(keys.collect::<rusqlite::Result<_>>()?)
    }
}
