//! What callers will ask for in a run: it follows from the seed alone, whatever happens.

use crate::calls::{TimerWish, Webhooks};
use crate::random::Random;
use crate::receivers::Manner;
use crate::world::BEGIN;
use minoots_shared::domain::account::{Mode, Scope};
use minoots_shared::domain::ids::AccountId;
use minoots_shared::domain::time::{Millis, Timestamp};

/// What timers ask for on their way.
const INTERVALS: [&str; 4] = [r#"["50%"]"#, r#"["25%", 50, "75%"]"#, r#"["10%", "90%", "99%"]"#, r#"["33%", "66.6%"]"#];
/// The account that must not notice what others do.
pub(crate) const QUIET: &str = "quiet";

/// Everything that will be asked for.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// Whose data there is.
    pub scopes: Vec<Scope>,
    /// Endpoints.
    pub endpoints: Vec<NewEndpoint>,
    /// Timers.
    pub timers: Vec<NewTimer>,
    /// Events.
    pub events: Vec<NewEvent>,
    /// When somebody wants deliveries sent again that have ended.
    pub replays: Vec<(Scope, Timestamp)>,
    /// How each host behaves.
    pub manners: Vec<(String, Manner)>,
    /// An event that is sent when the infrastructure has recovered.
    pub last: Option<NewEvent>,
}

/// A timer to create.
#[derive(Debug)]
pub(crate) struct NewTimer {
    /// Whose.
    pub scope: Scope,
    /// When to.
    pub at: Timestamp,
    /// Its name, which no other has.
    pub name: String,
    /// The request's body.
    pub body: String,
    /// What it has webhooks for.
    pub webhooks: Webhooks,
    /// What will be asked of it, so long after its creation.
    pub wishes: Vec<(Millis, Wish)>,
}

/// What will be asked of a timer.
#[derive(Clone, Debug)]
pub(crate) enum Wish {
    /// `DELETE`
    Cancel,
    /// `POST …/pause`
    Pause,
    /// `POST …/resume`
    Resume,
    /// `POST …/fire`
    Fire,
    /// `PATCH`, with this body.
    Change(TimerWish, String),
}

/// An endpoint to create.
#[derive(Debug)]
pub(crate) struct NewEndpoint {
    /// Whose.
    pub scope: Scope,
    /// When to.
    pub at: Timestamp,
    /// What it is subscribed to.
    pub events: &'static str,
    /// The request's body.
    pub body: String,
    /// What its owner does then, each so long after the one before.
    pub wishes: Vec<(Millis, EndpointWish)>,
}

/// What an owner does with an endpoint.
#[derive(Clone, Copy, Debug)]
pub(crate) enum EndpointWish {
    /// Activates it, or deactivates it.
    Active(bool),
    /// Deletes it.
    Delete,
}

/// An event to send.
#[derive(Debug)]
pub(crate) struct NewEvent {
    /// Whose.
    pub scope: Scope,
    /// When to.
    pub at: Timestamp,
    /// Its id.
    pub id: String,
    /// Its type.
    pub event_type: &'static str,
}

impl Plan {
    /// The plan of a seed. `calm`: receivers may fail, but none is slow.
    pub(crate) fn draw(random: &mut Random, calm: bool) -> Self {
        let mut plan = Self::default();
        for account in 0..random.between(1, 3) {
            let mode = if random.chance(2_000) { Mode::Test } else { Mode::Live };
            plan.scopes.push(Scope { account: AccountId::new(format!("acct{account}")), mode });
        }
        // A few seeds have more endpoints than are fanned out to in one step.
        let endpoints = if random.chance(300) { random.between(33, 70) } else { random.below(4) };
        for number in 0..endpoints {
            plan.add_endpoint(random, number, endpoints > 4, calm);
        }
        for number in 0..random.between(1, if endpoints > 4 { 2 } else { 8 }) {
            plan.add_timer(random, number, calm);
        }
        for number in 0..random.below(4) {
            let (scope, at) = (random.pick(&plan.scopes).clone(), within(random, 120_000));
            let event_type = *random.pick(&["session.started", "session.ended", "task.created"]);
            plan.events.push(NewEvent { scope, at, id: format!("event{number}"), event_type });
        }
        if endpoints == 0 || random.chance(3_000) {
            for _ in 0..random.below(3) {
                let (scope, at) = (random.pick(&plan.scopes).clone(), within(random, 900_000));
                plan.replays.push((scope, at));
            }
        }
        plan
    }

    /// One account whose many timers fall due at once and whose receivers never answer, and another one's few timers amid
    /// them.
    pub(crate) fn crowd(random: &mut Random) -> Self {
        let scope = |account: &str| Scope { account: AccountId::new(account), mode: Mode::Live };
        let mut plan = Self { scopes: vec![scope(QUIET), scope("noisy")], ..Self::default() };
        for number in 0..60 {
            let (scope, kind) = if number < 4 { (scope(QUIET), "quiet") } else { (scope("noisy"), "noisy") };
            let (host, name) = (format!("{kind}.example.com"), format!("timer{number}"));
            let duration = if number < 4 { random.between(20_000, 120_000) } else { random.between(10_000, 20_000) };
            let body = format!(
                r#"{{"name": "{name}", "duration": {duration}, "events": {{"on_expire": {{"webhook": "https://{host}/expire"}}}}}}"#
            );
            let webhooks = Webhooks { expire: true, ..Webhooks::default() };
            plan.timers.push(NewTimer { scope, at: within(random, 5_000), name, body, webhooks, wishes: Vec::new() });
        }
        plan.manners.push(("noisy.example.com".to_owned(), Manner::Silent));
        plan
    }

    fn add_endpoint(&mut self, random: &mut Random, number: u64, is_one_of_many: bool, calm: bool) {
        let scope = if is_one_of_many { self.scopes[0].clone() } else { random.pick(&self.scopes).clone() };
        let manner = match is_one_of_many && random.chance(9_000) {
            true => Manner::Takes,
            false if random.chance(2_000) => Manner::Leaves(Millis(random.below(120_000))),
            false => Manner::draw(random, calm),
        };
        let (host, events) =
            (format!("e{number}.example.com"), *random.pick(&["*", "timer.*", "session.*", "timer.expired"]));
        let (retries, delay, timeout) = (random.below(4), random.between(1, 8), random.between(1, 30));
        let body = format!(
            r#"{{"name": "e{number}", "url": "https://{host}/e{number}", "events": ["{events}"], "maxRetries": {retries}, "retryDelay": {delay}, "timeout": {timeout}}}"#
        );
        let mut wishes = Vec::new();
        if random.chance(2_500) {
            let after = Millis(random.below(120_000));
            match random.below(3) {
                0 => wishes.push((after, EndpointWish::Active(false))),
                1 => wishes.extend([
                    (after, EndpointWish::Active(false)),
                    (Millis(random.below(60_000)), EndpointWish::Active(true)),
                ]),
                _ => wishes.push((after, EndpointWish::Delete)),
            }
        }
        if wishes.is_empty() && matches!(manner, Manner::Leaves(_)) && random.chance(5_000) {
            wishes.push((Millis(random.below(180_000)), EndpointWish::Active(true)));
        }
        self.manners.push((host.clone(), manner));
        let at = within(random, 5_000);
        self.endpoints.push(NewEndpoint { scope, at, events, body, wishes });
    }

    fn add_timer(&mut self, random: &mut Random, number: u64, calm: bool) {
        let (scope, at, name) = (random.pick(&self.scopes).clone(), within(random, 60_000), format!("timer{number}"));
        let duration = match random.below(10) {
            0..=5 => random.between(1, 60_000),
            6..=8 => random.between(60_000, 300_000),
            _ => random.between(300_000, 1_800_000),
        };
        let host = format!("t{number}.example.com");
        self.manners.push((host.clone(), Manner::draw(random, calm)));
        let webhooks =
            Webhooks { expire: random.chance(8_500), progress: random.chance(4_000), cancel: random.chance(3_000) };
        let mut events = Vec::new();
        if webhooks.expire {
            events.push(format!(r#""on_expire": {{"webhook": "https://{host}/expire", "message": "m", "data": {{"b": 1, "a": [1.50, "é"]}}}}"#));
        }
        if webhooks.progress || random.chance(1_000) {
            let webhook =
                if webhooks.progress { format!(r#""webhook": "https://{host}/progress", "#) } else { String::new() };
            events.push(format!(r#""on_progress": {{{webhook}"intervals": {}}}"#, random.pick(&INTERVALS)));
        }
        if webhooks.cancel {
            events.push(format!(r#""on_cancel": {{"webhook": "https://{host}/cancel"}}"#));
        }
        let body = format!(r#"{{"name": "{name}", "duration": {duration}, "events": {{{}}}}}"#, events.join(", "));
        let wishes = if random.chance(5_500) { wishes(random, duration) } else { Vec::new() };
        self.timers.push(NewTimer { scope, at, name, body, webhooks, wishes });
    }
}

/// What is asked of a timer; often near the instant at which something is due.
fn wishes(random: &mut Random, duration: u64) -> Vec<(Millis, Wish)> {
    let mut wishes = Vec::new();
    for _ in 0..random.between(1, 3) {
        let after = match random.below(4) {
            0 => random.below(duration + 1),
            1 => (duration + random.below(600)).saturating_sub(300),
            2 => (duration / 2 + random.below(600)).saturating_sub(300),
            _ => duration + random.below(40_000),
        };
        let wish = match random.below(10) {
            0..=3 => Wish::Cancel,
            4 => Wish::Pause,
            5 => Wish::Resume,
            6 => Wish::Fire,
            7 => Wish::Change(TimerWish::Move, format!(r#"{{"extend": {}}}"#, random.between(1, 60_000))),
            8 => Wish::Change(TimerWish::Move, format!(r#"{{"duration": {}}}"#, random.between(1_000, 120_000))),
            _ => Wish::Change(TimerWish::Describe, r#"{"metadata": {"changed": true}}"#.to_owned()),
        };
        wishes.push((Millis(after), wish));
        if matches!(wishes.last(), Some((_, Wish::Pause))) {
            wishes.push((Millis(after + random.below(30_000)), Wish::Resume));
        }
    }
    wishes
}

fn within(random: &mut Random, millis: u64) -> Timestamp {
    BEGIN.plus(Millis(random.below(millis)))
}
