//! What is promised of endpoints that keep failing: after five days without a success they are deactivated, and never
//! before.

use super::Seen;
use super::gone::to;
use crate::calls::WantedEndpoint;
use crate::lasting::PATIENCE;
use minoots_shared::domain::attempt::Attempt;
use minoots_shared::domain::ids::EndpointId;
use minoots_shared::domain::time::{Millis, Timestamp};

/// How the reason begins of a deactivation for failures.
const FAILED: &str = "every attempt has failed";
/// How long what was read may be acted upon.
const STALE: Millis = Millis::seconds(11);
/// An attempt that began before a success and failed after it counts from when it began: an attempt's time limit ago.
const OVERLAP: Millis = Millis::seconds(31);
/// How much longer patience may last.
const LENIENT: Millis = Millis::seconds(60);

pub(super) fn check(seen: &Seen<'_>, broken: &mut Vec<String>) {
    for endpoint in &seen.state.calls.endpoints {
        let Some(id) = &endpoint.id else { continue };
        let mut attempts: Vec<&Attempt> =
            to(seen, &endpoint.scope, id).flat_map(|delivery| &delivery.attempts).collect();
        attempts.sort_by_key(|attempt| ended(attempt));
        not_before_its_time(seen, endpoint, id, &attempts, broken);
        in_time(seen, endpoint, id, &attempts, broken);
    }
}

fn ended(attempt: &Attempt) -> Timestamp {
    attempt.sent_at.plus(attempt.duration_ms)
}

/// Whoever is deactivated has failed for five days: none of its attempts succeeded in them, and its owner did not activate
/// it anew.
fn not_before_its_time(
    seen: &Seen<'_>,
    endpoint: &WantedEndpoint,
    id: &EndpointId,
    attempts: &[&Attempt],
    broken: &mut Vec<String>,
) {
    let slack = Millis(STALE.0 + 2 * seen.profile.skew);
    let silences = seen.state.table.silences.get(&(endpoint.scope.clone(), id.clone()));
    for silence in silences.into_iter().flatten().filter(|silence| silence.reason.starts_with(FAILED)) {
        let (earliest, latest) = (silence.from.minus(PATIENCE).plus(slack), silence.from.minus(slack));
        if attempts.iter().all(|attempt| attempt.sent_at > earliest) {
            broken
                .push(format!("endpoint {id} was deactivated at {}, and had not failed for five days", silence.from.0));
        }
        let lately = earliest.plus(OVERLAP)..latest;
        let took = attempts.iter().find(|attempt| attempt.error.is_none() && lately.contains(&ended(attempt)));
        if let Some(took) = took {
            let ago = silence.from.since(ended(took)).0;
            broken.push(format!("endpoint {id} was deactivated for its failures {ago} ms after it took something"));
        }
        // Between these two it was inactive at least for a moment.
        let was_inactive =
            |(from, to): &&(Timestamp, Option<Timestamp>)| *from > earliest && to.is_some_and(|to| to < latest);
        if let Some((_, Some(to))) = endpoint.inactive.iter().find(was_inactive) {
            let ago = silence.from.since(*to).0;
            broken.push(format!("endpoint {id} was deactivated for its failures {ago} ms after it was activated"));
        }
    }
}

/// Who fails once more after five days of failures is deactivated: at once where nothing goes wrong, and else with the next
/// failure that nothing goes wrong with.
fn in_time(
    seen: &Seen<'_>,
    endpoint: &WantedEndpoint,
    id: &EndpointId,
    attempts: &[&Attempt],
    broken: &mut Vec<String>,
) {
    let recovered = seen.state.recovered.filter(|_| !seen.profile.calm).map_or(Timestamp(0), |at| at.plus(LENIENT));
    let silences = seen.state.table.silences.get(&(endpoint.scope.clone(), id.clone())).map(Vec::as_slice);
    let silences = silences.unwrap_or_default();
    let mut since = None;
    for attempt in attempts {
        since = attempt.error.as_ref().and(since.or(Some(ended(attempt))));
        let Some(failing) = since else { continue };
        let at = ended(attempt);
        let activated = endpoint.inactive.iter().filter_map(|(_, to)| to.filter(|to| *to <= at));
        let patient_until = activated.chain([failing]).max().unwrap_or(failing).plus(PATIENCE).plus(LENIENT);
        let is_silent =
            silences.iter().any(|silence| silence.from <= at.plus(LENIENT) && silence.to.is_none_or(|to| to >= at));
        let is_inactive = endpoint
            .inactive
            .iter()
            .any(|(from, to)| *from <= at.plus(LENIENT) && to.is_none_or(|to| to.plus(LENIENT) >= at));
        let is_watched = endpoint.deleted.is_none() && !is_silent && !is_inactive;
        if at > patient_until && attempt.sent_at > recovered && is_watched {
            let days = at.since(failing).0 as f64 / Millis::DAY.0 as f64;
            broken.push(format!("endpoint {id} has failed for {days:.3} days, and is not deactivated"));
            return;
        }
    }
}
