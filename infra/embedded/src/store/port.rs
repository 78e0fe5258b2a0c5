//! The port, method by method: each does its work in one of the other files.

use super::keys::Key;
use super::tables::{Read as _, Table};
use super::{EmbeddedStore, error, figures, idempotency, listing, timeline, timers, usage};
use async_trait::async_trait;
use minoots_shared::domain::account::{Account, Scope};
use minoots_shared::domain::api_key::{ApiKey, KeyDigest};
use minoots_shared::domain::attempt::AttemptResult;
use minoots_shared::domain::delivery::{Delivery, NotReplayed};
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
use std::ops::RangeInclusive;
use std::sync::Arc;

#[async_trait]
impl Store for EmbeddedStore {
    async fn create_timers(&self, creation: Creation) -> Result<Created, Unavailable> {
        Ok(self.create(creation).await?)
    }

    async fn timer(&self, scope: &Scope, id: &TimerId) -> Result<Option<Timer>, Unavailable> {
        Ok(self.tables.view().record(Table::Timers, &Key::scoped(scope, id.as_str()))?)
    }

    async fn timers(&self, scope: &Scope, query: &TimerQuery) -> Result<TimerPage, Unavailable> {
        Ok(listing::page(&self.tables.view(), scope, query)?)
    }

    async fn concurrent_timers(&self, scope: &Scope) -> Result<u64, Unavailable> {
        Ok(timers::running(&self.tables.view(), scope)?)
    }

    async fn commit_step(&self, step: TimerStep) -> Result<bool, Unavailable> {
        Ok(self.step(step).await?)
    }

    async fn due_timers(&self, until: Timestamp, limit: usize) -> Result<Vec<DueTimer>, Unavailable> {
        let keys = self.tables.scan(Table::Due, None, Some(until), limit)?;
        let due = keys.iter().map(|key| {
            let (at, scope, id) = timeline::parts(Table::Due, key)?;
            Ok(DueTimer { scope, id: TimerId::new(id), at })
        });
        Ok(due.collect::<error::Result<_>>()?)
    }

    async fn deliveries(&self, scope: &Scope, ids: &[DeliveryId]) -> Result<Vec<Delivery>, Unavailable> {
        Ok(self.read_deliveries(scope, ids)?)
    }

    fn abandon_attempt(&self, scope: &Scope, id: &DeliveryId) {
        self.abandon(scope, id);
    }

    async fn begin_attempt(&self, scope: &Scope, id: &DeliveryId) -> Result<Option<Delivery>, Unavailable> {
        Ok(self.begin(scope, id)?)
    }

    async fn finish_attempt(
        &self,
        scope: &Scope,
        id: &DeliveryId,
        result: AttemptResult,
    ) -> Result<Option<Delivery>, Unavailable> {
        Ok(self.finish(scope, id, result).await?)
    }

    async fn due_deliveries(
        &self,
        after: Option<&DueDelivery>,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<DueDelivery>, Unavailable> {
        Ok(self.due_jobs(after, until, limit)?.into_iter().map(|(due, _)| due).collect())
    }

    async fn delivery_page(&self, scope: &Scope, query: &DeliveryQuery) -> Result<DeliveryPage, Unavailable> {
        Ok(self.read_delivery_page(scope, query)?)
    }

    async fn replay(
        &self,
        scope: &Scope,
        id: &DeliveryId,
        now: Timestamp,
    ) -> Result<Option<Result<Delivery, NotReplayed>>, Unavailable> {
        Ok(self.send_again(scope, id, now).await?)
    }

    async fn give_up_deliveries(
        &self,
        scope: &Scope,
        endpoint: &EndpointId,
        reason: &str,
        now: Timestamp,
        limit: usize,
    ) -> Result<usize, Unavailable> {
        Ok(self.give_up_open(scope, endpoint, reason, now, limit).await?)
    }

    async fn give_up_delivery(
        &self,
        scope: &Scope,
        id: &DeliveryId,
        reason: &str,
        now: Timestamp,
    ) -> Result<(), Unavailable> {
        Ok(self.give_up(scope, id, reason, now).await?)
    }

    async fn record_delivery(&self, delivery: Delivery) -> Result<(), Unavailable> {
        Ok(self.put_delivery(delivery).await?)
    }

    async fn delivery_counts(&self, scope: &Scope) -> Result<DeliveryCounts, Unavailable> {
        Ok(self.read_delivery_counts(scope)?)
    }

    async fn endpoint_figures(&self, scope: &Scope, endpoint: &EndpointId) -> Result<EndpointFigures, Unavailable> {
        Ok(figures::of_endpoint(&self.tables.view(), scope, endpoint)?)
    }

    async fn create_endpoint(
        &self,
        endpoint: Endpoint,
        idempotency: Option<Idempotency>,
    ) -> Result<Option<Remembered>, Unavailable> {
        Ok(self.put_endpoint(endpoint, idempotency).await?)
    }

    async fn endpoint(&self, scope: &Scope, id: &EndpointId) -> Result<Option<Endpoint>, Unavailable> {
        Ok(self.read_endpoint(scope, id)?)
    }

    async fn endpoints(&self, scope: &Scope) -> Result<Vec<Endpoint>, Unavailable> {
        Ok(self.read_endpoints(scope)?)
    }

    async fn subscribers(&self, scope: &Scope, event_type: &str) -> Result<Vec<EndpointId>, Unavailable> {
        Ok(self.read_subscribers(scope, event_type)?)
    }

    async fn replace_endpoint(&self, endpoint: Endpoint, event: Option<Event>) -> Result<bool, Unavailable> {
        Ok(self.change_endpoint(endpoint, event).await?)
    }

    async fn delete_endpoint(&self, scope: &Scope, id: &EndpointId) -> Result<bool, Unavailable> {
        Ok(self.remove_endpoint(scope, id).await?)
    }

    async fn accept_event(&self, event: Event, idempotency: Option<Idempotency>) -> Result<Accepted, Unavailable> {
        Ok(self.accept(event, idempotency).await?)
    }

    async fn event(&self, scope: &Scope, id: &EventId) -> Result<Option<Event>, Unavailable> {
        Ok(self.read_event(scope, id)?)
    }

    async fn expand_event(
        &self,
        scope: &Scope,
        id: &EventId,
        from: usize,
        to: usize,
        deliveries: Vec<Arc<Delivery>>,
    ) -> Result<bool, Unavailable> {
        Ok(self.expand(scope, id, (from, to), deliveries).await?)
    }

    async fn unexpanded_events(&self, limit: usize) -> Result<Vec<(Scope, EventId)>, Unavailable> {
        Ok(self.read_unexpanded(limit)?)
    }

    async fn remembered(&self, key: &IdempotencyKey, now: Timestamp) -> Result<Option<Remembered>, Unavailable> {
        Ok(idempotency::remembered(&self.tables.view(), &idempotency::digest(key), now)?)
    }

    async fn create_account(&self, account: Account) -> Result<bool, Unavailable> {
        Ok(self.put_account(account, None).await?)
    }

    async fn account(&self, id: &AccountId) -> Result<Option<Account>, Unavailable> {
        Ok(self.read_account(id)?)
    }

    async fn replace_account(&self, account: Account) -> Result<bool, Unavailable> {
        let Some(before) = account.revision.checked_sub(1) else { return Ok(false) };
        Ok(self.put_account(account, Some(before)).await?)
    }

    async fn create_api_key(
        &self,
        key: ApiKey,
        idempotency: Option<Idempotency>,
    ) -> Result<Option<Remembered>, Unavailable> {
        Ok(self.put_api_key(key, idempotency).await?)
    }

    async fn api_key(&self, digest: &KeyDigest) -> Result<Option<ApiKey>, Unavailable> {
        Ok(self.read_api_key(digest)?)
    }

    async fn api_keys(&self, account: &AccountId) -> Result<Vec<ApiKey>, Unavailable> {
        Ok(self.read_api_keys(account)?)
    }

    async fn rename_api_key(
        &self,
        account: &AccountId,
        id: &ApiKeyId,
        name: Option<String>,
    ) -> Result<Option<ApiKey>, Unavailable> {
        Ok(self.name_api_key(account, id, name).await?)
    }

    async fn revoke_api_key(&self, account: &AccountId, id: &ApiKeyId) -> Result<bool, Unavailable> {
        Ok(self.delete_api_key(account, id).await?)
    }

    async fn usage(&self, scope: &Scope, days: RangeInclusive<u64>) -> Result<Vec<DayUsage>, Unavailable> {
        Ok(usage::usage(&self.tables.view(), scope, days)?)
    }
}
