//! A timer as callers and receivers see it: the contract's `T`.

use super::json::JsonText;
use super::time::{Millis, Timestamp};
use super::timer::{Labels, State, Status, Timer};
use serde::{Serialize, Serializer};

/// A timer at one instant. Times are ISO 8601 in `…At`, epoch milliseconds in `…Time`.
// The contract's `T`. These doc comments are what readers of the OpenAPI document read.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Timer"))]
#[serde(rename_all = "camelCase")]
pub struct TimerView<'a> {
    /// `timer_…`, or what the caller chose.
    id: &'a str,
    /// The id, unless the caller gave a name.
    name: &'a str,
    #[serde(flatten)]
    labels: &'a Labels,
    /// `running` and `paused` timers may still fire; `expired` and `cancelled` ones have ended.
    status: Status,
    /// Milliseconds from start to end, pauses left out.
    duration: Millis,
    /// When it started, moved on by pauses: epoch milliseconds.
    start_time: Timestamp,
    /// When it ends or ended: epoch milliseconds. Null while it is paused.
    end_time: Option<Timestamp>,
    /// When it was created.
    created_at: String,
    /// When it last changed.
    updated_at: String,
    /// `endTime` as ISO 8601. Null while it is paused.
    expires_at: Option<String>,
    /// Milliseconds until the end; of a cancelled timer, what was left.
    time_remaining: Millis,
    /// The share of the way that lies behind it, from 0 to 1.
    #[serde(serialize_with = "decimal")]
    #[cfg_attr(test, schemars(with = "f64", range(min = 0, max = 1)))]
    progress: f64,
    /// The same in percent, from 0 to 100, with two decimals.
    #[serde(serialize_with = "decimal")]
    #[cfg_attr(test, schemars(with = "f64", range(min = 0, max = 100)))]
    percent_complete: f64,
    /// What was asked for, exactly as given; shorthands stand under `on_expire`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(required, with = "serde_json::Map<String, serde_json::Value>"))]
    events: Option<&'a JsonText>,
    /// The caller's own object, exactly as given.
    #[cfg_attr(test, schemars(with = "serde_json::Map<String, serde_json::Value>"))]
    metadata: &'a JsonText,
    /// When it expired, if it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    expired_at: Option<String>,
    /// When it was cancelled, if it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    cancelled_at: Option<String>,
    /// Why it was cancelled, if the caller said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

impl<'a> TimerView<'a> {
    /// The timer as it stands at `now`, with its `events` and `metadata` as the caller gave them.
    pub fn at(timer: &'a Timer, now: Timestamp) -> Self {
        Self::with(timer, now, Some(&timer.events), &timer.metadata)
    }

    /// The same with other texts for `events` and `metadata`, or without `events`.
    pub fn with(timer: &'a Timer, now: Timestamp, events: Option<&'a JsonText>, metadata: &'a JsonText) -> Self {
        let (start, end, remaining) = match timer.state {
            State::Running { start, end } => (start, Some(end), end.since(now)),
            State::Paused { start, remaining, .. } => (start, None, remaining),
            State::Expired { start, at } => (start, Some(at), Millis(0)),
            State::Cancelled { start, end, remaining, .. } => (start, end, remaining),
        };
        // Ten-thousandths in whole numbers: floating point would show 32.99 at a milestone of 33%.
        let elapsed = u128::from(timer.duration.0.saturating_sub(remaining.0));
        let done = match timer.state {
            State::Expired { .. } => 10_000.0,
            _ => (elapsed * 10_000).checked_div(u128::from(timer.duration.0)).unwrap_or(0) as f64,
        };
        let (expired_at, cancelled_at, reason) = match &timer.state {
            State::Expired { at, .. } => (Some(at.to_iso()), None, None),
            State::Cancelled { at, reason, .. } => (None, Some(at.to_iso()), reason.as_deref()),
            _ => (None, None, None),
        };
        Self {
            id: timer.id.as_str(),
            name: &timer.name,
            labels: &timer.labels,
            status: timer.status(),
            duration: timer.duration,
            start_time: start,
            end_time: end,
            created_at: timer.created_at.to_iso(),
            updated_at: timer.updated_at.to_iso(),
            expires_at: end.map(Timestamp::to_iso),
            time_remaining: remaining,
            progress: done / 10_000.0,
            percent_complete: done / 100.0,
            events,
            metadata,
            expired_at,
            cancelled_at,
            reason,
        }
    }
}

/// A number as JavaScript writes it: `1`, not `1.0`.
fn decimal<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    if value.fract() == 0.0 { serializer.serialize_u64(*value as u64) } else { serializer.serialize_f64(*value) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::account::{Mode, Scope};
    use crate::domain::ids::{AccountId, TimerId};
    use crate::domain::json::Json;
    use crate::domain::new_timer;
    use crate::webhook::guard::UrlPolicy;

    #[test]
    fn at_each_whole_percent_a_timer_says_just_that() {
        let scope = Scope { account: AccountId::new("acct"), mode: Mode::Live };
        let body = Json::parse(br#"{"duration": 100000}"#).unwrap();
        let timer = new_timer::parse(&body, &scope, TimerId::new("t"), Timestamp(0), &UrlPolicy::strict()).unwrap();
        for percent in 0..=100 {
            let view = TimerView::at(&timer, Timestamp(percent * 1_000));
            let shown = (view.percent_complete, view.progress);
            assert_eq!(shown, (percent as f64, percent as f64 / 100.0));
        }
    }
}
