//! What the product needs from an infrastructure: a store, alarms and a queue.
//!
//! Each method is one atomic step and says what it guarantees. The conformance suite in `tests/conformance` holds every
//! implementation to it, several accounts in play; an implementation is finished when the suite passes.

mod alarms;
mod creation;
mod due;
mod idempotency;
mod listing;
mod queue;
mod step;
mod store;
mod usage;

pub use alarms::{Alarm, Alarms};
pub use creation::{Accepted, Created, Creation, Placement};
pub use due::{DueDelivery, DueTimer};
pub use idempotency::{AnswerFor, Idempotency, IdempotencyKey, Remembered};
pub use listing::{DeliveryPage, DeliveryPosition, DeliveryQuery, ListPosition, TimerPage, TimerQuery};
pub use queue::Queue;
pub use step::TimerStep;
pub use store::Store;
pub use usage::DayUsage;

/// The infrastructure can't do its part just now. The step may or may not have been taken; trying again is safe.
#[derive(Debug, thiserror::Error)]
#[error("the store can't be reached or can't write")]
pub struct Unavailable(#[source] pub Box<dyn std::error::Error + Send + Sync>);
