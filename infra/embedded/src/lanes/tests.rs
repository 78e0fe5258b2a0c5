use super::*;
use minoots_shared::domain::account::Mode;
use minoots_shared::domain::ids::{AccountId, EndpointId};
use std::num::NonZeroU32;
use std::time::Duration;

mod accounts;
mod nobody;

/// Two to a host, two to an endpoint, ten a second to each: so slow that tests see it.
fn limits() -> Limits {
    Limits {
        attempts: 100,
        attempts_per_account: usize::MAX,
        attempts_per_host: 2,
        attempts_per_endpoint: 2,
        attempts_per_second: NonZeroU32::new(1_000_000).unwrap(),
        waiting: 1_000,
        waiting_per_lane: 100,
        waiting_events: 1,
    }
}

fn scope(account: &str) -> Scope {
    Scope { account: AccountId::new(account), mode: Mode::Live }
}

/// A timer's own webhook.
fn to_host(host: &str, id: &str) -> Job {
    Job { scope: scope("acct"), id: DeliveryId::new(id), host: host.into(), endpoint: None }
}

fn of(account: &str, job: Job) -> Job {
    Job { scope: scope(account), ..job }
}

fn to_endpoint(endpoint: &str, host: &str, id: &str) -> Job {
    Job { endpoint: Some(EndpointId::new(endpoint)), ..to_host(host, id) }
}

/// A line of deliveries to one endpoint, on a host of its own.
fn backlog(lanes: &mut Lanes, endpoint: &str, count: usize, now: Instant) {
    for number in 0..count {
        lanes.push(to_endpoint(endpoint, endpoint, &format!("{endpoint}{number}")), now);
    }
}

/// All that may begin now.
fn begin(lanes: &mut Lanes, now: Instant) -> Vec<Job> {
    std::iter::from_fn(|| match lanes.next(now) {
        Next::Attempt(job) => Some(job),
        _ => None,
    })
    .collect()
}

/// An attempt's end, answer and record at once. Whether its lane has room again.
fn done(lanes: &mut Lanes, job: &Job, now: Instant) -> bool {
    lanes.answered(job, Some(true), now);
    lanes.done(job, now)
}

fn ids(jobs: &[Job]) -> Vec<&str> {
    jobs.iter().map(|job| job.id.as_str()).collect()
}

/// Lanes that have been left must not be remembered.
fn assert_empty(lanes: &mut Lanes, now: Instant) {
    assert_eq!(lanes.next(now), Next::Nothing);
    assert_eq!((lanes.waiting, lanes.under_way, lanes.known.len()), (0, 0, 0));
    assert_eq!((lanes.lanes.len(), lanes.hosts.len(), lanes.accounts.len(), lanes.resting.len()), (0, 0, 0, 0));
}

#[test]
fn lanes_take_turns_however_many_wait_in_one_of_them() {
    let (mut lanes, now) = (Lanes::new(Limits { attempts_per_host: 9, ..limits() }), Instant::now());
    for id in ["a1", "a2", "a3", "a4"] {
        lanes.push(to_host("a", id), now);
    }
    lanes.push(to_host("b", "b1"), now);
    lanes.push(to_endpoint("e", "c", "e1"), now);
    lanes.push(to_host("b", "b2"), now);
    assert_eq!(ids(&begin(&mut lanes, now)), ["a1", "b1", "e1", "a2", "b2", "a3", "a4"]);
}

#[test]
fn a_host_takes_so_many_attempts_at_once_and_delays_no_other() {
    let (mut lanes, now) = (Lanes::new(limits()), Instant::now());
    for id in ["a1", "a2", "a3", "a4"] {
        lanes.push(to_host("a", id), now);
    }
    let first = begin(&mut lanes, now);
    assert_eq!(ids(&first), ["a1", "a2"]);
    lanes.push(to_host("b", "b1"), now);
    assert_eq!(ids(&begin(&mut lanes, now)), ["b1"]);
    done(&mut lanes, &first[0], now);
    assert_eq!(ids(&begin(&mut lanes, now)), ["a3"]);
    assert_eq!(lanes.next(now), Next::Nothing);
}

#[test]
fn a_hosts_limit_holds_for_all_who_send_there_and_they_take_turns() {
    let (mut lanes, now) = (Lanes::new(limits()), Instant::now());
    for number in 1..=3 {
        lanes.push(to_endpoint("e", "a", &format!("e{number}")), now);
        lanes.push(to_endpoint("f", "a", &format!("f{number}")), now);
        lanes.push(to_host("a", &format!("t{number}")), now);
    }
    let mut begun: VecDeque<Job> = begin(&mut lanes, now).into();
    let mut order = Vec::new();
    while let Some(job) = begun.pop_front() {
        assert_eq!(begun.len(), if order.len() < 8 { 1 } else { 0 });
        order.push(job.id.as_str().to_owned());
        done(&mut lanes, &job, now);
        begun.extend(begin(&mut lanes, now));
    }
    assert_eq!(order, ["e1", "f1", "t1", "e2", "f2", "t2", "e3", "f3", "t3"]);
    assert_empty(&mut lanes, now + Duration::from_secs(1));
}

#[test]
fn an_endpoint_takes_so_many_attempts_at_once_and_delays_no_other_on_its_host() {
    let (mut lanes, now) = (Lanes::new(Limits { attempts_per_host: 5, ..limits() }), Instant::now());
    for number in 1..=4 {
        lanes.push(to_endpoint("e", "a", &format!("e{number}")), now);
    }
    lanes.push(to_endpoint("f", "a", "f1"), now);
    let begun = begin(&mut lanes, now);
    assert_eq!(ids(&begun), ["e1", "f1", "e2"]);
    done(&mut lanes, &begun[2], now);
    assert_eq!(ids(&begin(&mut lanes, now)), ["e3"]);
}

#[test]
fn endpoints_of_two_scopes_under_one_id_are_two() {
    let (mut lanes, now) = (Lanes::new(Limits { attempts_per_host: 9, ..limits() }), Instant::now());
    for number in 1..=3 {
        lanes.push(to_endpoint("e", "a", &format!("m{number}")), now);
        lanes.push(of("other", to_endpoint("e", "a", &format!("m{number}"))), now);
    }
    assert_eq!(ids(&begin(&mut lanes, now)), ["m1", "m1", "m2", "m2"]);
}

#[test]
fn no_more_attempts_than_so_many_begin_in_all() {
    let (mut lanes, now) = (Lanes::new(Limits { attempts: 3, ..limits() }), Instant::now());
    for id in ["1", "2", "3", "4", "5"] {
        lanes.push(to_host(id, id), now);
    }
    let begun = begin(&mut lanes, now);
    assert_eq!((ids(&begun), lanes.under_way()), (vec!["1", "2", "3"], 3));
    done(&mut lanes, &begun[1], now);
    assert_eq!(ids(&begin(&mut lanes, now)), ["4"]);
}

#[test]
fn a_hundred_hosts_that_hang_leave_room_for_others() {
    let limits = Limits { attempts: 1_024, attempts_per_host: 64, waiting: 100_000, ..limits() };
    let (mut lanes, now) = (Lanes::new(limits), Instant::now());
    let mut hanging = Vec::new();
    for host in 0..100 {
        for number in 0..80 {
            lanes.push(to_host(&format!("h{host}"), &format!("{host}-{number}")), now);
        }
        hanging.extend(begin(&mut lanes, now));
    }
    // As many as ever while there is room, and then few.
    assert_eq!(hanging.len(), 8 * 64 + 92 * UNPROVEN);
    for number in 0..100 {
        lanes.push(to_host(&format!("other{number}"), &number.to_string()), now);
        assert_eq!(begin(&mut lanes, now).len(), 1, "another host waits for those that hang, after {number}");
    }
    // And those that hang have all their turns, as their attempts end at last.
    let (mut begun, later) = (hanging.len(), now + 15 * PROMPT);
    while let Some(job) = hanging.pop() {
        done(&mut lanes, &job, later);
        let next = begin(&mut lanes, later);
        begun += next.len();
        hanging.extend(next);
    }
    assert_eq!(begun, 100 * 80);
}

#[test]
fn a_host_whose_attempts_end_soon_has_ever_more_of_them_though_others_hang() {
    let limits = Limits { attempts: 200, attempts_per_host: 64, waiting: 9_999, waiting_per_lane: 999, ..limits() };
    let (mut lanes, mut now) = (Lanes::new(limits), Instant::now());
    for host in 0..100 {
        lanes.push(to_host(&format!("h{host}"), &format!("h{host}")), now);
    }
    assert_eq!(begin(&mut lanes, now).len(), 100);
    for number in 0..500 {
        lanes.push(to_host("a", &number.to_string()), now);
    }
    let mut at_once = Vec::new();
    for _ in 0..6 {
        let begun = begin(&mut lanes, now);
        at_once.push(begun.len());
        now += PROMPT / 2;
        for job in &begun {
            done(&mut lanes, job, now);
        }
    }
    assert_eq!(at_once, [4, 8, 16, 32, 64, 64]);
    // Once they take their time, there are fewer.
    let begun = begin(&mut lanes, now);
    now += 2 * PROMPT;
    for job in &begun {
        done(&mut lanes, job, now);
    }
    assert_eq!(begin(&mut lanes, now).len(), UNPROVEN);
}

#[test]
fn a_delivery_is_queued_once_whoever_queues_it_and_once_more_if_that_was_while_it_was_attempted() {
    let (mut lanes, now) = (Lanes::new(limits()), Instant::now());
    let job = to_host("a", "1");
    assert!(lanes.push(job.clone(), now));
    assert!(!lanes.push(job.clone(), now));
    assert!(lanes.knows(&job));
    assert_eq!(ids(&begin(&mut lanes, now)), ["1"]);
    assert!(lanes.knows(&job));
    lanes.push(job.clone(), now);
    lanes.push(job.clone(), now);
    assert_eq!(lanes.next(now), Next::Nothing);
    done(&mut lanes, &job, now);
    assert_eq!(ids(&begin(&mut lanes, now)), ["1"]);
    done(&mut lanes, &job, now);
    assert!(!lanes.knows(&job));
    assert_empty(&mut lanes, now);
}

#[test]
fn what_is_turned_away_is_asked_for_again_when_half_the_lane_is_free() {
    let (mut lanes, now) = (Lanes::new(Limits { waiting_per_lane: 4, ..limits() }), Instant::now());
    for number in 0..6 {
        lanes.push(to_host("a", &format!("a{number}")), now);
    }
    assert!(!lanes.knows(&to_host("a", "a4")) && lanes.knows(&to_host("a", "a3")));
    lanes.push(to_host("b", "b0"), now);
    assert!(lanes.knows(&to_host("b", "b0")), "another lane has room");
    let begun = begin(&mut lanes, now);
    assert_eq!(ids(&begun), ["a0", "b0", "a1"]);
    let room: Vec<_> = begun.iter().map(|job| done(&mut lanes, job, now)).collect();
    assert_eq!(room, [true, false, false], "once, by the lane that turned something away");
}

#[test]
fn a_lane_that_was_never_full_asks_for_nothing() {
    let (mut lanes, now) = (Lanes::new(Limits { waiting_per_lane: 1, ..limits() }), Instant::now());
    let job = to_host("a", "1");
    lanes.push(job.clone(), now);
    lanes.push(job.clone(), now);
    begin(&mut lanes, now);
    assert!(!done(&mut lanes, &job, now));
}

#[test]
fn when_too_many_wait_in_all_every_lane_still_takes_a_few() {
    let (mut lanes, now) = (Lanes::new(Limits { waiting: 100, waiting_per_lane: 100, ..limits() }), Instant::now());
    backlog(&mut lanes, "e", 150, now);
    backlog(&mut lanes, "f", 150, now);
    assert_eq!(lanes.waiting, 164);
}

#[test]
fn an_endpoint_is_sent_to_at_its_rate_and_no_more_is_asked_for_before_the_next_token() {
    let ten = NonZeroU32::new(10).unwrap();
    let limits = Limits { attempts_per_second: ten, attempts_per_endpoint: 100, attempts_per_host: 100, ..limits() };
    let (mut lanes, begin) = (Lanes::new(limits), Instant::now());
    backlog(&mut lanes, "e", 21, begin);
    let (mut now, mut at) = (begin, Vec::new());
    loop {
        match lanes.next(now) {
            Next::Attempt(job) => {
                at.push((now - begin).as_millis());
                done(&mut lanes, &job, now);
            }
            Next::At(instant) => {
                assert!(instant > now);
                now = instant;
            }
            Next::Nothing => break,
        }
    }
    assert_eq!(at, (0..21).map(|number| number * 100).collect::<Vec<_>>());
    assert_empty(&mut lanes, now + Duration::from_millis(100));
}

#[test]
fn one_who_waits_for_a_token_delays_nobody_and_timers_webhooks_wait_for_none() {
    let limits = Limits { attempts_per_second: NonZeroU32::MIN, attempts_per_endpoint: 100, ..limits() };
    let (mut lanes, now) = (Lanes::new(Limits { attempts_per_host: 100, ..limits }), Instant::now());
    for number in 1..=3 {
        lanes.push(to_endpoint("e", "a", &format!("e{number}")), now);
        lanes.push(to_endpoint("f", "a", &format!("f{number}")), now);
        lanes.push(to_host("a", &format!("t{number}")), now);
    }
    assert_eq!(ids(&begin(&mut lanes, now)), ["e1", "f1", "t1", "t2", "t3"]);
    assert_eq!(lanes.next(now), Next::At(now + Duration::from_secs(1)));
    assert_eq!(ids(&begin(&mut lanes, now + Duration::from_secs(1))), ["e2", "f2"]);
}

#[test]
fn an_endpoint_that_had_nothing_for_a_moment_has_no_new_tokens_for_it() {
    let limits = Limits { attempts_per_second: NonZeroU32::MIN, ..limits() };
    let (mut lanes, now) = (Lanes::new(limits), Instant::now());
    let job = |id: &str| to_endpoint("e", "a", id);
    lanes.push(job("1"), now);
    assert_eq!(ids(&begin(&mut lanes, now)), ["1"]);
    done(&mut lanes, &job("1"), now);
    lanes.push(job("2"), now);
    assert_eq!(lanes.next(now), Next::At(now + Duration::from_secs(1)));
    assert_eq!(ids(&begin(&mut lanes, now + Duration::from_secs(1))), ["2"]);
}

#[test]
fn lanes_that_were_left_are_forgotten() {
    let (mut lanes, mut now) = (Lanes::new(limits()), Instant::now());
    for number in 0..10_000 {
        let job = to_endpoint(&format!("e{number}"), &format!("h{number}"), &format!("d{number}"));
        lanes.push(job, now);
        for job in begin(&mut lanes, now) {
            done(&mut lanes, &job, now);
        }
        now += Duration::from_millis(1);
    }
    assert!(lanes.lanes.len() < 200, "{} are remembered", lanes.lanes.len());
    assert_empty(&mut lanes, now + Duration::from_secs(1));
}

#[test]
fn a_host_that_has_answered_is_sent_the_next_one_while_the_answer_is_being_recorded() {
    let now = Instant::now();
    let mut lanes = Lanes::new(Limits { attempts: 3, ..limits() });
    for id in ["1", "2", "3", "4"] {
        lanes.push(to_host("a", id), now);
    }
    let begun = begin(&mut lanes, now);
    assert_eq!(ids(&begun), ["1", "2"]);
    lanes.answered(&begun[0], Some(true), now);
    assert_eq!(ids(&begin(&mut lanes, now)), ["3"]);
    // Three in all: two at the receiver and one that is being recorded.
    lanes.answered(&begun[1], Some(true), now);
    assert_eq!(ids(&begin(&mut lanes, now)), Vec::<&str>::new());
    lanes.done(&begun[0], now);
    assert_eq!(ids(&begin(&mut lanes, now)), ["4"]);
}
