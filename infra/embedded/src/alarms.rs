//! Alarms on one machine: none are needed.

use async_trait::async_trait;
use minoots_shared::ports::{Alarm, Alarms, Unavailable};

/// The store itself knows what is due when, and wakes the runner as soon as something earlier is committed. So an alarm is
/// set by the very write that it belongs to, and can't be lost between the two.
pub struct DueIndexAlarms;

#[async_trait]
impl Alarms for DueIndexAlarms {
    async fn set(&self, _: &[Alarm]) -> Result<(), Unavailable> {
        Ok(())
    }

    async fn unset(&self, _: &[Alarm]) -> Result<(), Unavailable> {
        Ok(())
    }
}
