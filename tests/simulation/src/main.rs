//! Runs seeds: `simulate FROM..TO` all of a range, `simulate SEED` one, with what happened. `--flaw NAME` before it: on an
//! infrastructure that breaks its word, until it is found out.

use minoots_simulation::{Flaw, Report, Simulation};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// So many failing seeds are shown.
const MOST_SHOWN: usize = 10;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1).peekable();
    let mut flaw = None;
    if arguments.next_if(|argument| argument == "--flaw").is_some() {
        let name = arguments.next().unwrap_or_default();
        flaw = Flaw::named(&name);
        if flaw.is_none() {
            let known: Vec<_> = Flaw::ALL.iter().map(|(name, _)| *name).collect();
            eprintln!("simulate: there is no flaw {name:?}; there are {}", known.join(", "));
            return ExitCode::from(2);
        }
    }
    let asked = arguments.next().unwrap_or_default();
    let range = asked.split_once("..").map(|(from, to)| (from.parse::<u64>(), to.parse::<u64>()));
    match (range, asked.parse::<u64>()) {
        (Some((Ok(from), Ok(to))), _) if from < to => all(flaw, from, to),
        (None, Ok(seed)) => one(flaw, seed),
        _ => {
            eprintln!("simulate: give a seed (simulate 7) or a range of seeds (simulate 0..100000), not {asked:?}");
            ExitCode::from(2)
        }
    }
}

fn one(flaw: Option<Flaw>, seed: u64) -> ExitCode {
    let report = Simulation { flaw, with_text: true }.run(seed);
    report.lines.iter().for_each(|line| println!("{line}"));
    println!("seed {seed}: {} steps, {} attempts, digest {:016x}", report.steps, report.attempts, report.digest);
    report.violations.iter().for_each(|violation| println!("BROKEN: {violation}"));
    if report.violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn all(flaw: Option<Flaw>, from: u64, to: u64) -> ExitCode {
    let (next, failed) = (AtomicU64::new(from), Mutex::new(Vec::<Report>::new()));
    let (steps, attempts) = (AtomicU64::new(0), AtomicU64::new(0));
    let stop_early = flaw.is_some() || std::env::var_os("STOP_AT_FIRST").is_some();
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= to {
                        return;
                    }
                    let report = Simulation { flaw, with_text: false }.run(seed);
                    steps.fetch_add(report.steps, Ordering::Relaxed);
                    attempts.fetch_add(report.attempts as u64, Ordering::Relaxed);
                    if !report.violations.is_empty() {
                        if stop_early {
                            next.store(to, Ordering::Relaxed);
                        }
                        failed.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(report);
                    }
                }
            });
        }
    });
    let mut failed = failed.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    failed.sort_by_key(|report| report.seed);
    for report in failed.iter().take(MOST_SHOWN) {
        println!(
            "seed {} is broken; replay it with: cargo run --release -p minoots-simulation -- {}",
            report.seed, report.seed
        );
        report.violations.iter().take(5).for_each(|violation| println!("    {violation}"));
    }
    println!(
        "{} seeds, {} broken; {} steps, {} attempts",
        next.into_inner().min(to) - from,
        failed.len(),
        steps.into_inner(),
        attempts.into_inner()
    );
    if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
