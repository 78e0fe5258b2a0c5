//! One lane: what waits in it, and when it may have its next turn.

use super::PROMPT;
use crate::job::Job;
use minoots_shared::domain::account::Scope;
use minoots_shared::domain::ids::EndpointId;
use minoots_shared::pace::{Bucket, Rate};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// After so many attempts in a row that found nobody, a lane makes one at a time, and rests before each: to find that nobody
/// is there takes the processor as long as to deliver.
pub(super) const VAIN: u32 = 16;
/// How long it rests.
pub(super) const REST: Duration = Duration::from_millis(5);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum LaneName {
    Timers(Scope, Arc<str>),
    Endpoint(Scope, EndpointId),
}

impl LaneName {
    pub(super) fn of(job: &Job) -> Arc<Self> {
        Arc::new(match &job.endpoint {
            Some(endpoint) => Self::Endpoint(job.scope.clone(), endpoint.clone()),
            None => Self::Timers(job.scope.clone(), Arc::clone(&job.host)),
        })
    }
}

#[derive(Default)]
pub(super) struct Lane {
    pub(super) waiting: VecDeque<Job>,
    pub(super) under_way: usize,
    pub(super) bucket: Bucket,
    /// How many attempts in a row ended soon and found nobody.
    in_vain: u32,
    rests_until: Option<Instant>,
    /// Deliveries were turned away and wait in the store.
    pub(super) turned_away: bool,
    /// It stands in one of the places for lanes with something waiting.
    pub(super) stands: bool,
}

impl Lane {
    /// Takes note of how an attempt ended at `now`, which had begun at `begun`; see [`super::Lanes::answered`].
    pub(super) fn note(&mut self, found: bool, begun: Instant, now: Instant) {
        let in_vain = !found && now.saturating_duration_since(begun) < PROMPT;
        self.in_vain = if in_vain { self.in_vain.saturating_add(1) } else { 0 };
        self.rests_until = self.finds_nobody().then(|| now + REST);
    }

    pub(super) fn finds_nobody(&self) -> bool {
        self.in_vain >= VAIN
    }

    /// When it may have its next turn, if not at `now`.
    pub(super) fn waits_until(&self, rate: Option<Rate>, now: Instant) -> Option<Instant> {
        let rest = self.rests_until.filter(|until| *until > now);
        rest.max(rate.and_then(|rate| self.bucket.empty_until(rate, now)))
    }
}
