//! When a failed delivery is tried again.

use super::time::{Millis, Timestamp};
use serde::{Deserialize, Serialize};

/// No wait is longer than this, whatever a plan or a receiver asks for.
pub const LONGEST_WAIT: Millis = Millis(12 * Millis::HOUR.0);

/// How often and how far apart a delivery is attempted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetryPlan {
    /// Attempts in all, the first included.
    pub attempts: u32,
    /// The wait after the first attempt; each further wait is five times as long.
    pub first_wait: Millis,
}

impl RetryPlan {
    /// At once, then 5, 25, 125 and 625 s after the attempt before ended.
    pub const TIMER: Self = Self { attempts: 5, first_wait: Millis::seconds(5) };

    /// The wait after attempt `attempt` (from 1), or `None` if it was the last.
    ///
    /// `asked` is what the receiver asked for by Retry-After: it only lengthens. `salt` spreads waits by up to a tenth, so
    /// that what failed together does not come back together. Never shorter than the plan says, never above 12 h.
    pub fn wait_after(&self, attempt: u32, asked: Option<Millis>, salt: u64) -> Option<Millis> {
        if attempt >= self.attempts {
            return None;
        }
        let planned = self.first_wait.0.saturating_mul(5u64.saturating_pow(attempt.saturating_sub(1)));
        let wait = planned.max(asked.map_or(0, |asked| asked.0));
        let jitter = (u128::from(wait) * u128::from(salt % 1_000) / 10_000) as u64;
        Some(Millis(wait.saturating_add(jitter).min(LONGEST_WAIT.0)))
    }
}

/// Reads a Retry-After header (RFC 9110, section 10.2.3): seconds or a date.
pub fn parse_retry_after(value: &str, now: Timestamp) -> Option<Millis> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()) {
        return Some(Millis(value.parse::<u64>().unwrap_or(u64::MAX).saturating_mul(1_000)));
    }
    let date = httpdate::parse_http_date(value).ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    Some(Timestamp(u64::try_from(date.as_millis()).ok()?).since(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timers_are_retried_after_5_25_125_and_625_seconds() {
        let waits: Vec<_> = (1..=5).map(|attempt| RetryPlan::TIMER.wait_after(attempt, None, 0)).collect();
        let seconds = |count| Some(Millis::seconds(count));
        assert_eq!(waits, [seconds(5), seconds(25), seconds(125), seconds(625), None]);
    }

    #[test]
    fn waits_grow_by_a_tenth_at_most_and_never_beyond_12_hours() {
        for salt in [0, 1, 999, u64::MAX] {
            let wait = RetryPlan::TIMER.wait_after(2, None, salt).unwrap();
            assert!((25_000..=27_500).contains(&wait.0), "{wait:?}");
        }
        let slow = RetryPlan { attempts: 11, first_wait: Millis::HOUR };
        assert_eq!(slow.wait_after(10, None, 999), Some(LONGEST_WAIT));
        assert_eq!(RetryPlan::TIMER.wait_after(1, Some(Millis(u64::MAX)), 7), Some(LONGEST_WAIT));
    }

    #[test]
    fn a_receiver_can_ask_for_more_time_but_not_for_less() {
        assert_eq!(RetryPlan::TIMER.wait_after(1, Some(Millis::seconds(60)), 0), Some(Millis::seconds(60)));
        assert_eq!(RetryPlan::TIMER.wait_after(1, Some(Millis::seconds(1)), 0), Some(Millis::seconds(5)));
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = Timestamp(1_705_313_700_000);
        assert_eq!(parse_retry_after("120", now), Some(Millis::seconds(120)));
        assert_eq!(parse_retry_after("Mon, 15 Jan 2024 10:16:00 GMT", now), Some(Millis::seconds(60)));
        assert_eq!(parse_retry_after("Mon, 15 Jan 2024 10:14:00 GMT", now), Some(Millis(0)));
        assert_eq!(parse_retry_after("99999999999999999999", now), Some(Millis(u64::MAX)));
        for bad in ["", "soon", "-5", "1.5"] {
            assert_eq!(parse_retry_after(bad, now), None, "{bad}");
        }
    }
}
