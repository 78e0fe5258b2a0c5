//! The store port on one DynamoDB table.
//!
//! Every step is one conditional write of one item, in a transaction only where an idempotency record, an account's limit or an
//! event to endpoints goes with it. What a timer costs: creating it 2 write units (the item, and its entry in the due index), falling due 1 (its
//! delivery is in the same item, its place in the index stays), delivering 2 (the item, and the entry goes). Each item counts
//! 1 kB a unit, which a timer with a webhook keeps to by deflating its document.

mod accounts;
mod attempts;
mod batch;
mod condition;
mod creation;
mod deflate;
mod deliveries;
mod delivery_lists;
pub(crate) mod digest;
mod due;
mod endpoints;
pub(crate) mod error;
mod events;
mod figures;
mod idempotency;
pub(crate) mod item;
pub(crate) mod keys;
mod record;
mod schema;
mod shared;
mod step;
mod table;
mod texts;
mod timers;
mod usage;

pub use schema::create_table;

use crate::costs::Costs;
use async_trait::async_trait;
use attempts::Attempts;
use aws_sdk_dynamodb::Client;
use batch::Marks;
use minoots_shared::app::clock::Clock;
use minoots_shared::domain::account::{Account, Scope};
use minoots_shared::domain::api_key::{ApiKey, KeyDigest};
use minoots_shared::domain::attempt::AttemptResult;
use minoots_shared::domain::delivery::{Delivery, NotReplayed};
use minoots_shared::domain::endpoint::Endpoint;
use minoots_shared::domain::event::Event;
use minoots_shared::domain::figures::{DeliveryCounts, EndpointFigures};
use minoots_shared::domain::ids::{AccountId, ApiKeyId, DeliveryId, EndpointId, EventId, TimerId};
use minoots_shared::domain::time::{Millis, Timestamp};
use minoots_shared::domain::timer::Timer;
use minoots_shared::ports::{
    Accepted, Created, Creation, DayUsage, DeliveryPage, DeliveryQuery, DueDelivery, DueTimer, Idempotency,
    IdempotencyKey, Remembered, Store, TimerPage, TimerQuery, TimerStep, Unavailable,
};
use shared::Shared;
use std::ops::RangeInclusive;
use std::sync::Arc;

/// The store on a DynamoDB table.
pub struct DynamoStore {
    client: Client,
    table: String,
    retention: Millis,
    clock: Clock,
    attempts: Attempts,
    marks: Marks,
    accounts: Shared<Option<Account>>,
    subscriptions: Shared<Arc<Vec<Endpoint>>>,
    turns: tokio::sync::Mutex<()>,
    costs: Arc<Costs>,
}

impl DynamoStore {
    /// The store in `table`; a timer is deleted `retention` after its end, its deliveries with it.
    pub fn new(client: Client, table: String, retention: Millis, clock: Clock) -> Self {
        Self {
            client,
            table,
            retention,
            clock,
            attempts: Attempts::default(),
            marks: Marks::default(),
            accounts: Shared::default(),
            subscriptions: Shared::default(),
            turns: tokio::sync::Mutex::default(),
            costs: Arc::default(),
        }
    }

    /// What it asks of the table.
    pub fn costs(&self) -> &Arc<Costs> {
        &self.costs
    }
}

/// A text that no other write has.
fn nonce() -> Result<String, Unavailable> {
    let mut random = [0; 8];
    getrandom::fill(&mut random).map_err(|error| Unavailable(error.into()))?;
    Ok(digest::hex(&random))
}

#[async_trait]
impl Store for DynamoStore {
    async fn create_timers(&self, creation: Creation) -> Result<Created, Unavailable> {
        self.create(creation).await
    }

    async fn timer(&self, scope: &Scope, id: &TimerId) -> Result<Option<Timer>, Unavailable> {
        Ok(self.record(scope, id).await?.map(|(_, record)| record.timer))
    }

    async fn timers(&self, scope: &Scope, query: &TimerQuery) -> Result<TimerPage, Unavailable> {
        self.list(scope, query).await
    }

    async fn concurrent_timers(&self, scope: &Scope) -> Result<u64, Unavailable> {
        self.count_concurrent(scope).await
    }

    async fn commit_step(&self, step: TimerStep) -> Result<bool, Unavailable> {
        self.step(step).await
    }

    async fn due_timers(&self, until: Timestamp, limit: usize) -> Result<Vec<DueTimer>, Unavailable> {
        self.list_due_timers(until, limit).await
    }

    async fn deliveries(&self, scope: &Scope, ids: &[DeliveryId]) -> Result<Vec<Delivery>, Unavailable> {
        self.read_deliveries(scope, ids).await
    }

    fn abandon_attempt(&self, scope: &Scope, id: &DeliveryId) {
        self.abandon(scope, id);
    }

    async fn begin_attempt(&self, scope: &Scope, id: &DeliveryId) -> Result<Option<Delivery>, Unavailable> {
        self.begin(scope, id).await
    }

    async fn finish_attempt(
        &self,
        scope: &Scope,
        id: &DeliveryId,
        result: AttemptResult,
    ) -> Result<Option<Delivery>, Unavailable> {
        self.finish(scope, id, result).await
    }

    async fn due_deliveries(
        &self,
        after: Option<&DueDelivery>,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<DueDelivery>, Unavailable> {
        self.list_due_deliveries(after, until, limit).await
    }

    async fn delivery_page(&self, scope: &Scope, query: &DeliveryQuery) -> Result<DeliveryPage, Unavailable> {
        self.list_deliveries(scope, query).await
    }

    async fn replay(
        &self,
        scope: &Scope,
        id: &DeliveryId,
        now: Timestamp,
    ) -> Result<Option<Result<Delivery, NotReplayed>>, Unavailable> {
        self.send_again(scope, id, now).await
    }

    async fn give_up_deliveries(
        &self,
        scope: &Scope,
        endpoint: &EndpointId,
        reason: &str,
        now: Timestamp,
        limit: usize,
    ) -> Result<usize, Unavailable> {
        self.give_up_open(scope, endpoint, reason, now, limit).await
    }

    async fn give_up_delivery(
        &self,
        scope: &Scope,
        id: &DeliveryId,
        reason: &str,
        now: Timestamp,
    ) -> Result<(), Unavailable> {
        self.give_up_begun(scope, id, reason, now).await
    }

    async fn record_delivery(&self, delivery: Delivery) -> Result<(), Unavailable> {
        self.add_deliveries(&[Arc::new(delivery)]).await
    }

    async fn delivery_counts(&self, scope: &Scope) -> Result<DeliveryCounts, Unavailable> {
        self.count_deliveries(scope).await
    }

    async fn endpoint_figures(&self, scope: &Scope, endpoint: &EndpointId) -> Result<EndpointFigures, Unavailable> {
        self.figures_of(scope, endpoint).await
    }

    async fn create_endpoint(
        &self,
        endpoint: Endpoint,
        idempotency: Option<Idempotency>,
    ) -> Result<Option<Remembered>, Unavailable> {
        self.add_endpoint(&endpoint, idempotency.as_ref()).await
    }

    async fn endpoint(&self, scope: &Scope, id: &EndpointId) -> Result<Option<Endpoint>, Unavailable> {
        self.read_endpoint(scope, id).await
    }

    async fn endpoints(&self, scope: &Scope) -> Result<Vec<Endpoint>, Unavailable> {
        self.read_endpoints(scope).await
    }

    async fn subscribers(&self, scope: &Scope, event_type: &str) -> Result<Vec<EndpointId>, Unavailable> {
        self.find_subscribers(scope, event_type).await
    }

    async fn account_and_subscribers(
        &self,
        scope: &Scope,
        event_type: &str,
    ) -> Result<(Option<Account>, Vec<EndpointId>), Unavailable> {
        self.find_account_and_subscribers(scope, event_type).await
    }

    async fn replace_endpoint(&self, endpoint: Endpoint, event: Option<Event>) -> Result<bool, Unavailable> {
        self.change_endpoint(&endpoint, event.as_ref()).await
    }

    async fn delete_endpoint(&self, scope: &Scope, id: &EndpointId) -> Result<bool, Unavailable> {
        self.remove_endpoint(scope, id).await
    }

    async fn accept_event(&self, event: Event, idempotency: Option<Idempotency>) -> Result<Accepted, Unavailable> {
        self.accept(&event, idempotency.as_ref()).await
    }

    async fn event(&self, scope: &Scope, id: &EventId) -> Result<Option<Event>, Unavailable> {
        self.read_event(scope, id).await
    }

    async fn expand_event(
        &self,
        scope: &Scope,
        id: &EventId,
        from: usize,
        to: usize,
        deliveries: Vec<Arc<Delivery>>,
    ) -> Result<bool, Unavailable> {
        self.expand(scope, id, (from, to), &deliveries).await
    }

    async fn unexpanded_events(&self, limit: usize) -> Result<Vec<(Scope, EventId)>, Unavailable> {
        self.list_unexpanded(limit).await
    }

    async fn remembered(&self, key: &IdempotencyKey, now: Timestamp) -> Result<Option<Remembered>, Unavailable> {
        self.remembered_under(key, now).await
    }

    async fn create_account(&self, account: Account) -> Result<bool, Unavailable> {
        self.add_account(&account).await
    }

    async fn account(&self, id: &AccountId) -> Result<Option<Account>, Unavailable> {
        self.read_account(id).await
    }

    async fn replace_account(&self, account: Account) -> Result<bool, Unavailable> {
        self.change_account(&account).await
    }

    async fn create_api_key(
        &self,
        key: ApiKey,
        idempotency: Option<Idempotency>,
    ) -> Result<Option<Remembered>, Unavailable> {
        self.add_api_key(&key, idempotency.as_ref()).await
    }

    async fn api_key(&self, digest: &KeyDigest) -> Result<Option<ApiKey>, Unavailable> {
        self.api_key_by_digest(digest).await
    }

    async fn api_keys(&self, account: &AccountId) -> Result<Vec<ApiKey>, Unavailable> {
        self.api_keys_of(account).await
    }

    async fn rename_api_key(
        &self,
        account: &AccountId,
        id: &ApiKeyId,
        name: Option<String>,
    ) -> Result<Option<ApiKey>, Unavailable> {
        self.rename_key(account, id, name).await
    }

    async fn revoke_api_key(&self, account: &AccountId, id: &ApiKeyId) -> Result<bool, Unavailable> {
        self.remove_key(account, id).await
    }

    async fn usage(&self, scope: &Scope, days: RangeInclusive<u64>) -> Result<Vec<DayUsage>, Unavailable> {
        self.count_usage(scope, days).await
    }
}
