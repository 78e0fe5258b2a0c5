//! Accounts: they take turns, and none takes all.

use super::*;

#[test]
fn accounts_whose_timers_send_to_one_host_take_turns() {
    let (mut lanes, now) = (Lanes::new(Limits { attempts_per_host: 9, ..limits() }), Instant::now());
    for number in 1..=3 {
        lanes.push(to_host("a", &format!("m{number}")), now);
    }
    lanes.push(of("other", to_host("a", "o1")), now);
    assert_eq!(ids(&begin(&mut lanes, now)), ["m1", "o1", "m2", "m3"]);
}

#[test]
fn an_accounts_hosts_may_all_hang_and_leave_room_for_other_accounts() {
    let limits = Limits { attempts: 40, attempts_per_account: 30, waiting: 9_999, ..limits() };
    let (mut lanes, now) = (Lanes::new(limits), Instant::now());
    for host in 0..100 {
        lanes.push(to_host(&format!("h{host}"), &host.to_string()), now);
    }
    let mut hanging: VecDeque<Job> = begin(&mut lanes, now).into();
    assert_eq!(hanging.len(), 30);
    for number in 0..10 {
        lanes.push(of("other", to_host(&format!("other{number}"), &format!("o{number}"))), now);
        assert_eq!(begin(&mut lanes, now).len(), 1, "another account waits for one whose hosts hang, after {number}");
    }
    // And all of them have their turn, as attempts end at last.
    let mut begun = hanging.len();
    while let Some(job) = hanging.pop_front() {
        done(&mut lanes, &job, now);
        let next = begin(&mut lanes, now);
        begun += next.len();
        hanging.extend(next);
    }
    assert_eq!(begun, 100);
}

#[test]
fn a_turn_that_a_lane_cannot_take_is_the_next_ones() {
    let limits = Limits { attempts_per_account: 1, attempts_per_host: 1, ..limits() };
    let (mut lanes, now) = (Lanes::new(limits), Instant::now());
    let first = of("b", to_host("x", "b1"));
    lanes.push(first.clone(), now);
    assert_eq!(ids(&begin(&mut lanes, now)), ["b1"]);
    // Both wait in the line of the host.
    lanes.push(to_host("x", "a1"), now);
    lanes.push(of("c", to_host("x", "c1")), now);
    assert_eq!(begin(&mut lanes, now), []);
    // Meanwhile the first in that line can't begin for its account's sake.
    lanes.push(to_host("y", "a2"), now);
    assert_eq!(ids(&begin(&mut lanes, now)), ["a2"]);
    done(&mut lanes, &first, now);
    assert_eq!(ids(&begin(&mut lanes, now)), ["c1"]);
    // The same the other way round: the line of an account, whose first can't begin for its host's sake.
    lanes.push(to_host("z", "a3"), now);
    assert_eq!(begin(&mut lanes, now), []);
    done(&mut lanes, &to_host("y", "a2"), now);
    assert_eq!(ids(&begin(&mut lanes, now)), ["a3"]);
    done(&mut lanes, &to_host("z", "a3"), now);
    done(&mut lanes, &of("c", to_host("x", "c1")), now);
    assert_eq!(ids(&begin(&mut lanes, now)), ["a1"]);
    done(&mut lanes, &to_host("x", "a1"), now);
    assert_empty(&mut lanes, now);
}

/// Whatever the order, nothing that waits is left standing in a line that nobody calls.
#[test]
fn everything_that_waits_begins_in_the_end() {
    let mut seed = 1_u64;
    let mut roll = move |sides: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % sides
    };
    for round in 0..500 {
        let (attempts_per_account, attempts_per_host) = (1 + roll(3) as usize, 1 + roll(2) as usize);
        let limits = Limits { attempts: 8, attempts_per_account, attempts_per_host, ..limits() };
        let (mut lanes, mut now) = (Lanes::new(limits), Instant::now());
        let (mut under_way, mut pushed, mut begun) = (Vec::new(), 0, 0);
        loop {
            if pushed < 120 && roll(2) == 0 {
                let host = format!("h{}", roll(5));
                let job = match roll(3) {
                    0 => to_endpoint(&format!("e{}", roll(4)), &host, &pushed.to_string()),
                    _ => to_host(&host, &pushed.to_string()),
                };
                lanes.push(of(&format!("a{}", roll(4)), job), now);
                pushed += 1;
            }
            let next = begin(&mut lanes, now);
            begun += next.len();
            under_way.extend(next);
            assert!(under_way.len() <= 8);
            if !under_way.is_empty() && (pushed == 120 || roll(2) == 0) {
                let job = under_way.swap_remove(roll(under_way.len() as u64) as usize);
                now += PROMPT * roll(2) as u32;
                done(&mut lanes, &job, now);
            } else if pushed == 120 && under_way.is_empty() {
                break;
            }
        }
        assert_eq!(begun, 120, "round {round}: {} still wait", lanes.waiting);
        assert_empty(&mut lanes, now + Duration::from_secs(1));
    }
}
