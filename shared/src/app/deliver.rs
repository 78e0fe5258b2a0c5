//! Attempting a delivery.

use super::App;
use crate::domain::account::Scope;
use crate::domain::delivery::{AttemptResult, Delivery};
use crate::domain::ids::DeliveryId;
use crate::ports::Unavailable;

impl App {
    /// Makes the next attempt of a delivery and returns the delivery after it; `None` if there is nothing to attempt: it
    /// has ended, or another call is at it.
    ///
    /// # Errors
    /// The infrastructure's. An attempt that was made but not recorded is made again under its number.
    pub async fn attempt(&self, scope: &Scope, id: &DeliveryId) -> Result<Option<Delivery>, Unavailable> {
        let Some(account) = self.store.account(&scope.account).await? else { return Ok(None) };
        let Some(delivery) = self.store.begin_attempt(scope, id).await? else { return Ok(None) };
        let sent_at = self.clock.now();
        let (answer, duration) = self.webhooks.send(&delivery, &account.webhook_secrets, sent_at).await;
        let result = AttemptResult { attempt: delivery.next_attempt(), sent_at, duration, answer };
        let after = self.store.finish_attempt(scope, id, result).await?;
        if let Some(after) = &after {
            log(after);
        }
        Ok(after)
    }
}

/// One line for each attempt, with all that one asks of it later; of the URL only the host.
fn log(delivery: &Delivery) {
    let Some(attempt) = delivery.attempts.last() else { return };
    tracing::info!(
        account = %delivery.scope.account,
        mode = %delivery.scope.mode,
        timer = %delivery.timer,
        delivery = %delivery.id,
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
