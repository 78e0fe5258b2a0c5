//! The Store port on the table, as one process sees it.
//!
//! Steps that the infrastructure on AWS takes in several writes are several calls here too: an event's deliveries are stored
//! before the event moves on. That an attempt is under way is known to its process alone.

use crate::checks::check_recorded;
use crate::flaw::Flaw;
use crate::process::Process;
use crate::table::Table;
use crate::world::State;
use async_trait::async_trait;
use minoots_shared::domain::account::{Account, Scope};
use minoots_shared::domain::api_key::{ApiKey, KeyDigest};
use minoots_shared::domain::attempt::AttemptResult;
use minoots_shared::domain::delivery::{Delivery, DeliveryStatus, NotReplayed};
use minoots_shared::domain::endpoint::Endpoint;
use minoots_shared::domain::event::Event;
use minoots_shared::domain::figures::{DeliveryCounts, EndpointFigures};
use minoots_shared::domain::ids::{AccountId, ApiKeyId, DeliveryId, EndpointId, EventId, TimerId};
use minoots_shared::domain::time::Timestamp;
use minoots_shared::domain::timer::Timer;
use minoots_shared::ports::{
    Accepted, Created, Creation, DayUsage, DeliveryPage, DeliveryQuery, DueDelivery, DueTimer, Idempotency,
    IdempotencyKey, Remembered, Store, TimerPage, TimerQuery, TimerStep, Unavailable,
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

/// A delivery that this process is at is being sent, and nobody else knows.
fn show(under_way: &HashSet<(Scope, DeliveryId)>, delivery: &mut Delivery) {
    if delivery.status.is_open() && under_way.contains(&(delivery.scope.clone(), delivery.id.clone())) {
        delivery.status = DeliveryStatus::Sending;
    }
}

#[async_trait]
impl Store for ProcessStore {
    async fn create_timers(&self, creation: Creation) -> Result<Created, Unavailable> {
        self.call("create_timers", |table| table.create(creation)).await
    }

    async fn timer(&self, scope: &Scope, id: &TimerId) -> Result<Option<Timer>, Unavailable> {
        self.call("timer", |table| table.timers.get(&(scope.clone(), id.clone())).cloned()).await
    }

    async fn timers(&self, scope: &Scope, query: &TimerQuery) -> Result<TimerPage, Unavailable> {
        self.call("timers", |table| table.timer_page(scope, query)).await
    }

    async fn concurrent_timers(&self, scope: &Scope) -> Result<u64, Unavailable> {
        self.call("concurrent_timers", |table| table.concurrent(scope)).await
    }

    async fn commit_step(&self, step: TimerStep) -> Result<bool, Unavailable> {
        self.call("commit_step", |table| table.step(step)).await
    }

    async fn due_timers(&self, until: Timestamp, limit: usize) -> Result<Vec<DueTimer>, Unavailable> {
        let due = |state: &mut State| {
            let due = state.table.due_timers(until, limit);
            Self::seen(state, due)
        };
        self.process.call("due_timers", due).await
    }

    async fn deliveries(&self, scope: &Scope, ids: &[DeliveryId]) -> Result<Vec<Delivery>, Unavailable> {
        let mut found = self
            .call("deliveries", |table| {
                let find = |id: &DeliveryId| table.deliveries.get(&(scope.clone(), id.clone())).cloned();
                ids.iter().filter_map(find).collect::<Vec<_>>()
            })
            .await?;
        let under_way = self.under_way();
        found.iter_mut().for_each(|delivery| show(&under_way, delivery));
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
        let finish = |state: &mut State| {
            let finished = state.table.finish_attempt(scope, id, &result);
            finished.inspect(|after| check_recorded(state, after, &result))
        };
        let finished = self.process.call("finish_attempt", finish).await;
        self.abandon_attempt(scope, id);
        finished
    }

    async fn due_deliveries(
        &self,
        after: Option<&DueDelivery>,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<DueDelivery>, Unavailable> {
        let due = |state: &mut State| {
            let due = state.table.due_deliveries(after, until, limit);
            Self::seen(state, due)
        };
        self.process.call("due_deliveries", due).await
    }

    async fn delivery_page(&self, scope: &Scope, query: &DeliveryQuery) -> Result<DeliveryPage, Unavailable> {
        let shown = |delivery: &mut Delivery| show(&self.under_way(), delivery);
        self.call("delivery_page", |table| table.delivery_page(scope, query, shown)).await
    }

    async fn replay(
        &self,
        scope: &Scope,
        id: &DeliveryId,
        now: Timestamp,
    ) -> Result<Option<Result<Delivery, NotReplayed>>, Unavailable> {
        self.call("replay", |table| table.replay(scope, id, now)).await
    }

    async fn give_up_deliveries(
        &self,
        scope: &Scope,
        endpoint: &EndpointId,
        reason: &str,
        now: Timestamp,
        limit: usize,
    ) -> Result<usize, Unavailable> {
        self.call("give_up_deliveries", |table| table.give_up_all(scope, endpoint, reason, now, limit)).await
    }

    async fn give_up_delivery(
        &self,
        scope: &Scope,
        id: &DeliveryId,
        reason: &str,
        now: Timestamp,
    ) -> Result<(), Unavailable> {
        self.call("give_up_delivery", |table| table.give_up(scope, id, reason, now)).await?;
        self.abandon_attempt(scope, id);
        Ok(())
    }

    async fn record_delivery(&self, delivery: Delivery) -> Result<(), Unavailable> {
        self.call("record_delivery", |table| table.add_delivery(delivery)).await.map(|_| ())
    }

    async fn delivery_counts(&self, scope: &Scope) -> Result<DeliveryCounts, Unavailable> {
        self.call("delivery_counts", |table| table.delivery_counts(scope)).await
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
        self.call("create_endpoint", |table| table.create_endpoint(endpoint, idempotency.as_ref())).await
    }

    async fn endpoint(&self, scope: &Scope, id: &EndpointId) -> Result<Option<Endpoint>, Unavailable> {
        let read = |state: &mut State| {
            let too_early = state.table.has(Flaw::EndpointsReadLate) && state.random.chance(5_000);
            state.table.endpoint(scope, id, too_early)
        };
        self.process.call("endpoint", read).await
    }

    async fn endpoints(&self, scope: &Scope) -> Result<Vec<Endpoint>, Unavailable> {
        self.call("endpoints", |table| table.endpoints_of(scope)).await
    }

    async fn subscribers(&self, scope: &Scope, event_type: &str) -> Result<Vec<EndpointId>, Unavailable> {
        self.call("subscribers", |table| table.subscribers(scope, event_type)).await
    }

    async fn replace_endpoint(&self, endpoint: Endpoint, event: Option<Event>) -> Result<bool, Unavailable> {
        let world = self.process.world().clone();
        self.call("replace_endpoint", |table| table.replace_endpoint(endpoint, event, world.now())).await
    }

    async fn delete_endpoint(&self, scope: &Scope, id: &EndpointId) -> Result<bool, Unavailable> {
        self.call("delete_endpoint", |table| table.endpoints.remove(&(scope.clone(), id.clone())).is_some()).await
    }

    async fn accept_event(&self, event: Event, idempotency: Option<Idempotency>) -> Result<Accepted, Unavailable> {
        self.call("accept_event", |table| table.accept_event(event, idempotency.as_ref())).await
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
        if !self.call("expand_event's event", |table| table.stands_at(scope, id, from)).await? {
            return Ok(false);
        }
        let add = self.call("expand_event's deliveries", |table| {
            deliveries.into_iter().for_each(|delivery| table.add_told(Arc::unwrap_or_clone(delivery)));
        });
        let expand = self.call("expand_event", |table| table.expand(scope, id, from, to));
        if self.process.world().has(Flaw::ExpandedFirst) {
            let expanded = expand.await?;
            add.await?;
            return Ok(expanded);
        }
        add.await?;
        expand.await
    }

    async fn unexpanded_events(&self, limit: usize) -> Result<Vec<(Scope, EventId)>, Unavailable> {
        let waiting = |state: &mut State| {
            let waiting = state.table.unexpanded(limit);
            Self::seen(state, waiting)
        };
        self.process.call("unexpanded_events", waiting).await
    }

    async fn remembered(&self, key: &IdempotencyKey, now: Timestamp) -> Result<Option<Remembered>, Unavailable> {
        self.call("remembered", |table| table.known(key, now)).await
    }

    async fn create_account(&self, account: Account) -> Result<bool, Unavailable> {
        self.call("create_account", |table| table.create_account(account)).await
    }

    async fn account(&self, id: &AccountId) -> Result<Option<Account>, Unavailable> {
        self.call("account", |table| table.accounts.get(id).cloned()).await
    }

    async fn replace_account(&self, account: Account) -> Result<bool, Unavailable> {
        self.call("replace_account", |table| table.replace_account(account)).await
    }

    async fn create_api_key(
        &self,
        key: ApiKey,
        idempotency: Option<Idempotency>,
    ) -> Result<Option<Remembered>, Unavailable> {
        self.call("create_api_key", |table| table.create_api_key(key, idempotency.as_ref())).await
    }

    async fn api_key(&self, digest: &KeyDigest) -> Result<Option<ApiKey>, Unavailable> {
        self.call("api_key", |table| table.api_key(digest)).await
    }

    async fn api_keys(&self, account: &AccountId) -> Result<Vec<ApiKey>, Unavailable> {
        self.call("api_keys", |table| table.api_keys_of(account)).await
    }

    async fn rename_api_key(
        &self,
        account: &AccountId,
        id: &ApiKeyId,
        name: Option<String>,
    ) -> Result<Option<ApiKey>, Unavailable> {
        self.call("rename_api_key", |table| table.rename_api_key(account, id, name)).await
    }

    async fn revoke_api_key(&self, account: &AccountId, id: &ApiKeyId) -> Result<bool, Unavailable> {
        self.call("revoke_api_key", |table| table.revoke_api_key(account, id)).await
    }

    async fn usage(&self, scope: &Scope, days: RangeInclusive<u64>) -> Result<Vec<DayUsage>, Unavailable> {
        self.call("usage", |table| table.usage_of(scope, &days)).await
    }
}
