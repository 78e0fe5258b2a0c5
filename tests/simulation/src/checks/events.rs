//! What is promised to endpoints.

use super::Seen;
use minoots_shared::domain::account::Scope;
use minoots_shared::domain::delivery::{Delivery, Source};
use minoots_shared::domain::event::Event;
use minoots_shared::domain::ids::{EndpointId, EventId};
use minoots_shared::domain::time::{Millis, Timestamp};
use minoots_shared::domain::timer::{State, Status};
use std::collections::BTreeMap;

pub(super) fn check(seen: &Seen<'_>, broken: &mut Vec<String>) {
    let mut reached: BTreeMap<(&Scope, &EventId, &EndpointId), usize> = BTreeMap::new();
    for delivery in seen.state.table.deliveries.values() {
        if let Source::Endpoint { endpoint, event, test: false } = &delivery.source {
            *reached.entry((&delivery.scope, event, endpoint)).or_default() += 1;
        }
    }
    for ((_, event, endpoint), times) in reached.iter().filter(|(_, times)| **times > 1) {
        broken.push(format!("event {event} led to {times} deliveries to endpoint {endpoint}"));
    }
    for event in seen.state.table.events.values() {
        let missed = |target: &&EndpointId| !reached.contains_key(&(&event.scope, &event.id, *target));
        for target in event.targets.iter().filter(missed) {
            let is_there = seen.state.table.endpoints.contains_key(&(event.scope.clone(), target.clone()));
            if is_there {
                broken.push(format!("event {} ({}) never reached endpoint {target}", event.id, event.event_type));
            }
        }
    }
    callers_events(seen, broken);
    timers_events(seen, broken);
    deleted(seen, broken);
}

/// An event that was acknowledged goes to all that were subscribed all the while.
fn callers_events(seen: &Seen<'_>, broken: &mut Vec<String>) {
    for sent in &seen.state.calls.events {
        let Some(answered) = sent.answered else { continue };
        match seen.state.table.events.get(&(sent.scope.clone(), sent.id.clone())) {
            None => broken.push(format!("event {} was acknowledged and is gone", sent.id)),
            Some(event) => hears(seen, event, sent.begun, answered, broken),
        }
    }
}

/// What happens to a timer is told to all that were subscribed all the while, each once.
fn timers_events(seen: &Seen<'_>, broken: &mut Vec<String>) {
    let skew = Millis(seen.profile.skew);
    for wanted in &seen.state.calls.timers {
        let Some((answered, created)) = &wanted.created else { continue };
        let Some(timer) = seen.state.table.timers.get(&(created.scope.clone(), created.id.clone())) else { continue };
        // When an end was written is not known exactly: from when it was due until it was seen to have happened.
        let end = match timer.state {
            State::Expired { at, .. } | State::Cancelled { at, .. } => at,
            _ => continue,
        };
        let end_type = if timer.status() == Status::Expired { "timer.expired" } else { "timer.cancelled" };
        let written = Timestamp(u64::MAX);
        for (event_type, from, to) in [("timer.created", wanted.begun, *answered), (end_type, end.minus(skew), written)]
        {
            let about = format!(r#""id":"{}""#, timer.id);
            let told = seen.state.table.events.values().filter(|event| {
                event.scope == timer.scope && event.event_type == event_type && event.data.as_str().contains(&about)
            });
            let told: Vec<&Event> = told.collect();
            let must: Vec<_> = must_hear(seen, &timer.scope, event_type, from, to);
            match told.as_slice() {
                [] if must.is_empty() => {}
                [] => broken.push(format!("nobody was told {event_type} of timer {}", timer.id)),
                [event] => hears(seen, event, from, to, broken),
                more => broken.push(format!("{} events tell {event_type} of timer {}", more.len(), timer.id)),
            }
        }
    }
}

fn hears(seen: &Seen<'_>, event: &Event, from: Timestamp, to: Timestamp, broken: &mut Vec<String>) {
    for id in must_hear(seen, &event.scope, &event.event_type, from, to) {
        if !event.targets.contains(id) {
            broken.push(format!(
                "event {} ({}) is not for endpoint {id}, which is subscribed",
                event.id, event.event_type
            ));
        }
    }
}

/// Who is subscribed to events of this type all the while, and neither changed nor deactivated by then.
pub(super) fn must_hear<'a>(
    seen: &Seen<'a>,
    scope: &Scope,
    event_type: &str,
    from: Timestamp,
    to: Timestamp,
) -> Vec<&'a EndpointId> {
    let endpoints = seen.state.calls.endpoints.iter().filter(|endpoint| endpoint.scope == *scope);
    endpoints
        .filter(|endpoint| endpoint.must_hear(event_type, from, to))
        .filter_map(|endpoint| endpoint.id.as_ref())
        .filter(|id| {
            let silences = seen.state.table.silences.get(&(scope.clone(), EndpointId::clone(id)));
            silences.is_none_or(|silences| silences.iter().all(|silence| silence.from > to))
        })
        .collect()
}

/// Once an endpoint's deletion was answered, no attempt to reach it begins.
fn deleted(seen: &Seen<'_>, broken: &mut Vec<String>) {
    for endpoint in &seen.state.calls.endpoints {
        let (Some(deleted), Some(id)) = (endpoint.deleted, &endpoint.id) else { continue };
        let to_it = |delivery: &&Delivery| delivery.source.endpoint() == Some(id);
        for delivery in seen.state.table.deliveries.values().filter(to_it) {
            if let Some(late) = seen.of(&delivery.id).iter().find(|arrival| arrival.begun > deleted) {
                broken.push(format!(
                    "attempt {} to endpoint {id} began {} ms after its deletion was answered",
                    late.attempt,
                    late.begun.since(deleted).0
                ));
            }
        }
    }
}
