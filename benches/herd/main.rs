//! The herd at the top of the hour: many timers for one instant, and when their schedules go off on AWS. It asks the deployed
//! code itself (`infra/aws/src/schedule.rs`) for each timer's wake-up, and compares with waking all of them at one instant.
//!
//!     cargo run --release -p minoots-aws --example herd -- [TIMERS] [INVOCATIONS A SECOND]

use minoots_aws::schedule::{Arming, arming};
use minoots_shared::domain::account::{Mode, Scope};
use minoots_shared::domain::ids::{AccountId, TimerId};
use minoots_shared::domain::time::{Millis, Timestamp};
use minoots_shared::ports::Alarm;
use std::collections::BTreeMap;

/// The top of an hour.
const DUE: Timestamp = Timestamp(1_800_000_000_000);
/// `DirectDelaySeconds`, unless the deployment says otherwise.
const DIRECT: Millis = Millis::seconds(120);
/// When all would go off without a window: as late as the window's end, so that Scheduler's minute of imprecision fits.
const TOGETHER: u64 = 120;

/// How many go off in each second, by seconds before they are due.
type Herd = BTreeMap<u64, u64>;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut number = |default: u64| match arguments.next().map(|text| text.replace('_', "").parse()) {
        None => default,
        Some(Ok(number)) if number > 0 => number,
        Some(_) => {
            eprintln!("herd: [TIMERS] [INVOCATIONS A SECOND], whole numbers above 0");
            std::process::exit(2);
        }
    };
    let (timers, quota) = (number(1_000_000), number(1_000));
    println!("{timers} timers for one instant, created hours before; {quota} invocations a second allowed\n");
    for (title, herd) in [("all at one instant", together(timers)), ("hashed over the window", hashed(timers))] {
        report(title, &herd, quota);
    }
}

fn together(timers: u64) -> Herd {
    Herd::from([(TOGETHER, timers)])
}

fn hashed(timers: u64) -> Herd {
    let scope = Scope { account: AccountId::new("acct"), mode: Mode::Live };
    let mut herd = Herd::new();
    for number in 0..timers {
        let alarm = Alarm { scope: scope.clone(), timer: TimerId::new(format!("timer_{number}")), epoch: 0, at: DUE };
        let Arming::Schedule(at) = arming(&alarm, DUE.minus(Millis::DAY), DIRECT) else {
            unreachable!("a day ahead is not near")
        };
        *herd.entry(DUE.since(at).0 / 1_000).or_default() += 1;
    }
    herd
}

/// Lets the herd through at the allowed rate, and says how many would come after their instant, and how late.
fn report(title: &str, herd: &Herd, quota: u64) {
    let first = herd.keys().next_back().copied().unwrap_or_default();
    let (mut waiting, mut late, mut second) = (0, 0, first as i64);
    let mut minutes: BTreeMap<i64, (u64, u64)> = BTreeMap::new();
    while waiting > 0 || second >= 0 {
        let asked = u64::try_from(second).ok().and_then(|second| herd.get(&second)).copied().unwrap_or_default();
        waiting += asked;
        let through = waiting.min(quota);
        waiting -= through;
        if second < 0 {
            late += through;
        }
        let minute = minutes.entry(second.div_euclid(60)).or_default();
        *minute = (minute.0.max(asked), minute.1 + through);
        second -= 1;
    }
    let peak = herd.values().max().copied().unwrap_or_default();
    let timers: u64 = herd.values().sum();
    println!("{title}: at most {peak} in one second");
    println!("  minutes to go   most asked in a second   let through a second, on average");
    for (minute, (asked, through)) in minutes.iter().rev() {
        let bar = "#".repeat((through * 40 / (quota * 60)) as usize);
        println!("  {minute:>13}   {asked:>22}   {:>8} {bar}", through / 60);
    }
    let after = (-second - 1).max(0);
    println!("  {late} of {timers} come after they are due, the last {after} s\n");
}
