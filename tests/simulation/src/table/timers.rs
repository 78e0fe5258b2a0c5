//! Timers: created, and due.

use super::Table;
use minoots_shared::domain::account::Scope;
use minoots_shared::domain::time::Timestamp;
use minoots_shared::domain::timer::Timer;
use minoots_shared::ports::{Created, Creation, DueTimer, ListPosition, Placement, TimerPage, TimerQuery};
use std::cmp::Reverse;
use std::sync::Arc;

impl Table {
    /// Stores new timers with the events that tell of them, and remembers the answer.
    pub(crate) fn create(&mut self, creation: Creation) -> Created {
        let Creation { scope, timers, limit, events, idempotency } = creation;
        if let Some(known) = self.known_request(idempotency.as_ref()) {
            return Created::Known(known);
        }
        let (mut events, mut running) = (events.into_iter(), self.concurrent(&scope));
        let mut place = |timer: &Arc<Timer>| {
            let event = events.next().flatten();
            let key = (scope.clone(), timer.id.clone());
            if self.timers.contains_key(&key) {
                return Placement::IdTaken;
            }
            let counts = u64::from(!timer.status().has_ended());
            if counts > 0 && limit.is_some_and(|limit| running >= u64::from(limit)) {
                return Placement::OverLimit;
            }
            running += counts;
            self.timers.insert(key, Timer::clone(timer));
            self.count(&scope, timer.created_at, |day| day.timers += 1);
            event.map(|event| self.add_event(event));
            Placement::Stored
        };
        let placements: Vec<_> = timers.iter().map(&mut place).collect();
        self.remember(idempotency.as_ref(), &placements);
        Created::Placed(placements)
    }

    /// How many of a scope's timers run or are paused.
    pub(crate) fn concurrent(&self, scope: &Scope) -> u64 {
        let own = self.timers.values().filter(|timer| timer.scope == *scope);
        own.filter(|timer| !timer.status().has_ended()).count() as u64
    }

    /// One page of a scope's timers, newest first.
    pub(crate) fn timer_page(&self, scope: &Scope, query: &TimerQuery) -> TimerPage {
        let place = |timer: &Timer| (timer.created_at, timer.id.clone());
        let after = query.after.as_ref().map(|after| (after.created_at, after.id.clone()));
        let wanted = |timer: &&Timer| {
            timer.scope == *scope
                && query.status.is_none_or(|status| timer.status() == status)
                && timer.labels.matches(&query.labels)
                && after.as_ref().is_none_or(|after| place(timer) < *after)
        };
        let mut timers: Vec<_> = self.timers.values().filter(wanted).cloned().collect();
        timers.sort_by_key(|timer| Reverse(place(timer)));
        let more = timers.len() > query.limit;
        timers.truncate(query.limit);
        let last = timers.last().filter(|_| more);
        let next = last.map(|last| ListPosition { created_at: last.created_at, id: last.id.clone() });
        TimerPage { timers, next }
    }

    /// Timers with something due by `until`, earliest first.
    pub(crate) fn due_timers(&self, until: Timestamp, limit: usize) -> Vec<DueTimer> {
        let due = self.timers.values().filter_map(|timer| {
            let at = timer.next_due().filter(|at| *at <= until)?;
            Some(DueTimer { scope: timer.scope.clone(), id: timer.id.clone(), at })
        });
        let mut due: Vec<_> = due.collect();
        due.sort_by_key(|due| due.at);
        due.truncate(limit);
        due
    }
}
