//! Fanning events out into deliveries.

use super::{App, cause};
use crate::domain::account::Scope;
use crate::domain::ids::EventId;
use crate::failpoint::{self, Failpoint};
use crate::ports::Unavailable;
use crate::webhook::event_payload::EventPayload;
use futures::future::try_join_all;
use std::sync::Arc;

/// How many targets are dealt with in one step: with the largest bodies they stay below what one transaction takes on any
/// infrastructure (4 MB on DynamoDB).
const CHUNK: usize = 32;
/// How many steps one call takes before it hands the rest over to the next one.
const MOST_STEPS: usize = 32;

impl App {
    /// Makes a delivery of an event for each target that has none, a bounded number in one call; the rest is queued again.
    ///
    /// Called twice it does nothing more; called again after a crash it resumes where it stopped. A target that was deleted
    /// meanwhile gets none.
    ///
    /// # Errors
    /// The infrastructure's; it is safe, and necessary, to call again.
    pub async fn fan_out(&self, scope: &Scope, id: &EventId) -> Result<(), Unavailable> {
        for _ in 0..MOST_STEPS {
            let Some(event) = self.store.event(scope, id).await? else { return Ok(()) };
            let targets = &event.remaining()[..event.remaining().len().min(CHUNK)];
            if targets.is_empty() {
                return Ok(());
            }
            let endpoints = try_join_all(targets.iter().map(|target| self.store.endpoint(scope, target))).await?;
            let mut payload = EventPayload::new(&event);
            let deliveries = endpoints.iter().flatten().map(|endpoint| Arc::new(payload.delivery(endpoint)));
            let deliveries: Vec<_> = deliveries.collect();
            let to = event.expanded + targets.len();
            if !self.store.expand_event(scope, id, event.expanded, to, deliveries.clone()).await? {
                // Another call was faster: go on from where it stopped.
                continue;
            }
            failpoint::reached(Failpoint::DuringFanOut);
            tracing::debug!(event = %id, kind = event.event_type, from = event.expanded, to, of = event.targets.len(), "fanned out");
            if !deliveries.is_empty()
                && let Err(error) = self.queue.send(deliveries).await
            {
                tracing::warn!(event = %id, error = %cause(&error), "deliveries not queued: the sweep will find them");
            }
            if to == event.targets.len() {
                return Ok(());
            }
        }
        self.queue.fan_out(&[(scope.clone(), id.clone())]).await
    }
}
