//! One reading for all who ask for the same thing at the same time. It begins after each of them asked, so that it is as
//! fresh as a reading of their own: what was written and answered before, it sees. Nothing outlives those who ask.

use minoots_shared::app::cause;
use minoots_shared::ports::Unavailable;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// Readings under way, by what is read.
pub(super) struct Shared<T>(Mutex<HashMap<String, Weak<Turns<T>>>>);

struct Turns<T> {
    /// How many readings have begun.
    begun: AtomicU64,
    /// Held by whoever reads: the number of the last reading that came to its end, and what it found.
    last: tokio::sync::Mutex<(u64, Option<Result<T, String>>)>,
}

impl<T> Default for Shared<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Clone> Shared<T> {
    /// What `read` finds under `name`, or what another call's reading found that began after this call.
    pub(super) async fn read(
        &self,
        name: &str,
        read: impl Future<Output = Result<T, Unavailable>>,
    ) -> Result<T, Unavailable> {
        let turns = self.turns(name);
        let begun_before = turns.begun.load(Ordering::SeqCst);
        let mut last = turns.last.lock().await;
        if let (number, Some(found)) = &*last
            && *number > begun_before
        {
            return found.clone().map_err(|why| Unavailable(why.into()));
        }
        let number = turns.begun.fetch_add(1, Ordering::SeqCst) + 1;
        let found = read.await;
        let told = found.as_ref().map(T::clone).map_err(|Unavailable(error)| cause(error.as_ref()));
        *last = (number, Some(told));
        found
    }

    fn turns(&self, name: &str) -> Arc<Turns<T>> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(turns) = all.get(name).and_then(Weak::upgrade) {
            return turns;
        }
        all.retain(|_, turns| turns.strong_count() > 0);
        let turns = Arc::new(Turns { begun: AtomicU64::new(0), last: tokio::sync::Mutex::new((0, None)) });
        all.insert(name.to_owned(), Arc::downgrade(&turns));
        turns
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::future::join_all;
    use std::time::Duration;

    /// A store whose reading takes its time and finds what it was when it began.
    #[derive(Default)]
    struct Slow {
        value: AtomicU64,
        readings: AtomicU64,
    }

    impl Slow {
        async fn read(&self) -> Result<u64, Unavailable> {
            self.readings.fetch_add(1, Ordering::SeqCst);
            let value = self.value.load(Ordering::SeqCst);
            tokio::time::sleep(Duration::from_secs(1)).await;
            Ok(value)
        }
    }

    #[tokio::test(start_paused = true)]
    async fn those_who_ask_during_a_reading_share_the_next_and_see_what_was_written_before_they_asked() {
        let (shared, slow) = (Shared::default(), Slow::default());
        let first = shared.read("a", slow.read());
        let later = async {
            tokio::time::sleep(Duration::from_millis(500)).await;
            slow.value.store(1, Ordering::SeqCst);
            join_all((0..9).map(|_| shared.read("a", slow.read()))).await
        };
        let (first, later) = tokio::join!(first, later);
        assert_eq!(first.unwrap(), 0);
        assert_eq!(later.into_iter().map(Result::unwrap).collect::<Vec<_>>(), [1; 9]);
        assert_eq!(slow.readings.load(Ordering::SeqCst), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_kept_for_those_who_ask_later_nor_given_to_those_who_ask_for_something_else() {
        let (shared, slow) = (Shared::default(), Slow::default());
        let (one, other) = tokio::join!(shared.read("a", slow.read()), shared.read("b", slow.read()));
        assert_eq!((one.unwrap(), other.unwrap()), (0, 0));
        slow.value.store(2, Ordering::SeqCst);
        assert_eq!(shared.read("a", slow.read()).await.unwrap(), 2);
        assert_eq!(slow.readings.load(Ordering::SeqCst), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_waits_for_a_reading_that_is_given_up_reads_anew_and_all_are_told_of_one_that_fails() {
        let (shared, slow) = (Shared::default(), Slow::default());
        let given_up = tokio::time::timeout(Duration::from_millis(500), shared.read("a", slow.read()));
        let (given_up, found) = tokio::join!(given_up, shared.read("a", slow.read()));
        assert!(given_up.is_err());
        assert_eq!(found.unwrap(), 0);
        let fails = || async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            Err(Unavailable("no table".into()))
        };
        let told: Vec<Result<u64, _>> = join_all((0..3).map(|_| shared.read("a", fails()))).await;
        assert!(told.into_iter().all(|told| cause(&told.unwrap_err()).contains("no table")));
    }
}
