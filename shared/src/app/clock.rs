//! The time, as the product reads it and waits for it. The one place that does.

use crate::domain::time::{Millis, Timestamp};
use std::future::pending;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio::sync::watch;

/// The wall clock can be set and a laptop can be closed, and no timer of the operating system's follows it: so it is
/// looked at this often while waiting.
const GLANCE: Duration = Duration::from_secs(1);

/// Where the current time comes from.
#[derive(Clone)]
pub struct Clock {
    source: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// Milliseconds of this clock in one of the machine's, told whenever this clock is set; none for one that nobody sets.
    speed: Option<watch::Receiver<f64>>,
}

impl Clock {
    /// The machine's own clock.
    pub fn system() -> Self {
        Self::new(|| {
            let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
            Timestamp(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
        })
    }

    /// A clock that says what `source` says, and goes as the machine's does.
    pub fn new(source: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self { source: Arc::new(source), speed: None }
    }

    /// A clock that is set while it goes: after each change `speed` holds how many of its milliseconds pass in one of the
    /// machine's, 0 if it stands still.
    pub fn controlled(source: impl Fn() -> Timestamp + Send + Sync + 'static, speed: watch::Receiver<f64>) -> Self {
        Self { source: Arc::new(source), speed: Some(speed) }
    }

    /// The current time, rounded down to the millisecond.
    pub fn now(&self) -> Timestamp {
        (self.source)()
    }

    /// Returns when this clock shows `instant`, never earlier.
    pub async fn sleep_until(&self, instant: Timestamp) {
        let mut speed = self.speed.clone();
        loop {
            let rate = speed.as_mut().map_or(1.0, |speed| *speed.borrow_and_update());
            let left = instant.since(self.now());
            if left == Millis(0) {
                return;
            }
            tokio::select! {
                () = tokio::time::sleep(real(left, rate)) => {}
                () = set(&mut speed) => {}
            }
        }
    }
}

/// How long to wait before the clock is looked at again.
fn real(left: Millis, rate: f64) -> Duration {
    // Rounded up: a sleep that ends too early would be repeated over and over.
    let millis = (left.0 as f64 / rate).ceil();
    if millis < GLANCE.as_millis() as f64 { Duration::from_millis(millis as u64) } else { GLANCE }
}

/// Returns when the clock was set.
async fn set(speed: &mut Option<watch::Receiver<f64>>) {
    if let Some(speed) = speed
        && speed.changed().await.is_ok()
    {
        return;
    }
    pending().await
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU64, Ordering};

    #[test]
    fn a_wait_is_as_much_shorter_as_the_clock_is_faster_and_never_longer_than_a_glance() {
        assert_eq!(real(Millis(500), 1.0), Duration::from_millis(500));
        assert_eq!(real(Millis(501), 10.0), Duration::from_millis(51));
        assert_eq!(real(Millis::HOUR, 1.0), GLANCE);
        assert_eq!(real(Millis(1), 0.0), GLANCE);
        assert_eq!(real(Millis(1), 1e6), Duration::from_millis(1));
    }

    #[tokio::test]
    async fn who_waits_is_woken_when_a_clock_that_stands_still_is_set_to_what_was_waited_for() {
        let shown = Arc::new(AtomicU64::new(1_000));
        let (speed, receiver) = watch::channel(0.0);
        let source = Arc::clone(&shown);
        let clock = Clock::controlled(move || Timestamp(source.load(Ordering::SeqCst)), receiver);
        let begun = std::time::Instant::now();
        let (waited, ()) = tokio::join!(
            async {
                clock.sleep_until(Timestamp(50_000_000)).await;
                clock.now()
            },
            async {
                tokio::task::yield_now().await;
                shown.store(50_000_000, Ordering::SeqCst);
                speed.send_replace(0.0);
            }
        );
        assert_eq!(waited, Timestamp(50_000_000));
        assert!(begun.elapsed() < GLANCE, "woken by the change, not by a glance");
    }
}
