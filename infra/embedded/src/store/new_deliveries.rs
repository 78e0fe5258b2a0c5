//! Deliveries that have just been stored and that nobody has begun to send: kept as they are, so that whoever begins soon
//! need not read them.

use super::deliveries::Stored;
use fjall::UserKey;
use foldhash::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// At most this many are kept; more are read when their turn comes.
const MOST: usize = 4_096;

/// What is kept, by the deliveries' keys. They are open: one day each is begun or changes, and goes.
#[derive(Default)]
pub(super) struct NewDeliveries(Mutex<HashMap<UserKey, Stored>>);

impl NewDeliveries {
    /// Forgets those whose records are about to be written.
    pub(super) fn forget<'a>(&self, keys: impl Iterator<Item = &'a UserKey>) {
        let mut kept = self.kept();
        if !kept.is_empty() {
            keys.for_each(|key| drop(kept.remove(key)));
        }
    }

    /// Keeps deliveries whose records have been written.
    pub(super) fn keep(&self, new: Vec<(UserKey, Stored)>) {
        if !new.is_empty() {
            let mut kept = self.kept();
            let room = MOST.saturating_sub(kept.len());
            kept.extend(new.into_iter().take(room));
        }
    }

    /// Hands over the delivery under a key, if it is kept: as it is stored.
    pub(super) fn take(&self, key: &[u8]) -> Option<Stored> {
        self.kept().remove(key)
    }

    fn kept(&self) -> MutexGuard<'_, HashMap<UserKey, Stored>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
