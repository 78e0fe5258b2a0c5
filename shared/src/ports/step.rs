//! A timer's step, worked out and ready to be written.

use crate::domain::delivery::Delivery;
use crate::domain::event::Event;
use crate::domain::timer::Timer;
use std::sync::Arc;

/// A timer's step, ready to be written.
#[derive(Clone, Debug, PartialEq)]
pub struct TimerStep {
    /// The revision that it was worked out from.
    pub before: u64,
    /// The timer after it.
    pub timer: Timer,
    /// New deliveries.
    pub deliveries: Vec<Arc<Delivery>>,
    /// Of the timer's earlier deliveries, those still open end for this reason.
    pub withdraw: Option<&'static str>,
    /// How many events happened, for the usage.
    pub happened: usize,
    /// Those of them that endpoints are subscribed to. One that exists already is left as it is.
    pub events: Vec<Event>,
}
