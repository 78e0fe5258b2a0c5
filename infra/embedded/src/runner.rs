//! The clockwork of one machine: lets timers fall due, fans events out, attempts deliveries, and deletes what has had its
//! time. It never polls for what is due: it sleeps until the next due instant, and is woken when an earlier one is committed.

use crate::job::Job;
use crate::queue::{Attempting, DeliveryQueue, NextEvent};
use crate::store::{Begin, EmbeddedStore};
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
/// How long to leave the store alone after it failed.
const RECOVERY: Duration = Duration::from_millis(200);
/// How many events are fanned out at once.
const FAN_OUTS: usize = 16;
/// How often open deliveries and events are looked through for one that was overlooked, and old records are deleted.
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
        loops.spawn(Arc::clone(&runner).queue_backlog());
        loops.spawn(Arc::clone(&runner).fan_events_out());
        loops.spawn(Arc::clone(&runner).delete_old_records());
        let mut attempts = JoinSet::new();
        loop {
            tokio::select! {
                _ = stop.wait_for(|stopped| *stopped) => break,
                attempting = runner.queue.next() => {
                    attempts.spawn(Arc::clone(&runner).attempt(attempting));
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
                        () = self.app.clock().sleep_until(next) => {}
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
        self.queue.note_progress();
        fallen.into_iter().collect::<Result<(), Unavailable>>()?;
        Ok(None)
    }

    async fn attempt(self: Arc<Self>, mut attempting: Attempting) {
        let job = attempting.job.clone();
        let attempted = match self.store.begin_due(&job.scope, &job.id, self.app.clock().now()) {
            Ok(Begin::Begun(delivery)) => {
                self.app.make_begun(&delivery, |found| attempting.answered(found)).await.map(|_| true)
            }
            Ok(Begin::UnderWay) => Ok(true),
            Ok(Begin::NotDue) => Ok(false),
            Err(error) => Err(error),
        };
        if attempted.is_err() {
            // It may have begun without being recorded. Nobody else begins it before the next line.
            self.store.abandon_attempt(&job.scope, &job.id);
        }
        drop(attempting);
        // Queued too late: the attempt that it was queued for is over. While it was known to be queued, others passed it
        // over, so if it has become due now it is queued again.
        let attempted = attempted.and_then(|attempted| Ok(attempted || !self.is_due(&job)?));
        match attempted {
            Ok(true) => {}
            Ok(false) => self.queue.offer(job),
            Err(error) => {
                tracing::error!(delivery = %job.id, error = %cause(&error), "an attempt could not be made or recorded");
            }
        }
    }

    fn is_due(&self, job: &Job) -> Result<bool, Unavailable> {
        self.store.is_due(&job.scope, &job.id, self.app.clock().now())
    }

    async fn queue_due_deliveries(self: Arc<Self>) {
        let mut after = None;
        loop {
            self.store.deliveries_wake().arm();
            match self.queue_due(&mut after) {
                Ok(None) => tokio::task::yield_now().await,
                Ok(Some(next)) => {
                    tokio::select! {
                        () = self.app.clock().sleep_until(next) => {}
                        () = self.store.deliveries_wake().earlier_than(next) => {}
                    }
                }
                Err(error) => self.recover(&error).await,
            }
        }
    }

    /// Queues what is due behind `after`, and moves it on. When to look again; `None`: at once.
    fn queue_due(&self, after: &mut Option<DueDelivery>) -> Result<Option<Timestamp>, Unavailable> {
        let due = self.store.due_jobs(after.as_ref(), self.app.clock().now(), PAGE)?;
        let Some((last, _)) = due.last() else {
            return Ok(Some(self.store.next_due_delivery(after.as_ref())?.unwrap_or(NEVER)));
        };
        *after = Some(last.clone());
        due.into_iter().for_each(|(_, job)| self.queue.offer(job));
        Ok(None)
    }

    /// Looks through all that is due when a lane has room for what it turned away, and once in a while for what was
    /// overlooked. Apart from [`Self::queue_due_deliveries`], so that a long backlog delays nothing that falls due.
    async fn queue_backlog(self: Arc<Self>) {
        loop {
            tokio::select! {
                () = self.app.clock().sleep_until(self.app.clock().now().plus(SWEEP)) => {}
                () = self.queue.room() => {}
            }
            let mut after = None;
            loop {
                match self.queue_due(&mut after) {
                    Ok(None) => tokio::task::yield_now().await,
                    Ok(Some(_)) => break,
                    Err(error) => self.recover(&error).await,
                }
            }
        }
    }

    async fn fan_events_out(self: Arc<Self>) {
        let mut fan_outs = JoinSet::new();
        let mut sweep_at = self.app.clock().now();
        loop {
            tokio::select! {
                () = self.app.clock().sleep_until(sweep_at) => {
                    sweep_at = self.app.clock().now().plus(SWEEP);
                    self.fetch_events().await;
                }
                next = self.queue.next_event(), if fan_outs.len() < FAN_OUTS => match next {
                    NextEvent::FanOut(scope, id) => {
                        let (app, queue) = (Arc::clone(&self.app), Arc::clone(&self.queue));
                        fan_outs.spawn(async move {
                            if let Err(error) = app.fan_out(&scope, &id).await {
                                tracing::error!(event = %id, error = %cause(&error), "an event could not be fanned out");
                                tokio::time::sleep(RECOVERY).await;
                            }
                            queue.note_progress();
                        });
                    }
                    NextEvent::Fetch => self.fetch_events().await,
                },
                Some(_) = fan_outs.join_next() => {}
            }
        }
    }

    /// Queues events that the store knows to be unfinished: those of an earlier process, and those turned away.
    async fn fetch_events(&self) {
        match self.store.unexpanded_events(PAGE).await {
            Ok(events) => self.queue.push_events(&events, events.len() == PAGE),
            Err(error) => self.recover(&error).await,
        }
    }

    async fn delete_old_records(self: Arc<Self>) {
        loop {
            match self.store.purge(self.app.clock().now(), PURGED).await {
                Ok(PURGED..) => {}
                Ok(_) => self.app.clock().sleep_until(self.app.clock().now().plus(SWEEP)).await,
                Err(error) => self.recover(&error).await,
            }
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
