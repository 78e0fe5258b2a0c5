//! Some thousands of seeds, and what makes them worth anything: the same seed takes the same course, and an infrastructure
//! that breaks its word is found out.

use minoots_simulation::{Flaw, Report, Simulation};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// `make simulation` runs 100,000.
const SEEDS: u64 = 2_000;

/// Seeds that once broke a promise, and which.
const FOUND: [(u64, &str); 3] = [
    (3, "a second message of a delivery, that came the first time, made its retry ahead of its wait"),
    (7, "the same of an endpoint's delivery"),
    (33, "the same of a duplicate that SQS made"),
];

#[test]
fn every_promise_is_kept_in_thousands_of_runs() {
    let (next, broken) = (AtomicU64::new(0), Mutex::new(Vec::<Report>::new()));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= SEEDS {
                        return;
                    }
                    let report = Simulation::default().run(seed);
                    if !report.violations.is_empty() {
                        broken.lock().unwrap().push(report);
                    }
                }
            });
        }
    });
    let broken = broken.into_inner().unwrap();
    let shown = broken.iter().take(5).map(|report| {
        let Report { seed, violations, .. } = report;
        format!("seed {seed}: {violations:#?}\nreplay it: cargo run -p minoots-simulation -- {seed}")
    });
    assert!(broken.is_empty(), "{} of {SEEDS} seeds: {}", broken.len(), shown.collect::<Vec<_>>().join("\n"));
}

#[test]
fn seeds_that_once_found_a_bug_find_none() {
    for (seed, what) in FOUND {
        let report = Simulation::default().run(seed);
        assert!(report.violations.is_empty(), "seed {seed}, which found that {what}: {:#?}", report.violations);
    }
}

#[test]
fn the_same_seed_takes_the_same_course() {
    for seed in 0..40 {
        let simulation = Simulation { with_text: true, ..Simulation::default() };
        let (one, other) = (simulation.run(seed), simulation.run(seed));
        let differs = one.lines.iter().zip(&other.lines).find(|(one, other)| one != other);
        assert_eq!(differs, None, "seed {seed}");
        assert_eq!((one.digest, one.steps), (other.digest, other.steps), "seed {seed}");
        assert_ne!(one.digest, simulation.run(seed + 1_000).digest, "seed {seed}");
    }
}

#[test]
fn an_infrastructure_that_breaks_its_word_is_found_out() {
    for (name, flaw) in Flaw::ALL {
        let simulation = Simulation { flaw: Some(flaw), ..Simulation::default() };
        let found = (0..1_000).find(|seed| !simulation.run(*seed).violations.is_empty());
        assert!(found.is_some(), "{name} went unnoticed in 1,000 seeds");
        println!("{name}: seed {}", found.unwrap_or_default());
    }
}
