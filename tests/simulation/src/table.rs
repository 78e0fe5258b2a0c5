//! The table: what is stored, and what must hold of each change of it.

mod deliveries;
mod endpoints;
mod idempotency;
mod keys;
mod timers;
mod usage;

use crate::flaw::Flaw;
use minoots_shared::domain::account::{Account, Scope};
use minoots_shared::domain::api_key::ApiKey;
use minoots_shared::domain::delivery::{Delivery, DeliveryStatus};
use minoots_shared::domain::endpoint::Endpoint;
use minoots_shared::domain::event::Event;
use minoots_shared::domain::figures::EndpointFigures;
use minoots_shared::domain::ids::{AccountId, ApiKeyId, DeliveryId, EndpointId, EventId, TimerId};
use minoots_shared::domain::time::Timestamp;
use minoots_shared::domain::timer::Timer;
use minoots_shared::ports::{DayUsage, IdempotencyKey, Remembered, TimerStep};
use std::collections::{BTreeMap, HashMap};

/// A time in which an endpoint is to be sent nothing, because the service deactivated it.
#[derive(Clone, Debug)]
pub(crate) struct Silence {
    /// Why.
    pub reason: String,
    /// When it was deactivated.
    pub from: Timestamp,
    /// When its owner activated it again.
    pub to: Option<Timestamp>,
}

/// What is stored.
#[derive(Default)]
pub(crate) struct Table {
    /// Timers.
    pub timers: BTreeMap<(Scope, TimerId), Timer>,
    /// Deliveries.
    pub deliveries: BTreeMap<(Scope, DeliveryId), Delivery>,
    /// Events.
    pub events: BTreeMap<(Scope, EventId), Event>,
    /// Endpoints.
    pub endpoints: BTreeMap<(Scope, EndpointId), Endpoint>,
    /// When endpoints were deactivated by the service, by the true clock.
    pub silences: BTreeMap<(Scope, EndpointId), Vec<Silence>>,
    /// Endpoints before their last change.
    pub former: BTreeMap<(Scope, EndpointId), Endpoint>,
    /// Endpoints' figures; they outlive their endpoint.
    pub figures: BTreeMap<(Scope, EndpointId), EndpointFigures>,
    /// Accounts.
    pub accounts: BTreeMap<AccountId, Account>,
    /// API keys.
    pub keys: BTreeMap<(AccountId, ApiKeyId), ApiKey>,
    /// What scopes did, day by day.
    pub usage: BTreeMap<(Scope, u64), DayUsage>,
    /// What is remembered under idempotency keys.
    pub remembered: HashMap<IdempotencyKey, Remembered>,
    /// How often each timer ended.
    pub ended: BTreeMap<(Scope, TimerId), u32>,
    /// What it does not keep to, if anything.
    pub(crate) flaw: Option<Flaw>,
    /// What changes broke.
    pub broken: Vec<String>,
}

impl Table {
    /// Takes a timer's step if the timer is what it was worked out from.
    pub(crate) fn step(&mut self, step: TimerStep) -> bool {
        let key = (step.timer.scope.clone(), step.timer.id.clone());
        let Some(before) =
            self.timers.get(&key).filter(|timer| timer.revision == step.before || self.has(Flaw::StepWithoutCondition))
        else {
            return false;
        };
        self.check_step(&before.clone(), &step);
        if let Some(reason) = step.withdraw.filter(|_| !self.has(Flaw::NothingWithdrawn)) {
            let of_timer = |delivery: &&Delivery| delivery.scope == key.0 && delivery.source.timer() == Some(&key.1);
            let open: Vec<Delivery> = self.deliveries.values().filter(of_timer).cloned().collect();
            for delivery in open {
                if let Some(withdrawn) = delivery.withdrawn(step.timer.updated_at, reason) {
                    self.put_delivery(withdrawn);
                }
            }
        }
        let (scope, at) = (&step.timer.scope, step.timer.updated_at);
        let new = step.deliveries.iter().filter(|delivery| self.add_delivery(Delivery::clone(delivery))).count();
        self.count(scope, at, |day| {
            day.events += step.happened as u64;
            day.deliveries += new as u64;
        });
        for event in step.events {
            self.add_event(event);
        }
        self.timers.insert(key, step.timer);
        true
    }

    /// Stores a delivery unless it is there. `false`: it is.
    pub(crate) fn add_delivery(&mut self, delivery: Delivery) -> bool {
        let key = (delivery.scope.clone(), delivery.id.clone());
        let is_new = !self.deliveries.contains_key(&key);
        if is_new {
            self.recount(None, &delivery);
            self.deliveries.insert(key, delivery);
        } else if self.has(Flaw::DeliveryMadeAnew) {
            self.put_delivery(delivery);
        }
        is_new
    }

    /// Stores an event unless it is there. `false`: it is.
    pub(crate) fn add_event(&mut self, event: Event) -> bool {
        let key = (event.scope.clone(), event.id.clone());
        let is_new = !self.events.contains_key(&key);
        if is_new {
            self.events.insert(key, event);
        }
        is_new
    }

    /// Puts another state of a delivery in the place of the stored one.
    pub(crate) fn put_delivery(&mut self, after: Delivery) {
        let key = (after.scope.clone(), after.id.clone());
        if let Some(before) = self.deliveries.get(&key).cloned() {
            self.check_delivery(&before, &after);
            self.count_failure(&before, &after);
            self.recount(Some(&before), &after);
        }
        self.deliveries.insert(key, after);
    }

    /// Whether it breaks its word in this way.
    pub(crate) fn has(&self, flaw: Flaw) -> bool {
        self.flaw == Some(flaw)
    }

    fn recount(&mut self, before: Option<&Delivery>, after: &Delivery) {
        if let Some(endpoint) = after.source.endpoint() {
            let figures = self.figures.entry((after.scope.clone(), endpoint.clone())).or_default();
            figures.recount(before, Some(after));
        }
    }

    fn check_step(&mut self, before: &Timer, step: &TimerStep) {
        let after = &step.timer;
        let mut broken = |what: &str| self.broken.push(format!("timer {}: {what}", after.id));
        if before.status().has_ended() {
            broken("it took a step after its end");
        }
        if after.revision != before.revision + 1 {
            broken("a step did not raise its revision by one");
        }
        if after.epoch < before.epoch {
            broken("a step took its epoch back");
        }
        if before.fired.iter().any(|position| !after.fired.contains(position)) {
            broken("a milestone that had fired is forgotten");
        }
        if before.created_at != after.created_at {
            broken("a step changed what no step changes");
        }
        if after.status().has_ended() {
            *self.ended.entry((after.scope.clone(), after.id.clone())).or_default() += 1;
        }
    }

    fn check_delivery(&mut self, before: &Delivery, after: &Delivery) {
        let mut broken = |what: &str| self.broken.push(format!("delivery {}: {what}", after.id));
        if before.body != after.body || before.event != after.event || before.created_at != after.created_at {
            broken("its body, event or instant changed");
        }
        if after.attempts.len() < before.attempts.len() || after.attempts.len() > before.attempts.len() + 1 {
            broken("a change lost an attempt or recorded two");
        }
        if after.attempts.iter().zip(1..).any(|(attempt, number)| attempt.attempt != number) {
            broken("its attempts are not numbered 1, 2, 3 …");
        }
        if before.status == DeliveryStatus::Success
            && after.status != DeliveryStatus::Success
            && after.attempts.len() != after.earlier_attempts as usize
        {
            broken("it was delivered and is not any more");
        }
    }
}
