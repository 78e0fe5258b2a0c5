//! Timers: created, and due.

use super::Table;
use minoots_shared::domain::time::Timestamp;
use minoots_shared::domain::timer::Timer;
use minoots_shared::ports::{Created, Creation, DueTimer, Placement};
use std::sync::Arc;

impl Table {
    /// Stores new timers with the events that tell of them, and remembers the answer.
    pub(crate) fn create(&mut self, creation: Creation) -> Created {
        let Creation { scope, timers, events, idempotency, .. } = creation;
        if let Some(known) = self.known_request(idempotency.as_ref()) {
            return Created::Known(known);
        }
        let mut events = events.into_iter();
        let mut place = |timer: &Arc<Timer>| {
            let event = events.next().flatten();
            let key = (scope.clone(), timer.id.clone());
            if self.timers.contains_key(&key) {
                return Placement::IdTaken;
            }
            self.timers.insert(key, Timer::clone(timer));
            event.map(|event| self.add_event(event));
            Placement::Stored
        };
        let placements: Vec<_> = timers.iter().map(&mut place).collect();
        self.remember(idempotency.as_ref(), &placements);
        Created::Placed(placements)
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
