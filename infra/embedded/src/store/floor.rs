//! A moving lower bound of an index whose entries are removed at its beginning.
//!
//! What was removed stays in a log-structured store as a tombstone for a while, and a scan from the very beginning walks
//! over all of them. So scans begin at a floor below which there is nothing. The care is in raising it: an entry may be
//! committed below it while a scan is looking.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// The floor of one index.
#[derive(Default)]
pub(super) struct Floor(Mutex<State>);

#[derive(Default)]
struct State {
    /// No entry has a lower key.
    floor: Vec<u8>,
    /// The lowest key that was committed since the scan that may raise the floor began.
    lowest_new: Option<Vec<u8>>,
    /// Whether such a scan is under way. Others meanwhile leave the floor alone.
    scanning: bool,
}

impl Floor {
    /// Begins a scan. The snapshot to scan must be taken after this.
    pub(super) fn scan(&self) -> Scan<'_> {
        let mut state = self.state();
        let raises = !state.scanning;
        if raises {
            state.scanning = true;
            state.lowest_new = None;
        }
        Scan { floor: self, from: state.floor.clone(), raises }
    }

    /// Takes note of a key that has been committed. Must be called after the commit and before anyone is told of it.
    pub(super) fn note(&self, key: &[u8]) {
        let mut state = self.state();
        if state.lowest_new.as_deref().is_none_or(|lowest| key < lowest) {
            state.lowest_new = Some(key.to_vec());
        }
        if key < state.floor.as_slice() {
            state.floor = key.to_vec();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing here leaves the state half done, so a panic elsewhere in the thread doesn't spoil it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A scan under way.
pub(super) struct Scan<'a> {
    floor: &'a Floor,
    from: Vec<u8>,
    raises: bool,
}

impl Scan<'_> {
    /// Where to begin.
    pub(super) fn from(&self) -> &[u8] {
        &self.from
    }

    /// The scan's snapshot holds nothing between [`Self::from`] and `empty_below`.
    pub(super) fn found_nothing_below(self, empty_below: &[u8]) {
        if self.raises {
            let mut state = self.floor.state();
            let floor = match state.lowest_new.as_deref() {
                Some(lowest) if lowest < empty_below => lowest.to_vec(),
                _ => empty_below.to_vec(),
            };
            if floor > state.floor {
                state.floor = floor;
            }
        }
    }
}

impl Drop for Scan<'_> {
    fn drop(&mut self) {
        if self.raises {
            self.floor.state().scanning = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(floor: &Floor) -> Vec<u8> {
        floor.scan().from().to_vec()
    }

    #[test]
    fn the_next_scan_begins_where_the_last_one_found_something() {
        let floor = Floor::default();
        floor.scan().found_nothing_below(b"m");
        assert_eq!(from(&floor), b"m");
    }

    #[test]
    fn what_was_committed_during_a_scan_is_above_the_floor_afterwards() {
        let floor = Floor::default();
        let scan = floor.scan();
        floor.note(b"c");
        scan.found_nothing_below(b"m");
        assert_eq!(from(&floor), b"c");
    }

    #[test]
    fn what_is_committed_after_a_scan_lowers_the_floor() {
        let floor = Floor::default();
        floor.scan().found_nothing_below(b"m");
        floor.note(b"x");
        assert_eq!(from(&floor), b"m");
        floor.note(b"c");
        assert_eq!(from(&floor), b"c");
    }

    #[test]
    fn a_second_scan_does_not_make_the_first_one_forget_what_was_committed() {
        let floor = Floor::default();
        let first = floor.scan();
        floor.note(b"c");
        let second = floor.scan();
        first.found_nothing_below(b"m");
        assert_eq!(from(&floor), b"c");
        second.found_nothing_below(b"z");
        assert_eq!(from(&floor), b"c");
    }

    #[test]
    fn a_scan_that_is_given_up_leaves_the_floor_to_the_next_one() {
        let floor = Floor::default();
        drop(floor.scan());
        floor.scan().found_nothing_below(b"m");
        assert_eq!(from(&floor), b"m");
    }
}
