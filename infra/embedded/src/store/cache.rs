//! Records that are read with every request and hardly ever change, kept as they were read last.

use super::error::Result;
use foldhash::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// At most this many are kept.
const MOST: usize = 1024;

/// The records of one table, by key.
pub(super) struct Cache<T>(Mutex<State<T>>);

struct State<T> {
    known: HashMap<Box<[u8]>, Arc<T>>,
    /// How often the table has changed. What was read before the last change is not kept.
    changes: u64,
}

impl<T> Default for Cache<T> {
    fn default() -> Self {
        Self(Mutex::new(State { known: HashMap::default(), changes: 0 }))
    }
}

impl<T> Cache<T> {
    /// What is known under a key, or else what `read` reads there.
    pub(super) fn get(&self, key: &[u8], read: impl FnOnce() -> Result<Option<T>>) -> Result<Option<Arc<T>>> {
        let changes = {
            let state = self.state();
            if let Some(known) = state.known.get(key) {
                return Ok(Some(Arc::clone(known)));
            }
            state.changes
        };
        let Some(found) = read()?.map(Arc::new) else { return Ok(None) };
        let mut state = self.state();
        if state.changes == changes {
            if state.known.len() >= MOST {
                state.known.clear();
            }
            state.known.insert(key.into(), Arc::clone(&found));
        }
        Ok(Some(found))
    }

    /// Forgets all. Must be called when the table's changes are committed, before anyone is told of it.
    pub(super) fn forget(&self) {
        let mut state = self.state();
        state.known.clear();
        state.changes += 1;
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_before_a_change_is_not_kept_after_it() {
        let cache = Cache::default();
        let read_meanwhile = cache.get(b"a", || {
            cache.forget();
            Ok(Some("before"))
        });
        assert_eq!(read_meanwhile.unwrap().as_deref(), Some(&"before"));
        assert_eq!(cache.get(b"a", || Ok(Some("after"))).unwrap().as_deref(), Some(&"after"));
        assert_eq!(cache.get(b"a", || panic!("it is known")).unwrap().as_deref(), Some(&"after"));
        cache.forget();
        assert_eq!(cache.get(b"a", || Ok(None)).unwrap(), None);
    }

    #[test]
    fn no_more_than_so_many_are_kept() {
        let cache = Cache::default();
        for number in 0..3 * MOST {
            cache.get(&number.to_be_bytes(), || Ok(Some(number))).unwrap();
        }
        assert!(cache.state().known.len() <= MOST);
    }
}
