//! What endpoints are told of timers: `timer.created`, `timer.progress`, `timer.expired` and `timer.cancelled`.

use super::catalogue::{TIMER_CANCELLED, TIMER_CREATED, TIMER_EXPIRED, TIMER_PROGRESS};
use super::event::Event;
use super::ids::{EndpointId, EventId};
use super::json::JsonText;
use super::time::Timestamp;
use super::timer::{State, Timer};
use super::timer_view::TimerView;
use super::transition::{Happening, TimerEvent};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

impl Happening {
    /// The type of the event that endpoints are told of.
    pub fn event_type(&self) -> &'static str {
        match self.event {
            TimerEvent::Progress(_) => TIMER_PROGRESS,
            TimerEvent::Expired => TIMER_EXPIRED,
            TimerEvent::Cancelled => TIMER_CANCELLED,
        }
    }

    /// The event that tells `targets` of it.
    pub fn told_to(&self, targets: Vec<EndpointId>) -> Event {
        let milestone = match &self.event {
            TimerEvent::Progress(milestone) => Some(milestone.label.as_str()),
            _ => None,
        };
        event(self.event_type(), &self.timer, self.at, milestone, targets)
    }
}

/// The event that tells `targets` of a new timer.
pub fn created(timer: &Timer, targets: Vec<EndpointId>) -> Event {
    event(TIMER_CREATED, timer, timer.created_at, None, targets)
}

/// The ids of the events that a timer's plan led to at this instant, as far as it has happened: those that endpoints were
/// told of if any were subscribed.
pub fn ids_at(timer: &Timer, at: Timestamp) -> Vec<EventId> {
    let (start, end, expired) = match timer.state {
        State::Running { start, end } => (start, end, false),
        State::Expired { start, at } => (start, at, true),
        State::Paused { .. } | State::Cancelled { .. } => return Vec::new(),
    };
    let fired = timer.milestones.iter().filter(|milestone| timer.fired.contains(&milestone.position));
    let reached = fired.filter(|milestone| milestone.position.reached_at(start, end) == Some(at));
    let mut ids: Vec<_> =
        reached.map(|milestone| event_id(TIMER_PROGRESS, timer, at, Some(milestone.label.as_str()))).collect();
    if expired && end == at {
        ids.push(event_id(TIMER_EXPIRED, timer, at, None));
    }
    ids
}

#[derive(Serialize)]
struct Data<'a> {
    timer: TimerView<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    milestone: Option<&'a str>,
}

fn event(
    event_type: &'static str,
    timer: &Timer,
    at: Timestamp,
    milestone: Option<&str>,
    targets: Vec<EndpointId>,
) -> Event {
    // Without `events`: no receiver learns another one's secret URL.
    let view = TimerView::with(timer, at, None, &timer.metadata);
    Event {
        scope: timer.scope.clone(),
        id: event_id(event_type, timer, at, milestone),
        event_type: event_type.to_owned(),
        created_at: at,
        data: JsonText::of(&Data { timer: view, milestone }),
        targets,
        expanded: 0,
    }
}

/// The same for the same event of the same epoch of the same timer, wherever and however often it is worked out.
fn event_id(event_type: &str, timer: &Timer, at: Timestamp, milestone: Option<&str>) -> EventId {
    let mut digest = Sha256::new();
    let parts = [timer.scope.account.as_str(), timer.scope.mode.as_str(), timer.id.as_str(), event_type];
    for part in parts.into_iter().chain(milestone) {
        digest.update(part.as_bytes());
        digest.update([0]);
    }
    digest.update(timer.epoch.to_be_bytes());
    digest.update(timer.created_at.0.to_be_bytes());
    EventId::derive(at, &digest.finalize().into())
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
    fn working_an_event_out_again_gives_the_same_event_and_another_one_has_another_id() {
        let body = br#"{"duration": "1h", "webhook": "https://secret.example/x", "metadata": {"n": 1.0},
                        "events": {"on_progress": {"intervals": ["50%", "75%"]}}}"#;
        let scope = Scope { account: AccountId::new("acct"), mode: Mode::Live };
        let body = Json::parse(body).unwrap();
        let timer = new_timer::parse(&body, &scope, TimerId::new("t"), Timestamp(0), &UrlPolicy::strict()).unwrap();
        let late = timer.fall_due(Timestamp(u64::MAX)).unwrap().happened;
        let later = timer.fall_due(Timestamp(u64::MAX - 9)).unwrap().happened;
        let tell = |happened: &[Happening]| -> Vec<Event> { happened.iter().map(|h| h.told_to(Vec::new())).collect() };
        assert_eq!(tell(&late), tell(&later));
        let after = timer.fall_due(Timestamp(u64::MAX)).unwrap().timer;
        for event in tell(&late) {
            assert_eq!(ids_at(&after, event.created_at), std::slice::from_ref(&event.id));
            assert_eq!(ids_at(&timer, event.created_at), []);
        }
        assert_eq!(ids_at(&after, Timestamp(7)), []);
        let mut events = tell(&late);
        events.push(created(&timer, Vec::new()));
        let types: Vec<_> = events.iter().map(|event| event.event_type.as_str()).collect();
        assert_eq!(types, [TIMER_PROGRESS, TIMER_PROGRESS, TIMER_EXPIRED, TIMER_CREATED]);
        for (index, event) in events.iter().enumerate() {
            assert!(events[..index].iter().all(|earlier| earlier.id != event.id));
            assert!(!event.data.as_str().contains("secret") && event.data.as_str().contains(r#""metadata":{"n":1.0}"#));
        }
        assert!(events[0].data.as_str().ends_with(r#""milestone":"50%"}"#), "{}", events[0].data.as_str());
        assert!(events[2].data.as_str().contains(r#""status":"expired""#));
    }
}
