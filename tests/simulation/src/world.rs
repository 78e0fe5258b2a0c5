//! Everything that processes share: the time, the infrastructure's state, and what was seen of it all.

use crate::arrivals::Arrival;
use crate::calls::Calls;
use crate::flaw::Flaw;
use crate::profile::Profile;
use crate::queue::Queue;
use crate::random::Random;
use crate::receivers::Receivers;
use crate::table::Table;
use crate::trace::Trace;
use minoots_shared::domain::ids::DeliveryId;
use minoots_shared::domain::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;
use tokio::time::Instant;

/// When each run begins, by the true clock.
pub(crate) const BEGIN: Timestamp = Timestamp(1_800_000_000_000);

/// The one world of a run.
#[derive(Clone)]
pub(crate) struct World(Arc<Inner>);

struct Inner {
    begun: Instant,
    state: Mutex<State>,
    changed: Notify,
}

/// The state of a run.
pub(crate) struct State {
    /// Decides latencies, order and faults.
    pub random: Random,
    /// What goes wrong at present.
    pub profile: Profile,
    /// What happened.
    pub trace: Trace,
    /// The table.
    pub table: Table,
    /// The queue of what falls due.
    pub due: Queue,
    /// The queue of deliveries.
    pub deliveries: Queue,
    /// Schedules that have not gone off, by name.
    pub schedules: BTreeMap<String, Schedule>,
    /// How receivers behave.
    pub receivers: Receivers,
    /// Every attempt that left the product.
    pub arrivals: Vec<Arrival>,
    /// When a process last began a delivery's attempt.
    pub begun: BTreeMap<(u64, DeliveryId), Timestamp>,
    /// What callers asked for and were answered.
    pub calls: Calls,
    /// When the input had stopped and the infrastructure had recovered.
    pub recovered: Option<Timestamp>,
    /// How many processes there were.
    pub processes: u64,
    /// Invocations under way.
    pub invocations: usize,
    /// Promises that were broken.
    pub violations: BTreeSet<String>,
}

/// A schedule that has not gone off.
#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    /// What it sends to the due queue.
    pub input: String,
    /// Tells it from an earlier one of its name.
    pub number: u64,
}

impl State {
    /// Notes a broken promise.
    pub(crate) fn broken(&mut self, what: String) {
        self.trace.note(format_args!("BROKEN {what}"));
        self.violations.insert(what);
    }
}

impl World {
    /// A world in this state, whose time begins now.
    pub(crate) fn new(state: State) -> Self {
        Self(Arc::new(Inner { begun: Instant::now(), state: Mutex::new(state), changed: Notify::new() }))
    }

    /// The true time.
    pub(crate) fn now(&self) -> Timestamp {
        Timestamp(BEGIN.0 + self.0.begun.elapsed().as_millis() as u64)
    }

    /// The state. Never held over an await.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the infrastructure breaks its word in this way.
    pub(crate) fn has(&self, flaw: Flaw) -> bool {
        self.state().table.has(flaw)
    }

    /// Notes what happened.
    pub(crate) fn note(&self, who: &str, what: &str) {
        let now = self.now().0 - BEGIN.0;
        self.state().trace.note(format_args!("{now:>9} {who} {what}"));
    }

    /// Wakes those who wait for messages or for room to take them.
    pub(crate) fn wake(&self) {
        self.0.changed.notify_waiters();
    }

    /// Waits until the queues change, or until `until`.
    pub(crate) async fn changed(&self, until: Option<Timestamp>) {
        let changed = self.0.changed.notified();
        match until {
            None => changed.await,
            Some(until) => {
                // Running out of time is the other reason to go on.
                let _ = tokio::time::timeout(until.since(self.now()).to_std(), changed).await;
            }
        }
    }

    /// Sleeps until this instant of the true clock.
    pub(crate) async fn sleep_until(&self, instant: Timestamp) {
        tokio::time::sleep(instant.since(self.now()).to_std()).await;
    }
}
