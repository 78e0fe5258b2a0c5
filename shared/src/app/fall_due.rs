//! What happens by itself when its time comes.

use super::App;
use crate::ports::{DueTimer, Unavailable};

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
}
