//! What waits in memory: deliveries for their attempt, in lanes that don't delay each other, and events for their fan-out.
//!
//! Only ids wait here. Everything is in the store as well, from where the runner takes it again when a lane was too full or
//! the process died.

use crate::job::Job;
use crate::lanes::{Lanes, Next};
use crate::waiting_events::WaitingEvents;
use async_trait::async_trait;
use minoots_shared::domain::account::Scope;
use minoots_shared::domain::delivery::Delivery;
use minoots_shared::domain::ids::EventId;
use minoots_shared::ports::{Queue, Unavailable};
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep_until};

/// How many attempts run at once, and how much waits in memory.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Attempts in all.
    pub attempts: usize,
    /// Attempts of one account.
    pub attempts_per_account: usize,
    /// Attempts to one host, endpoints' and timers' together.
    pub attempts_per_host: usize,
    /// Attempts to one endpoint.
    pub attempts_per_endpoint: usize,
    /// Attempts that begin in a second to one endpoint; a tenth of that at once.
    pub attempts_per_second: NonZeroU32,
    /// Deliveries that wait in memory; from there on only a few for each lane, so that all go on.
    pub waiting: usize,
    /// Deliveries that wait in memory for one endpoint, or for the webhooks of an account's timers to one host; further ones
    /// wait on disk.
    pub waiting_per_lane: usize,
    /// Events that wait in memory; further ones wait on disk.
    pub waiting_events: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            attempts: 1_024,
            attempts_per_account: 768,
            attempts_per_host: 64,
            attempts_per_endpoint: 10,
            attempts_per_second: NonZeroU32::MIN.saturating_add(99),
            waiting: 200_000,
            waiting_per_lane: 20_000,
            waiting_events: 10_000,
        }
    }
}

/// The queue of one process.
pub struct DeliveryQueue {
    lanes: Mutex<Lanes>,
    changed: Notify,
    room: Notify,
    events: Mutex<WaitingEvents>,
    events_changed: Notify,
    progress: watch::Sender<()>,
}

/// What to do about events.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NextEvent {
    /// Fan this one out.
    FanOut(Scope, EventId),
    /// Fetch more of them from the store.
    Fetch,
}

impl DeliveryQueue {
    /// An empty queue.
    pub fn new(limits: Limits) -> Arc<Self> {
        Arc::new(Self {
            lanes: Mutex::new(Lanes::new(limits)),
            changed: Notify::new(),
            room: Notify::new(),
            events: Mutex::new(WaitingEvents::new(limits.waiting_events)),
            events_changed: Notify::new(),
            progress: watch::Sender::new(()),
        })
    }

    /// Queues a delivery for an attempt now; one that is under way is looked at again afterwards.
    pub(crate) fn push(&self, job: Job) {
        if self.lanes().push(job, Instant::now()) {
            self.changed.notify_one();
        }
    }

    /// Queues a delivery for an attempt now, unless it is queued or under way.
    pub(crate) fn offer(&self, job: Job) {
        let mut lanes = self.lanes();
        if !lanes.knows(&job) && lanes.push(job, Instant::now()) {
            self.changed.notify_one();
        }
    }

    /// The next delivery to attempt, as soon as there is one that may be. For one caller at a time.
    pub(crate) async fn next(self: &Arc<Self>) -> Attempting {
        loop {
            let next = self.lanes().next(Instant::now());
            match next {
                Next::Attempt(job) => return Attempting { job, queue: Arc::clone(self), answered: false },
                Next::At(instant) => tokio::select! {
                    () = sleep_until(instant) => {}
                    () = self.changed.notified() => {}
                },
                Next::Nothing => self.changed.notified().await,
            }
        }
    }

    /// Returns when a lane that had to turn deliveries away has room again: they wait in the store.
    pub(crate) async fn room(&self) {
        self.room.notified().await;
    }

    /// How many attempts are under way.
    pub fn under_way(&self) -> usize {
        self.lanes().under_way()
    }

    /// Tells those who wait for it that something that was due has been done.
    pub(crate) fn note_progress(&self) {
        self.progress.send_replace(());
    }

    /// Sees each time when something that was due has been done.
    pub(crate) fn progress(&self) -> watch::Receiver<()> {
        self.progress.subscribe()
    }

    /// Queues events that the store knows; `more` if it knows of more than these.
    pub(crate) fn push_events(&self, events: &[(Scope, EventId)], more: bool) {
        {
            let mut waiting = self.events();
            events.iter().for_each(|(scope, id)| waiting.push(scope, id));
            if more {
                waiting.note_more();
            }
        }
        self.events_changed.notify_one();
    }

    /// What to do next about events. For one caller at a time.
    pub(crate) async fn next_event(&self) -> NextEvent {
        loop {
            {
                let mut waiting = self.events();
                if let Some((scope, id)) = waiting.pop() {
                    return NextEvent::FanOut(scope, id);
                }
                if waiting.wants_more() {
                    return NextEvent::Fetch;
                }
            }
            self.events_changed.notified().await;
        }
    }

    fn lanes(&self) -> MutexGuard<'_, Lanes> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn events(&self) -> MutexGuard<'_, WaitingEvents> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Queue for DeliveryQueue {
    async fn fan_out(&self, events: &[(Scope, EventId)]) -> Result<(), Unavailable> {
        self.push_events(events, false);
        Ok(())
    }

    async fn send(&self, deliveries: Vec<Arc<Delivery>>) -> Result<(), Unavailable> {
        for delivery in &deliveries {
            self.push(Job::of(delivery));
        }
        Ok(())
    }
}

/// An attempt under way. Dropping it makes room for another one.
pub(crate) struct Attempting {
    /// What to attempt.
    pub(crate) job: Job,
    queue: Arc<DeliveryQueue>,
    answered: bool,
}

impl Attempting {
    /// The receiver has answered, or was not found: it may be sent the next delivery, while this one's is recorded.
    pub(crate) fn answered(&mut self, found: bool) {
        self.leave(Some(found));
    }

    fn leave(&mut self, found: Option<bool>) {
        if !std::mem::replace(&mut self.answered, true) {
            self.queue.lanes().answered(&self.job, found, Instant::now());
            self.queue.changed.notify_one();
        }
    }
}

impl Drop for Attempting {
    fn drop(&mut self) {
        self.leave(None);
        if self.queue.lanes().done(&self.job, Instant::now()) {
            self.queue.room.notify_one();
        }
        self.queue.changed.notify_one();
        self.queue.note_progress();
    }
}
