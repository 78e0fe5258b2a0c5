//! A run: a seed's input, until all is quiet again, and what is to be said of it.

use crate::callers::Callers;
use crate::calls::Calls;
use crate::checks;
use crate::flaw::Flaw;
use crate::functions::{Functions, queues};
use crate::plan::Plan;
use crate::profile::Profile;
use crate::random::Random;
use crate::receivers::Receivers;
use crate::table::Table;
use crate::trace::Trace;
use crate::world::{State, World};
use minoots_shared::domain::account::Account;
use minoots_shared::domain::secret::{SigningSecrets, WebhookSecret};
use minoots_shared::domain::time::Millis;
use minoots_shared::domain::timer::Status;
use std::collections::{BTreeMap, BTreeSet};

/// How long it may take until all is quiet, once the input has stopped and the infrastructure has recovered.
const PATIENCE: Millis = Millis(24 * Millis::HOUR.0);
/// How often it is looked whether all is quiet.
const GLANCE: Millis = Millis::seconds(20);

/// What came of a run.
#[derive(Clone, Debug)]
pub struct Report {
    /// Its seed.
    pub seed: u64,
    /// Stands for its whole course: the same seed has the same.
    pub digest: u64,
    /// How many things happened in it.
    pub steps: u64,
    /// How many attempts left the product.
    pub attempts: usize,
    /// The promises that were broken.
    pub violations: Vec<String>,
    /// What happened, if it was asked for.
    pub lines: Vec<String>,
}

/// What is to be run.
#[derive(Clone, Copy, Debug, Default)]
pub struct Simulation {
    /// A guarantee that the infrastructure does not give.
    pub flaw: Option<Flaw>,
    /// Whether what happens is kept as text.
    pub with_text: bool,
}

impl Simulation {
    /// The run of a seed.
    ///
    /// # Panics
    /// There is no memory or thread left for a runtime.
    pub fn run(self, seed: u64) -> Report {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        let runtime = match runtime {
            Ok(runtime) => runtime,
            Err(error) => panic!("a runtime needs nothing that could be missing: {error}"),
        };
        tokio::task::LocalSet::new().block_on(&runtime, course(seed, self))
    }
}

async fn course(seed: u64, simulation: Simulation) -> Report {
    let profile = Profile::draw(seed, &mut Random::new(seed, 1));
    let mut random = Random::new(seed, 2);
    let mut plan = match (profile.crowded, profile.lasting) {
        (true, _) => Plan::crowd(&mut random),
        (_, true) => Plan::last(&mut random, profile.calm),
        _ => Plan::draw(&mut random, profile.calm),
    };
    let last = plan.last.take();
    let world = World::new(state(seed, profile.clone(), &plan, simulation));
    world.note("seed", &format!("{seed}: {profile:?}"));
    let functions = Functions::new(world.clone());
    let polling = tokio::task::spawn_local(functions.clone().poll());
    let sweeping = tokio::task::spawn_local(sweep(world.clone(), functions.clone()));
    let callers = Callers { world: world.clone(), functions };
    callers.clone().carry_out(plan).await;
    world.state().profile = profile.recovered();
    world.state().recovered = Some(world.now());
    world.note("seed", "the input has stopped");
    if let Some(event) = last {
        callers.clone().send_event(event).await;
    }
    let end = world.now().plus(PATIENCE);
    loop {
        tokio::time::sleep(GLANCE.to_std()).await;
        callers.clone().fire_paused().await;
        if is_quiet(&world) {
            break;
        }
        if world.now() > end {
            checks::note_unrest(&mut world.state());
            break;
        }
    }
    polling.abort();
    sweeping.abort();
    let mut state = world.state();
    checks::check(&mut state, &profile);
    Report {
        seed,
        digest: state.trace.digest(),
        steps: state.trace.length(),
        attempts: state.arrivals.len(),
        violations: state.violations.iter().cloned().collect(),
        lines: state.trace.lines().to_vec(),
    }
}

/// The state of a world in which nothing has happened yet.
pub(crate) fn state(seed: u64, profile: Profile, plan: &Plan, simulation: Simulation) -> State {
    let mut random = Random::new(seed, 3);
    let mut table = Table { flaw: simulation.flaw, ..Table::default() };
    for scope in &plan.scopes {
        let mut bytes = [0; 32];
        random.fill(&mut bytes);
        let webhook_secrets = SigningSecrets::new(WebhookSecret::generate(&bytes));
        let account = Account { id: scope.account.clone(), webhook_secrets, concurrent_timers: None, revision: 0 };
        table.accounts.insert(scope.account.clone(), account);
    }
    let mut receivers = Receivers::default();
    plan.manners.iter().for_each(|(host, manner)| receivers.set(host, *manner));
    let (due, deliveries) = queues();
    State {
        random,
        profile,
        trace: Trace::new(simulation.with_text),
        table,
        due,
        deliveries,
        schedules: BTreeMap::new(),
        receivers,
        arrivals: Vec::new(),
        begun: BTreeMap::new(),
        calls: Calls::default(),
        recovered: None,
        processes: 0,
        invocations: 0,
        violations: BTreeSet::new(),
    }
}

/// Sweeps once a minute, more or less; some are left out, and some come twice.
async fn sweep(world: World, functions: Functions) {
    loop {
        let (pause, times, apart) = {
            let State { random, profile, .. } = &mut *world.state();
            let times = if random.chance(profile.sweeps) { *random.pick(&[0, 2]) } else { 1 };
            (random.between(58_000, 62_000), times, random.below(2_000))
        };
        tokio::time::sleep(Millis(pause).to_std()).await;
        // Where nothing is open a sweep finds nothing, and in days there are thousands of them.
        if world.state().profile.lasting && nothing_is_open(&world.state().table) {
            continue;
        }
        for number in 0..times {
            let (functions, after) = (functions.clone(), Millis(apart * number));
            tokio::task::spawn_local(async move {
                tokio::time::sleep(after.to_std()).await;
                functions.sweep().await;
            });
        }
    }
}

fn is_quiet(world: &World) -> bool {
    let state = world.state();
    state.due.is_empty() && state.deliveries.is_empty() && state.invocations == 0 && nothing_is_open(&state.table)
}

/// Whether everything that is stored has come to its end.
fn nothing_is_open(table: &Table) -> bool {
    table.timers.values().all(|timer| timer.status().has_ended())
        && table.deliveries.values().all(|delivery| !delivery.status.is_open())
        && table.events.values().all(|event| event.remaining().is_empty())
}

impl Callers {
    /// What is paused at the end would stay so for ever.
    async fn fire_paused(self) {
        let paused: Vec<_> = {
            let state = self.world.state();
            let timers = state.table.timers.values().filter(|timer| timer.status() == Status::Paused);
            timers.map(|timer| (timer.scope.clone(), timer.id.clone())).collect()
        };
        for (scope, id) in paused {
            // Only its outcome counts, and that is checked in the end.
            let _ = self.insist(async |app| app.fire(&scope, &id).await).await;
        }
    }
}
