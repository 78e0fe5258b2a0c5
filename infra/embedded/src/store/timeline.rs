//! Lines of time: tables whose keys begin with an instant and whose entries go away at the front.

use super::error::Result;
use super::keys::{Instant, KeyReader};
use super::record::unreadable;
use super::tables::{Table, Tables};
use fjall::{UserKey, UserValue};
use minoots_shared::domain::account::Scope;
use minoots_shared::domain::time::Timestamp;
use std::ops::Bound;

/// Above every instant that anything is due at in practice, and not above any that could be.
const LATEST: Instant = [0xff; 8];

impl Tables {
    /// The keys of what lies on a line by `until` (without one: at any time) and, if given, behind the key `after`;
    /// earliest first, at most `limit`.
    pub(super) fn scan(
        &self,
        table: Table,
        after: Option<&[u8]>,
        until: Option<Timestamp>,
        limit: usize,
    ) -> Result<Vec<UserKey>> {
        Ok(self.scan_entries(table, after, until, limit)?.into_iter().map(|(key, _)| key).collect())
    }

    /// [`Self::scan`] with the values.
    pub(super) fn scan_entries(
        &self,
        table: Table,
        after: Option<&[u8]>,
        until: Option<Timestamp>,
        limit: usize,
    ) -> Result<Vec<(UserKey, UserValue)>> {
        let scan = self.floor(table).scan();
        let end: Option<Instant> = until.and_then(|until| until.0.checked_add(1)).map(u64::to_be_bytes);
        let after = after.filter(|after| *after >= scan.from());
        let from = after.unwrap_or(scan.from());
        if limit == 0 || end.is_some_and(|end| from >= end.as_slice()) {
            return Ok(Vec::new());
        }
        let bound = if after.is_some() { Bound::Excluded(from) } else { Bound::Included(from) };
        let range = self.view().range(table, bound, end.as_ref().map(<[u8; 8]>::as_slice));
        let entries: Vec<_> = range.take(limit).collect::<Result<_>>()?;
        if after.is_none() {
            let end = end.unwrap_or(LATEST);
            scan.found_nothing_below(entries.first().map_or(end.as_slice(), |(key, _)| key));
        }
        Ok(entries)
    }

    /// When the first thing on a line is due, behind the key `after` if it is given.
    pub(super) fn first(&self, table: Table, after: Option<&[u8]>) -> Result<Option<Timestamp>> {
        self.scan(table, after, None, 1)?.first().map(|key| instant(table, key)).transpose()
    }
}

/// The instant that a key begins with.
pub(super) fn instant(table: Table, key: &[u8]) -> Result<Timestamp> {
    KeyReader::new(key).instant().ok_or_else(|| unreadable(table, "its key has no instant"))
}

/// The parts of a key of a scope's thing.
pub(super) fn parts(table: Table, key: &[u8]) -> Result<(Timestamp, Scope, &str)> {
    let mut reader = KeyReader::new(key);
    let at = reader.instant();
    let scope = reader.scope();
    at.zip(scope)
        .and_then(|(at, scope)| Some((at, scope, reader.rest()?)))
        .ok_or_else(|| unreadable(table, "its key is not an instant, a scope and an id"))
}
