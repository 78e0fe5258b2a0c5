//! Minoots' ports on DynamoDB, EventBridge Scheduler and SQS, and what the functions do with them.

pub mod alarms;
pub mod clients;
pub mod config;
mod costs;
pub mod handlers;
mod http;
pub mod logs;
pub mod messages;
pub mod metrics;
pub mod queue;
pub mod schedule;
mod sending;
pub mod store;

pub use costs::Costs;
