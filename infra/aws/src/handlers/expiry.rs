//! The expiry handler: what falls due, and once a minute what fell through.

use super::events::{Batch, BatchAnswer, Record, left};
use super::operator;
use crate::alarms::DueQueue;
use crate::messages::{DueMessage, DueQueueMessage, EventMessage, Path};
use crate::metrics::{LATENESS, MISSED, Metrics, REPAIRED};
use futures::future::join_all;
use lambda_runtime::{Error, LambdaEvent};
use minoots_shared::app::{App, Rang, cause};
use minoots_shared::domain::time::Millis;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

/// What is nearer than this is waited for: SQS delays by whole seconds.
const WAITED_FOR: Millis = Millis::SECOND;
/// How long something may be overdue before the sweep puts it in again: longer than an attempt takes, and, with the minute
/// between two sweeps, short enough that nothing is more than two minutes late.
const GRACE: Millis = Millis::seconds(45);
/// The most timers, the most deliveries and the most events that one sweep looks at.
const MOST_SWEPT: usize = 5_000;

/// The function on the due queue and on the sweep's schedule.
pub struct ExpiryHandler {
    app: Arc<App>,
    queue: Arc<DueQueue>,
    metrics: Metrics,
}

/// What became of one message.
enum Outcome {
    Done(Option<(Path, Millis)>),
    SendOn(DueMessage),
    Again,
}

impl ExpiryHandler {
    /// A handler whose `app` sets its alarms in `queue`.
    pub fn new(app: Arc<App>, queue: Arc<DueQueue>, metrics: Metrics) -> Self {
        Self { app, queue, metrics }
    }

    /// A batch of the due queue; an operator's order (`operator.rs`); or anything else: that is the sweep's schedule.
    ///
    /// # Errors
    /// The sweep failed; the next one is a minute away. Or an order can't be carried out.
    pub async fn handle(&self, event: LambdaEvent<Value>) -> Result<Value, Error> {
        if let Some(order) = event.payload.get("openAccount") {
            return Ok(operator::open_account(&self.app, order).await?);
        }
        if event.payload.get("Records").is_none() {
            self.sweep().await?;
            return Ok(serde_json::to_value(BatchAnswer::default())?);
        }
        let batch: Batch = serde_json::from_value(event.payload)?;
        Ok(serde_json::to_value(self.batch(&batch, left(event.context.deadline(), self.app.clock().now())).await)?)
    }

    async fn batch(&self, batch: &Batch, left: Duration) -> BatchAnswer {
        let outcomes = join_all(batch.records.iter().map(|record| async move {
            // What takes too long must not take the others with it.
            tokio::time::timeout(left, self.one(record)).await.unwrap_or(Outcome::Again)
        }));
        let outcomes = outcomes.await;
        let mut again = Vec::new();
        let (mut on, mut sent_on) = (Vec::new(), Vec::new());
        let mut late: [(Path, Vec<u64>); 3] =
            [Path::Direct, Path::Scheduled, Path::Swept].map(|path| (path, Vec::new()));
        for (record, outcome) in batch.records.iter().zip(outcomes) {
            match outcome {
                Outcome::Done(None) => {}
                Outcome::Done(Some((path, by))) => {
                    late.iter_mut().filter(|(known, _)| *known == path).for_each(|(_, values)| values.push(by.0));
                }
                Outcome::SendOn(message) => {
                    on.push(message);
                    sent_on.push(record);
                }
                Outcome::Again => again.push(record),
            }
        }
        if !on.is_empty()
            && let Err(error) = self.queue.send_on(on).await
        {
            tracing::warn!(messages = sent_on.len(), error = %cause(&error), "messages could not be sent on: they come again");
            again.append(&mut sent_on);
        }
        let now = self.app.clock().now();
        for (path, values) in &late {
            self.metrics.write(now, LATENESS, Some(("Path", path.as_str())), values);
        }
        BatchAnswer::again(again)
    }

    async fn one(&self, record: &Record) -> Outcome {
        let message = match record.message::<DueQueueMessage>() {
            Some(DueQueueMessage::Due(message)) => message,
            Some(DueQueueMessage::Event(message)) => return self.fan_out(&message).await,
            None => return Outcome::Again,
        };
        let early = message.at.since(self.app.clock().now());
        if early >= WAITED_FOR {
            return Outcome::SendOn(message);
        }
        tokio::time::sleep(early.to_std()).await;
        // Timers of the runtime may wake a little early, but never the product.
        while self.app.clock().now() < message.at {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        match self.app.ring(&message.alarm()).await {
            Ok(Rang::InTime(late)) => {
                // At this level the attempts' lines say it: one for each webhook, with its timer and lateness.
                tracing::debug!(
                    account = %message.account, mode = %message.mode, timer = %message.timer, path = message.path.as_str(),
                    late_ms = late.0, "fell due"
                );
                Outcome::Done(Some((message.path, late)))
            }
            Ok(Rang::Again | Rang::InVain) => Outcome::Done(None),
            Err(error) => {
                tracing::warn!(timer = %message.timer, error = %cause(&error), "it comes again");
                Outcome::Again
            }
        }
    }

    async fn fan_out(&self, message: &EventMessage) -> Outcome {
        match self.app.fan_out(&message.scope(), &message.event).await {
            Ok(()) => Outcome::Done(None),
            Err(error) => {
                tracing::warn!(event = %message.event, error = %cause(&error), "it comes again");
                Outcome::Again
            }
        }
    }

    async fn sweep(&self) -> Result<(), Error> {
        let swept = self.app.sweep(GRACE, MOST_SWEPT).await.inspect_err(|error| {
            tracing::error!(error = %cause(error), "the sweep failed");
        })?;
        let now = self.app.clock().now();
        if swept.missed > 0 {
            tracing::warn!(missed = swept.missed, repaired = swept.repaired, "swept");
        }
        self.metrics.write(now, MISSED, None, &[swept.missed as u64]);
        self.metrics.write(now, REPAIRED, None, &[swept.repaired as u64]);
        Ok(())
    }
}
