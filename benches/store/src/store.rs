//! What a timer service asks of its store, and one adapter per candidate.

use std::{error::Error, path::Path};

/// Whatever a candidate's own error type is.
pub type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// The ordered maps of the service.
#[derive(Clone, Copy)]
pub enum Table {
    /// scope ‖ id → record
    Timers,
    /// scope ‖ status ‖ id
    Status,
    /// due ‖ scope ‖ id
    Due,
    /// scope ‖ delivery id → record
    Deliveries,
    /// due ‖ scope ‖ delivery id
    Sending,
}

impl Table {
    /// Names, in the order of the variants.
    pub const NAMES: [&str; 5] = ["timers", "status", "due", "deliveries", "sending"];
}

/// One change of a commit.
pub enum Op {
    /// Insert or replace.
    Put(Table, Vec<u8>, Vec<u8>),
    /// Remove, present or not.
    Del(Table, Vec<u8>),
}

/// An embedded ordered key-value store with a single writer.
pub trait Store {
    /// Applies all of `ops` or none; on disk when it returns, if `durable`.
    fn commit(&mut self, ops: Vec<Op>, durable: bool) -> Result<()>;
    /// The value under `key`.
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>>;
    /// The first `limit` keys that are at least `from`.
    fn keys(&self, table: Table, from: &[u8], limit: usize) -> Result<Vec<Vec<u8>>>;
}

/// Opens the store that `name` selects, for example `redb` or `fjall:memtable=16,journal=128`.
pub fn open(name: &str, dir: &Path) -> Result<Box<dyn Store>> {
    let (kind, options) = name.split_once(':').unwrap_or((name, ""));
    match kind {
        #[cfg(feature = "fjall")]
        "fjall" => Ok(Box::new(crate::fjall::Fjall::open(dir, options)?)),
        #[cfg(feature = "redb")]
        "redb" => Ok(Box::new(crate::redb::Redb::open(dir, options)?)),
        #[cfg(feature = "sqlite")]
        "sqlite" => Ok(Box::new(crate::sqlite::Sqlite::open(dir, options)?)),
        _ => Err(format!("unknown store {name} {options} {}", dir.display()).into()),
    }
}

/// The number given as `key=number` in a comma-separated list, or `default`.
pub fn option(options: &str, key: &str, default: u64) -> u64 {
    let given = options.split(',').filter_map(|o| o.split_once('=')).find(|(k, _)| *k == key);
    given.map_or(default, |(_, v)| v.parse().expect("a number"))
}
