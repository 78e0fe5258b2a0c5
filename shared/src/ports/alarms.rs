//! What wakes the product up.

use super::Unavailable;
use crate::domain::account::Scope;
use crate::domain::ids::TimerId;
use crate::domain::time::Timestamp;
use async_trait::async_trait;

/// Wakes the product up when something falls due.
#[async_trait]
pub trait Alarms: Send + Sync {
    /// Sees to it that each alarm's timer is looked at when it is due. Setting one twice does no harm.
    ///
    /// # Errors
    /// Some were not set. The timers are safe: what the alarms missed, the sweep finds.
    async fn set(&self, alarms: &[Alarm]) -> Result<(), Unavailable>;

    /// Takes back alarms that have become void. One that goes off nevertheless does no harm: its epoch is old.
    async fn unset(&self, alarms: &[Alarm]) -> Result<(), Unavailable>;
}

/// One thing due on a timer's way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Alarm {
    /// Whose timer it is.
    pub scope: Scope,
    /// The timer.
    pub timer: TimerId,
    /// The epoch in which it is due.
    pub epoch: u32,
    /// When it is due.
    pub at: Timestamp,
}
