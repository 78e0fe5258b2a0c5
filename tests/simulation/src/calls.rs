//! What callers asked for and were answered: by this they judge what happens.

use minoots_shared::domain::account::Scope;
use minoots_shared::domain::ids::{DeliveryId, EndpointId, EventId};
use minoots_shared::domain::time::Timestamp;
use minoots_shared::domain::timer::Timer;
use std::collections::BTreeMap;

/// All calls of a run.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    /// Timers that callers wanted.
    pub timers: Vec<WantedTimer>,
    /// Endpoints that callers wanted.
    pub endpoints: Vec<WantedEndpoint>,
    /// Events that callers sent.
    pub events: Vec<SentEvent>,
    /// When each delivery was asked to be sent again, whatever was answered.
    pub replays: BTreeMap<DeliveryId, Vec<Timestamp>>,
}

/// A timer that a caller wanted.
#[derive(Clone, Debug)]
pub(crate) struct WantedTimer {
    /// Whose it is.
    pub scope: Scope,
    /// Its name, which no other timer has.
    pub name: String,
    /// When the first request was sent.
    pub begun: Timestamp,
    /// When the creation was answered, and with which timer.
    pub created: Option<(Timestamp, Timer)>,
    /// Whether its events have webhooks.
    pub webhooks: Webhooks,
    /// What was asked of it since.
    pub calls: Vec<TimerCall>,
}

/// Which of a timer's events have webhooks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Webhooks {
    /// `on_expire`.
    pub expire: bool,
    /// `on_progress`.
    pub progress: bool,
    /// `on_cancel`.
    pub cancel: bool,
}

/// What was asked of a timer.
#[derive(Clone, Debug)]
pub(crate) struct TimerCall {
    /// What.
    pub what: TimerWish,
    /// When the first request was sent.
    pub begun: Timestamp,
    /// When it was answered, and how.
    pub answered: Option<(Timestamp, Answered)>,
}

/// How a caller was answered.
#[derive(Clone, Debug)]
pub(crate) enum Answered {
    /// It was done; this is the timer since.
    Done(Box<Timer>),
    /// It was refused, for this reason.
    Refused(String),
}

/// What can be asked of a timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TimerWish {
    /// To end it before its time.
    Cancel,
    /// To freeze it.
    Pause,
    /// To go on with it.
    Resume,
    /// To let it expire at once.
    Fire,
    /// To move its end.
    Move,
    /// To change its name's or metadata's text, and nothing of what is due when.
    Describe,
}

/// An endpoint that a caller wanted.
#[derive(Clone, Debug)]
pub(crate) struct WantedEndpoint {
    /// Whose it is.
    pub scope: Scope,
    /// Its id, once known.
    pub id: Option<EndpointId>,
    /// What it is subscribed to.
    pub events: &'static str,
    /// When its creation was answered.
    pub created: Option<Timestamp>,
    /// From when on it need not be told of everything any more: its owner changed or deleted it.
    pub disturbed: Option<Timestamp>,
    /// When its owner asked for it to be deactivated, and when it was active again.
    pub inactive: Vec<(Timestamp, Option<Timestamp>)>,
    /// When its deletion was answered.
    pub deleted: Option<Timestamp>,
}

impl WantedEndpoint {
    /// Whether an event of this type that is accepted between these instants must reach it.
    pub(crate) fn must_hear(&self, event_type: &str, from: Timestamp, to: Timestamp) -> bool {
        let covers = match self.events {
            "*" => true,
            family if family.ends_with(".*") => event_type.starts_with(family.trim_end_matches('*')),
            exact => exact == event_type,
        };
        covers
            && self.created.is_some_and(|created| created < from)
            && self.disturbed.is_none_or(|disturbed| disturbed > to)
    }
}

/// An event that a caller sent.
#[derive(Clone, Debug)]
pub(crate) struct SentEvent {
    /// Whose it is.
    pub scope: Scope,
    /// Its id.
    pub id: EventId,
    /// When the first request was sent.
    pub begun: Timestamp,
    /// When it was answered.
    pub answered: Option<Timestamp>,
}
