//! Domain values as the product makes them: by its own parsers and transitions, never by hand.

use minoots_shared::domain::account::{Account, Mode, Scope};
use minoots_shared::domain::api_key::{ApiKey, ApiKeySecret};
use minoots_shared::domain::attempt::{Answer, AttemptResult};
use minoots_shared::domain::delivery::Delivery;
use minoots_shared::domain::ids::{AccountId, ApiKeyId, TimerId};
use minoots_shared::domain::json::{Json, Object};
use minoots_shared::domain::new_timer;
use minoots_shared::domain::secret::{SigningSecrets, WebhookSecret};
use minoots_shared::domain::time::{Millis, Timestamp};
use minoots_shared::domain::timer::Timer;
use minoots_shared::domain::timer_change;
use minoots_shared::domain::transition::Transition;
use minoots_shared::ports::TimerStep;
use minoots_shared::webhook::guard::UrlPolicy;
use minoots_shared::webhook::payload;
use std::sync::Arc;

/// When most cases begin.
pub(crate) const NOW: Timestamp = Timestamp(1_800_000_000_000);
/// After everything that any case lets happen.
pub(crate) const FAR: Timestamp = Timestamp(20_000_000_000_000);

/// [`NOW`] and some milliseconds.
pub(crate) const fn later(millis: u64) -> Timestamp {
    NOW.plus(Millis(millis))
}

/// A timer's creation, to be made in any scope.
#[derive(Clone)]
pub(crate) struct Sketch {
    at: Timestamp,
    body: Object,
}

/// A timer of an hour, from [`NOW`] on, that tells nobody.
pub(crate) fn sketch(id: &str) -> Sketch {
    Sketch { at: NOW, body: Object::new() }.text("id", id).lasting(3_600_000)
}

impl Sketch {
    /// Created at another instant.
    pub(crate) fn at(self, at: Timestamp) -> Self {
        Self { at, ..self }
    }

    /// Of another length, in milliseconds.
    pub(crate) fn lasting(self, millis: u64) -> Self {
        self.with("duration", &millis.to_string())
    }

    /// With a text.
    pub(crate) fn text(self, field: &str, text: &str) -> Self {
        self.with(field, &Json::String(text.to_owned()).to_compact())
    }

    /// With any JSON.
    pub(crate) fn with(mut self, field: &str, json: &str) -> Self {
        let value = Json::parse(json.as_bytes()).unwrap_or_else(|error| panic!("{json}: {error}"));
        self.body.insert(field.to_owned(), value);
        self
    }

    /// With webhooks on its way, at its end and for its cancellation.
    pub(crate) fn telling(self) -> Self {
        self.with(
            "events",
            r#"{
                "on_expire": {"webhook": "https://expired.example.com/x", "data": {"b": 1.0, "a": [1e5, "é"]}},
                "on_progress": {"webhook": "https://progress.example.com/x", "headers": {"X-B": "2", "X-A": "1"},
                                "intervals": ["25%", "50%", "75%"]},
                "on_cancel": {"webhook": "https://cancelled.example.com/x", "message": "stopped"}
            }"#,
        )
    }

    /// The timer, in this scope.
    pub(crate) fn timer(&self, scope: &Scope) -> Timer {
        let fresh = TimerId::new("not-used");
        new_timer::parse(&Json::Object(self.body.clone()), scope, fresh, self.at, &UrlPolicy::local())
            .and_then(|timer| payload::check_size(&timer).map(|()| timer))
            .unwrap_or_else(|faults| panic!("a sketch has faults: {faults:?}"))
    }
}

/// Twenty timers or so of any kind, told apart by their number.
pub(crate) fn numbered(count: usize, sketch_of: impl Fn(usize) -> Sketch) -> Vec<Sketch> {
    (0..count).map(sketch_of).collect()
}

/// A step as the use cases write it: the deliveries that its events lead to go with it.
pub(crate) fn step(transition: Transition) -> TimerStep {
    let deliveries: Vec<_> = transition.happened.iter().filter_map(payload::delivery).map(Arc::new).collect();
    let mut timer = transition.timer;
    timer.deliveries.extend(deliveries.iter().map(|delivery| delivery.id.clone()));
    let (before, withdraw, happened) = (transition.before, transition.withdraw, transition.happened.len());
    TimerStep { before, timer, deliveries, withdraw, happened, events: Vec::new() }
}

/// What is due by `now`.
pub(crate) fn fall_due(timer: &Timer, now: Timestamp) -> TimerStep {
    step(timer.fall_due(now).expect("something is due"))
}

/// The timer's cancellation.
pub(crate) fn cancel(timer: &Timer, now: Timestamp) -> TimerStep {
    step(
        timer
            .cancel(now, Some("no longer needed".to_owned()))
            .expect("it has not expired")
            .expect("it is not cancelled"),
    )
}

/// The timer's pause.
pub(crate) fn pause(timer: &Timer, now: Timestamp) -> TimerStep {
    step(timer.pause(now).expect("it has not ended").expect("it runs"))
}

/// The end of the timer's pause.
pub(crate) fn resume(timer: &Timer, now: Timestamp) -> TimerStep {
    step(timer.resume(now).expect("it has not ended").expect("it is paused"))
}

/// The timer, expired at once.
pub(crate) fn fire(timer: &Timer, now: Timestamp) -> TimerStep {
    step(timer.fire(now).expect("it has not ended"))
}

/// A change as a caller's PATCH asks for it.
pub(crate) fn change(timer: &Timer, body: &str, now: Timestamp) -> TimerStep {
    let body = Json::parse(body.as_bytes()).expect("the sample is JSON");
    let change = timer_change::parse(&body, &UrlPolicy::strict()).expect("the sample is a change");
    step(timer.change(&change, now).expect("it has not ended").expect("something changes"))
}

/// The next attempt of a delivery, answered with this code after 40 ms.
pub(crate) fn answered(delivery: &Delivery, at: Timestamp, code: u16) -> AttemptResult {
    let answer = Answer { code, body: format!("answer {code}"), retry_after: None };
    AttemptResult { attempt: delivery.next_attempt(), sent_at: at, duration: Millis(40), answer: Ok(answer) }
}

/// The next attempt of a delivery, not answered at all.
pub(crate) fn unanswered(delivery: &Delivery, at: Timestamp) -> AttemptResult {
    let answer = Err("no connection: refused".to_owned());
    AttemptResult { attempt: delivery.next_attempt(), sent_at: at, duration: Millis(30_000), answer }
}

/// An account; its secret is made from `seed`.
pub(crate) fn account(id: &AccountId, seed: u8) -> Account {
    let secret = WebhookSecret::generate(&[seed; 32]);
    Account { id: id.clone(), webhook_secrets: SigningSecrets::new(secret), concurrent_timers: None, revision: 0 }
}

/// The account after one more change: its secret rotated to one from `seed`.
pub(crate) fn rotated(account: &Account, seed: u8) -> Account {
    let secret = WebhookSecret::generate(&[seed; 32]);
    let webhook_secrets = account.webhook_secrets.rotated(secret, NOW, Millis::HOUR);
    Account { webhook_secrets, revision: account.revision + 1, ..account.clone() }
}

/// A key for an account's data, made at `at`. Its id depends on `at` and `seed` alone: two accounts can have the same.
pub(crate) fn api_key(account: &AccountId, mode: Mode, at: Timestamp, seed: u8) -> ApiKey {
    let mut random = [seed; 32];
    for (place, byte) in random.iter_mut().zip(account.as_str().bytes()) {
        *place ^= byte;
    }
    let secret = ApiKeySecret::generate(mode, &random);
    ApiKey {
        id: ApiKeyId::generate(at, &[seed; 10]),
        scope: Scope { account: account.clone(), mode },
        name: Some(format!("key {seed}")),
        preview: secret.preview(),
        digest: secret.digest(),
        created_at: at,
    }
}
