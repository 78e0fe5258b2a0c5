//! Deliveries that have just been stored and that nobody has begun to send: kept as they are, so that whoever begins soon
//! need not read them.

use super::deliveries::Stored;
use fjall::UserKey;
use foldhash::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// At most so many bytes of records are kept, some thousands of ordinary ones; others are read when their turn comes.
pub(super) const MOST_BYTES: usize = 8 << 20;

/// What is kept. All of it is open: one day each is begun or changes, and goes.
#[derive(Default)]
pub(super) struct NewDeliveries(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    by_key: HashMap<UserKey, Stored>,
    /// Of their records.
    bytes: usize,
}

impl Kept {
    fn insert(&mut self, key: UserKey, new: Stored) {
        self.remove(&key);
        let bytes = self.bytes + new.record.len();
        if bytes <= MOST_BYTES {
            self.bytes = bytes;
            self.by_key.insert(key, new);
        }
    }

    fn remove(&mut self, key: &[u8]) -> Option<Stored> {
        let removed = self.by_key.remove(key)?;
        self.bytes -= removed.record.len();
        Some(removed)
    }
}

impl NewDeliveries {
    /// Forgets those whose records are about to be written.
    pub(super) fn forget<'a>(&self, keys: impl Iterator<Item = &'a UserKey>) {
        let mut kept = self.kept();
        if !kept.by_key.is_empty() {
            keys.for_each(|key| drop(kept.remove(key)));
        }
    }

    /// Keeps deliveries whose records have been written.
    pub(super) fn keep(&self, new: Vec<(UserKey, Stored)>) {
        if !new.is_empty() {
            let mut kept = self.kept();
            new.into_iter().for_each(|(key, new)| kept.insert(key, new));
        }
    }

    /// Hands over the delivery under a key, if it is kept: as it is stored.
    pub(super) fn take(&self, key: &[u8]) -> Option<Stored> {
        self.kept().remove(key)
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
