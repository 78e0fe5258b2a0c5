//! The clockwork of one machine: lets timers fall due, attempts deliveries, and deletes what has had its time. It never
//! polls for what is due: it sleeps until the next due instant, and is woken when an earlier one is committed.

use crate::queue::DeliveryQueue;
use crate::store::EmbeddedStore;
use futures::stream::{self, StreamExt as _};
use minoots_shared::app::App;
use minoots_shared::domain::time::{Millis, Timestamp};
use minoots_shared::ports::{DueDelivery, Store as _, Unavailable};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// How many due timers or deliveries are read at once.
const PAGE: usize = 512;
/// How many timers fall due at once: they share the store's commits.
const AT_ONCE: usize = 256;
/// The wall clock can be set and a laptop can be closed, and no timer of the operating system's follows it: so it is
/// looked at this often while waiting. The store is not.
const GLANCE: Duration = Duration::from_secs(1);
/// How long to leave the store alone after it failed.
const RECOVERY: Duration = Duration::from_millis(200);
/// How often all open deliveries are looked through for one that was overlooked, and old records are deleted.
const SWEEP: Millis = Millis::MINUTE;
/// How many records are deleted in one step.
const PURGED: usize = 1_000;

/// Runs until it is told to stop.
pub struct Runner {
    app: Arc<App>,
    store: Arc<EmbeddedStore>,
    queue: Arc<DeliveryQueue>,
}

impl Runner {
    /// A runner for `app`, whose ports `store` and `queue` are.
    pub fn new(app: Arc<App>, store: Arc<EmbeddedStore>, queue: Arc<DeliveryQueue>) -> Self {
        Self { app, store, queue }
    }

    /// Runs until `stop` says so; then begins nothing more, and returns when all attempts have ended, or after `patience`.
    pub async fn run(self, mut stop: watch::Receiver<bool>, patience: Duration) {
        let runner = Arc::new(self);
        let mut loops = JoinSet::new();
        loops.spawn(Arc::clone(&runner).let_timers_fall_due());
        loops.spawn(Arc::clone(&runner).queue_due_deliveries());
        loops.spawn(Arc::clone(&runner).delete_old_records());
        let mut attempts = JoinSet::new();
        loop {
            tokio::select! {
                _ = stop.wait_for(|stopped| *stopped) => break,
                attempting = runner.queue.next() => {
                    let app = Arc::clone(&runner.app);
                    attempts.spawn(async move {
                        let job = &attempting.job;
                        if let Err(error) = app.attempt(&job.scope, &job.id).await {
                            tracing::error!(delivery = %job.id, error = %cause(&error), "an attempt could not be made or recorded");
                        }
                    });
                }
                Some(_) = attempts.join_next() => {}
            }
        }
        loops.shutdown().await;
        let ended = async { while attempts.join_next().await.is_some() {} };
        if tokio::time::timeout(patience, ended).await.is_err() {
            tracing::warn!(attempts = attempts.len(), "attempts cut off: they are made again at the next start");
        }
    }

    async fn let_timers_fall_due(self: Arc<Self>) {
        loop {
            self.store.timers_wake().arm();
            match self.fall_due().await {
                Ok(None) => {}
                Ok(Some(next)) => {
                    tokio::select! {
                        () = self.sleep_until(next) => {}
                        () = self.store.timers_wake().earlier_than(next) => {}
                    }
                }
                Err(error) => self.recover(&error).await,
            }
        }
    }

    /// Lets fall due what is due now. When to look again; `None`: at once.
    async fn fall_due(&self) -> Result<Option<Timestamp>, Unavailable> {
        let due = self.store.due_timers(self.app.clock().now(), PAGE).await?;
        if due.is_empty() {
            return Ok(Some(self.store.next_due_timer()?.unwrap_or(NEVER)));
        }
        let falling = due.into_iter().map(|due| async move { self.app.fall_due(&due).await });
        let fallen: Vec<_> = stream::iter(falling).buffer_unordered(AT_ONCE).collect().await;
        fallen.into_iter().collect::<Result<(), Unavailable>>()?;
        Ok(None)
    }

    async fn queue_due_deliveries(self: Arc<Self>) {
        let mut after = None;
        let mut sweep_at = self.app.clock().now().plus(SWEEP);
        loop {
            self.store.deliveries_wake().arm();
            if self.app.clock().now() >= sweep_at {
                after = None;
                sweep_at = self.app.clock().now().plus(SWEEP);
            }
            match self.queue_due(&mut after).await {
                Ok(None) => {}
                Ok(Some(next)) => {
                    tokio::select! {
                        () = self.sleep_until(next.min(sweep_at)) => {}
                        () = self.store.deliveries_wake().earlier_than(next) => {}
                        () = self.queue.room() => after = None,
                    }
                }
                Err(error) => self.recover(&error).await,
            }
        }
    }

    /// Queues what is due behind `after`, and moves it on. When to look again; `None`: at once.
    async fn queue_due(&self, after: &mut Option<DueDelivery>) -> Result<Option<Timestamp>, Unavailable> {
        let due = self.store.due_deliveries(after.as_ref(), self.app.clock().now(), PAGE).await?;
        let Some(last) = due.last() else {
            return Ok(Some(self.store.next_due_delivery(after.as_ref())?.unwrap_or(NEVER)));
        };
        for due in due.iter().filter(|due| !self.queue.knows(&due.scope, &due.id)) {
            for delivery in self.store.deliveries(&due.scope, std::slice::from_ref(&due.id)).await? {
                self.queue.push(&delivery);
            }
        }
        *after = Some(last.clone());
        Ok(None)
    }

    async fn delete_old_records(self: Arc<Self>) {
        loop {
            match self.store.purge(self.app.clock().now(), PURGED).await {
                Ok(PURGED..) => {}
                Ok(_) => tokio::time::sleep(SWEEP.to_std()).await,
                Err(error) => self.recover(&error).await,
            }
        }
    }

    async fn sleep_until(&self, instant: Timestamp) {
        loop {
            let left = instant.since(self.app.clock().now()).to_std();
            if left.is_zero() {
                return;
            }
            tokio::time::sleep(left.min(GLANCE)).await;
        }
    }

    async fn recover(&self, error: &Unavailable) {
        tracing::error!(error = %cause(error), "the store failed: trying again");
        tokio::time::sleep(RECOVERY).await;
    }
}

/// An instant that no due time reaches.
const NEVER: Timestamp = Timestamp(u64::MAX);

fn cause(error: &Unavailable) -> String {
    format!("{error}: {}", error.0)
}
