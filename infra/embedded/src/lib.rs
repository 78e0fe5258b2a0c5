//! Minoots' ports on an embedded store, for one machine.

mod alarms;
mod lanes;
mod queue;
mod runner;
pub mod store;

pub use alarms::DueIndexAlarms;
pub use lanes::Job;
pub use queue::{Attempting, DeliveryQueue, Limits};
pub use runner::Runner;
