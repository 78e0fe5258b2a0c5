//! Plans that last for days: endpoints that fail for so long that patience with them comes to its end, or nearly.

use crate::plan::{EndpointWish, NewEndpoint, NewEvent, Plan};
use crate::random::Random;
use crate::receivers::Manner;
use crate::world::BEGIN;
use minoots_shared::domain::account::{Mode, Scope};
use minoots_shared::domain::ids::AccountId;
use minoots_shared::domain::time::{Millis, Timestamp};

/// How long an endpoint may fail: the contract's five days.
pub(crate) const PATIENCE: Millis = Millis::days(5);

impl Plan {
    /// Endpoints that fail, some of which take something now and then or are activated anew, and others that hear of what
    /// becomes of them. Events come by a few at a time, some hours apart, and just when somebody's five days are over.
    pub(crate) fn last(random: &mut Random, calm: bool) -> Self {
        let scope = Scope { account: AccountId::new("acct0"), mode: Mode::Live };
        let mut plan = Self { scopes: vec![scope.clone()], ..Self::default() };
        let mut instants = vec![random.between(10_000, Millis::HOUR.0)];
        let end = Millis::DAY.0 * random.between(5, 9) + random.below(Millis::DAY.0);
        while instants.last().is_some_and(|last| *last < end) {
            let pause = random.between(Millis::HOUR.0, 14 * Millis::HOUR.0);
            instants.push(instants.last().map_or(0, |last| last + pause));
        }
        for number in 0..random.between(1, 4) {
            plan.add_ailing(random, number, &mut instants);
        }
        for number in 0..random.between(1, 2) {
            let host = format!("hears{number}.example.com");
            plan.manners.push((host.clone(), Manner::Takes));
            let events = *random.pick(&["*", "webhook.*", "webhook.disabled"]);
            plan.subscribe(random, &host, events, 5, Vec::new());
        }
        let mut number = 0;
        let mut event = |at: Timestamp| {
            number += 1;
            NewEvent { scope: scope.clone(), at, id: format!("event{number}"), event_type: "session.started" }
        };
        for instant in instants {
            let several = if random.chance(4_000) { random.between(2, 4) } else { 1 };
            for _ in 0..several {
                plan.events.push(event(BEGIN.plus(Millis(instant + random.below(8_000)))));
            }
        }
        plan.last = Some(event(BEGIN));
        plan.replays.extend((!calm && random.chance(3_000)).then(|| (scope, BEGIN.plus(Millis(random.below(end))))));
        plan
    }

    fn add_ailing(&mut self, random: &mut Random, number: u64, instants: &mut Vec<u64>) {
        let host = format!("ails{number}.example.com");
        let any = *random.pick(instants);
        // It takes what comes at one of the instants, perhaps while an earlier attempt is still failing; or nothing ever.
        let from = any + random.below(8_000);
        let (from, to) = match random.below(3) {
            0 => (0, 0),
            1 => (from, from + random.between(1_000, 20_000)),
            _ => (from, from + random.between(Millis::HOUR.0, 2 * Millis::DAY.0)),
        };
        self.manners.push((host.clone(), Manner::Ails(Millis(from), Millis(to))));
        let mut wishes = Vec::new();
        if random.chance(3_000) {
            let (off, on) = (random.below(6 * Millis::DAY.0), random.below(Millis::DAY.0));
            wishes = vec![(Millis(off), EndpointWish::Active(false)), (Millis(on), EndpointWish::Active(true))];
        }
        let begins = instants.iter().copied().filter(|instant| *instant >= to).min();
        for begin in [instants.first().copied(), begins].into_iter().flatten() {
            // Shortly before its five days are over, or after.
            instants.push(begin + PATIENCE.0 + random.below(120_000) - 60_000);
        }
        let delay = *random.pick(&[1, 2, 5, 60, 600]);
        self.subscribe(random, &host, "session.*", delay, wishes);
    }

    fn subscribe(
        &mut self,
        random: &mut Random,
        host: &str,
        events: &'static str,
        delay: u64,
        wishes: Vec<(Millis, EndpointWish)>,
    ) {
        let (retries, timeout) = (random.below(4), random.between(5, 30));
        let body = format!(
            r#"{{"name": "{host}", "url": "https://{host}/e", "events": ["{events}"], "maxRetries": {retries}, "retryDelay": {delay}, "timeout": {timeout}}}"#
        );
        let (scope, at) = (self.scopes[0].clone(), BEGIN.plus(Millis(random.below(5_000))));
        self.endpoints.push(NewEndpoint { scope, at, events, body, wishes });
    }
}
