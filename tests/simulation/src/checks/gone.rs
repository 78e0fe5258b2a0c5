//! What is promised of endpoints whose receivers answered 410 Gone: they are deactivated, and sent nothing more.

use super::Seen;
use super::events::must_hear;
use crate::table::Silence;
use crate::world::State;
use minoots_shared::domain::account::Scope;
use minoots_shared::domain::attempt::AttemptResult;
use minoots_shared::domain::delivery::{Delivery, DeliveryStatus, Source};
use minoots_shared::domain::ids::EndpointId;
use minoots_shared::domain::time::{Millis, Timestamp};

/// The event that tells others of it.
const DISABLED: &str = "webhook.disabled";
/// How long what was read may be acted upon.
const STALE: Millis = Millis::seconds(11);
/// Where nothing goes wrong, what is open ends this soon.
const PROMPT: Millis = Millis::seconds(2);

pub(super) fn check(seen: &Seen<'_>, broken: &mut Vec<String>) {
    for ((scope, id), silences) in &seen.state.table.silences {
        for silence in silences {
            is_silent(seen, scope, id, silence, broken);
            others_are_told(seen, scope, id, silence, broken);
            if seen.profile.calm {
                nothing_stays_open(seen, scope, id, silence, broken);
            }
        }
        let about = format!(r#""webhookId":"{id}""#);
        let told = seen.state.table.events.values().filter(|event| {
            event.scope == *scope && event.event_type == DISABLED && event.data.as_str().contains(&about)
        });
        let (told, times) = (told.count(), silences.len());
        if told > times {
            broken.push(format!("endpoint {id} was deactivated {times} times, and {told} events tell of it"));
        }
    }
    for delivery in seen.state.table.deliveries.values() {
        failed_for_a_true_reason(seen, delivery, broken);
    }
}

pub(super) fn to<'a>(seen: &'a Seen<'_>, scope: &'a Scope, id: &'a EndpointId) -> impl Iterator<Item = &'a Delivery> {
    let to_it = move |delivery: &&Delivery| {
        delivery.scope == *scope && delivery.source.endpoint() == Some(id) && !delivery.source.is_test()
    };
    seen.state.table.deliveries.values().filter(to_it)
}

/// No attempt begins once it is deactivated, until its owner activates it again: beyond those under way there is none.
fn is_silent(seen: &Seen<'_>, scope: &Scope, id: &EndpointId, silence: &Silence, broken: &mut Vec<String>) {
    for delivery in to(seen, scope, id) {
        let late = seen
            .of(&delivery.id)
            .iter()
            .find(|arrival| arrival.begun > silence.from && silence.to.is_none_or(|activated| arrival.at < activated));
        if let Some(late) = late {
            broken.push(format!(
                "attempt {} of {} to endpoint {id} began {} ms after it was deactivated",
                late.attempt,
                delivery.event,
                late.begun.since(silence.from).0
            ));
        }
    }
}

/// Where nothing goes wrong, its open deliveries end at once, save those that are under way.
fn nothing_stays_open(seen: &Seen<'_>, scope: &Scope, id: &EndpointId, silence: &Silence, broken: &mut Vec<String>) {
    let over = silence.to.unwrap_or(Timestamp(u64::MAX));
    for delivery in to(seen, scope, id).filter(|delivery| !seen.state.calls.replays.contains_key(&delivery.id)) {
        let under_way = seen
            .of(&delivery.id)
            .iter()
            .any(|arrival| arrival.begun <= silence.from && arrival.ended.is_none_or(|ended| ended.at >= silence.from));
        let latest = delivery.created_at.max(silence.from).plus(PROMPT);
        if !under_way && latest < over && delivery.ended_at.is_none_or(|ended| ended > latest) {
            broken.push(format!(
                "delivery {} was open for more than {} ms after endpoint {id} was deactivated",
                delivery.id, PROMPT.0
            ));
        }
    }
}

/// All others that are subscribed to it hear that it was deactivated.
fn others_are_told(seen: &Seen<'_>, scope: &Scope, id: &EndpointId, silence: &Silence, broken: &mut Vec<String>) {
    let skew = Millis(seen.profile.skew);
    let (from, to) = (silence.from.minus(STALE), silence.from);
    let about = format!(r#""webhookId":"{id}""#);
    for other in must_hear(seen, scope, DISABLED, from, to).into_iter().filter(|other| *other != id) {
        let hears = seen.state.table.events.values().any(|event| {
            event.scope == *scope
                && event.event_type == DISABLED
                && event.data.as_str().contains(&about)
                && (from.minus(skew)..=to.plus(skew)).contains(&event.created_at)
                && event.targets.contains(other)
        });
        if !hears {
            broken.push(format!("endpoint {other} is not told that endpoint {id} was deactivated"));
        }
    }
}

/// What says that its endpoint was deleted or deactivated says the truth.
fn failed_for_a_true_reason(seen: &Seen<'_>, delivery: &Delivery, broken: &mut Vec<String>) {
    let failed = delivery.ended_at.filter(|_| delivery.status == DeliveryStatus::Failed);
    let Some(((id, ended), error)) = delivery.source.endpoint().zip(failed).zip(delivery.error.as_deref()) else {
        return;
    };
    let key = (delivery.scope.clone(), id.clone());
    let skew = Millis(seen.profile.skew);
    let (earliest, latest) = (ended.minus(skew).minus(STALE), ended.plus(skew));
    let silences = seen.state.table.silences.get(&key).map(Vec::as_slice).unwrap_or_default();
    let was_deactivated =
        silences.iter().any(|silence| silence.from <= latest && silence.to.is_none_or(|to| to >= earliest));
    if error.starts_with("webhook deactivated") && !was_deactivated {
        broken.push(format!("delivery {} failed with {error:?}, and endpoint {id} was not deactivated", delivery.id));
    }
    if error.starts_with("webhook deleted") && seen.state.table.endpoints.contains_key(&key) {
        broken.push(format!("delivery {} failed with {error:?}, and endpoint {id} is there", delivery.id));
    }
}

/// Notes it if an answer of 410 is recorded of an endpoint that was not deactivated since it came: if the process died now,
/// nobody would do it any more.
pub(crate) fn check_recorded(state: &mut State, delivery: &Delivery, result: &AttemptResult) {
    let Source::Endpoint { endpoint, test: false, .. } = &delivery.source else { return };
    if result.answer.as_ref().is_ok_and(|answer| answer.code == 410) {
        let key = (delivery.scope.clone(), endpoint.clone());
        let answers = state.arrivals.iter().filter(|sent| sent.id == delivery.id && sent.attempt == result.attempt);
        let answered = answers.filter_map(|sent| sent.ended).filter(|ended| ended.code == Some(410));
        let Some(answered) = answered.map(|ended| ended.at).min() else { return };
        let silences = state.table.silences.get(&key).map(Vec::as_slice).unwrap_or_default();
        let is_deactivated = silences.iter().any(|silence| silence.to.is_none_or(|to| to >= answered));
        if !is_deactivated && state.table.endpoints.contains_key(&key) {
            state.broken(format!("410 of delivery {} is recorded, and its endpoint is still active", delivery.id));
        }
    }
}
