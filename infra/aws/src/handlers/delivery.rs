//! The delivery function: attempts what its queue holds. A message stays in the queue for as long as its delivery is open,
//! invisible until the next attempt is due; so retries, and the way to the dead letters, are SQS's own.

use super::events::{Batch, BatchAnswer, Record, left};
use super::pacing::Pacing;
use crate::messages::DeliveryMessage;
use crate::metrics::{ATTEMPTS, FIRST_ATTEMPT, Metrics};
use crate::store::error::{failed, gave_up};
use aws_sdk_sqs::types::ChangeMessageVisibilityBatchRequestEntry;
use futures::stream::{FuturesUnordered, StreamExt as _};
use lambda_runtime::{Error, LambdaEvent};
use minoots_shared::app::{App, cause};
use minoots_shared::domain::delivery::{Delivery, DeliveryStatus};
use minoots_shared::domain::time::{Millis, Timestamp};
use minoots_shared::ports::{Store, Unavailable};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, interval_at};

/// The longest that a message can stay invisible, in seconds: twelve hours from when it was received, which was a while ago.
const LONGEST_INVISIBLE: u64 = 12 * 3_600 - 120;

/// How soon after its attempt a message is made invisible until the next one; those that end together share a request.
const SOON: Duration = Duration::from_millis(500);

/// What is to become of a message, and its delivery after the attempt that was made.
type Outcome = (Fate, Option<Delivery>);

/// The function on the delivery queue.
pub struct DeliveryHandler {
    app: Arc<App>,
    store: Arc<dyn Store>,
    sqs: aws_sdk_sqs::Client,
    queue_url: String,
    metrics: Metrics,
    pacing: Pacing,
}

/// What is to become of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// There is nothing left to do: it was delivered, or given up before its attempts were used up.
    Delete,
    /// It comes again when the queue's own visibility timeout is over.
    Again,
    /// It comes again at this instant.
    At(Timestamp),
    /// Its delivery's attempts are used up: it comes again at once, until the redrive policy takes it.
    DeadLetter,
}

impl DeliveryHandler {
    /// A handler whose `app` works on `store`, for the queue under `queue_url`.
    pub fn new(
        app: Arc<App>,
        store: Arc<dyn Store>,
        sqs: aws_sdk_sqs::Client,
        queue_url: String,
        metrics: Metrics,
    ) -> Self {
        Self { app, store, sqs, queue_url, metrics, pacing: Pacing::default() }
    }

    /// A batch of the delivery queue.
    ///
    /// # Errors
    /// The event is no such batch.
    pub async fn handle(&self, event: LambdaEvent<Value>) -> Result<BatchAnswer, Error> {
        let left = left(event.context.deadline(), self.app.clock().now());
        let batch: Batch = serde_json::from_value(event.payload)?;
        let outcomes = self.attempt_all(&batch.records, left).await;
        self.measure(self.app.clock().now(), outcomes.iter().filter_map(|(_, after)| after.as_ref()));
        let again = batch.records.iter().zip(&outcomes).filter(|(_, (fate, _))| *fate != Fate::Delete);
        Ok(BatchAnswer::again(again.map(|(record, _)| record)))
    }

    /// What is to become of each message. What comes again later is made invisible until then soon after its own attempt:
    /// another one's receiver may keep the batch waiting for half a minute.
    async fn attempt_all(&self, records: &[Record], left: Duration) -> Vec<Outcome> {
        let attempts =
            records.iter().enumerate().map(|(place, record)| async move { (place, self.one(record, left).await) });
        let mut attempts: FuturesUnordered<_> = attempts.collect();
        let (mut outcomes, mut ended) = (vec![(Fate::Again, None); records.len()], Vec::new());
        let mut hiding = FuturesUnordered::new();
        let mut soon = interval_at(Instant::now() + SOON, SOON);
        loop {
            tokio::select! {
                // In this order, so that the same batch takes the same course.
                biased;
                attempt = attempts.next() => {
                    let Some((place, outcome)) = attempt else { break };
                    ended.push((&records[place], outcome.0));
                    outcomes[place] = outcome;
                }
                _ = soon.tick(), if !ended.is_empty() => hiding.push(self.hide_until(std::mem::take(&mut ended))),
                Some(()) = hiding.next() => {}
            }
        }
        hiding.push(self.hide_until(ended));
        while hiding.next().await.is_some() {}
        outcomes
    }

    /// What is to become of a message, and its delivery after an attempt that was made and recorded now.
    async fn one(&self, record: &Record, left: Duration) -> Outcome {
        let Some(message) = record.message::<DeliveryMessage>() else { return (Fate::Again, None) };
        // A message that comes the first time is for a first attempt, which is due.
        if record.came_before()
            && let Some(fate) = self.look(&message).await
        {
            return (fate, None);
        }
        if let Some(lane) = &message.lane {
            self.pacing.turn(lane).await;
        }
        let scope = message.scope();
        let fate = match tokio::time::timeout(left, self.app.attempt(&scope, &message.delivery)).await {
            Ok(Ok(Some(after))) => {
                return (fate(&after, self.app.clock().now()).unwrap_or(Fate::Again), Some(after));
            }
            // It has ended, or another message of the same delivery is at it.
            Ok(Ok(None)) => self.look(&message).await.unwrap_or(Fate::Again),
            Ok(Err(error)) => {
                tracing::warn!(delivery = %message.delivery, error = %cause(&error), "an attempt could not be made or recorded");
                self.store.abandon_attempt(&scope, &message.delivery);
                Fate::Again
            }
            Err(_) => {
                tracing::warn!(delivery = %message.delivery, "the invocation ended before the attempt: it is made again");
                self.store.abandon_attempt(&scope, &message.delivery);
                Fate::Again
            }
        };
        (fate, None)
    }

    /// What is to become of a message whose delivery is not to be attempted now; `None` if it is.
    async fn look(&self, message: &DeliveryMessage) -> Option<Fate> {
        match self.store.deliveries(&message.scope(), std::slice::from_ref(&message.delivery)).await {
            Ok(found) => match found.first() {
                Some(delivery) => fate(delivery, self.app.clock().now()),
                None => Some(Fate::Delete),
            },
            Err(error) => {
                tracing::warn!(delivery = %message.delivery, error = %cause(&error), "a delivery could not be read");
                Some(Fate::Again)
            }
        }
    }

    /// One line for each kind of outcome, and one for how late first attempts began: not one for each delivery.
    fn measure<'a>(&self, now: Timestamp, attempted: impl Iterator<Item = &'a Delivery>) {
        let (mut outcomes, mut late) = (BTreeMap::<&str, u64>::new(), Vec::new());
        for after in attempted {
            let outcome = match after.status {
                DeliveryStatus::Success => "success",
                DeliveryStatus::Failed => "given up",
                _ => "failure",
            };
            *outcomes.entry(outcome).or_default() += 1;
            let first = after.attempts.last().filter(|attempt| attempt.attempt == 1);
            late.extend(first.map(|attempt| attempt.sent_at.since(attempt.due_at).0));
        }
        for (outcome, count) in outcomes {
            self.metrics.write(now, ATTEMPTS, Some(("Outcome", outcome)), &[count]);
        }
        self.metrics.write(now, FIRST_ATTEMPT, None, &late);
    }

    /// Makes messages come again when they are to.
    async fn hide_until(&self, ended: Vec<(&Record, Fate)>) {
        let now = self.app.clock().now();
        let invisible = ended.into_iter().filter_map(|(record, fate)| match fate {
            // Rounded up: no attempt begins before its time.
            Fate::At(at) => Some((record, at.since(now).0.div_ceil(1_000).min(LONGEST_INVISIBLE))),
            Fate::DeadLetter => Some((record, 0)),
            Fate::Delete | Fate::Again => None,
        });
        if let Err(error) = self.hide(invisible.collect()).await {
            tracing::warn!(error = %cause(&error), "messages stay invisible as long as the queue says");
        }
    }

    /// Keeps messages invisible for so many seconds from now. There are at most ten in a batch.
    async fn hide(&self, messages: Vec<(&Record, u64)>) -> Result<(), Unavailable> {
        if messages.is_empty() {
            return Ok(());
        }
        let entries = messages.iter().enumerate().map(|(index, (record, seconds))| {
            ChangeMessageVisibilityBatchRequestEntry::builder()
                .id(index.to_string())
                .receipt_handle(&record.receipt_handle)
                .visibility_timeout(i32::try_from(*seconds).unwrap_or(i32::MAX))
                .build()
        });
        let entries: Vec<_> = entries.collect::<Result<_, _>>().map_err(|error| Unavailable(error.into()))?;
        for entries in entries.chunks(10) {
            let asked = self.sqs.change_message_visibility_batch().queue_url(&self.queue_url);
            let changed = asked.set_entries(Some(entries.to_vec())).send().await;
            let changed = changed.map_err(failed("keeping messages invisible"))?;
            if let Some(first) = changed.failed().first() {
                return Err(gave_up("keeping messages invisible", first.code()));
            }
        }
        Ok(())
    }
}

/// What follows from where a delivery stands; `None`: it is to be attempted now.
fn fate(delivery: &Delivery, now: Timestamp) -> Option<Fate> {
    match delivery.status {
        DeliveryStatus::Failed if delivery.used_up_its_attempts() => Some(Fate::DeadLetter),
        DeliveryStatus::Success | DeliveryStatus::Failed => Some(Fate::Delete),
        // Another message of the same delivery is at it; this one comes back later, to see what came of that.
        DeliveryStatus::Sending => Some(Fate::Again),
        DeliveryStatus::Pending | DeliveryStatus::Retrying => {
            delivery.next_attempt_at.filter(|at| at.since(now) > Millis(0)).map(Fate::At)
        }
    }
}
