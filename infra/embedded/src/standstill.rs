//! What one must know to let time pass step by step: what is due next, and when all has happened that is due by an instant.

use crate::queue::DeliveryQueue;
use crate::store::EmbeddedStore;
use minoots_shared::domain::time::Timestamp;
use minoots_shared::ports::{Store as _, Unavailable};
use std::sync::Arc;
use std::time::Duration;

/// What others do to the store is not told: so it is looked at this often.
const GLANCE: Duration = Duration::from_millis(250);

/// Looks on while a [`Runner`](crate::Runner) works and its clock stands still.
pub struct Standstill {
    store: Arc<EmbeddedStore>,
    queue: Arc<DeliveryQueue>,
}

impl Standstill {
    /// Looks at the runner whose ports these are.
    pub fn new(store: Arc<EmbeddedStore>, queue: Arc<DeliveryQueue>) -> Self {
        Self { store, queue }
    }

    /// When the next timer's event or the next attempt of a delivery is due.
    ///
    /// # Errors
    /// The store can't be read.
    pub fn next_due(&self) -> Result<Option<Timestamp>, Unavailable> {
        Ok([self.store.next_due_timer()?, self.store.next_due_delivery(None)?].into_iter().flatten().min())
    }

    /// Returns once all has happened that is due at `now`, which the clock must show until then: timers have fallen due,
    /// events are with their endpoints, and every attempt has ended, those under way included.
    ///
    /// # Errors
    /// The store can't be read.
    pub async fn settled(&self, now: Timestamp) -> Result<(), Unavailable> {
        let mut progress = self.queue.progress();
        loop {
            progress.borrow_and_update();
            // What an attempt leads to is there before it ends, so that only an attempt that ended meanwhile can deceive.
            let is_settled = self.is_settled(now).await?;
            if is_settled && !progress.has_changed().unwrap_or(false) {
                return Ok(());
            }
            // Too late is as good as a change: both look again.
            let _ = tokio::time::timeout(GLANCE, progress.changed()).await;
        }
    }

    async fn is_settled(&self, now: Timestamp) -> Result<bool, Unavailable> {
        Ok(self.next_due()?.is_none_or(|next| next > now)
            && self.store.unexpanded_events(1).await?.is_empty()
            && self.next_due()?.is_none_or(|next| next > now)
            && self.queue.under_way() == 0)
    }
}
