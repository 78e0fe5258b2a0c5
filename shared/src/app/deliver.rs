//! Attempting a delivery.

use super::endpoints::DELETED;
use super::{App, cause};
use crate::domain::account::Scope;
use crate::domain::attempt::AttemptResult;
use crate::domain::delivery::{Delivery, Source};
use crate::domain::endpoint::{Endpoint, PATIENCE};
use crate::domain::ids::{DeliveryId, EndpointId, TimerId};
use crate::domain::time::Millis;
use crate::failpoint::{self, Failpoint};
use crate::ports::Unavailable;
use crate::webhook::client::Outgoing;
use crate::webhook::payload::LARGEST_BODY;

/// The answer that says that an endpoint is to be sent nothing any more.
const GONE: u16 = 410;
/// Why an endpoint is deactivated that gave this answer.
const ANSWERED_GONE: &str = "the receiver answered 410 Gone";

impl App {
    /// Makes the next attempt of a delivery and returns the delivery after it; `None` if there is nothing to attempt: it
    /// has ended, it waits for its next attempt, another call is at it, or its endpoint takes nothing any more, which ends
    /// it.
    ///
    /// # Errors
    /// The infrastructure's. An attempt that was made but not recorded is made again under its number.
    pub async fn attempt(&self, scope: &Scope, id: &DeliveryId) -> Result<Option<Delivery>, Unavailable> {
        match self.store.begin_attempt(scope, id).await? {
            Some(delivery) => self.make_begun(&delivery, |_| ()).await,
            None => Ok(None),
        }
    }

    /// [`Self::attempt`] of a delivery whose attempt has begun. Calls `answered` before the result is recorded, as
    /// soon as it is known whether the receiver answers.
    ///
    /// # Errors
    /// As there.
    pub async fn make_begun(
        &self,
        delivery: &Delivery,
        answered: impl FnOnce(bool) + Send,
    ) -> Result<Option<Delivery>, Unavailable> {
        let scope = &delivery.scope;
        // Whoever asks may not know that an attempt was made meanwhile. A first one is due for whoever made the delivery.
        let is_waiting = delivery.next_retry_at().is_some_and(|at| at > self.clock.now());
        if is_waiting {
            self.store.abandon_attempt(scope, &delivery.id);
            return Ok(None);
        }
        match &delivery.source {
            Source::Timer(_) => match self.store.account(&scope.account).await? {
                None => self.give_up(delivery, "its account is gone").await,
                Some(account) => {
                    self.make(&Outgoing::from_timer(delivery, &account.webhook_secrets), None, answered).await
                }
            },
            // Read after the attempt began: whoever deletes or deactivates the endpoint gives up its open deliveries after
            // that, so that either they or this call sees the other's work.
            Source::Endpoint { endpoint, .. } => match self.store.endpoint(scope, endpoint).await? {
                None => self.give_up(delivery, DELETED).await,
                Some(endpoint) if !endpoint.may_be_sent_to() => {
                    let reason = endpoint.disabled_reason.as_deref().unwrap_or_default();
                    self.give_up(delivery, &deactivated(reason)).await
                }
                Some(_) if delivery.body.len() > LARGEST_BODY => {
                    let reason = format!("the body has {} bytes, more than {LARGEST_BODY}", delivery.body.len());
                    self.give_up(delivery, &reason).await
                }
                Some(endpoint) => {
                    self.make(&Outgoing::to_endpoint(delivery, &endpoint), Some(&endpoint), answered).await
                }
            },
        }
    }

    async fn make(
        &self,
        outgoing: &Outgoing<'_>,
        endpoint: Option<&Endpoint>,
        answered: impl FnOnce(bool) + Send,
    ) -> Result<Option<Delivery>, Unavailable> {
        let delivery = outgoing.delivery;
        let endpoint = endpoint.filter(|_| !delivery.source.is_test());
        failpoint::reached(Failpoint::BeforeSending);
        let sent_at = self.clock.now();
        let (answer, duration) = self.webhooks.send(outgoing, sent_at).await;
        answered(answer.is_ok());
        failpoint::reached(Failpoint::BeforeRecording);
        let is_gone = answer.as_ref().is_ok_and(|answer| answer.code == GONE);
        if let Some(endpoint) = endpoint.filter(|_| is_gone) {
            // Before the attempt is recorded: after a crash in between it is made again, and this with it.
            self.deactivate(&delivery.scope, &endpoint.id, ANSWERED_GONE).await?;
            failpoint::reached(Failpoint::AfterDeactivation);
        }
        let result = AttemptResult { attempt: delivery.next_attempt(), sent_at, duration, answer };
        let Some(after) = self.store.finish_attempt(&delivery.scope, &delivery.id, result).await? else {
            return Ok(None);
        };
        failpoint::reached(Failpoint::AfterRecording);
        log(&after);
        if let Some(endpoint) = endpoint {
            let has_failed = after.attempts.last().is_some_and(|attempt| attempt.error.is_some());
            if is_gone {
                self.give_up_all(&delivery.scope, &endpoint.id, &deactivated(ANSWERED_GONE)).await;
            } else if has_failed && let Err(error) = self.lose_patience(endpoint).await {
                tracing::warn!(endpoint = %endpoint.id, error = %cause(&error), "not known how long it has failed");
            }
        }
        Ok(Some(after))
    }

    /// Deactivates an endpoint, after a failed attempt, if none has succeeded for too long.
    async fn lose_patience(&self, endpoint: &Endpoint) -> Result<(), Unavailable> {
        let Endpoint { scope, id, .. } = endpoint;
        let now = self.clock.now();
        if !self.patience.may_be_over(endpoint, now) {
            return Ok(());
        }
        let failing_since = self.store.endpoint_figures(scope, id).await?.failing_since;
        self.patience.note(endpoint, failing_since, now);
        if endpoint.has_failed_too_long(failing_since, now) {
            let reason = format!("every attempt has failed for {} days", PATIENCE.0 / Millis::DAY.0);
            self.deactivate(scope, id, &reason).await?;
            self.give_up_all(scope, id, &deactivated(&reason)).await;
        }
        Ok(())
    }

    /// Ends a delivery whose attempt began and is not made.
    async fn give_up(&self, delivery: &Delivery, reason: &str) -> Result<Option<Delivery>, Unavailable> {
        self.store.give_up_delivery(&delivery.scope, &delivery.id, reason, self.clock.now()).await?;
        Ok(None)
    }
}

/// Why deliveries end whose endpoint was deactivated.
fn deactivated(reason: &str) -> String {
    format!("webhook deactivated: {reason}")
}

/// One line for each attempt, with all that one asks of it later; of the URL only the host.
pub(super) fn log(delivery: &Delivery) {
    let Some(attempt) = delivery.attempts.last() else { return };
    tracing::info!(
        account = delivery.scope.account.as_str(),
        mode = delivery.scope.mode.as_str(),
        timer = delivery.source.timer().map(TimerId::as_str),
        endpoint = delivery.source.endpoint().map(EndpointId::as_str),
        delivery = delivery.id.as_str(),
        event = delivery.event,
        host = delivery.authority(),
        attempt = attempt.attempt,
        late_ms = attempt.sent_at.since(attempt.due_at).0,
        duration_ms = attempt.duration_ms.0,
        code = attempt.response_code,
        error = attempt.error,
        status = ?delivery.status,
        "attempt"
    );
}
