//! A timer's record, and everything that is found through it: the keys under which it stands in other tables.

use super::error::Result;
use super::keys::{Key, KeyReader, status_byte, status_of};
use super::listing;
use super::record::{self, unreadable};
use super::tables::{Read, Table};
use super::txn::Txn;
use fjall::{UserKey, UserValue};
use minoots_shared::domain::account::Scope;
use minoots_shared::domain::time::Timestamp;
use minoots_shared::domain::timer::{Status, Timer};

/// Something under which a timer is found besides its record.
type Entry = (Table, UserKey);

/// A timer made ready for the writer by its caller: the writer's thread is the one that all wait for.
pub(super) struct Encoded {
    pub(super) key: UserKey,
    value: UserValue,
    lasting: Vec<Entry>,
    passing: Vec<Entry>,
}

impl Encoded {
    pub(super) fn new(timer: &Timer) -> Result<Self> {
        let head = Head::of(timer);
        Ok(Self {
            key: Key::scoped(&timer.scope, timer.id.as_str()).into(),
            value: record::encode_headed(Table::Timers, &head.to_bytes(), timer)?,
            lasting: lasting_entries(timer).collect(),
            passing: head.entries(timer).collect(),
        })
    }

    /// Writes a timer that was not there.
    pub(super) fn put_new(self, txn: &mut Txn<'_>) {
        for (table, key) in self.lasting.into_iter().chain(self.passing) {
            txn.put(table, key, []);
        }
        txn.put(Table::Timers, self.key, self.value);
    }

    /// Writes `timer`, which this was made of, over what it was `before`.
    pub(super) fn put_over(self, txn: &mut Txn<'_>, timer: &Timer, before: &Head) {
        let old: Vec<_> = before.entries(timer).collect();
        for (table, key) in old.iter().filter(|entry| !self.passing.contains(entry)) {
            txn.remove(*table, key.clone());
        }
        for (table, key) in self.passing.into_iter().filter(|entry| !old.contains(entry)) {
            txn.put(table, key, []);
        }
        txn.put(Table::Timers, self.key, self.value);
    }
}

/// What the writer has to know of a stored timer. It stands in front of the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) revision: u64,
    pub(super) status: Status,
    next_due: Option<Timestamp>,
    ended_at: Option<Timestamp>,
}

/// Stands for no instant.
const NEVER: Timestamp = Timestamp(u64::MAX);

impl Head {
    const SIZE: usize = 25;

    pub(super) fn of(timer: &Timer) -> Self {
        let (next_due, ended_at) = (timer.next_due(), timer.ended_at());
        Self { revision: timer.revision, status: timer.status(), next_due, ended_at }
    }

    /// The head of a stored record.
    pub(super) fn of_record(bytes: &[u8]) -> Result<Self> {
        match record::head(Table::Timers, bytes)? {
            Some(head) => Self::from_bytes(head).ok_or_else(|| unreadable(Table::Timers, "its head is none")),
            // Written before there were heads.
            None => record::decode(Table::Timers, bytes).map(|timer| Self::of(&timer)),
        }
    }

    pub(super) fn to_bytes(self) -> [u8; Self::SIZE] {
        let mut bytes = [0; Self::SIZE];
        let instants = [self.next_due, self.ended_at].map(|at| at.unwrap_or(NEVER).0);
        for (part, number) in bytes.chunks_exact_mut(8).zip([self.revision, instants[0], instants[1]]) {
            part.copy_from_slice(&number.to_be_bytes());
        }
        bytes[Self::SIZE - 1] = status_byte(self.status);
        bytes
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut reader = KeyReader::new(bytes);
        let revision = reader.number()?;
        let mut instant = || Some(reader.instant().filter(|at| *at != NEVER));
        let (next_due, ended_at) = (instant()?, instant()?);
        Some(Self { revision, status: status_of(reader.byte()?)?, next_due, ended_at })
    }

    /// Where the timer with this head stands for as long as it has it.
    fn entries(self, timer: &Timer) -> impl Iterator<Item = Entry> {
        let at = |table, at| (table, Key::at(at, &timer.scope, timer.id.as_str()).into());
        let listed = (Table::Listing, listing::entry_by_status(timer, self.status).into());
        let due = self.next_due.map(|due| at(Table::Due, due));
        let ended = self.ended_at.map(|ended| at(Table::Ended, ended));
        [Some(listed), due, ended].into_iter().flatten()
    }
}

/// Where a timer stands as long as it exists.
fn lasting_entries(timer: &Timer) -> impl Iterator<Item = Entry> {
    listing::lasting_entries(timer).map(|key| (Table::Listing, key.into()))
}

/// Where a timer is found besides its record: the lists, what is due, and what has ended.
pub(super) fn entries(timer: &Timer) -> impl Iterator<Item = Entry> {
    lasting_entries(timer).chain(Head::of(timer).entries(timer))
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

fn running_key(scope: &Scope) -> Key {
    Key::new().scope(scope).prefix()
}
