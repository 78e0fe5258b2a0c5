//! Deliveries that wait for their attempt: a lane for each host, so that one host that is dead delays no other.
//!
//! Only ids wait here. Everything is in the store as well, from where the runner takes it again when a lane was too full or
//! the process died.

use crate::lanes::{Job, Lanes};
use async_trait::async_trait;
use minoots_shared::domain::account::Scope;
use minoots_shared::domain::delivery::Delivery;
use minoots_shared::domain::ids::DeliveryId;
use minoots_shared::ports::{Queue, Unavailable};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// How many attempts run at once, and how many deliveries wait in memory.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Attempts in all.
    pub attempts: usize,
    /// Attempts to one host.
    pub attempts_per_host: usize,
    /// Deliveries that wait in memory for one host; further ones wait on disk.
    pub waiting_per_host: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { attempts: 1_024, attempts_per_host: 64, waiting_per_host: 20_000 }
    }
}

/// The queue of one process.
pub struct DeliveryQueue {
    lanes: Mutex<Lanes>,
    changed: Notify,
    room: Notify,
}

impl DeliveryQueue {
    /// An empty queue.
    pub fn new(limits: Limits) -> Arc<Self> {
        Arc::new(Self { lanes: Mutex::new(Lanes::new(limits)), changed: Notify::new(), room: Notify::new() })
    }

    /// Queues a delivery for an attempt now, unless it is queued or under way already.
    pub fn push(&self, delivery: &Delivery) {
        if self.lanes().push(delivery) {
            self.changed.notify_one();
        }
    }

    /// Whether a delivery is queued or under way.
    pub fn knows(&self, scope: &Scope, id: &DeliveryId) -> bool {
        self.lanes().knows(scope, id)
    }

    /// The next delivery to attempt, as soon as there is one whose host may take it. For one caller at a time.
    pub async fn next(self: &Arc<Self>) -> Attempting {
        loop {
            if let Some(job) = self.lanes().next() {
                return Attempting { job, queue: Arc::clone(self) };
            }
            self.changed.notified().await;
        }
    }

    /// Returns when a lane that had to turn deliveries away has room again: they wait in the store.
    pub async fn room(&self) {
        self.room.notified().await;
    }

    /// How many attempts are under way.
    pub fn under_way(&self) -> usize {
        self.lanes().under_way()
    }

    fn lanes(&self) -> MutexGuard<'_, Lanes> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Queue for DeliveryQueue {
    async fn send(&self, deliveries: Vec<Arc<Delivery>>) -> Result<(), Unavailable> {
        for delivery in &deliveries {
            self.push(delivery);
        }
        Ok(())
    }
}

/// An attempt under way. Dropping it makes room for another one.
pub struct Attempting {
    /// What to attempt.
    pub job: Job,
    queue: Arc<DeliveryQueue>,
}

impl Drop for Attempting {
    fn drop(&mut self) {
        if self.queue.lanes().done(&self.job) {
            self.queue.room.notify_one();
        }
        self.queue.changed.notify_one();
    }
}
