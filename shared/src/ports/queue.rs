//! What hands work over to whoever does it now.

use super::Unavailable;
use crate::domain::account::Scope;
use crate::domain::delivery::Delivery;
use crate::domain::ids::EventId;
use async_trait::async_trait;
use std::sync::Arc;

/// Takes deliveries that are to be sent now, and events that are to be fanned out.
#[async_trait]
pub trait Queue: Send + Sync {
    /// Hands events over to be fanned out, each at least once.
    ///
    /// # Errors
    /// Some were not taken. The events are safe: the sweep finds them.
    async fn fan_out(&self, events: &[(Scope, EventId)]) -> Result<(), Unavailable>;

    /// Hands deliveries over to be sent, each at least once.
    ///
    /// # Errors
    /// Some were not taken. The deliveries are safe: they are recorded as open, and the sweep finds them.
    async fn send(&self, deliveries: Vec<Arc<Delivery>>) -> Result<(), Unavailable>;
}
