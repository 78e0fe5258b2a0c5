//! What a timer's webhooks say. A body is rendered once, from the timer as it stood when the event was due, so that
//! working it out again after a crash gives the same bytes.

use super::chat::{discord, escape_slack, format_of, slack};
use crate::domain::delivery::{Delivery, NewDelivery, Source};
use crate::domain::events::{Action, Events, Format};
use crate::domain::fault::{FaultCode, Faults};
use crate::domain::ids::DeliveryId;
use crate::domain::json::{Json, JsonText, Object};
use crate::domain::retry::RetryPlan;
use crate::domain::timer::{State, Timer};
use crate::domain::timer_view::TimerView;
use crate::domain::transition::{Happening, LONGEST_REASON, TimerEvent};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

/// No body is larger, so that receivers with Express's default limit of 100 kB take it.
pub const LARGEST_BODY: usize = 96 * 1024;

impl TimerEvent {
    /// The payload's `event`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Progress(_) => "timer_progress",
            Self::Expired => "timer_expired",
            Self::Cancelled => "timer_cancelled",
        }
    }

    /// The event's name under `events`.
    pub(crate) fn key(&self) -> &'static str {
        match self {
            Self::Progress(_) => "on_progress",
            Self::Expired => "on_expire",
            Self::Cancelled => "on_cancel",
        }
    }
}

/// The delivery that an event leads to, if its timer has a webhook for it.
pub fn delivery(happening: &Happening) -> Option<Delivery> {
    let Happening { event, at, timer } = happening;
    let mut given = timer.events.to_json();
    let action = match event {
        TimerEvent::Progress(_) | TimerEvent::Expired => Events::stored_action(&given, event.key())?,
        TimerEvent::Cancelled => timer.parsed_events().cancellation()?,
    };
    let url = action.webhook.clone()?;
    let mut told = given.take(event.key());
    // A receiver must not learn another one's credentials.
    told.take("headers");
    Some(Delivery::from(NewDelivery {
        scope: timer.scope.clone(),
        id: delivery_id(happening),
        source: Source::Timer(timer.id.clone()),
        event: event.name().to_owned(),
        body: render(happening, &action, &url, told).into(),
        url,
        headers: action.headers,
        plan: RetryPlan::TIMER,
        at: *at,
    }))
}

/// The same event of the same epoch of the same timer has the same id, wherever and however often it is worked out.
fn delivery_id(happening: &Happening) -> DeliveryId {
    let Happening { event, at, timer } = happening;
    let label = match event {
        TimerEvent::Progress(milestone) => milestone.label.as_str(),
        _ => "",
    };
    let mut digest = Sha256::new();
    for part in [timer.scope.account.as_str(), timer.scope.mode.as_str(), timer.id.as_str(), event.name(), label] {
        digest.update(part.as_bytes());
        digest.update([0]);
    }
    digest.update(timer.epoch.to_be_bytes());
    digest.update(timer.created_at.0.to_be_bytes());
    DeliveryId::of_timer(&timer.id, *at, &digest.finalize().into())
}

/// `told`: the event among the timer's `events`, without its headers; null if it isn't there.
fn render(happening: &Happening, action: &Action, url: &str, told: Json) -> String {
    let none = Json::Object(Object::new());
    let data = told.as_object().and_then(|told| told.get("data")).filter(|data| **data != Json::Null).unwrap_or(&none);
    match action.format.unwrap_or_else(|| format_of(url)) {
        Format::Json => {
            let data = JsonText::javascript(data);
            render_json(happening, action, told, data)
        }
        Format::Slack => slack(&chat_text(happening, action, true), data),
        Format::Discord => discord(&chat_text(happening, action, false), data),
    }
}

/// An event of a timer, as its own webhook is told of it.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Payload<'a, T> {
    /// `timer_progress`, `timer_expired` or `timer_cancelled`.
    event: &'static str,
    /// The timer as it stood when the event was due.
    timer: T,
    /// Of a progress event, the milestone: `25%`, or as given for a time before the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    milestone: Option<&'a str>,
    /// The event's message; null if none was given.
    message: Option<&'a str>,
    /// The event's data; `{}` if none was given.
    #[cfg_attr(test, schemars(with = "serde_json::Map<String, serde_json::Value>"))]
    data: JsonText,
    /// When the event was due.
    #[cfg_attr(test, schemars(extend("format" = "date-time")))]
    timestamp: String,
}

/// A timer that was cancelled, as receivers are told of it.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "ToldCancelledTimer"))]
#[serde(rename_all = "camelCase")]
pub(crate) struct CancelledTimer<'a> {
    /// Its id.
    id: &'a str,
    /// Its name.
    name: &'a str,
    /// Always `cancelled`.
    status: &'static str,
    /// When it was cancelled.
    cancelled_at: String,
    /// Why, if the caller said so.
    reason: Option<&'a str>,
}

fn render_json(happening: &Happening, action: &Action, told: Json, data: JsonText) -> String {
    let Happening { event, at, timer } = happening;
    let milestone = match event {
        TimerEvent::Progress(milestone) => Some(milestone.label.as_str()),
        _ => None,
    };
    let (name, message, timestamp) = (event.name(), action.message.as_deref(), at.to_iso());
    let written = if let State::Cancelled { reason, .. } = &timer.state {
        let view = CancelledTimer {
            id: timer.id.as_str(),
            name: &timer.name,
            status: "cancelled",
            cancelled_at: at.to_iso(),
            reason: reason.as_deref(),
        };
        serde_json::to_string(&Payload { event: name, timer: view, milestone, message, data, timestamp })
    } else {
        // Only the one that is told of: another one's URL may be a secret.
        let events = JsonText::javascript(&Json::Object(Object::from([(event.key().to_owned(), told)])));
        let metadata = timer.metadata.to_javascript();
        let view = TimerView::with(timer, *at, Some(&events), &metadata);
        serde_json::to_string(&Payload { event: name, timer: view, milestone, message, data, timestamp })
    };
    match written {
        Ok(body) => body,
        Err(_) => unreachable!("text, numbers and checked JSON always have a JSON form"),
    }
}

/// The caller's message, or a sentence made from the event.
fn chat_text(happening: &Happening, action: &Action, escape: bool) -> String {
    if let Some(message) = &action.message {
        return message.clone();
    }
    let name = if escape { escape_slack(&happening.timer.name) } else { happening.timer.name.clone() };
    match (&happening.event, &happening.timer.state) {
        (TimerEvent::Progress(milestone), _) => format!("Timer \"{name}\" has reached {}.", milestone.label),
        (TimerEvent::Cancelled, State::Cancelled { reason: Some(reason), .. }) => {
            let reason = if escape { escape_slack(reason) } else { reason.clone() };
            format!("Timer \"{name}\" was cancelled: {reason}")
        }
        (TimerEvent::Cancelled, _) => format!("Timer \"{name}\" was cancelled."),
        (TimerEvent::Expired, _) => format!("Timer \"{name}\" has expired."),
    }
}

/// Refuses a timer with an event whose body would be too large to send.
///
/// # Errors
/// One fault, with the size that it would have.
pub fn check_size(timer: &Timer) -> Result<(), Faults> {
    let bytes = largest_body(timer);
    if bytes <= LARGEST_BODY {
        return Ok(());
    }
    let message =
        format!("lead to a webhook of {bytes} bytes, more than the {LARGEST_BODY} that receivers are sure to take");
    Err(Faults::one(FaultCode::PayloadTooLarge, "events", message))
}

/// What a body can grow by while its timer runs, in bytes: the digits of `progress`, `percentComplete` and lengths of time.
const MORE_DIGITS: usize = 32;

/// The largest body that any of the timer's events can have, in bytes; a few less may be the truth.
fn largest_body(timer: &Timer) -> usize {
    let given = timer.events.as_str().len() + timer.metadata.as_str().len();
    // A value grows at most fivefold in JavaScript's form (1e20), `data` is in a body twice, and the rest is bounded.
    if given * 10 + 16 * 1024 <= LARGEST_BODY {
        return 0;
    }
    let at = timer.created_at;
    let longest =
        timer.milestones.iter().max_by_key(|milestone| Json::String(milestone.label.clone()).to_compact().len());
    let progress = longest.map(|milestone| TimerEvent::Progress(milestone.clone()));
    let progress = progress.map(|event| Happening { event, at, timer: timer.clone() });
    let expired = timer.fire(at).ok();
    // A control character takes six bytes: no reason of the permitted size takes more.
    let cancelled = timer.cancel(at, Some("\u{1}".repeat(LONGEST_REASON))).ok().flatten();
    let ended = expired.into_iter().chain(cancelled).flat_map(|step| step.happened);
    let bodies = progress.into_iter().chain(ended).filter_map(|happening| delivery(&happening));
    bodies.map(|delivery| delivery.body.len() + MORE_DIGITS).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::account::{Mode, Scope};
    use crate::domain::ids::{AccountId, TimerId};
    use crate::domain::new_timer;
    use crate::domain::time::Timestamp;
    use crate::webhook::guard::UrlPolicy;

    fn timer(events: &str) -> Timer {
        let body = format!(r#"{{"duration": "300d", "name": "{}", "events": {events}}}"#, "n".repeat(200));
        let scope = Scope { account: AccountId::new("acct"), mode: Mode::Live };
        let body = Json::parse(body.as_bytes()).unwrap();
        new_timer::parse(&body, &scope, TimerId::new("t"), Timestamp(1_000), &UrlPolicy::strict()).unwrap()
    }

    #[test]
    fn no_body_is_larger_than_was_foretold() {
        let data = format!(r#"{{"n": [{}1]}}"#, "1e20,".repeat(2_000));
        for events in [
            format!(
                r#"{{"on_progress": {{"webhook": "https://a.example/", "data": {data},
                     "intervals": ["       -{}1ms       ", "33.333333%", "1%"]}}}}"#,
                "0".repeat(19)
            ),
            format!(r#"{{"on_expire": {{"webhook": "https://a.example/", "data": {data}}}}}"#),
            format!(r#"{{"on_cancel": {{"webhook": "https://a.example/", "data": {data}}}}}"#),
        ] {
            let timer = timer(&events);
            let foretold = largest_body(&timer);
            let fallen = timer.fall_due(Timestamp(u64::MAX)).unwrap();
            let cancelled =
                timer.cancel(Timestamp(900_000_000), Some("\u{1}".repeat(LONGEST_REASON))).unwrap().unwrap();
            let bodies = fallen.happened.iter().chain(&cancelled.happened).filter_map(delivery);
            let largest = bodies.map(|delivery| delivery.body.len()).max().unwrap();
            assert!(largest <= foretold && foretold <= largest + 2 * MORE_DIGITS, "{largest} of {foretold}: {events}");
        }
    }
}
