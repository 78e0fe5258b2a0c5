//! Lists of a scope's timers, newest first.
//!
//! Each timer stands in one list of all, in one of its status, and in one for each label that it has. A filtered list is
//! read from one of these, and what else it asks for is checked on each timer.

use super::error::Result;
use super::keys::{Key, KeyReader, after_prefix, status_byte};
use super::record::unreadable;
use super::tables::{Read, Table, View};
use minoots_shared::domain::account::Scope;
use minoots_shared::domain::ids::TimerId;
use minoots_shared::domain::timer::{Status, Timer};
use minoots_shared::ports::{ListPosition, TimerPage, TimerQuery};
use std::ops::Bound;

/// At most this many timers are read for one page, however few of them match.
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

    fn of_timer(timer: &'a Timer) -> impl Iterator<Item = Self> {
        let labels = timer.labels.iter().map(|(index, value)| Self::Label(index, value));
        [Self::All, Self::Status(timer.status())].into_iter().chain(labels)
    }

    fn key(self, scope: &Scope) -> Key {
        let key = Key::new().scope(scope);
        match self {
            Self::All => key.byte(0),
            Self::Status(status) => key.byte(1).byte(status_byte(status)),
            Self::Label(index, value) => key.byte(2 + index as u8).text(value),
        }
    }

    /// Whether being in it is all that the query asks for.
    fn answers(self, query: &TimerQuery) -> bool {
        let asked = query.labels.iter().count() + usize::from(query.status.is_some());
        asked == usize::from(!matches!(self, Self::All))
    }
}

/// The keys under which a timer is listed.
pub(super) fn entries(timer: &Timer) -> impl Iterator<Item = Vec<u8>> {
    List::of_timer(timer).map(|list| {
        let key = list.key(&timer.scope).instant_descending(timer.created_at);
        key.text_descending(timer.id.as_str()).prefix()
    })
}

/// One page.
pub(super) fn page(view: &View<'_>, scope: &Scope, query: &TimerQuery) -> Result<TimerPage> {
    let list = List::for_query(query);
    let (prefix, plain) = (list.key(scope).prefix(), list.answers(query));
    let after = query
        .after
        .as_ref()
        .map(|after| list.key(scope).instant_descending(after.created_at).text_descending(after.id.as_str()).prefix());
    let from = after.as_deref().map_or(Bound::Included(prefix.as_slice()), Bound::Excluded);
    let end = after_prefix(&prefix);
    let mut timers = Vec::new();
    let mut last = query.after.clone();
    for (read, entry) in view.range(Table::Listing, from, end.as_deref()).enumerate() {
        let (key, _) = entry?;
        if timers.len() == query.limit || read == MOST_READ {
            return Ok(TimerPage { timers, next: last });
        }
        let position = position(&key[prefix.len()..])?;
        let record = view.record::<Timer>(Table::Timers, &Key::scoped(scope, position.id.as_str()))?;
        let matches = |timer: &Timer| {
            plain || (query.status.is_none_or(|status| timer.status() == status) && timer.labels.matches(&query.labels))
        };
        timers.extend(record.filter(matches));
        last = Some(position);
    }
    Ok(TimerPage { timers, next: None })
}

fn position(key: &[u8]) -> Result<ListPosition> {
    let mut reader = KeyReader::new(key);
    let created_at = reader.instant_descending();
    created_at
        .zip(reader.text_descending())
        .map(|(created_at, id)| ListPosition { created_at, id: TimerId::new(id) })
        .ok_or_else(|| unreadable(Table::Listing, "its key has no position"))
}
