//! Lists of a scope's timers, newest first; and how any such list is walked along.
//!
//! Each timer stands in one list of all, in one of its status, and in one for each label that it has. A filtered list is
//! read from one of these, and what else it asks for is checked on each timer.

use super::error::Result;
use super::keys::{Key, KeyReader, after_prefix, status_byte};
use super::record::unreadable;
use super::tables::{Read, Table, View};
use minoots_shared::domain::account::Scope;
use minoots_shared::domain::ids::TimerId;
use minoots_shared::domain::time::Timestamp;
use minoots_shared::domain::timer::{Status, Timer};
use minoots_shared::ports::{ListPosition, TimerPage, TimerQuery};
use std::iter::once;
use std::ops::Bound;

/// At most this many records are read for one page, however few of them match.
pub(super) const MOST_READ: usize = 1_000;

/// Which list. The tags are stored; a label's is its place in `Labels::NAMES`, so new labels go to the end of that.
#[derive(Clone, Copy)]
enum List<'a> {
    All,
    Status(Status),
    Label(usize, &'a str),
}

impl<'a> List<'a> {
    /// The list that holds least beside what is asked for: a label tells more than a status.
    fn for_query(query: &'a TimerQuery) -> Self {
        let label = query.labels.iter().next().map(|(index, value)| Self::Label(index, value));
        label.or(query.status.map(Self::Status)).unwrap_or(Self::All)
    }

    fn key(self, scope: &Scope) -> Key {
        let key = Key::new().scope(scope);
        match self {
            Self::All => key.byte(0),
            Self::Status(status) => key.byte(1).byte(status_byte(status)),
            Self::Label(index, value) => key.byte(2 + index as u8).text(value),
        }
    }

    fn entry(self, timer: &Timer) -> Key {
        entry(self.key(&timer.scope), (timer.created_at, timer.id.as_str()))
    }

    /// Whether being in it is all that the query asks for.
    fn answers(self, query: &TimerQuery) -> bool {
        let asked = query.labels.iter().count() + usize::from(query.status.is_some());
        asked == usize::from(!matches!(self, Self::All))
    }
}

/// The keys under which a timer is listed as long as it exists: its labels never change.
pub(super) fn lasting_entries(timer: &Timer) -> impl Iterator<Item = Key> {
    let labels = timer.labels.iter().map(|(index, value)| List::Label(index, value));
    once(List::All).chain(labels).map(|list| list.entry(timer))
}

/// The key under which it is listed while it has this status.
pub(super) fn entry_by_status(timer: &Timer, status: Status) -> Key {
    List::Status(status).entry(timer)
}

/// One page.
pub(super) fn page(view: &View<'_>, scope: &Scope, query: &TimerQuery) -> Result<TimerPage> {
    let list = List::for_query(query);
    let plain = list.answers(query);
    let matches = |timer: &Timer| {
        plain || (query.status.is_none_or(|status| timer.status() == status) && timer.labels.matches(&query.labels))
    };
    let after = query.after.as_ref().map(|after| (after.created_at, after.id.as_str()));
    let (timers, next) = walk(view, Table::Listing, list.key(scope), after, query.limit, |id| {
        let timer: Option<Timer> = view.record(Table::Timers, &Key::scoped(scope, id))?;
        Ok(timer.filter(&matches))
    })?;
    let next = next.map(|(created_at, id)| ListPosition { created_at, id: TimerId::new(id) });
    Ok(TimerPage { timers, next })
}

/// A place in a list: when what stands there was made, and its id.
pub(super) type Position<Id> = (Timestamp, Id);

/// The key of a place in a list.
pub(super) fn entry(list: Key, (created_at, id): Position<&str>) -> Key {
    list.instant_descending(created_at).text_descending(id).prefix()
}

/// Walks along a list from behind `after` and takes what `take` makes of each id, up to `limit`; and where to go on, if
/// there may be more.
pub(super) fn walk<T>(
    view: &View<'_>,
    table: Table,
    list: Key,
    after: Option<Position<&str>>,
    limit: usize,
    mut take: impl FnMut(&str) -> Result<Option<T>>,
) -> Result<(Vec<T>, Option<Position<String>>)> {
    let prefix = list.clone().prefix();
    let end = after_prefix(&prefix);
    let behind = after.map(|after| entry(list, after));
    let from = behind.as_deref().map_or(Bound::Included(&*prefix), Bound::Excluded);
    let mut taken = Vec::new();
    let mut last = after.map(|(created_at, id)| (created_at, id.to_owned()));
    for (read, entry) in view.range(table, from, end.as_deref()).enumerate() {
        if taken.len() == limit || read == MOST_READ {
            return Ok((taken, last));
        }
        let position = position(table, &entry?.0[prefix.len()..])?;
        taken.extend(take(&position.1)?);
        last = Some(position);
    }
    Ok((taken, None))
}

fn position(table: Table, key: &[u8]) -> Result<Position<String>> {
    let mut reader = KeyReader::new(key);
    let created_at = reader.instant_descending();
    created_at.zip(reader.text_descending()).ok_or_else(|| unreadable(table, "its key has no position"))
}
