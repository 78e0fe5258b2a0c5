//! Lanes whose receiver is not there.

use super::*;
use crate::lanes::lane::{REST, VAIN};

/// A lane whose last attempts, just as many as it takes, found nobody; and what still waits in it.
fn nobody_there(lanes: &mut Lanes, now: Instant) {
    for number in 0..VAIN + 3 {
        lanes.push(to_host("gone", &format!("d{number}")), now);
    }
    for _ in 0..VAIN {
        end(lanes, Some(false), now);
    }
}

/// Begins one attempt, and ends it.
fn end(lanes: &mut Lanes, found: Option<bool>, now: Instant) {
    let Next::Attempt(job) = lanes.next(now) else { panic!("nothing may begin") };
    lanes.answered(&job, found, now);
    lanes.done(&job, now);
}

#[test]
fn a_lane_whose_attempts_find_nobody_makes_one_at_a_time_and_rests_before_each() {
    let (mut lanes, now) = (Lanes::new(limits()), Instant::now());
    nobody_there(&mut lanes, now);
    assert_eq!(lanes.next(now), Next::At(now + REST));
    let then = now + REST;
    let begun = begin(&mut lanes, then);
    assert_eq!(begun.len(), 1);
    lanes.answered(&begun[0], Some(false), then);
    lanes.done(&begun[0], then);
    assert_eq!(lanes.next(then), Next::At(then + REST));
}

#[test]
fn one_answer_and_it_goes_on_as_before() {
    let (mut lanes, now) = (Lanes::new(limits()), Instant::now());
    nobody_there(&mut lanes, now);
    end(&mut lanes, Some(true), now + REST);
    assert_eq!(begin(&mut lanes, now + REST).len(), 2);
}

#[test]
fn what_took_long_to_fail_and_what_was_not_sent_at_all_say_nothing_of_that() {
    let (mut lanes, now) = (Lanes::new(limits()), Instant::now());
    for number in 0..=VAIN {
        lanes.push(to_host("slow", &format!("d{number}")), now);
    }
    for _ in 1..VAIN {
        end(&mut lanes, Some(false), now);
    }
    let Next::Attempt(slow) = lanes.next(now) else { panic!("nothing may begin") };
    lanes.answered(&slow, Some(false), now + PROMPT);
    lanes.done(&slow, now + PROMPT);
    assert_eq!(begin(&mut lanes, now + PROMPT).len(), 1);

    let mut lanes = Lanes::new(limits());
    nobody_there(&mut lanes, now);
    end(&mut lanes, None, now + REST);
    assert_eq!(begin(&mut lanes, now + REST).len(), 1);
}

#[test]
fn others_on_the_same_host_do_not_rest_with_it() {
    let (mut lanes, now) = (Lanes::new(limits()), Instant::now());
    nobody_there(&mut lanes, now);
    lanes.push(of("other", to_host("gone", "theirs")), now);
    assert_eq!(ids(&begin(&mut lanes, now)), ["theirs"]);
}
