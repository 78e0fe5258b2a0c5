//! The promises, checked when all is quiet.

mod attempts;
mod events;
mod gone;
mod patience;
mod timers;

use crate::arrivals::Arrival;
use crate::profile::Profile;
use crate::world::State;
use minoots_shared::domain::delivery::DeliveryStatus;
use minoots_shared::domain::ids::DeliveryId;
use std::collections::BTreeMap;

pub(crate) use gone::check_recorded;

/// Notes every promise that was broken.
pub(crate) fn check(state: &mut State, profile: &Profile) {
    let mut broken = std::mem::take(&mut state.table.broken);
    {
        let mut sent: BTreeMap<&DeliveryId, Vec<&Arrival>> = BTreeMap::new();
        state.arrivals.iter().for_each(|arrival| sent.entry(&arrival.id).or_default().push(arrival));
        let seen = Seen { state, profile, sent };
        timers::check(&seen, &mut broken);
        attempts::check(&seen, &mut broken);
        events::check(&seen, &mut broken);
        gone::check(&seen, &mut broken);
        patience::check(&seen, &mut broken);
        dead_letters(&seen, &mut broken);
    }
    broken.into_iter().for_each(|what| state.broken(what));
}

/// Notes what did not come to rest.
pub(crate) fn note_unrest(state: &mut State) {
    let (due, deliveries) = (state.due.len(), state.deliveries.len());
    let running = state.table.timers.values().filter(|timer| !timer.status().has_ended()).count();
    let open = state.table.deliveries.values().filter(|delivery| delivery.status.is_open()).count();
    let events = state.table.events.values().filter(|event| !event.remaining().is_empty()).count();
    state.broken(format!(
        "a day after the input stopped there are still {due} and {deliveries} messages, {running} timers, {open} deliveries and {events} events"
    ));
}

/// All that was seen of a run.
struct Seen<'a> {
    state: &'a State,
    profile: &'a Profile,
    /// Attempts by their delivery, in the order in which they were sent.
    sent: BTreeMap<&'a DeliveryId, Vec<&'a Arrival>>,
}

impl Seen<'_> {
    fn of(&self, delivery: &DeliveryId) -> &[&Arrival] {
        self.sent.get(delivery).map(Vec::as_slice).unwrap_or_default()
    }
}

/// What rests among the dead letters of the delivery queue is visible as failed. Where nothing goes wrong, that is all that
/// rests there, and nothing rests among those of the due queue.
fn dead_letters(seen: &Seen<'_>, broken: &mut Vec<String>) {
    if !seen.profile.calm {
        return;
    }
    broken.extend(seen.state.due.dead.iter().map(|dead| format!("a message of the due queue died: {dead}")));
    for dead in &seen.state.deliveries.dead {
        let failed = seen.state.table.deliveries.values().find(|delivery| dead.contains(delivery.id.as_str()));
        if failed.is_none_or(|delivery| delivery.status != DeliveryStatus::Failed && delivery.earlier_attempts == 0) {
            broken.push(format!("a message of the delivery queue died before its delivery failed: {dead}"));
        }
    }
}
