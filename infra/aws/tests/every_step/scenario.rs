//! A timer's life with trouble in one step of it, and what must come of it all the same.

use crate::receiver::Temper;
use crate::trouble::{Kind, Trouble};
use crate::world::{Function, World};
use minoots_shared::domain::time::{Millis, Timestamp};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// What is accepted fires at most so late, however it was found.
const MOST_LATE: Millis = Millis::seconds(120);
/// When a near timer is due, and a far one, in seconds.
const NEAR: u64 = 30;
const FAR: u64 = 180;
/// Where a changed timer's end is moved to.
const MOVED: u64 = 50;
/// When callers change something.
pub(crate) const CHANGED_AT: u64 = 10;
/// When what was paused goes on.
pub(crate) const RESUMED_AT: u64 = 60;
/// When everything is over, found by a sweep or not.
pub(crate) const OVER: u64 = FAR + 150;

/// The step of a life in which there is trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Step {
    /// A creation whose caller tries again.
    Creation,
    /// The same of a timer that is far enough away for a schedule.
    FarCreation,
    /// A creation whose caller does not try again.
    OnlyCreation,
    Cancellation,
    Change,
    /// A change whose caller does not try again.
    OnlyChange,
    FarChange,
    Pause,
    Resumption,
    Firing,
    /// The schedule's message, too early, is sent on.
    SendingOn,
    FallingDue,
    Delivery,
    /// A first attempt, which the receiver refuses.
    RefusedAttempt,
    /// The attempt after one that was refused.
    SecondAttempt,
}

impl Step {
    pub(crate) const ALL: [Self; 15] = [
        Self::Creation,
        Self::FarCreation,
        Self::OnlyCreation,
        Self::Cancellation,
        Self::Change,
        Self::OnlyChange,
        Self::FarChange,
        Self::Pause,
        Self::Resumption,
        Self::Firing,
        Self::SendingOn,
        Self::FallingDue,
        Self::Delivery,
        Self::RefusedAttempt,
        Self::SecondAttempt,
    ];

    fn is_far(self) -> bool {
        matches!(self, Self::FarCreation | Self::FarChange | Self::SendingOn)
    }

    fn is_refused(self) -> bool {
        matches!(self, Self::RefusedAttempt | Self::SecondAttempt)
    }
}

/// One timer and its trouble.
#[derive(Debug)]
pub(crate) struct Scenario {
    pub(crate) step: Step,
    pub(crate) trouble: Trouble,
    /// Whether the step was answered as done, at once or when its caller tried again.
    pub(crate) acknowledged: bool,
    /// How many calls the step made.
    pub(crate) calls: usize,
}

impl Scenario {
    pub(crate) fn new(step: Step, trouble: Trouble) -> Self {
        Self { step, trouble, acknowledged: false, calls: 0 }
    }

    pub(crate) fn id(&self) -> String {
        format!("{:?}-{:?}-{}", self.step, self.trouble.kind, self.trouble.call)
    }

    fn path(&self) -> String {
        format!("/timers/{}", self.id())
    }

    /// Has the timer created, with its trouble if it is in that.
    pub(crate) async fn is_created(&mut self, world: &World) {
        let id = self.id();
        let seconds = if self.step.is_far() { FAR } else { NEAR };
        let temper = if self.step.is_refused() { Temper::RefusesFirst } else { Temper::Takes };
        let (url, on_cancel) = (world.receiver.url(temper, &id), world.receiver.url(Temper::Takes, &id));
        let body = json!({
            "id": id, "expiresAt": world.at(seconds).to_iso(),
            "events": {"on_expire": {"webhook": url}, "on_cancel": {"webhook": on_cancel}},
        });
        let key = (self.step != Step::OnlyCreation).then_some(id.as_str());
        let troubled = matches!(self.step, Step::Creation | Step::FarCreation | Step::OnlyCreation);
        let trouble = if troubled { self.trouble } else { Trouble::NONE };
        let (mut answer, calls) = world.asks(trouble, "POST", "/timers", key, &body).await;
        if key.is_some() && !answer.as_ref().is_some_and(is_done) {
            answer = world.asks(Trouble::NONE, "POST", "/timers", key, &body).await.0;
            assert!(answer.as_ref().is_some_and(is_done), "{id}: {answer:?}");
        }
        if troubled {
            (self.calls, self.acknowledged) = (calls, answer.as_ref().is_some_and(is_done));
        }
        let ahead = match self.step {
            Step::SendingOn => Some((Function::Expiry, 0)),
            Step::FallingDue => Some((Function::Expiry, 0)),
            Step::Delivery | Step::RefusedAttempt => Some((Function::Delivery, 0)),
            Step::SecondAttempt => Some((Function::Delivery, 1)),
            _ => None,
        };
        if let Some((function, before)) = ahead {
            world.ahead.lock().unwrap().insert((function, id), (before, self.trouble));
        }
    }

    /// Has the change made that is to be made at this time, with its trouble if it is in that.
    pub(crate) async fn is_changed(&mut self, world: &World) {
        let path = self.path();
        let (method, path, body, again) = match (self.step, world.age().0 / 1_000) {
            (Step::Cancellation, CHANGED_AT) => ("DELETE", path, json!({"reason": "done"}), true),
            (Step::Change | Step::OnlyChange, CHANGED_AT) => {
                ("PATCH", path, json!({"expiresAt": world.at(MOVED).to_iso()}), self.step == Step::Change)
            }
            (Step::FarChange, CHANGED_AT) => ("PATCH", path, json!({"expiresAt": world.at(FAR + 10).to_iso()}), true),
            (Step::Pause, CHANGED_AT) => ("POST", format!("{path}/pause"), Value::Null, true),
            (Step::Firing, CHANGED_AT) => ("POST", format!("{path}/fire"), Value::Null, true),
            (Step::Resumption, CHANGED_AT) => {
                let (status, answer) = world.asks_in_peace("POST", &format!("{path}/pause"), &Value::Null).await;
                assert_eq!(status, 200, "{answer}");
                return;
            }
            (Step::Pause, RESUMED_AT) => {
                let (status, answer) = world.asks_in_peace("POST", &format!("{path}/resume"), &Value::Null).await;
                assert_eq!(status, 200, "{answer}");
                return;
            }
            (Step::Resumption, RESUMED_AT) => ("POST", format!("{path}/resume"), Value::Null, true),
            _ => return,
        };
        let (mut answer, calls) = world.asks(self.trouble, method, &path, None, &body).await;
        if again && !answer.as_ref().is_some_and(is_done) {
            answer = world.asks(Trouble::NONE, method, &path, None, &body).await.0;
            // The first request may have fired it.
            let fired = self.step == Step::Firing && answer.as_ref().is_some_and(|(status, _)| *status == 409);
            assert!(fired || answer.as_ref().is_some_and(is_done), "{}: {answer:?}", self.id());
        }
        (self.calls, self.acknowledged) = (calls, again || answer.as_ref().is_some_and(is_done));
    }

    /// When it may be due: one of these, in seconds.
    fn due(&self) -> Vec<u64> {
        match self.step {
            Step::Cancellation => vec![],
            Step::Change => vec![MOVED],
            Step::OnlyChange if self.acknowledged => vec![MOVED],
            Step::OnlyChange => vec![NEAR, MOVED],
            Step::FarChange => vec![FAR + 10],
            // What was left when it was paused.
            Step::Pause | Step::Resumption => vec![RESUMED_AT + NEAR - CHANGED_AT],
            Step::Firing => vec![CHANGED_AT],
            step if step.is_far() => vec![FAR],
            _ => vec![NEAR],
        }
    }

    /// It fired once and in time, or was cancelled once and in time.
    pub(crate) async fn is_kept(&self, world: &World) {
        let id = self.id();
        let (status, found) = world.asks_in_peace("GET", &self.path(), &Value::Null).await;
        if self.step == Step::OnlyCreation && !self.acknowledged && status == 404 {
            assert!(world.receiver.of(&id, "timer_expired").is_empty(), "{id}: nobody created it");
            return;
        }
        assert_eq!(status, 200, "{id}: {found}");
        let (event, ended) = match self.step {
            Step::Cancellation => ("timer_cancelled", "cancelled"),
            _ => ("timer_expired", "expired"),
        };
        assert_eq!(found["timer"]["status"], ended, "{id}: {found}");
        let due = match self.step {
            Step::Cancellation => world.at(CHANGED_AT),
            _ => Timestamp::parse_rfc3339(found["timer"]["expiredAt"].as_str().unwrap()).unwrap(),
        };
        let expected: Vec<_> = self.due().into_iter().map(|seconds| world.at(seconds)).collect();
        assert!(expected.is_empty() || expected.contains(&due), "{id} was due at {due:?}, not {expected:?}");
        let hits = world.receiver.of(&id, event);
        let ids: BTreeSet<_> = hits.iter().map(|hit| &hit.id).collect();
        assert_eq!(ids.len(), 1, "{id}: {hits:?}");
        let late = |at: Timestamp| {
            assert!(at >= due, "{id} came early: {hits:?}");
            at.since(due)
        };
        assert!(late(hits[0].at) <= MOST_LATE, "{id} came {:?} late: {hits:?}", late(hits[0].at));
        let (attempts, wait) = if self.step.is_refused() { (2, Millis::seconds(10)) } else { (1, Millis(0)) };
        let taken = hits.last().unwrap().at;
        assert!(late(taken).0 <= MOST_LATE.0 + wait.0, "{id} was taken {:?} late: {hits:?}", late(taken));
        let expected = json!([[event, "SUCCESS", attempts]]);
        let deliveries = found["deliveries"].as_array().unwrap();
        let deliveries: Vec<_> =
            deliveries.iter().map(|it| json!([it["event"], it["status"], it["attempts"]])).collect();
        assert_eq!(json!(deliveries), expected, "{id}: {found}");
        let other = if event == "timer_expired" { "timer_cancelled" } else { "timer_expired" };
        assert!(world.receiver.of(&id, other).is_empty(), "{id}: {other}");
        // Nothing but a process that is gone, or that can't record what it did, repeats an attempt that was made.
        let repeats = matches!(self.step, Step::Delivery | Step::RefusedAttempt | Step::SecondAttempt)
            && matches!(self.trouble.kind, Kind::Killed | Kind::Failing | Kind::AnswersLost);
        assert!(repeats || hits.len() == attempts, "{id}: {hits:?}");
    }
}

fn is_done((status, _): &(u16, Value)) -> bool {
    matches!(status, 200 | 201)
}
