//! Figures of an endpoint's deliveries, kept up to date so that reading them costs the same at any number of deliveries.

use super::attempt::Attempt;
use super::delivery::{Delivery, DeliveryStatus};
use super::time::{Millis, Timestamp};
use serde::{Deserialize, Serialize};

/// Latencies of attempts that were answered: how many took how long.
///
/// Bucket k holds those of up to 2^(k/4) ms and more than the bucket before: each bound is a fifth above the last one, which
/// is how exact the percentiles are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Latencies(Vec<u64>);

impl Latencies {
    /// Counts one.
    pub fn count(&mut self, latency: Millis) {
        let bucket = Self::bucket(latency);
        if self.0.len() <= bucket {
            self.0.resize(bucket + 1, 0);
        }
        self.0[bucket] += 1;
    }

    /// Takes back one that was counted.
    pub fn discount(&mut self, latency: Millis) {
        if let Some(count) = self.0.get_mut(Self::bucket(latency)) {
            *count = count.saturating_sub(1);
        }
        let used = self.0.iter().rposition(|count| *count > 0).map_or(0, |last| last + 1);
        self.0.truncate(used);
    }

    /// Adds what another one counted.
    pub fn add(&mut self, other: &Self) {
        self.0.resize(self.0.len().max(other.0.len()), 0);
        for (own, other) in self.0.iter_mut().zip(&other.0) {
            *own += other;
        }
    }

    /// The latency that `percent` of those counted did not exceed; `None` if none was counted.
    pub fn percentile(&self, percent: u64) -> Option<Millis> {
        let all: u64 = self.0.iter().sum();
        let rank = (all * percent).div_ceil(100).max(1);
        let mut seen = 0;
        let bucket = self.0.iter().position(|count| {
            seen += count;
            seen >= rank
        })?;
        Some(Self::bound(bucket))
    }

    fn bucket(latency: Millis) -> usize {
        (0..).find(|bucket| Self::bound(*bucket) >= latency.max(Millis(1))).unwrap_or(0)
    }

    fn bound(bucket: usize) -> Millis {
        Millis(2f64.powf(bucket as f64 / 4.0).round() as u64)
    }
}

/// What became of an endpoint's deliveries, tests left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointFigures {
    /// Deliveries in each state.
    pub counts: DeliveryCounts,
    /// How long answers took.
    #[serde(default)]
    pub latencies: Latencies,
    /// When it was last sent something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_triggered_at: Option<Timestamp>,
    /// Since when no attempt has succeeded: the first failed attempt after the last success.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failing_since: Option<Timestamp>,
}

impl EndpointFigures {
    /// Takes note of a delivery of the endpoint that comes into being (from `None`), changes, or is deleted (to `None`).
    /// A test changes nothing. An attempt counts once, when it is recorded, and its latency as long as the delivery is there.
    pub fn recount(&mut self, from: Option<&Delivery>, to: Option<&Delivery>) {
        let is_counted = |delivery: &&Delivery| !delivery.source.is_test();
        let (from, to) = (from.filter(is_counted), to.filter(is_counted));
        self.counts.recount(from, to);
        match (from, to) {
            (Some(from), None) => from.attempts.iter().for_each(|attempt| self.deleted(attempt)),
            (from, Some(to)) => {
                let known = from.map_or(0, |from| from.attempts.len());
                to.attempts.iter().skip(known).for_each(|attempt| self.attempted(attempt));
            }
            (None, None) => {}
        }
    }

    fn deleted(&mut self, attempt: &Attempt) {
        if attempt.response_code.is_some() {
            self.latencies.discount(attempt.duration_ms);
        }
    }

    fn attempted(&mut self, attempt: &Attempt) {
        if attempt.response_code.is_some() {
            self.latencies.count(attempt.duration_ms);
        }
        self.last_triggered_at = self.last_triggered_at.max(Some(attempt.sent_at));
        self.failing_since = attempt.error.as_ref().and(self.failing_since.or(Some(attempt.sent_at)));
    }
}

/// How many deliveries stand where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryCounts {
    /// Not attempted yet.
    pub pending: u64,
    /// An attempt is under way; those counted here are counted nowhere else. Zero where nobody keeps count of them: then
    /// they are among the pending and the retrying.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub sending: u64,
    /// Between attempts.
    pub retrying: u64,
    /// Taken by their receivers.
    pub succeeded: u64,
    /// Given up.
    pub failed: u64,
}

impl DeliveryCounts {
    /// Takes note of a delivery that comes into being (from `None`), changes, or is deleted (to `None`). A test changes
    /// nothing.
    pub fn recount(&mut self, from: Option<&Delivery>, to: Option<&Delivery>) {
        let is_counted = |delivery: &&Delivery| !delivery.source.is_test();
        if let Some(from) = from.filter(is_counted) {
            let count = self.of(from.status);
            *count = count.saturating_sub(1);
        }
        if let Some(to) = to.filter(is_counted) {
            *self.of(to.status) += 1;
        }
    }

    fn of(&mut self, status: DeliveryStatus) -> &mut u64 {
        match status {
            DeliveryStatus::Pending => &mut self.pending,
            DeliveryStatus::Sending => &mut self.sending,
            DeliveryStatus::Retrying => &mut self.retrying,
            DeliveryStatus::Success => &mut self.succeeded,
            DeliveryStatus::Failed => &mut self.failed,
        }
    }

    /// All of them.
    pub fn total(&self) -> u64 {
        self.open() + self.succeeded + self.failed
    }

    /// Of those that ended the percentage that was taken, with two decimals; 0 if none ended.
    pub fn success_rate(&self) -> f64 {
        let ended = self.succeeded + self.failed;
        if ended == 0 { 0.0 } else { (self.succeeded as f64 * 10_000.0 / ended as f64).round() / 100.0 }
    }

    /// Those that may still be attempted.
    pub fn open(&self) -> u64 {
        self.pending + self.sending + self.retrying
    }
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_a_fifth_off_at_most() {
        let mut latencies = Latencies::default();
        (1..=1_000).for_each(|ms| latencies.count(Millis(ms)));
        for (percent, exact) in [(50, 500.0), (99, 990.0), (100, 1_000.0)] {
            let found = latencies.percentile(percent).unwrap().0 as f64;
            assert!((exact..=exact * 1.2).contains(&found), "{percent}: {found}");
        }
        assert_eq!(Latencies::default().percentile(50), None);
    }

    #[test]
    fn what_is_taken_back_was_never_counted() {
        let (mut kept, mut all) = <(Latencies, Latencies)>::default();
        for ms in [5, 900, 30_000] {
            all.count(Millis(ms));
        }
        kept.count(Millis(5));
        all.discount(Millis(30_000));
        all.discount(Millis(900));
        assert_eq!(all, kept);
        all.discount(Millis(5));
        assert_eq!((&all, all.percentile(99)), (&Latencies::default(), None));
    }

    #[test]
    fn counting_apart_and_adding_is_counting_together() {
        let (mut together, mut one, mut other) = <(Latencies, Latencies, Latencies)>::default();
        for ms in [0, 1, 7, 30_000] {
            together.count(Millis(ms));
            if ms < 5 {
                one.count(Millis(ms))
            } else {
                other.count(Millis(ms))
            };
        }
        one.add(&other);
        assert_eq!(one, together);
    }
}
