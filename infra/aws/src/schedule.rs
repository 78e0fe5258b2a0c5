//! When an alarm's message is to come to the due queue: pure functions.
//!
//! EventBridge Scheduler is precise to a minute, and all accounts of a region share its rate of invocations. So a schedule
//! goes off some minutes early, at an instant hashed over a window: 100,000 timers for the top of the hour don't meet. From
//! there the queue's delay, precise to a second, takes over; it is at most 15 minutes.

use crate::config::LONGEST_DELAY;
use crate::store::digest;
use minoots_shared::domain::time::{Millis, Timestamp};
use minoots_shared::ports::Alarm;

/// How long before it is due a schedule may go off at the earliest: what is left must fit into a delay.
const EARLIEST: Millis = Millis(14 * Millis::MINUTE.0);
/// And at the latest, unless things are near: the Scheduler may take a minute, and its message some time.
const LATEST: Millis = Millis(2 * Millis::MINUTE.0);
/// How far ahead `at()` must lie: one in the past is refused, and clocks differ.
const AHEAD: Millis = Millis::seconds(30);

/// How an alarm is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arming {
    /// By a message with this delay, in whole seconds.
    Delay(u64),
    /// By a schedule that goes off at this whole second.
    Schedule(Timestamp),
}

/// How to set an alarm at `now`. `direct`: what is nearer goes straight to the queue.
pub fn arming(alarm: &Alarm, now: Timestamp, direct: Millis) -> Arming {
    let left = alarm.at.since(now);
    let direct = direct.min(Millis::seconds(LONGEST_DELAY));
    if left <= direct {
        // Rounded down: the handler waits for the rest of the last second.
        return Arming::Delay(left.0 / 1_000);
    }
    // With a short `direct`, as in tests, the margins shrink with it.
    let ahead = now.plus(AHEAD.min(Millis(direct.0 / 4)));
    let last = alarm.at.minus(LATEST.min(direct));
    let first = alarm.at.minus(EARLIEST).max(ahead);
    let window = last.since(first).0 / 1_000;
    let place = u64::from_str_radix(&digest(alarm)[..12], 16).unwrap_or_default() % (window + 1);
    let at = first.plus(Millis::seconds(place));
    Arming::Schedule(Timestamp(at.0.div_ceil(1_000) * 1_000))
}

/// Whether an alarm may have a schedule that has not gone off yet.
pub fn is_pending(alarm: &Alarm, now: Timestamp, direct: Millis) -> bool {
    alarm.at.since(now) > direct.min(LATEST)
}

/// The name of an alarm's schedule: the same alarm has the same, so that making it twice does no harm.
pub fn schedule_name(alarm: &Alarm) -> String {
    format!("m-{}", &digest(alarm)[..40])
}

fn digest(alarm: &Alarm) -> String {
    let (epoch, at) = (alarm.epoch.to_string(), alarm.at.0.to_string());
    digest::digest(&[alarm.scope.account.as_str(), alarm.scope.mode.as_str(), alarm.timer.as_str(), &epoch, &at])
}

#[cfg(test)]
mod tests {
    use super::*;
    use minoots_shared::domain::account::{Mode, Scope};
    use minoots_shared::domain::ids::{AccountId, TimerId};
    use std::collections::BTreeSet;

    const NOW: Timestamp = Timestamp(1_800_000_000_123);
    const DIRECT: Millis = Millis::seconds(120);

    fn alarm(timer: usize, left: u64) -> Alarm {
        let scope = Scope { account: AccountId::new("acct"), mode: Mode::Live };
        Alarm { scope, timer: TimerId::new(format!("t{timer}")), epoch: 3, at: NOW.plus(Millis(left)) }
    }

    #[test]
    fn what_is_near_waits_in_the_queue_and_never_longer_than_until_it_is_due() {
        for (left, delay) in [(0, 0), (1, 0), (999, 0), (1_000, 1), (61_999, 61), (120_000, 120)] {
            assert_eq!(arming(&alarm(0, left), NOW, DIRECT), Arming::Delay(delay), "{left}");
        }
        let past = Alarm { at: NOW.minus(Millis::HOUR), ..alarm(0, 0) };
        assert_eq!(arming(&past, NOW, DIRECT), Arming::Delay(0));
        assert_eq!(arming(&alarm(0, 900_000), NOW, Millis::HOUR), Arming::Delay(900));
        assert!(matches!(arming(&alarm(0, 900_001), NOW, Millis::HOUR), Arming::Schedule(_)));
    }

    #[test]
    fn a_schedule_is_in_the_future_at_a_whole_second_early_enough_and_what_is_left_fits_into_a_delay() {
        let lefts = (120_001..1_200_000).step_by(777).chain([3_600_000, 86_400_000, 366 * 86_400_000]);
        for direct in [DIRECT, Millis::seconds(900), Millis::seconds(4), Millis::seconds(1)] {
            for (number, left) in lefts.clone().filter(|left| *left > direct.0).enumerate() {
                let alarm = alarm(number, left);
                let Arming::Schedule(at) = arming(&alarm, NOW, direct) else { panic!("{left} is not near") };
                assert_eq!(at.0 % 1_000, 0);
                assert!(at > NOW && at < alarm.at, "{left}: {at:?}");
                assert!(alarm.at.since(at) <= Millis::seconds(LONGEST_DELAY), "{left}: {at:?}");
                if direct >= DIRECT {
                    assert!(at.since(NOW) >= AHEAD, "{left}: {at:?}");
                    // A minute late, and still in time.
                    assert!(at.plus(Millis::MINUTE) < alarm.at, "{left}: {at:?}");
                }
            }
        }
    }

    #[test]
    fn timers_for_one_instant_go_off_spread_over_twelve_minutes() {
        let minute = |number| match arming(&alarm(number, 7_200_000), NOW, DIRECT) {
            Arming::Schedule(at) => at.since(NOW).0 / 60_000,
            Arming::Delay(_) => panic!("two hours are not near"),
        };
        let mut counts = std::collections::BTreeMap::new();
        for number in 0..12_000 {
            *counts.entry(minute(number)).or_insert(0) += 1;
        }
        assert!((12..=13).contains(&counts.len()), "{counts:?}");
        assert!(counts.values().all(|count| *count <= 1_200), "{counts:?}");
    }

    #[test]
    fn a_schedules_name_is_the_alarms_own_and_one_that_aws_takes() {
        let one = alarm(1, 7_200_000);
        let other_account = Scope { account: AccountId::new("other"), ..one.scope.clone() };
        let other_mode = Scope { mode: Mode::Test, ..one.scope.clone() };
        let different = [
            one.clone(),
            alarm(2, 7_200_000),
            alarm(1, 7_200_001),
            Alarm { epoch: 4, ..one.clone() },
            Alarm { scope: other_account, ..one.clone() },
            Alarm { scope: other_mode, ..one.clone() },
        ];
        let names: BTreeSet<_> = different.iter().map(schedule_name).collect();
        assert_eq!(names.len(), different.len());
        assert!(
            names.iter().all(|name| name.len() <= 64 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'))
        );
        assert_eq!(schedule_name(&one), schedule_name(&one.clone()));
    }

    #[test]
    fn only_a_schedule_that_can_still_be_ahead_is_worth_deleting() {
        assert!(is_pending(&alarm(0, 120_001), NOW, DIRECT));
        assert!(!is_pending(&alarm(0, 120_000), NOW, DIRECT));
        assert!(!is_pending(&Alarm { at: NOW.minus(Millis(1)), ..alarm(0, 0) }, NOW, DIRECT));
    }
}
