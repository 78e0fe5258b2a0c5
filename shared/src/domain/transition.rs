//! What can become of a timer: pure functions from a timer and an instant to the timer after it.
//!
//! A [`Transition`] is committed whole or not at all, and only if the timer is still what it was worked out from. Whoever
//! loses such a race reads the timer again and decides anew.

use super::duration::LONGEST;
use super::events::Events;
use super::fault::{FaultCode, Faults};
use super::json::JsonText;
use super::milestone::Milestone;
use super::new_timer::check_size;
use super::time::{Millis, Timestamp};
use super::timer::{State, Status, Timer};
use super::timer_change::{NewEnd, TimerChange};

/// The longest `reason` of a cancellation, in bytes.
pub const LONGEST_REASON: usize = 1024;
/// Why deliveries end that were open when their timer was cancelled.
pub const CANCELLED: &str = "timer cancelled";
/// Why progress deliveries end that were open when their timer's end moved.
pub const CHANGED: &str = "timer changed";

/// A step in a timer's life.
#[derive(Clone, Debug, PartialEq)]
pub struct Transition {
    /// The revision that it was worked out from.
    pub before: u64,
    /// The timer after it.
    pub timer: Timer,
    /// The events to tell of, in order.
    pub happened: Vec<Happening>,
    /// Deliveries that are still open end now, for this reason.
    pub withdraw: Option<&'static str>,
}

/// An event in a timer's life.
#[derive(Clone, Debug, PartialEq)]
pub struct Happening {
    /// What happened.
    pub event: TimerEvent,
    /// When it was due.
    pub at: Timestamp,
    /// The timer as it stood then.
    pub timer: Timer,
}

/// What can happen to a timer that others are told of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TimerEvent {
    /// A milestone was reached.
    Progress(Milestone),
    /// Its time is up.
    Expired,
    /// It was cancelled.
    Cancelled,
}

/// Why a timer does not take a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It has ended already, in this way.
    Ended(Status),
    /// The change itself is wrong.
    Faulty(Faults),
}

impl Timer {
    /// Everything that is due by `now`, milestones first; `None` if nothing is.
    pub fn fall_due(&self, now: Timestamp) -> Option<Transition> {
        let due: Vec<_> = self.pending().into_iter().take_while(|due| due.at <= now).collect();
        let last = due.last()?.at;
        // What meets one of these at its instant fires with it, not after it.
        let mut timer = Self { planned_at: last, ..self.clone() };
        let mut happened = Vec::with_capacity(due.len());
        for due in due {
            timer.updated_at = due.at;
            let event = match due.milestone {
                Some(milestone) => {
                    timer.fired.push(milestone.position);
                    TimerEvent::Progress(milestone)
                }
                None => {
                    let State::Running { start, end } = self.state else { continue };
                    timer.state = State::Expired { start, at: end };
                    TimerEvent::Expired
                }
            };
            happened.push(Happening { event, at: due.at, timer: timer.clone() });
        }
        Some(self.step(timer, last, happened))
    }

    /// Ends it before its time. `None` if it is cancelled already.
    ///
    /// # Errors
    /// It has expired.
    pub fn cancel(&self, now: Timestamp, reason: Option<String>) -> Result<Option<Transition>, Refused> {
        let (start, end, remaining) = match self.state {
            State::Running { start, end } => (start, Some(end), end.since(now)),
            State::Paused { start, remaining, .. } => (start, None, remaining),
            State::Cancelled { .. } => return Ok(None),
            State::Expired { .. } => return Err(Refused::Ended(Status::Expired)),
        };
        let mut timer = self.replanned(now);
        timer.state = State::Cancelled { start, end, at: now, remaining, reason };
        let happened = vec![Happening { event: TimerEvent::Cancelled, at: now, timer: timer.clone() }];
        Ok(Some(Transition { withdraw: Some(CANCELLED), ..self.step(timer, now, happened) }))
    }

    /// Freezes what remains. `None` if it is paused already.
    ///
    /// # Errors
    /// It has ended.
    pub fn pause(&self, now: Timestamp) -> Result<Option<Transition>, Refused> {
        match self.state {
            State::Running { start, end } => {
                let mut timer = self.replanned(now);
                timer.state = State::Paused { start, since: now, remaining: end.since(now) };
                Ok(Some(self.step(timer, now, Vec::new())))
            }
            State::Paused { .. } => Ok(None),
            _ => Err(Refused::Ended(self.status())),
        }
    }

    /// Continues what remains. `None` if it runs already.
    ///
    /// # Errors
    /// It has ended.
    pub fn resume(&self, now: Timestamp) -> Result<Option<Transition>, Refused> {
        match self.state {
            State::Paused { start, since, remaining } => {
                let mut timer = self.replanned(now);
                timer.state = State::Running { start: start.plus(now.since(since)), end: now.plus(remaining) };
                Ok(Some(self.step(timer, now, Vec::new())))
            }
            State::Running { .. } => Ok(None),
            _ => Err(Refused::Ended(self.status())),
        }
    }

    /// Expires it now, paused or not; milestones that have not fired are skipped.
    ///
    /// # Errors
    /// It has ended.
    pub fn fire(&self, now: Timestamp) -> Result<Transition, Refused> {
        let start = match self.state {
            State::Running { start, .. } => start,
            State::Paused { start, since, .. } => start.plus(now.since(since)),
            _ => return Err(Refused::Ended(self.status())),
        };
        let mut timer = self.replanned(now);
        timer.state = State::Expired { start, at: now };
        let happened = vec![Happening { event: TimerEvent::Expired, at: now, timer: timer.clone() }];
        Ok(self.step(timer, now, happened))
    }

    /// Changes name, metadata, events or end. `None` if nothing was asked for.
    ///
    /// # Errors
    /// It has ended, or its new end would lie in the past or too far ahead.
    pub fn change(&self, change: &TimerChange, now: Timestamp) -> Result<Option<Transition>, Refused> {
        if self.status().has_ended() {
            return Err(Refused::Ended(self.status()));
        }
        if *change == TimerChange::default() {
            return Ok(None);
        }
        let mut timer = self.clone();
        if let Some(name) = &change.name {
            timer.name = name.clone().unwrap_or_else(|| self.id.as_str().to_owned());
        }
        if let Some(metadata) = &change.metadata {
            timer.metadata = metadata.clone();
        }
        if let Some(end) = change.end {
            (timer.state, timer.duration) = self.moved(end, now)?;
        }
        if let Some(events) = &change.events {
            timer.take_events(events)?;
        }
        if change.events.is_some() || change.metadata.is_some() {
            check_whole_size(change.events.as_ref(), &timer)?;
        }
        if change.end.is_some() || timer.milestones != self.milestones {
            timer = timer.replanned(now);
        }
        let withdraw = change.end.map(|_| CHANGED);
        Ok(Some(Transition { withdraw, ..self.step(timer, now, Vec::new()) }))
    }

    /// The state and duration after the end has moved.
    fn moved(&self, end: NewEnd, now: Timestamp) -> Result<(State, Millis), Refused> {
        let refuse = |message: &str| Refused::Faulty(Faults::one(FaultCode::InvalidDuration, end.field(), message));
        const PAST: &str = "would put the end in the past";
        let (state, duration) = match (&self.state, end) {
            (State::Paused { .. }, NewEnd::Duration(length)) => {
                (State::Paused { start: now, since: now, remaining: length }, length)
            }
            (_, NewEnd::Duration(length)) => (State::Running { start: now, end: now.plus(length) }, length),
            (State::Paused { start, since, remaining }, end) => {
                let remaining = match end {
                    NewEnd::At(at) => at.since(now),
                    NewEnd::Later(by) => Millis(remaining.0.saturating_add(by.0)),
                    NewEnd::Earlier(by) | NewEnd::Duration(by) => Millis(remaining.0.saturating_sub(by.0)),
                };
                if remaining == Millis(0) {
                    return Err(refuse(PAST));
                }
                let duration = Millis(since.since(*start).0.saturating_add(remaining.0));
                (State::Paused { start: *start, since: *since, remaining }, duration)
            }
            (State::Running { start, end: old }, end) => {
                let end = match end {
                    NewEnd::At(at) => at,
                    NewEnd::Later(by) => old.plus(by),
                    NewEnd::Earlier(by) | NewEnd::Duration(by) => old.minus(by),
                };
                if end <= now {
                    return Err(refuse(PAST));
                }
                (State::Running { start: *start, end }, end.since(*start))
            }
            _ => return Err(Refused::Ended(self.status())),
        };
        if duration > LONGEST {
            return Err(refuse("would make the timer run for more than 366 days in all"));
        }
        Ok((state, duration))
    }

    fn take_events(&mut self, events: &Events) -> Result<(), Refused> {
        let (start, end) = (Timestamp(0), Timestamp(self.duration.0));
        let inside = |milestone: &&Milestone| milestone.position.reached_at(start, end).is_some();
        if let Some(milestone) = events.milestones.iter().find(|milestone| !inside(milestone)) {
            let message = format!("\"{}\" is not inside the timer, which runs for {} ms", milestone.label, end.0);
            return Err(Refused::Faulty(Faults::one(
                FaultCode::InvalidRequest,
                "events.on_progress.intervals",
                message,
            )));
        }
        self.milestones.clone_from(&events.milestones);
        self.events = JsonText::clone(&events.given);
        Ok(())
    }

    /// The same timer with a new plan from `now` on: alarms that were set for the old one are void.
    fn replanned(&self, now: Timestamp) -> Self {
        Self { epoch: self.epoch + 1, planned_at: now, ..self.clone() }
    }

    fn step(&self, mut timer: Self, at: Timestamp, happened: Vec<Happening>) -> Transition {
        timer.revision = self.revision + 1;
        timer.updated_at = at;
        let mut happened = happened;
        for happening in &mut happened {
            happening.timer.updated_at = happening.at;
        }
        Transition { before: self.revision, timer, happened, withdraw: None }
    }
}

fn check_whole_size(events: Option<&Events>, timer: &Timer) -> Result<(), Refused> {
    let mut faults = Faults::default();
    match events {
        Some(events) => check_size(events, &timer.metadata, &mut faults),
        None => check_size(&timer.parsed_events(), &timer.metadata, &mut faults),
    }
    faults.check(()).map_err(Refused::Faulty)
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
    fn milestones_that_meet_at_one_instant_fire_once() {
        let body = r#"{"duration": "1h", "events": {"on_progress": {"intervals": ["50%", "-30m", "75%"]}}}"#;
        let scope = Scope { account: AccountId::new("acct"), mode: Mode::Live };
        let body = Json::parse(body.as_bytes()).unwrap();
        let timer = new_timer::parse(&body, &scope, TimerId::new("t"), Timestamp(0), &UrlPolicy::strict()).unwrap();
        let half = timer.fall_due(Timestamp(1_800_000)).unwrap();
        assert_eq!(half.happened.len(), 1);
        assert_eq!(half.timer.fall_due(Timestamp(2_699_999)), None);
        assert_eq!(half.timer.next_due(), Some(Timestamp(2_700_000)));
    }
}
