//! What is promised of deliveries and their attempts.

use super::Seen;
use crate::arrivals::Arrival;
use crate::plan::QUIET;
use minoots_shared::domain::delivery::{Delivery, DeliveryStatus};
use minoots_shared::domain::retry::LONGEST_WAIT;
use minoots_shared::domain::time::{Millis, Timestamp};
use std::collections::BTreeSet;

/// And behind another account's backlog: one attempt's time limit, and what it takes to go on.
const NEIGHBOURLY: Millis = Millis::seconds(35);
/// Where nothing goes wrong, a first attempt begins this soon after it is due.
const PROMPT: Millis = Millis::seconds(2);
/// And a later one this soon: whole seconds, behind an attempt of the same batch that takes its time.
const SOON: Millis = Millis::seconds(8);

pub(super) fn check(seen: &Seen<'_>, broken: &mut Vec<String>) {
    for id in seen.sent.keys() {
        if !seen.state.table.deliveries.values().any(|delivery| delivery.id == **id) {
            broken.push(format!("something was sent under the id {id}, which no delivery has"));
        }
    }
    for delivery in seen.state.table.deliveries.values() {
        let mut found = Vec::new();
        let sent = seen.of(&delivery.id);
        ends(delivery, sent, &mut found);
        is_numbered(sent, &mut found);
        is_the_same_throughout(delivery, sent, &mut found);
        is_patient(seen, delivery, sent, &mut found);
        is_over_when_it_is_over(seen, delivery, sent, &mut found);
        is_prompt(seen, delivery, &mut found);
        is_not_held_up(seen, delivery, &mut found);
        broken.extend(found.into_iter().map(|what| format!("delivery {} ({}): {what}", delivery.id, delivery.event)));
    }
}

/// It ends delivered, which its receiver knows; or failed, for a reason that can be read and after all its attempts.
fn ends(delivery: &Delivery, sent: &[&Arrival], broken: &mut Vec<String>) {
    let made = delivery.attempts.len() as u32;
    match delivery.status {
        DeliveryStatus::Success if !sent.iter().any(|arrival| arrival.was_taken()) => {
            broken.push("it counts as delivered, and no receiver took it".to_owned());
        }
        DeliveryStatus::Success => {}
        DeliveryStatus::Failed => {
            if delivery.error_message().is_none_or(str::is_empty) {
                broken.push("it failed for no reason".to_owned());
            }
            let was_given_up = delivery.withdrawn
                || delivery.response_code() == Some(410)
                || delivery.error.as_deref().is_some_and(|error| error.starts_with("webhook de"));
            if !was_given_up && made < delivery.most_attempts() {
                broken.push(format!("it failed after {made} of {} attempts", delivery.most_attempts()));
            }
        }
        open => broken.push(format!("it is still {open:?}")),
    }
    let numbers: BTreeSet<u32> = sent.iter().map(|arrival| arrival.attempt).collect();
    if let Some(missing) = (1..=made).find(|number| !numbers.contains(number)) {
        broken.push(format!("attempt {missing} is recorded and was never sent"));
    }
}

/// Attempts are numbered 1, 2, 3 … in the order in which they are first sent.
fn is_numbered(sent: &[&Arrival], broken: &mut Vec<String>) {
    let mut next = 1;
    for arrival in sent {
        if arrival.attempt > next {
            broken.push(format!("attempt {} was sent, and {next} was not", arrival.attempt));
        }
        next = next.max(arrival.attempt + 1);
    }
}

/// The same bytes go to the same place in every attempt.
fn is_the_same_throughout(delivery: &Delivery, sent: &[&Arrival], broken: &mut Vec<String>) {
    if let Some(other) = sent.iter().find(|arrival| *arrival.body != *delivery.body) {
        broken.push(format!("attempt {} sent other bytes: {}", other.attempt, other.body));
    }
    if sent.iter().any(|arrival| arrival.event != delivery.event || !delivery.url.ends_with(&arrival.url)) {
        broken.push("an attempt went elsewhere, or as another event".to_owned());
    }
}

/// No wait between attempts is shorter than stated, and Retry-After lengthens it.
fn is_patient(seen: &Seen<'_>, delivery: &Delivery, sent: &[&Arrival], broken: &mut Vec<String>) {
    let replays = seen.state.calls.replays.get(&delivery.id).map(Vec::as_slice).unwrap_or_default();
    for arrival in sent.iter().filter(|arrival| arrival.attempt > 1) {
        let before = arrival.attempt - 1;
        let earlier: Vec<_> = sent.iter().filter(|earlier| earlier.attempt == before).collect();
        let Some(first) = earlier.iter().map(|earlier| earlier.at).min() else { continue };
        // From a replay on another plan counts.
        if replays.iter().any(|replay| *replay >= first.minus(Millis(1)) && *replay <= arrival.at)
            || before_in_plan(replays, first)
        {
            continue;
        }
        let planned = delivery.plan.first_wait.0.saturating_mul(5u64.saturating_pow(before - 1));
        let allowed = earlier.iter().map(|earlier| {
            let asked = earlier.ended.filter(|ended| matches!(ended.code, Some(429 | 503)));
            let asked = asked.and_then(|ended| ended.retry_after).map_or(0, |asked| asked.0);
            // One that was answered late or never counts from when the product stopped waiting.
            let end = earlier.ended.map_or(earlier.at, |ended| ended.at);
            end.min(earlier.at.plus(Millis::seconds(1))).plus(Millis(planned.max(asked).min(LONGEST_WAIT.0)))
        });
        let Some(allowed) = allowed.min() else { continue };
        let allowed = allowed.minus(Millis(2 * seen.profile.skew));
        if arrival.at < allowed {
            broken.push(format!(
                "attempt {} came {} ms ahead of its wait",
                arrival.attempt,
                allowed.since(arrival.at).0
            ));
        }
    }
}

fn before_in_plan(replays: &[Timestamp], first: Timestamp) -> bool {
    replays.iter().any(|replay| *replay <= first)
}

/// Once it has ended for good, no attempt begins.
fn is_over_when_it_is_over(seen: &Seen<'_>, delivery: &Delivery, sent: &[&Arrival], broken: &mut Vec<String>) {
    if seen.state.calls.replays.contains_key(&delivery.id) {
        return;
    }
    let Some(ended) = delivery.ended_at else { return };
    let ended = ended.plus(Millis(seen.profile.skew)).plus(Millis::seconds(10));
    if let Some(late) = sent.iter().find(|arrival| arrival.begun > ended) {
        broken.push(format!("attempt {} began {} ms after it had ended", late.attempt, late.begun.since(ended).0));
    }
    let gone = delivery.attempts.iter().find(|attempt| attempt.response_code == Some(410));
    if let Some(gone) = gone.filter(|gone| sent.iter().any(|arrival| arrival.attempt > gone.attempt)) {
        broken.push(format!("attempt {} was answered 410, and another one followed", gone.attempt));
    }
    let most = delivery.most_attempts();
    if let Some(more) = sent.iter().find(|arrival| arrival.attempt > most) {
        broken.push(format!("attempt {} was made of {most}", more.attempt));
    }
}

/// Where nothing goes wrong, nothing is late: the sweep has nothing to do.
fn is_prompt(seen: &Seen<'_>, delivery: &Delivery, broken: &mut Vec<String>) {
    if !seen.profile.calm {
        return;
    }
    for attempt in &delivery.attempts {
        let late = attempt.sent_at.since(attempt.due_at);
        let most = if attempt.attempt == 1 { PROMPT } else { SOON };
        if late > most {
            broken.push(format!("attempt {} began {} ms late, and nothing had gone wrong", attempt.attempt, late.0));
        }
    }
}

/// However much another account has to do: no account waits for more than what is under way already.
fn is_not_held_up(seen: &Seen<'_>, delivery: &Delivery, broken: &mut Vec<String>) {
    if !seen.profile.crowded || delivery.scope.account.as_str() != QUIET {
        return;
    }
    let late = delivery.attempts.first().map(|attempt| attempt.sent_at.since(attempt.due_at));
    if let Some(late) = late.filter(|late| *late > NEIGHBOURLY) {
        broken.push(format!("another account held it up for {} ms", late.0));
    }
}
