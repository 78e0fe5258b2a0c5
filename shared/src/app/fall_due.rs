//! What happens by itself when its time comes.

use super::App;
use crate::domain::delivery::DeliveryStatus;
use crate::domain::time::Millis;
use crate::domain::timer::Timer;
use crate::ports::{Alarm, DueTimer, Unavailable};
use std::sync::Arc;

/// What came of an alarm that went off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rang {
    /// Something was due and happened, this long after it was due.
    InTime(Millis),
    /// It had happened already.
    Again,
    /// Nothing: the timer has gone, or its way has changed since the alarm was set.
    InVain,
}

impl App {
    /// Lets happen what is due on a timer's way, milestones first. Nothing if others were faster or its end has moved.
    ///
    /// Called too early it does nothing, called twice it does nothing more.
    ///
    /// # Errors
    /// The infrastructure's; it is safe, and necessary, to call again.
    pub async fn fall_due(&self, due: &DueTimer) -> Result<(), Unavailable> {
        loop {
            let Some(timer) = self.store.timer(&due.scope, &due.id).await? else { return Ok(()) };
            let Some(transition) = timer.fall_due(self.clock.now()) else { return Ok(()) };
            let events = transition.happened.len();
            if let Some(after) = self.take(&timer, transition).await? {
                let late = self.clock.now().since(due.at);
                tracing::debug!(timer = %due.id, status = after.status().as_str(), events, late_ms = late.0, "fell due");
                return Ok(());
            }
        }
    }

    /// An alarm goes off: what is due on its timer's way happens, and what it leads to is sent. An alarm of an old epoch does
    /// nothing. If it goes off again, what was not attempted yet is sent again: whoever let it happen may not have come to
    /// sending it.
    ///
    /// # Errors
    /// The infrastructure's, also if deliveries could not be queued: then the alarm must go off again.
    pub async fn ring(&self, alarm: &Alarm) -> Result<Rang, Unavailable> {
        loop {
            let timer = self.store.timer(&alarm.scope, &alarm.timer).await?;
            let Some(timer) = timer.filter(|timer| timer.epoch == alarm.epoch) else { return Ok(Rang::InVain) };
            let Some(transition) = timer.fall_due(self.clock.now()) else {
                self.send_again(&timer, alarm).await?;
                return Ok(Rang::Again);
            };
            if let Some((_, deliveries)) = self.commit(transition).await? {
                let late = self.clock.now().since(alarm.at);
                self.send(deliveries).await?;
                return Ok(Rang::InTime(late));
            }
        }
    }

    /// Sends what an alarm led to and nobody attempted yet.
    async fn send_again(&self, timer: &Timer, alarm: &Alarm) -> Result<(), Unavailable> {
        if timer.deliveries.is_empty() {
            return Ok(());
        }
        let mut deliveries = self.store.deliveries(&timer.scope, &timer.deliveries).await?;
        deliveries.retain(|delivery| delivery.created_at == alarm.at && delivery.status == DeliveryStatus::Pending);
        self.send(deliveries.into_iter().map(Arc::new).collect()).await
    }
}
