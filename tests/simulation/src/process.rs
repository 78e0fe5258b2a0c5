//! A process: its clock, and the calls that it makes. Between any two of them it may die.

use crate::world::{BEGIN, State, World};
use minoots_shared::app::clock::Clock;
use minoots_shared::app::randomness::Randomness;
use minoots_shared::domain::time::{Millis, Timestamp};
use minoots_shared::ports::Unavailable;
use std::future::Future;
use std::sync::Arc;
use tokio::sync::Notify;

/// A process of one function.
pub(crate) struct Process {
    /// Tells it from all others.
    pub number: u64,
    world: World,
    name: String,
    ahead: u64,
    behind: u64,
    death: Notify,
}

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Done,
    Refused,
    AnswerLost,
    DeathBefore,
    DeathAfter,
}

impl Process {
    /// A new process of a function, with a clock of its own.
    pub(crate) fn new(world: &World, function: &str) -> Arc<Self> {
        let mut state = world.state();
        state.processes += 1;
        let number = state.processes;
        let most = state.profile.skew;
        let off = state.random.between(0, 2 * most);
        let (ahead, behind) = (off.saturating_sub(most), most.saturating_sub(off));
        let name = format!("{function}{number}");
        Arc::new(Self { number, world: world.clone(), name, ahead, behind, death: Notify::new() })
    }

    /// Its name in traces.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The world that it is in.
    pub(crate) fn world(&self) -> &World {
        &self.world
    }

    /// The time, as it knows it.
    pub(crate) fn now(&self) -> Timestamp {
        self.world.now().plus(Millis(self.ahead)).minus(Millis(self.behind))
    }

    /// Its clock.
    pub(crate) fn clock(self: &Arc<Self>) -> Clock {
        let process = Arc::clone(self);
        Clock::new(move || process.now())
    }

    /// Its randomness.
    pub(crate) fn randomness(&self) -> Randomness {
        let world = self.world.clone();
        Randomness::new(move |bytes| world.state().random.fill(bytes))
    }

    /// Does work in this process. `None`: it died over it.
    pub(crate) async fn run<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.death.notified() => None,
            done = work => Some(done),
        }
    }

    /// A call of a port: it takes its time, and may be refused, lose its answer, or be the last thing that the process does.
    pub(crate) async fn call<T>(&self, what: &str, effect: impl FnOnce(&mut State) -> T) -> Result<T, Unavailable> {
        let (fate, there, back) = self.draw();
        wait(there).await;
        match fate {
            Fate::DeathBefore => self.die(what, "before").await,
            Fate::Refused => {
                self.note(what, "refused");
                return Err(Unavailable("refused".into()));
            }
            Fate::Done | Fate::AnswerLost | Fate::DeathAfter => {}
        }
        self.note(what, "done");
        let result = effect(&mut self.world.state());
        wait(back).await;
        match fate {
            Fate::DeathAfter => self.die(what, "after").await,
            Fate::AnswerLost => {
                self.note(what, "answer lost");
                Err(Unavailable("the answer was lost".into()))
            }
            _ => Ok(result),
        }
    }

    fn draw(&self) -> (Fate, Millis, Millis) {
        let State { random, profile, .. } = &mut *self.world.state();
        let most = if random.chance(profile.slow) { 3_000 } else { profile.latency };
        let (there, back) = (random.between(most.min(1), most), random.between(most.min(1), most));
        let place = random.below(10_000);
        let steps = [
            (profile.refused, Fate::Refused),
            (profile.answer_lost, Fate::AnswerLost),
            (profile.crash / 2, Fate::DeathBefore),
            (profile.crash.div_ceil(2), Fate::DeathAfter),
        ];
        let mut end = 0;
        let fate = steps.into_iter().find(|(rate, _)| {
            end += rate;
            place < end
        });
        (fate.map_or(Fate::Done, |(_, fate)| fate), Millis(there), Millis(back))
    }

    async fn die(&self, what: &str, when: &str) -> ! {
        self.note(what, &format!("died {when} it"));
        self.death.notify_one();
        std::future::pending().await
    }

    fn note(&self, what: &str, how: &str) {
        let now = self.world.now().0 - BEGIN.0;
        self.world.state().trace.note(format_args!("{now:>9} {} {what}: {how}", self.name));
    }
}

/// Nothing is no time at all, and not the rest of a millisecond.
async fn wait(length: Millis) {
    if length > Millis(0) {
        tokio::time::sleep(length.to_std()).await;
    }
}
