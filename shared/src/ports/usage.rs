//! What a scope did, day by day.

use serde::{Deserialize, Serialize};

/// What one scope did on one day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayUsage {
    /// The day, counted from the Unix epoch in UTC.
    pub day: u64,
    /// Timers created.
    pub timers: u64,
    /// Events that happened.
    pub events: u64,
    /// Deliveries that they led to.
    pub deliveries: u64,
    /// Deliveries that were given up.
    pub failures: u64,
}
