//! Minoots' ports on DynamoDB, EventBridge Scheduler and SQS.

mod costs;
pub mod store;

pub use costs::Costs;
