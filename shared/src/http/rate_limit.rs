//! How often one key may call.

use super::problem::{Code, Problem};
use crate::app::Caller;
use crate::domain::ids::ApiKeyId;
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota};
use std::num::NonZeroU32;

/// So many requests a second for each key, in bursts of as many (the generic cell rate algorithm).
pub struct RateLimit {
    per_second: NonZeroU32,
    limiter: DefaultKeyedRateLimiter<ApiKeyId>,
    clock: DefaultClock,
}

impl RateLimit {
    /// A limit of `per_second` requests a second for each key.
    pub fn new(per_second: NonZeroU32) -> Self {
        let limiter = DefaultKeyedRateLimiter::keyed(Quota::per_second(per_second));
        Self { per_second, limiter, clock: DefaultClock::default() }
    }

    /// Lets a caller through, or says when to come again.
    pub(super) fn admit(&self, caller: &Caller) -> Result<(), Problem> {
        let Err(until) = self.limiter.check_key(&caller.key.id) else { return Ok(()) };
        let wait = until.wait_time_from(self.clock.now());
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        let limit = self.per_second.get();
        let message = format!("this key may call {limit} times a second: try again in {seconds} s");
        Err(Problem::new(Code::RateLimitExceeded, message).limited(u64::from(limit), seconds.max(1)))
    }
}
