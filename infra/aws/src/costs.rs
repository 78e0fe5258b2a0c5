//! What is asked of AWS, counted as AWS bills it.

use aws_sdk_dynamodb::types::{ConsumedCapacity, ReturnConsumedCapacity};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// DynamoDB's request units, counted while counting is switched on: the answers are longer then.
#[derive(Debug, Default)]
pub struct Costs {
    counting: AtomicBool,
    /// In tenths of a unit: an eventually consistent read is half a one.
    read: AtomicU64,
    written: AtomicU64,
}

impl Costs {
    /// Counts from now on.
    pub fn count(&self) {
        self.counting.store(true, Ordering::Relaxed);
    }

    /// Read request units since counting began.
    pub fn read_units(&self) -> f64 {
        self.read.load(Ordering::Relaxed) as f64 / 10.0
    }

    /// Write request units since counting began, the indexes' included.
    pub fn write_units(&self) -> f64 {
        self.written.load(Ordering::Relaxed) as f64 / 10.0
    }

    pub(crate) fn wanted(&self) -> Option<ReturnConsumedCapacity> {
        self.counting.load(Ordering::Relaxed).then_some(ReturnConsumedCapacity::Total)
    }

    pub(crate) fn read(&self, consumed: Option<&ConsumedCapacity>) {
        add(&self.read, consumed);
    }

    pub(crate) fn written(&self, consumed: Option<&ConsumedCapacity>) {
        add(&self.written, consumed);
    }
}

fn add(sum: &AtomicU64, consumed: Option<&ConsumedCapacity>) {
    let units = consumed.and_then(ConsumedCapacity::capacity_units).unwrap_or_default();
    sum.fetch_add((units * 10.0).round() as u64, Ordering::Relaxed);
}
