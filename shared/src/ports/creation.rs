//! What is created in one step, and what became of it.

use super::{Idempotency, Remembered};
use crate::domain::account::Scope;
use crate::domain::event::Event;
use crate::domain::timer::Timer;
use std::sync::Arc;

/// Timers to create in one step.
pub struct Creation {
    /// Whose they are; all of one scope.
    pub scope: Scope,
    /// The timers, in the caller's order.
    pub timers: Vec<Arc<Timer>>,
    /// How many timers may run or be paused in the scope at once, if that is limited.
    pub limit: Option<u32>,
    /// For each timer the event that tells endpoints of it, if any is subscribed; accepted if the timer is stored. Empty if
    /// there is none at all.
    pub events: Vec<Option<Event>>,
    /// The caller's idempotency key, and the answer to remember.
    pub idempotency: Option<Idempotency>,
}

/// What became of a creation.
#[derive(Debug, PartialEq)]
pub enum Created {
    /// Done now; one entry per timer, in order.
    Placed(Vec<Placement>),
    /// The idempotency key is known; this is what it stands for.
    Known(Remembered),
}

/// What became of one timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placement {
    /// Stored.
    Stored,
    /// Its id is in use.
    IdTaken,
    /// The account runs as many timers as it may.
    OverLimit,
}

/// What became of an event that was to be accepted.
#[derive(Clone, Debug, PartialEq)]
pub enum Accepted {
    /// Accepted now.
    New,
    /// Known already, and it says the same ([`Event::says_the_same_as`]).
    Known,
    /// Its id stands for another event.
    Taken,
    /// The idempotency key is known; this is what it stands for.
    Remembered(Remembered),
}
