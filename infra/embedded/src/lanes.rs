//! Who may be attempted next: fair between hosts, bounded in all and for each.

use crate::queue::Limits;
use minoots_shared::domain::account::Scope;
use minoots_shared::domain::delivery::Delivery;
use minoots_shared::domain::ids::DeliveryId;
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

/// A delivery to attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Whose it is.
    pub scope: Scope,
    /// The delivery.
    pub id: DeliveryId,
    host: Arc<str>,
}

#[derive(Default)]
struct Lane {
    waiting: VecDeque<Job>,
    under_way: usize,
    /// Deliveries were turned away and wait in the store.
    turned_away: bool,
    /// Stands in `Lanes::ready`.
    is_ready: bool,
}

/// The lanes of all hosts.
pub(crate) struct Lanes {
    limits: Limits,
    lanes: HashMap<Arc<str>, Lane>,
    /// Hosts with something waiting and an attempt to spare, in the order of their turns.
    ready: VecDeque<Arc<str>>,
    known: HashSet<(Scope, DeliveryId)>,
    under_way: usize,
}

impl Lanes {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { limits, lanes: HashMap::new(), ready: VecDeque::new(), known: HashSet::new(), under_way: 0 }
    }

    /// Whether there is something new to attempt.
    pub(crate) fn push(&mut self, delivery: &Delivery) -> bool {
        let host: Arc<str> = delivery.authority().into();
        let lane = self.lanes.entry(Arc::clone(&host)).or_default();
        if lane.waiting.len() >= self.limits.waiting_per_host {
            lane.turned_away = true;
            return false;
        }
        if !self.known.insert((delivery.scope.clone(), delivery.id.clone())) {
            return false;
        }
        lane.waiting.push_back(Job { scope: delivery.scope.clone(), id: delivery.id.clone(), host: Arc::clone(&host) });
        self.make_ready(&host)
    }

    pub(crate) fn knows(&self, scope: &Scope, id: &DeliveryId) -> bool {
        self.known.contains(&(scope.clone(), id.clone()))
    }

    /// The next job, if one may begin.
    pub(crate) fn next(&mut self) -> Option<Job> {
        if self.under_way >= self.limits.attempts {
            return None;
        }
        let host = self.ready.pop_front()?;
        let lane = self.lanes.get_mut(&host)?;
        lane.is_ready = false;
        let job = lane.waiting.pop_front()?;
        lane.under_way += 1;
        self.under_way += 1;
        self.make_ready(&host);
        Some(job)
    }

    /// Notes the end of an attempt. Whether a lane that turned deliveries away has room again.
    pub(crate) fn done(&mut self, job: &Job) -> bool {
        self.known.remove(&(job.scope.clone(), job.id.clone()));
        self.under_way -= 1;
        let Some(lane) = self.lanes.get_mut(&job.host) else { return false };
        lane.under_way -= 1;
        let has_room = lane.turned_away && lane.waiting.len() <= self.limits.waiting_per_host / 2;
        if has_room {
            lane.turned_away = false;
        }
        if lane.waiting.is_empty() && lane.under_way == 0 {
            self.lanes.remove(&job.host);
        } else {
            self.make_ready(&job.host);
        }
        has_room
    }

    pub(crate) fn under_way(&self) -> usize {
        self.under_way
    }

    fn make_ready(&mut self, host: &Arc<str>) -> bool {
        let Some(lane) = self.lanes.get_mut(host) else { return false };
        let may = !lane.is_ready && !lane.waiting.is_empty() && lane.under_way < self.limits.attempts_per_host;
        if may {
            lane.is_ready = true;
            self.ready.push_back(Arc::clone(host));
        }
        may
    }
}
