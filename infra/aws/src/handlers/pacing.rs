//! How fast this process sends to one endpoint. No other process knows of it: what holds for all of them together is this,
//! times as many as run at once.

use minoots_shared::pace::{Bucket, Rate};
use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use tokio::time::{Instant, sleep_until};

/// Attempts that begin in a second in one lane.
const PER_SECOND: NonZeroU32 = NonZeroU32::MIN.saturating_add(99);
/// How many lanes are remembered before those that are at rest are forgotten.
const REMEMBERED: usize = 1_024;

/// A bucket for each lane that was used lately.
#[derive(Debug, Default)]
pub(super) struct Pacing(Mutex<HashMap<String, Bucket>>);

impl Pacing {
    /// Returns when it is the caller's turn. With the ten messages of a batch that is a tenth of a second at most.
    pub(super) async fn turn(&self, lane: &str) {
        if let Some(turn) = self.take(lane, Instant::now()) {
            sleep_until(turn).await;
        }
    }

    /// Takes the lane's next token; when it is there, if that is after `now`.
    fn take(&self, lane: &str, now: Instant) -> Option<Instant> {
        let rate = Rate::per_second(PER_SECOND);
        let mut lanes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lanes.len() >= REMEMBERED {
            lanes.retain(|_, bucket| bucket.filling_until(now).is_some());
        }
        let bucket = lanes.entry(lane.to_owned()).or_default();
        let turn = bucket.empty_until(rate, now);
        bucket.take(rate, turn.unwrap_or(now));
        turn
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn one_lane_has_a_hundred_turns_a_second_and_delays_no_other() {
        let (pacing, begin) = (Pacing::default(), Instant::now());
        let turn = |lane| pacing.take(lane, begin).map_or(0, |turn| (turn - begin).as_millis());
        let turns: Vec<_> = (0..210).map(|_| turn("busy")).collect();
        assert_eq!(turns[..12], [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10, 20]);
        assert_eq!(turns[209], 2_000);
        assert_eq!(turn("quiet"), 0);
    }

    #[test]
    fn lanes_at_rest_are_forgotten() {
        let (pacing, begin) = (Pacing::default(), Instant::now());
        for number in 0..5_000_u32 {
            pacing.take(&format!("lane-{number}"), begin + Duration::from_millis(100) * number);
        }
        assert!(pacing.0.lock().unwrap().len() <= REMEMBERED);
    }
}
