//! EventBridge Scheduler: precise to a minute; each schedule goes off once, as a rule.

use crate::world::{Schedule, State, World};
use minoots_shared::domain::time::{Millis, Timestamp};

/// Makes a schedule that sends `input` to the due queue.
pub(crate) fn create(state: &mut State, world: &World, name: &str, at: Timestamp, input: &str) {
    state.processes += 1;
    let number = state.processes;
    let late = Millis(state.random.below(60_000));
    let is_lost = state.random.chance(state.profile.schedule_lost);
    let again = state.random.chance(state.profile.schedule_twice).then(|| Millis(state.random.below(120_000)));
    state.trace.note(format_args!("          schedule {name} for {} with {input}", at.to_iso()));
    state.schedules.insert(name.to_owned(), Schedule { input: input.to_owned(), number });
    let (world, name) = (world.clone(), name.to_owned());
    tokio::task::spawn_local(async move {
        world.sleep_until(at.plus(late)).await;
        let Some(input) = gone_off(&world, &name, number) else { return };
        if !is_lost {
            send(&world, &input);
        }
        if let Some(after) = again {
            tokio::time::sleep(after.to_std()).await;
            send(&world, &input);
        }
    });
}

/// It deletes itself; `None`: it was deleted before.
fn gone_off(world: &World, name: &str, number: u64) -> Option<String> {
    let mut state = world.state();
    let schedule = state.schedules.get(name).filter(|schedule| schedule.number == number)?.input.clone();
    state.schedules.remove(name);
    Some(schedule)
}

fn send(world: &World, input: &str) {
    {
        let State { due, random, profile, trace, .. } = &mut *world.state();
        // The Scheduler sets no group: its messages belong to none.
        trace.note(format_args!("          a schedule sends {input}"));
        due.send(input, "", Millis(0), world.now(), random, profile);
    }
    world.wake();
}
