//! Who may be attempted next: fair between lanes, bounded in all, for each account, each host and each endpoint.
//!
//! An endpoint's deliveries share a lane, and so do the webhooks of an account's timers to one host. A lane that has something
//! waiting stands in exactly one place: among those whose turn it is, among those that wait for a token of their rate or rest
//! because they found nobody, or in the line of its host or of its account, when that takes no more attempts. Each turn is one
//! attempt.

mod lane;

use crate::job::Job;
use crate::queue::Limits;
use foldhash::{HashMap, HashMapExt as _};
use lane::{Lane, LaneName};
use minoots_shared::domain::account::Scope;
use minoots_shared::domain::ids::{AccountId, DeliveryId};
use minoots_shared::pace::Rate;
use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How many attempts a host may have at once when half of all are under way, and it has not shown that its own end soon.
/// Hosts that hang, by the dozen, so leave room for others; and while there is room, slow ones are served as fast as any.
const UNPROVEN: usize = 4;
/// What soon is.
const PROMPT: Duration = Duration::from_secs(2);
/// How many deliveries of a lane wait in memory when too many wait there in all.
const FEW: usize = 64;

#[derive(Default)]
struct Host {
    under_way: usize,
    /// Deliveries in lanes.
    waiting: usize,
    /// How many attempts it may have beside [`UNPROVEN`]: one more for each that ended promptly.
    proven: usize,
    /// Lanes whose turn it was when the host took no more.
    line: VecDeque<Arc<LaneName>>,
}

#[derive(Default)]
struct Account {
    under_way: usize,
    /// Lanes whose turn it was when the account could have no more.
    line: VecDeque<Arc<LaneName>>,
}

/// What is known of a delivery that is queued or under way.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Known {
    Waiting,
    /// Since then.
    UnderWay(Instant),
    /// It was queued again meanwhile.
    Again(Instant),
}

/// What there is to do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Attempt this.
    Attempt(Job),
    /// Ask again then, or when something changes.
    At(Instant),
    /// Ask again when something changes.
    Nothing,
}

/// All lanes.
pub(crate) struct Lanes {
    limits: Limits,
    rate: Rate,
    lanes: HashMap<Arc<LaneName>, Lane>,
    hosts: HashMap<Arc<str>, Host>,
    accounts: HashMap<AccountId, Account>,
    ready: VecDeque<Arc<LaneName>>,
    /// Lanes that wait for a token, or rest.
    paced: BTreeSet<(Instant, Arc<LaneName>)>,
    /// Lanes with nothing to do, that are kept until their buckets are full.
    resting: BTreeSet<(Instant, Arc<LaneName>)>,
    known: HashMap<(Scope, DeliveryId), Known>,
    waiting: usize,
    under_way: usize,
}

impl Lanes {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            rate: Rate::per_second(limits.attempts_per_second),
            lanes: HashMap::new(),
            hosts: HashMap::new(),
            accounts: HashMap::new(),
            ready: VecDeque::new(),
            paced: BTreeSet::new(),
            resting: BTreeSet::new(),
            known: HashMap::new(),
            waiting: 0,
            under_way: 0,
        }
    }

    /// Queues a delivery, unless it waits already. One that is under way is queued again when its attempt has ended: it may
    /// have been ended and replayed meanwhile. Whether there is something new to do.
    pub(crate) fn push(&mut self, job: Job, now: Instant) -> bool {
        let room = self.room();
        match self.known.entry((job.scope.clone(), job.id.clone())) {
            Entry::Occupied(mut known) => {
                if let Known::UnderWay(since) = *known.get() {
                    known.insert(Known::Again(since));
                }
                false
            }
            Entry::Vacant(place) => {
                let name = LaneName::of(&job);
                let lane = self.lanes.entry(Arc::clone(&name)).or_default();
                if lane.waiting.len() >= room {
                    lane.turned_away = true;
                    return false;
                }
                place.insert(Known::Waiting);
                self.hosts.entry(Arc::clone(&job.host)).or_default().waiting += 1;
                lane.waiting.push_back(job);
                self.waiting += 1;
                self.settle(&name, now)
            }
        }
    }

    /// Whether a delivery is queued or under way.
    pub(crate) fn knows(&self, job: &Job) -> bool {
        self.known.contains_key(&(job.scope.clone(), job.id.clone()))
    }

    /// The next job, if one may begin.
    pub(crate) fn next(&mut self, now: Instant) -> Next {
        while let Some((_, name)) = pop_before(&mut self.paced, now) {
            self.called(&name, now);
        }
        while let Some((_, name)) = pop_before(&mut self.resting, now) {
            self.forget_if_over(&name, now);
        }
        while self.under_way < self.limits.attempts {
            let is_scarce = self.under_way >= self.limits.attempts / 2;
            let Some(name) = self.ready.pop_front() else { break };
            let Some(lane) = self.lanes.get_mut(&name) else { continue };
            let Some(first) = lane.waiting.front() else { continue };
            // It may have come to that since it was put here.
            if lane.finds_nobody() && (lane.under_way > 0 || lane.waits_until(None, now).is_some()) {
                self.called(&name, now);
                continue;
            }
            let of_account = self.accounts.entry(first.scope.account.clone()).or_default();
            let at_host = self.hosts.entry(Arc::clone(&first.host)).or_default();
            let proven = if is_scarce { UNPROVEN + at_host.proven } else { usize::MAX };
            let account_is_full = of_account.under_way >= self.limits.attempts_per_account;
            let host_is_full = at_host.under_way >= self.limits.attempts_per_host.min(proven);
            // Who may have no more has some under way, and a lane of its line is called when one of them ends. That turn
            // was perhaps this lane's: if it can't take it, the next one in the line does.
            if account_is_full || host_is_full {
                let (full, free) = match account_is_full {
                    true => (&mut of_account.line, &mut at_host.line),
                    false => (&mut at_host.line, &mut of_account.line),
                };
                full.push_back(name);
                if !(account_is_full && host_is_full)
                    && let Some(next) = free.pop_front()
                {
                    self.ready.push_back(next);
                }
                continue;
            }
            let Some(job) = lane.waiting.pop_front() else { continue };
            of_account.under_way += 1;
            at_host.under_way += 1;
            at_host.waiting -= 1;
            lane.under_way += 1;
            lane.stands = false;
            if matches!(*name, LaneName::Endpoint(..)) {
                lane.bucket.take(self.rate, now);
            }
            self.under_way += 1;
            self.waiting -= 1;
            self.known.insert((job.scope.clone(), job.id.clone()), Known::UnderWay(now));
            self.settle(&name, now);
            return Next::Attempt(job);
        }
        self.paced
            .first()
            .filter(|_| self.under_way < self.limits.attempts)
            .map_or(Next::Nothing, |(at, _)| Next::At(*at))
    }

    /// The receiver has answered, or won't: it may be sent the next one. What came of the attempt is still to be recorded,
    /// so the attempt still counts among its account's and among all. `found` says whether there was an answer, if it is
    /// known.
    pub(crate) fn answered(&mut self, job: &Job, found: Option<bool>, now: Instant) {
        let begun = match self.known.get(&(job.scope.clone(), job.id.clone())) {
            Some(Known::UnderWay(since) | Known::Again(since)) => *since,
            _ => now,
        };
        self.leave_host(&job.host, begun, now);
        let name = LaneName::of(job);
        if let Some(lane) = self.lanes.get_mut(&name) {
            lane.under_way -= 1;
            if let Some(found) = found {
                lane.note(found, begun, now);
            }
        }
        self.settle(&name, now);
    }

    /// Notes the end of an attempt, after [`Self::answered`]. Whether a lane that turned deliveries away has room again.
    pub(crate) fn done(&mut self, job: &Job, now: Instant) -> bool {
        let known = self.known.remove(&(job.scope.clone(), job.id.clone()));
        self.under_way -= 1;
        self.leave_account(&job.scope.account, now);
        let name = LaneName::of(job);
        if matches!(known, Some(Known::Again(_))) {
            self.push(job.clone(), now);
        }
        let room = self.room();
        let has_room = self.lanes.get_mut(&name).is_some_and(|lane| {
            let has_room = lane.turned_away && lane.waiting.len() <= room / 2;
            lane.turned_away &= !has_room;
            has_room
        });
        self.forget_if_over(&name, now);
        has_room
    }

    /// Takes an attempt from its host; the lane that stands first in the host's line has its turn next.
    fn leave_host(&mut self, host: &Arc<str>, begun: Instant, now: Instant) {
        let Some(at_host) = self.hosts.get_mut(host) else { return };
        at_host.under_way -= 1;
        at_host.proven = match now.saturating_duration_since(begun) < PROMPT {
            true => (at_host.proven + 1).min(self.limits.attempts_per_host),
            false => at_host.proven / 2,
        };
        let first = at_host.line.pop_front();
        if at_host.under_way == 0 && at_host.waiting == 0 {
            self.hosts.remove(host);
        }
        if let Some(name) = first {
            self.called(&name, now);
        }
    }

    /// Takes an attempt from its account; the lane that stands first in the account's line has its turn next.
    fn leave_account(&mut self, account: &AccountId, now: Instant) {
        let Some(of_account) = self.accounts.get_mut(account) else { return };
        of_account.under_way -= 1;
        let first = of_account.line.pop_front();
        if of_account.under_way == 0 && of_account.line.is_empty() {
            self.accounts.remove(account);
        }
        if let Some(name) = first {
            self.called(&name, now);
        }
    }

    pub(crate) fn under_way(&self) -> usize {
        self.under_way
    }

    /// How many deliveries of a lane may wait.
    fn room(&self) -> usize {
        let few = if self.waiting < self.limits.waiting { usize::MAX } else { FEW };
        self.limits.waiting_per_lane.min(few)
    }

    /// A lane leaves the place where it stood.
    fn called(&mut self, name: &Arc<LaneName>, now: Instant) {
        if let Some(lane) = self.lanes.get_mut(name) {
            lane.stands = false;
        }
        self.settle(name, now);
    }

    /// Puts a lane that stands nowhere where it belongs. Whether there is something new to do, or to wait for.
    fn settle(&mut self, name: &Arc<LaneName>, now: Instant) -> bool {
        let Some(lane) = self.lanes.get_mut(name) else { return false };
        let (most, rate) = match **name {
            LaneName::Timers(..) => (self.limits.attempts_per_host, None),
            LaneName::Endpoint(..) => (self.limits.attempts_per_endpoint, Some(self.rate)),
        };
        let most = if lane.finds_nobody() { 1 } else { most };
        if lane.stands || lane.waiting.is_empty() || lane.under_way >= most {
            return false;
        }
        lane.stands = true;
        match lane.waits_until(rate, now) {
            Some(at) => {
                self.paced.insert((at, Arc::clone(name)));
            }
            None => self.ready.push_back(Arc::clone(name)),
        }
        true
    }

    /// Forgets a lane with nothing to do, as soon as its bucket is full: until then, its rate would be forgotten with it.
    fn forget_if_over(&mut self, name: &Arc<LaneName>, now: Instant) {
        let Some(lane) = self.lanes.get(name) else { return };
        if lane.waiting.is_empty() && lane.under_way == 0 {
            match lane.bucket.filling_until(now) {
                Some(full) => {
                    self.resting.insert((full, Arc::clone(name)));
                }
                None => {
                    self.lanes.remove(name);
                }
            }
        }
    }
}

/// The first that is due by `now`.
fn pop_before(set: &mut BTreeSet<(Instant, Arc<LaneName>)>, now: Instant) -> Option<(Instant, Arc<LaneName>)> {
    if set.first()?.0 <= now { set.pop_first() } else { None }
}

#[cfg(test)]
mod tests;
