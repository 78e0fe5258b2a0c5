//! Endpoints, the events that they are told of, and accounts.

use super::{Silence, Table};
use minoots_shared::domain::account::{Account, Scope};
use minoots_shared::domain::delivery::Delivery;
use minoots_shared::domain::endpoint::Endpoint;
use minoots_shared::domain::event::Event;
use minoots_shared::domain::ids::{EndpointId, EventId};
use minoots_shared::domain::time::Timestamp;
use minoots_shared::ports::{Accepted, Idempotency, Remembered};

impl Table {
    /// Stores a new endpoint and remembers the answer, unless the request is known.
    pub(crate) fn create_endpoint(
        &mut self,
        endpoint: Endpoint,
        idempotency: Option<&Idempotency>,
    ) -> Option<Remembered> {
        let known = self.remember(idempotency, &[]);
        if known.is_none() {
            self.endpoints.insert((endpoint.scope.clone(), endpoint.id.clone()), endpoint);
        }
        known
    }

    /// A scope's endpoints, newest first.
    pub(crate) fn endpoints_of(&self, scope: &Scope) -> Vec<Endpoint> {
        let own = self.endpoints.values().filter(|endpoint| endpoint.scope == *scope);
        let mut endpoints: Vec<_> = own.cloned().collect();
        endpoints.sort_by_key(|endpoint| std::cmp::Reverse((endpoint.created_at, endpoint.id.clone())));
        endpoints
    }

    /// Those that an event of this type reaches.
    pub(crate) fn subscribers(&self, scope: &Scope, event_type: &str) -> Vec<EndpointId> {
        let takes = |endpoint: &&Endpoint| endpoint.scope == *scope && endpoint.takes(event_type);
        self.endpoints.values().filter(takes).map(|endpoint| endpoint.id.clone()).collect()
    }

    /// Puts the next revision of an endpoint in its place, with the event that tells of it; `now` by the true clock.
    pub(crate) fn replace_endpoint(&mut self, endpoint: Endpoint, event: Option<Event>, now: Timestamp) -> bool {
        let key = (endpoint.scope.clone(), endpoint.id.clone());
        let next = |stored: &&Endpoint| stored.revision + 1 == endpoint.revision;
        let Some(before) = self.endpoints.get(&key).filter(next).cloned() else { return false };
        let silences = self.silences.entry(key.clone()).or_default();
        match (before.may_be_sent_to(), endpoint.may_be_sent_to()) {
            (true, false) => {
                let reason = endpoint.disabled_reason.clone().unwrap_or_default();
                silences.push(Silence { reason, from: now, to: None });
            }
            (false, true) => silences.iter_mut().for_each(|silence| silence.to = silence.to.or(Some(now))),
            _ => {}
        }
        self.former.insert(key.clone(), before);
        self.endpoints.insert(key, endpoint);
        event.map(|event| self.add_event(event));
        true
    }

    /// An endpoint; or, to one that asks too early, as it was before its last change.
    pub(crate) fn endpoint(&self, scope: &Scope, id: &EndpointId, too_early: bool) -> Option<Endpoint> {
        let key = (scope.clone(), id.clone());
        let stored = self.endpoints.get(&key)?;
        Some(self.former.get(&key).filter(|_| too_early).unwrap_or(stored).clone())
    }

    /// Stores a new event and remembers the answer.
    pub(crate) fn accept_event(&mut self, event: Event, idempotency: Option<&Idempotency>) -> Accepted {
        if let Some(known) = self.known_request(idempotency) {
            return Accepted::Remembered(known);
        }
        match self.events.get(&(event.scope.clone(), event.id.clone())) {
            Some(stored) if stored.says_the_same_as(&event) => Accepted::Known,
            Some(_) => Accepted::Taken,
            None => {
                self.remember(idempotency, &[]);
                self.count(&event.scope, event.created_at, |day| day.events += 1);
                self.add_event(event);
                Accepted::New
            }
        }
    }

    /// Whether an event has come just so far, and is to go on.
    pub(crate) fn stands_at(&self, scope: &Scope, id: &EventId, from: usize) -> bool {
        let event = self.events.get(&(scope.clone(), id.clone()));
        event.is_some_and(|event| event.expanded == from && !event.remaining().is_empty())
    }

    /// Stores a delivery of an event unless it is there.
    pub(crate) fn add_told(&mut self, delivery: Delivery) {
        let (scope, at) = (delivery.scope.clone(), delivery.created_at);
        if self.add_delivery(delivery) {
            self.count(&scope, at, |day| day.deliveries += 1);
        }
    }

    /// Moves an event on, if nobody else has.
    pub(crate) fn expand(&mut self, scope: &Scope, id: &EventId, from: usize, to: usize) -> bool {
        let event = self.events.get_mut(&(scope.clone(), id.clone())).filter(|event| event.expanded == from);
        event.map(|event| event.expanded = to).is_some()
    }

    /// Events with targets that have no delivery, oldest first.
    pub(crate) fn unexpanded(&self, limit: usize) -> Vec<(Scope, EventId)> {
        let mut waiting: Vec<_> = self.events.values().filter(|event| !event.remaining().is_empty()).collect();
        waiting.sort_by_key(|event| event.created_at);
        waiting.into_iter().take(limit).map(|event| (event.scope.clone(), event.id.clone())).collect()
    }

    /// Stores an account unless it is there. `false`: it is.
    pub(crate) fn create_account(&mut self, account: Account) -> bool {
        let is_new = !self.accounts.contains_key(&account.id);
        if is_new {
            self.accounts.insert(account.id.clone(), account);
        }
        is_new
    }

    /// Puts the next revision of an account in its place.
    pub(crate) fn replace_account(&mut self, account: Account) -> bool {
        let stored = self.accounts.get_mut(&account.id).filter(|stored| stored.revision + 1 == account.revision);
        stored.map(|stored| *stored = account).is_some()
    }
}
