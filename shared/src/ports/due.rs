//! What is due, and when.

use crate::domain::account::Scope;
use crate::domain::ids::{DeliveryId, TimerId};
use crate::domain::time::Timestamp;

/// A timer with something due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueTimer {
    /// Whose it is.
    pub scope: Scope,
    /// The timer.
    pub id: TimerId,
    /// When it is due.
    pub at: Timestamp,
}

/// A delivery with an attempt due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueDelivery {
    /// Whose it is.
    pub scope: Scope,
    /// The delivery.
    pub id: DeliveryId,
    /// When the attempt is due.
    pub at: Timestamp,
}
