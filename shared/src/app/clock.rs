//! The time, as the product reads it. The one place that does.

use crate::domain::time::Timestamp;
use std::sync::Arc;
use std::time::SystemTime;

/// Where the current time comes from.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    /// The machine's own clock.
    pub fn system() -> Self {
        Self::new(|| {
            let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
            Timestamp(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
        })
    }

    /// A clock that says what `source` says.
    pub fn new(source: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(source))
    }

    /// The current time, rounded down to the millisecond.
    pub fn now(&self) -> Timestamp {
        (self.0)()
    }
}
