//! The Store port on the table, as one process sees it.
//!
//! Steps that the infrastructure on AWS takes in several writes are several calls here too: an event's deliveries are stored
//! before the event moves on. That an attempt is under way is known to its process alone.

use crate::flaw::Flaw;
use crate::process::Process;
use crate::table::Table;
use crate::world::State;
use async_trait::async_trait;
use minoots_shared::domain::account::{Account, Scope};
use minoots_shared::domain::api_key::{ApiKey, KeyDigest};
use minoots_shared::domain::delivery::{AttemptResult, Delivery, DeliveryStatus, NotReplayed};
use minoots_shared::domain::endpoint::Endpoint;
use minoots_shared::domain::event::Event;
use minoots_shared::domain::figures::{DeliveryCounts, EndpointFigures};
use minoots_shared::domain::ids::{AccountId, ApiKeyId, DeliveryId, EndpointId, EventId, TimerId};
use minoots_shared::domain::time::Timestamp;
use minoots_shared::domain::timer::Timer;
use minoots_shared::ports::{
    Accepted, Created, Creation, DayUsage, DeliveryPage, DeliveryPosition, DeliveryQuery, DueDelivery, DueTimer,
    Idempotency, IdempotencyKey, Placement, Remembered, Store, TimerPage, TimerQuery, TimerStep, Unavailable,
};
use std::collections::HashSet;
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The table as a process sees it.
pub(crate) struct ProcessStore {
    process: Arc<Process>,
    under_way: Mutex<HashSet<(Scope, DeliveryId)>>,
}

impl ProcessStore {
    /// The store of a process.
    pub(crate) fn new(process: Arc<Process>) -> Self {
        Self { process, under_way: Mutex::default() }
    }

    async fn call<T>(&self, what: &str, effect: impl FnOnce(&mut Table) -> T) -> Result<T, Unavailable> {
        self.process.call(what, |state| effect(&mut state.table)).await
    }

    fn under_way(&self) -> MutexGuard<'_, HashSet<(Scope, DeliveryId)>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An infrastructure's list of what is due may not have heard of everything yet.
    fn seen<T>(state: &mut State, due: Vec<T>) -> Vec<T> {
        let State { random, profile, .. } = state;
        due.into_iter().filter(|_| !random.chance(profile.index_lag)).collect()
    }
}

fn remember(table: &mut Table, idempotency: Option<&Idempotency>, placements: &[Placement]) -> Option<Remembered> {
    let wanted = idempotency?;
    if let Some(known) = known(table, &wanted.key, wanted.at) {
        return Some(known);
    }
    if let Some(answer) = (wanted.answer)(placements) {
        let remembered = Remembered { fingerprint: wanted.fingerprint, answer, expires_at: wanted.expires_at };
        table.remembered.insert(wanted.key.clone(), remembered);
    }
    None
}

fn known(table: &Table, key: &IdempotencyKey, now: Timestamp) -> Option<Remembered> {
    if table.has(Flaw::KeysForgotten) {
        return None;
    }
    table.remembered.get(key).filter(|known| known.expires_at > now).cloned()
}

/// What the simulated callers never ask for.
fn not_modelled<T>(what: &str) -> Result<T, Unavailable> {
    Err(Unavailable(format!("{what} are no part of the simulation").into()))
}

#[async_trait]
impl Store for ProcessStore {
    async fn create_timers(&self, creation: Creation) -> Result<Created, Unavailable> {
        self.call("create_timers", |table| {
            let Creation { scope, timers, events, idempotency, .. } = creation;
            if let Some(wanted) = &idempotency
                && let Some(known) = known(table, &wanted.key, wanted.at)
            {
                return Created::Known(known);
            }
            let mut events = events.into_iter();
            let mut place = |timer: &Arc<Timer>| {
                let event = events.next().flatten();
                let key = (scope.clone(), timer.id.clone());
                if table.timers.contains_key(&key) {
                    return Placement::IdTaken;
                }
                table.timers.insert(key, Timer::clone(timer));
                event.map(|event| table.add_event(event));
                Placement::Stored
            };
            let placements: Vec<_> = timers.iter().map(&mut place).collect();
            remember(table, idempotency.as_ref(), &placements);
            Created::Placed(placements)
        })
        .await
    }

    async fn timer(&self, scope: &Scope, id: &TimerId) -> Result<Option<Timer>, Unavailable> {
        self.call("timer", |table| table.timers.get(&(scope.clone(), id.clone())).cloned()).await
    }

    async fn timers(&self, _: &Scope, _: &TimerQuery) -> Result<TimerPage, Unavailable> {
        not_modelled("lists of timers")
    }

    async fn concurrent_timers(&self, _: &Scope) -> Result<u64, Unavailable> {
        not_modelled("limits of timers")
    }

    async fn commit_step(&self, step: TimerStep) -> Result<bool, Unavailable> {
        self.call("commit_step", |table| table.step(step)).await
    }

    async fn due_timers(&self, until: Timestamp, limit: usize) -> Result<Vec<DueTimer>, Unavailable> {
        self.process
            .call("due_timers", |state| {
                let due = state.table.timers.values().filter_map(|timer| {
                    let at = timer.next_due().filter(|at| *at <= until)?;
                    Some(DueTimer { scope: timer.scope.clone(), id: timer.id.clone(), at })
                });
                let mut due: Vec<_> = due.collect();
                due.sort_by_key(|due| due.at);
                due.truncate(limit);
                Self::seen(state, due)
            })
            .await
    }

    async fn deliveries(&self, scope: &Scope, ids: &[DeliveryId]) -> Result<Vec<Delivery>, Unavailable> {
        let mut found = self
            .call("deliveries", |table| {
                let find = |id: &DeliveryId| table.deliveries.get(&(scope.clone(), id.clone())).cloned();
                ids.iter().filter_map(find).collect::<Vec<_>>()
            })
            .await?;
        let under_way = self.under_way();
        for delivery in &mut found {
            if delivery.status.is_open() && under_way.contains(&(scope.clone(), delivery.id.clone())) {
                delivery.status = DeliveryStatus::Sending;
            }
        }
        Ok(found)
    }

    async fn begin_attempt(&self, scope: &Scope, id: &DeliveryId) -> Result<Option<Delivery>, Unavailable> {
        let key = (scope.clone(), id.clone());
        if !self.under_way().insert(key.clone()) {
            return Ok(None);
        }
        let (number, world) = (self.process.number, self.process.world().clone());
        let begun = self
            .process
            .call("begin_attempt", |state| {
                let delivery = state
                    .table
                    .deliveries
                    .get(&key)
                    .filter(|delivery| delivery.status.is_open() || state.table.has(Flaw::EndedBegins))
                    .cloned();
                if delivery.is_some() {
                    state.begun.insert((number, id.clone()), world.now());
                }
                delivery.map(|delivery| Delivery { status: DeliveryStatus::Sending, ..delivery })
            })
            .await;
        if !matches!(begun, Ok(Some(_))) {
            self.abandon_attempt(scope, id);
        }
        begun
    }

    fn abandon_attempt(&self, scope: &Scope, id: &DeliveryId) {
        self.under_way().remove(&(scope.clone(), id.clone()));
    }

    async fn finish_attempt(
        &self,
        scope: &Scope,
        id: &DeliveryId,
        result: AttemptResult,
    ) -> Result<Option<Delivery>, Unavailable> {
        let finished = self
            .call("finish_attempt", |table| {
                let after = table.deliveries.get(&(scope.clone(), id.clone()))?.after(&result)?;
                table.put_delivery(after.clone());
                Some(after)
            })
            .await;
        self.abandon_attempt(scope, id);
        finished
    }

    async fn due_deliveries(
        &self,
        after: Option<&DueDelivery>,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<DueDelivery>, Unavailable> {
        let order = |due: &DueDelivery| (due.at, due.scope.clone(), due.id.clone());
        self.process
            .call("due_deliveries", |state| {
                if state.table.has(Flaw::DeliveriesNeverDue) {
                    return Vec::new();
                }
                let due = state.table.deliveries.values().filter_map(|delivery| {
                    let at = delivery.next_attempt_at.filter(|at| *at <= until && delivery.status.is_open())?;
                    Some(DueDelivery { scope: delivery.scope.clone(), id: delivery.id.clone(), at })
                });
                let mut due: Vec<_> = due.filter(|due| after.is_none_or(|after| order(due) > order(after))).collect();
                due.sort_by_key(order);
                due.truncate(limit);
                Self::seen(state, due)
            })
            .await
    }

    async fn delivery_page(&self, scope: &Scope, query: &DeliveryQuery) -> Result<DeliveryPage, Unavailable> {
        self.call("delivery_page", |table| {
            let place = |delivery: &Delivery| (delivery.created_at, delivery.id.clone());
            let after = query.after.as_ref().map(|after| (after.created_at, after.id.clone()));
            let wanted = |delivery: &&Delivery| {
                delivery.scope == *scope
                    && query.status.is_none_or(|status| delivery.status == status)
                    && query.endpoint.as_ref().is_none_or(|endpoint| delivery.source.endpoint() == Some(endpoint))
                    && after.as_ref().is_none_or(|after| place(delivery) < *after)
            };
            let mut deliveries: Vec<_> = table.deliveries.values().filter(wanted).cloned().collect();
            deliveries.sort_by_key(|delivery| std::cmp::Reverse(place(delivery)));
            let more = deliveries.len() > query.limit;
            deliveries.truncate(query.limit);
            let last = deliveries.last().filter(|_| more);
            let next = last.map(|last| DeliveryPosition { created_at: last.created_at, id: last.id.clone() });
            DeliveryPage { deliveries, next }
        })
        .await
    }

    async fn replay(
        &self,
        scope: &Scope,
        id: &DeliveryId,
        now: Timestamp,
    ) -> Result<Option<Result<Delivery, NotReplayed>>, Unavailable> {
        self.call("replay", |table| {
            let replayed = table.deliveries.get(&(scope.clone(), id.clone()))?.replayed(now);
            if let Ok(after) = &replayed {
                table.put_delivery(after.clone());
            }
            Some(replayed)
        })
        .await
    }

    async fn give_up_deliveries(
        &self,
        scope: &Scope,
        endpoint: &EndpointId,
        reason: &str,
        now: Timestamp,
        limit: usize,
    ) -> Result<usize, Unavailable> {
        self.call("give_up_deliveries", |table| {
            let of_endpoint =
                |delivery: &&Delivery| delivery.scope == *scope && delivery.source.endpoint() == Some(endpoint);
            let given_up = table.deliveries.values().filter(of_endpoint).filter_map(|open| open.given_up(now, reason));
            let given_up: Vec<_> = given_up.take(limit).collect();
            let count = given_up.len();
            given_up.into_iter().for_each(|delivery| table.put_delivery(delivery));
            count
        })
        .await
    }

    async fn give_up_delivery(
        &self,
        scope: &Scope,
        id: &DeliveryId,
        reason: &str,
        now: Timestamp,
    ) -> Result<(), Unavailable> {
        self.call("give_up_delivery", |table| {
            let delivery = table.deliveries.get(&(scope.clone(), id.clone()));
            if let Some(after) = delivery.and_then(|delivery| delivery.given_up(now, reason)) {
                table.put_delivery(after);
            }
        })
        .await?;
        self.abandon_attempt(scope, id);
        Ok(())
    }

    async fn record_delivery(&self, delivery: Delivery) -> Result<(), Unavailable> {
        self.call("record_delivery", |table| table.add_delivery(delivery)).await
    }

    async fn delivery_counts(&self, _: &Scope) -> Result<DeliveryCounts, Unavailable> {
        not_modelled("counts of deliveries")
    }

    async fn endpoint_figures(&self, scope: &Scope, endpoint: &EndpointId) -> Result<EndpointFigures, Unavailable> {
        self.call("endpoint_figures", |table| {
            table.figures.get(&(scope.clone(), endpoint.clone())).cloned().unwrap_or_default()
        })
        .await
    }

    async fn create_endpoint(
        &self,
        endpoint: Endpoint,
        idempotency: Option<Idempotency>,
    ) -> Result<Option<Remembered>, Unavailable> {
        self.call("create_endpoint", |table| {
            let known = remember(table, idempotency.as_ref(), &[]);
            if known.is_none() {
                table.endpoints.insert((endpoint.scope.clone(), endpoint.id.clone()), endpoint);
            }
            known
        })
        .await
    }

    async fn endpoint(&self, scope: &Scope, id: &EndpointId) -> Result<Option<Endpoint>, Unavailable> {
        self.call("endpoint", |table| table.endpoints.get(&(scope.clone(), id.clone())).cloned()).await
    }

    async fn endpoints(&self, scope: &Scope) -> Result<Vec<Endpoint>, Unavailable> {
        self.call("endpoints", |table| {
            let own = table.endpoints.values().filter(|endpoint| endpoint.scope == *scope);
            let mut endpoints: Vec<_> = own.cloned().collect();
            endpoints.sort_by_key(|endpoint| std::cmp::Reverse((endpoint.created_at, endpoint.id.clone())));
            endpoints
        })
        .await
    }

    async fn subscribers(&self, scope: &Scope, event_type: &str) -> Result<Vec<EndpointId>, Unavailable> {
        self.call("subscribers", |table| {
            let takes = |endpoint: &&Endpoint| endpoint.scope == *scope && endpoint.takes(event_type);
            table.endpoints.values().filter(takes).map(|endpoint| endpoint.id.clone()).collect()
        })
        .await
    }

    async fn replace_endpoint(&self, endpoint: Endpoint, event: Option<Event>) -> Result<bool, Unavailable> {
        self.call("replace_endpoint", |table| {
            let key = (endpoint.scope.clone(), endpoint.id.clone());
            let fits = table.endpoints.get(&key).is_some_and(|stored| stored.revision + 1 == endpoint.revision);
            if fits {
                table.endpoints.insert(key, endpoint);
                event.map(|event| table.add_event(event));
            }
            fits
        })
        .await
    }

    async fn delete_endpoint(&self, scope: &Scope, id: &EndpointId) -> Result<bool, Unavailable> {
        self.call("delete_endpoint", |table| table.endpoints.remove(&(scope.clone(), id.clone())).is_some()).await
    }

    async fn accept_event(&self, event: Event, idempotency: Option<Idempotency>) -> Result<Accepted, Unavailable> {
        self.call("accept_event", |table| {
            if let Some(wanted) = &idempotency
                && let Some(known) = known(table, &wanted.key, wanted.at)
            {
                return Accepted::Remembered(known);
            }
            match table.events.get(&(event.scope.clone(), event.id.clone())) {
                Some(stored) if stored.says_the_same_as(&event) => Accepted::Known,
                Some(_) => Accepted::Taken,
                None => {
                    remember(table, idempotency.as_ref(), &[]);
                    table.add_event(event);
                    Accepted::New
                }
            }
        })
        .await
    }

    async fn event(&self, scope: &Scope, id: &EventId) -> Result<Option<Event>, Unavailable> {
        self.call("event", |table| table.events.get(&(scope.clone(), id.clone())).cloned()).await
    }

    async fn expand_event(
        &self,
        scope: &Scope,
        id: &EventId,
        from: usize,
        to: usize,
        deliveries: Vec<Arc<Delivery>>,
    ) -> Result<bool, Unavailable> {
        let add = self.call("expand_event's deliveries", |table| {
            deliveries.into_iter().for_each(|delivery| table.add_delivery(Arc::unwrap_or_clone(delivery)));
        });
        let expand = self.call("expand_event", |table| {
            let event = table.events.get_mut(&(scope.clone(), id.clone())).filter(|event| event.expanded == from);
            event.map(|event| event.expanded = to).is_some()
        });
        if self.process.world().has(Flaw::ExpandedFirst) {
            let expanded = expand.await?;
            add.await?;
            return Ok(expanded);
        }
        add.await?;
        expand.await
    }

    async fn unexpanded_events(&self, limit: usize) -> Result<Vec<(Scope, EventId)>, Unavailable> {
        self.process
            .call("unexpanded_events", |state| {
                let waiting = state.table.events.values().filter(|event| !event.remaining().is_empty());
                let mut waiting: Vec<_> = waiting.map(|event| (event.created_at, event)).collect();
                waiting.sort_by_key(|(at, _)| *at);
                let waiting = waiting.into_iter().take(limit);
                let waiting = waiting.map(|(_, event)| (event.scope.clone(), event.id.clone())).collect();
                Self::seen(state, waiting)
            })
            .await
    }

    async fn remembered(&self, key: &IdempotencyKey, now: Timestamp) -> Result<Option<Remembered>, Unavailable> {
        self.call("remembered", |table| known(table, key, now)).await
    }

    async fn create_account(&self, account: Account) -> Result<bool, Unavailable> {
        self.call("create_account", |table| {
            let is_new = !table.accounts.contains_key(&account.id);
            if is_new {
                table.accounts.insert(account.id.clone(), account);
            }
            is_new
        })
        .await
    }

    async fn account(&self, id: &AccountId) -> Result<Option<Account>, Unavailable> {
        self.call("account", |table| table.accounts.get(id).cloned()).await
    }

    async fn replace_account(&self, account: Account) -> Result<bool, Unavailable> {
        self.call("replace_account", |table| {
            let stored = table.accounts.get_mut(&account.id);
            let stored = stored.filter(|stored| stored.revision + 1 == account.revision);
            stored.map(|stored| *stored = account).is_some()
        })
        .await
    }

    async fn create_api_key(&self, _: ApiKey, _: Option<Idempotency>) -> Result<Option<Remembered>, Unavailable> {
        not_modelled("keys")
    }

    async fn api_key(&self, _: &KeyDigest) -> Result<Option<ApiKey>, Unavailable> {
        not_modelled("keys")
    }

    async fn api_keys(&self, _: &AccountId) -> Result<Vec<ApiKey>, Unavailable> {
        not_modelled("keys")
    }

    async fn rename_api_key(
        &self,
        _: &AccountId,
        _: &ApiKeyId,
        _: Option<String>,
    ) -> Result<Option<ApiKey>, Unavailable> {
        not_modelled("keys")
    }

    async fn revoke_api_key(&self, _: &AccountId, _: &ApiKeyId) -> Result<bool, Unavailable> {
        not_modelled("keys")
    }

    async fn usage(&self, _: &Scope, _: RangeInclusive<u64>) -> Result<Vec<DayUsage>, Unavailable> {
        not_modelled("figures of usage")
    }
}
