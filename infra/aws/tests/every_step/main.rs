//! AWS at its worst at every step of a timer's life: a process that is gone after any of its calls; calls that are throttled,
//! refused, done without an answer, or not answered at all. What was acknowledged still fires once, and at most two minutes
//! late. Time is handed in, to the functions, the queues and the schedules alike.

#![allow(clippy::unwrap_used, reason = "a test that panics says where")]

mod endpoints;
mod messages;
mod receiver;
mod scenario;
mod sweeps;
mod trouble;
mod world;

use futures::stream::{self, StreamExt as _};
use scenario::{CHANGED_AT, OVER, RESUMED_AT, Scenario, Step};
use std::collections::HashMap;
use trouble::{Kind, Trouble};
use world::World;

/// How many callers there are at once.
const AT_ONCE: usize = 96;

/// Lets all these timers live and end, side by side.
async fn live(world: &World, scenarios: &mut [Scenario]) {
    let each = stream::iter(scenarios.iter_mut());
    each.for_each_concurrent(AT_ONCE, |scenario| scenario.is_created(world)).await;
    for changed_at in [CHANGED_AT, RESUMED_AT] {
        world.passes(changed_at - world.age().0 / 1_000).await;
        let each = stream::iter(scenarios.iter_mut());
        each.for_each_concurrent(AT_ONCE, |scenario| scenario.is_changed(world)).await;
    }
    world.passes(OVER - RESUMED_AT).await;
    for (timer, calls) in world.made.lock().unwrap().drain() {
        scenarios.iter_mut().filter(|scenario| scenario.id() == timer).for_each(|scenario| scenario.calls = calls);
    }
}

/// How many calls to AWS each step makes when nothing goes wrong.
async fn calls_of_each_step() -> HashMap<Step, usize> {
    let world = World::begin().await;
    let mut healthy: Vec<_> = Step::ALL.into_iter().map(|step| Scenario::new(step, Trouble::NONE)).collect();
    live(&world, &mut healthy).await;
    for scenario in &healthy {
        scenario.is_kept(&world).await;
        assert!(scenario.calls > 0, "{:?} was not seen", scenario.step);
    }
    healthy.into_iter().map(|scenario| (scenario.step, scenario.calls)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_fires_once_and_in_time_whatever_happens_at_any_call_of_any_step() {
    let calls = calls_of_each_step().await;
    println!("calls: {calls:?}");
    let world = World::begin().await;
    let mut scenarios = Vec::new();
    for step in Step::ALL {
        for call in 0..calls[&step] {
            scenarios.extend(Kind::ALL.map(|kind| Scenario::new(step, Trouble { kind, call })));
        }
    }
    live(&world, &mut scenarios).await;
    for scenario in &scenarios {
        assert!(scenario.calls > scenario.trouble.call, "{} never met its trouble", scenario.id());
        scenario.is_kept(&world).await;
    }
    println!("{} troubles", scenarios.len());
    assert_eq!(world.stack.counts(&world.stack.delivery_dead_letters).await, [0, 0, 0]);
}
