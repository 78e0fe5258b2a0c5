//! Minoots' ports on an embedded store, for one machine.

mod alarms;
mod job;
mod lanes;
mod queue;
mod runner;
mod standstill;
pub mod store;
mod waiting_events;

pub use alarms::DueIndexAlarms;
pub use queue::{DeliveryQueue, Limits};
pub use runner::Runner;
pub use standstill::Standstill;
