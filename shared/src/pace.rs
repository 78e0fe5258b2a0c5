//! How fast one endpoint is sent to: a token bucket that fills at a constant rate, and says when the next token is there.

use std::num::NonZeroU32;
use std::time::Duration;
use tokio::time::Instant;

/// A rate, and how much of it may be saved up.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    /// In this time one token comes.
    interval: Duration,
    /// In this time an empty bucket fills: a tenth of a second, so that no second sees more than a tenth above the rate.
    depth: Duration,
}

impl Rate {
    /// So many in each second.
    pub fn per_second(tokens: NonZeroU32) -> Self {
        let interval = Duration::from_secs(1) / tokens.get();
        Self { interval, depth: Duration::from_millis(100).max(interval) }
    }
}

/// A bucket; full in the beginning.
#[derive(Debug, Default)]
pub struct Bucket {
    /// When it is full again.
    full_at: Option<Instant>,
}

impl Bucket {
    /// When there is a token, if there is none at `now`.
    pub fn empty_until(&self, rate: Rate, now: Instant) -> Option<Instant> {
        let spare = rate.depth - rate.interval;
        let next = self.full_at?.checked_sub(spare)?;
        (next > now).then_some(next)
    }

    /// Takes a token.
    pub fn take(&mut self, rate: Rate, now: Instant) {
        self.full_at = Some(self.full_at.map_or(now, |full| full.max(now)) + rate.interval);
    }

    /// When nothing needs to be known of it any more, if that is after `now`.
    pub fn filling_until(&self, now: Instant) -> Option<Instant> {
        self.full_at.filter(|full| *full > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// When each of `count` tokens can be taken by one who takes each as soon as it is there.
    fn taken(bucket: &mut Bucket, rate: Rate, mut now: Instant, count: usize) -> Vec<Instant> {
        let mut taken = Vec::new();
        for _ in 0..count {
            now = bucket.empty_until(rate, now).unwrap_or(now);
            assert_eq!(bucket.empty_until(rate, now), None, "a token is there when it was said to be");
            bucket.take(rate, now);
            taken.push(now);
        }
        taken
    }

    #[test]
    fn tokens_come_at_the_rate_and_a_tenth_of_a_seconds_can_be_saved_up() {
        let (rate, begin) = (Rate::per_second(NonZeroU32::new(100).unwrap()), Instant::now());
        let mut bucket = Bucket::default();
        let at: Vec<_> = taken(&mut bucket, rate, begin, 300).iter().map(|at| (*at - begin).as_millis()).collect();
        assert_eq!(at[..12], [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10, 20]);
        assert_eq!(at[299], 2_900);
        // However long it rests, it saves up no more.
        let later = begin + Duration::from_secs(60);
        assert_eq!(bucket.filling_until(later), None);
        let again: Vec<_> = taken(&mut bucket, rate, later, 12).iter().map(|at| (*at - later).as_millis()).collect();
        assert_eq!(again, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 10, 20]);
    }

    #[test]
    fn a_slow_rate_has_one_token_at_a_time() {
        let (rate, begin) = (Rate::per_second(NonZeroU32::MIN), Instant::now());
        let at = taken(&mut Bucket::default(), rate, begin, 4);
        assert_eq!(at.iter().map(|at| (*at - begin).as_secs()).collect::<Vec<_>>(), [0, 1, 2, 3]);
    }
}
