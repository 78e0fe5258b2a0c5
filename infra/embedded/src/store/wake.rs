//! Wakes a loop that sleeps until its next due instant when something earlier has been committed.

use minoots_shared::domain::time::Timestamp;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// For one sleeping loop. It says [`Self::arm`], reads what is due next, and sleeps at most until [`Self::earlier_than`]
/// returns; commits that are due later than that cost it nothing.
#[derive(Default)]
pub struct Wake {
    state: Mutex<State>,
    notify: Notify,
}

#[derive(Default)]
struct State {
    /// The earliest instant committed since the loop armed.
    earliest: Option<Timestamp>,
    /// Until when the loop means to sleep.
    sleeps_until: Option<Timestamp>,
}

impl Wake {
    /// Forgets what was committed so far: call it before reading what is due next.
    pub fn arm(&self) {
        *self.state() = State::default();
    }

    /// Returns once something due before `until` has been committed since [`Self::arm`]; at once if that is so already.
    pub async fn earlier_than(&self, until: Timestamp) {
        loop {
            {
                let mut state = self.state();
                if state.earliest.is_some_and(|earliest| earliest < until) {
                    return;
                }
                state.sleeps_until = Some(until);
            }
            // A permit is kept if the notification comes first; one from an earlier sleep only makes it look once more.
            self.notify.notified().await;
        }
    }

    /// Something due at `at` has been committed.
    pub(super) fn note(&self, at: Timestamp) {
        let mut state = self.state();
        if state.earliest.is_none_or(|earliest| at < earliest) {
            state.earliest = Some(at);
            if state.sleeps_until.is_some_and(|until| at < until) {
                self.notify.notify_one();
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt as _;

    #[tokio::test]
    async fn only_an_earlier_instant_wakes_and_it_does_so_whenever_it_comes() {
        let wake = Wake::default();
        wake.arm();
        let mut sleep = Box::pin(wake.earlier_than(Timestamp(100)));
        assert!(sleep.as_mut().now_or_never().is_none());
        wake.note(Timestamp(100));
        assert!(sleep.as_mut().now_or_never().is_none());
        wake.note(Timestamp(99));
        sleep.await;

        wake.arm();
        wake.note(Timestamp(7));
        wake.earlier_than(Timestamp(8)).await;
        assert!(wake.earlier_than(Timestamp(7)).now_or_never().is_none());
    }

    #[tokio::test]
    async fn what_was_committed_before_arming_is_the_readers_business() {
        let wake = Wake::default();
        wake.note(Timestamp(1));
        wake.arm();
        assert!(wake.earlier_than(Timestamp(100)).now_or_never().is_none());
    }
}
