//! Webhook endpoints: all of an account in its partition, so that one query reads a scope's, and one that finds nothing costs
//! a read unit.

use super::DynamoStore;
use super::condition::{Condition, Write};
use super::error::gave_up;
use super::item::Item;
use super::keys::{self, Key};
use super::table::{Query, pause};
use minoots_shared::domain::account::{Account, Scope};
use minoots_shared::domain::endpoint::Endpoint;
use minoots_shared::domain::event::Event;
use minoots_shared::domain::ids::EndpointId;
use minoots_shared::ports::{Idempotency, Remembered, Unavailable};
use std::sync::Arc;

/// How often a change is decided anew because others wrote at the same time.
const MOST_TRIES: u32 = 20;

impl DynamoStore {
    pub(super) async fn add_endpoint(
        &self,
        endpoint: &Endpoint,
        idempotency: Option<&Idempotency>,
    ) -> Result<Option<Remembered>, Unavailable> {
        let item = self.endpoint_item(endpoint, &super::nonce()?)?;
        for attempt in 0..MOST_TRIES {
            let mut writes = vec![Write { item: item.clone(), condition: Condition::Always }];
            if let Some(wanted) = idempotency {
                writes.extend(self.answer(wanted, &[]).await?);
            }
            if self.write_all(writes).await?.is_none() {
                return Ok(None);
            }
            if let Some(wanted) = idempotency
                && let Some(known) = self.known(wanted).await?
            {
                return Ok(Some(known));
            }
            pause(attempt).await;
        }
        Err(gave_up("creating an endpoint", "its idempotency key kept being used"))
    }

    pub(super) async fn read_endpoint(&self, scope: &Scope, id: &EndpointId) -> Result<Option<Endpoint>, Unavailable> {
        let Some(key) = Key::endpoint(scope, id) else { return Ok(None) };
        match self.get(&key).await? {
            Some(item) => Ok(Some(item.read()?)),
            None => Ok(None),
        }
    }

    pub(super) async fn read_endpoints(&self, scope: &Scope) -> Result<Vec<Endpoint>, Unavailable> {
        let mut endpoints = self.all_endpoints(scope).await?;
        endpoints.sort_by(|one, other| (other.created_at, &other.id).cmp(&(one.created_at, &one.id)));
        Ok(endpoints)
    }

    /// Nothing is remembered from one call to the next: whoever subscribed before an event must be told of it. What falls due
    /// at one instant shares a reading.
    pub(super) async fn find_subscribers(
        &self,
        scope: &Scope,
        event_type: &str,
    ) -> Result<Vec<EndpointId>, Unavailable> {
        let read = async { self.all_endpoints(scope).await.map(Arc::new) };
        let endpoints = self.subscriptions.read(&format!("{} {}", scope.mode, scope.account), read).await?;
        Ok(subscribed(endpoints.iter(), event_type))
    }

    pub(super) async fn find_account_and_subscribers(
        &self,
        scope: &Scope,
        event_type: &str,
    ) -> Result<(Option<Account>, Vec<EndpointId>), Unavailable> {
        let (mut account, mut endpoints) = (None, Vec::new());
        for item in self.all_between(scope, keys::account_and_endpoints_of(scope)).await? {
            if item.key() == Key::account(&scope.account) {
                account = Some(item.read()?);
            } else {
                endpoints.push(item.read()?);
            }
        }
        Ok((account, subscribed(endpoints.iter(), event_type)))
    }

    pub(super) async fn change_endpoint(
        &self,
        endpoint: &Endpoint,
        event: Option<&Event>,
    ) -> Result<bool, Unavailable> {
        let (Some(before), Some(key)) =
            (endpoint.revision.checked_sub(1), Key::endpoint(&endpoint.scope, &endpoint.id))
        else {
            return Ok(false);
        };
        let nonce = super::nonce()?;
        let item = self.endpoint_item(endpoint, &nonce)?;
        let events = self.event_writes(event).await?;
        if self.write_with_events(Write { item, condition: Condition::Version(before) }, events).await? {
            return Ok(true);
        }
        // The answer to our own write may have been lost, and the SDK tried again.
        Ok(self.get(&key).await?.is_some_and(|item| item.is_by(&nonce)))
    }

    pub(super) async fn remove_endpoint(&self, scope: &Scope, id: &EndpointId) -> Result<bool, Unavailable> {
        let Some(key) = Key::endpoint(scope, id) else { return Ok(false) };
        for attempt in 0..MOST_TRIES {
            let Some(item) = self.get(&key).await? else { return Ok(false) };
            if self.delete(&key, Condition::Version(item.get_version())).await? {
                return Ok(true);
            }
            pause(attempt).await;
        }
        Err(gave_up("deleting an endpoint", "others kept changing it"))
    }

    fn endpoint_item(&self, endpoint: &Endpoint, nonce: &str) -> Result<Item, Unavailable> {
        let key = Key::endpoint(&endpoint.scope, &endpoint.id)
            .ok_or_else(|| gave_up("storing an endpoint", format!("{:?} is no endpoint's id", endpoint.id.as_str())))?;
        Ok(Item::new(&key).version(endpoint.revision).nonce(nonce).document(endpoint)?)
    }

    /// In the order of their ids.
    async fn all_endpoints(&self, scope: &Scope) -> Result<Vec<Endpoint>, Unavailable> {
        let items = self.all_between(scope, keys::endpoints_of(scope)).await?;
        Ok(items.iter().map(Item::read).collect::<Result<_, _>>()?)
    }

    /// The items of an account's partition between two sort keys.
    async fn all_between(&self, scope: &Scope, (from, to): (String, String)) -> Result<Vec<Item>, Unavailable> {
        let partition = keys::keys_of(&scope.account);
        let (mut found, mut start) = (Vec::new(), None);
        loop {
            let (index, limit, backwards) = (None, None, false);
            let query = Query { index, partition: &partition, from: &from, to: &to, backwards, limit, start };
            let (items, next) = self.query(query).await?;
            found.extend(items);
            start = next;
            if start.is_none() {
                return Ok(found);
            }
        }
    }
}

/// Those that take events of this type.
fn subscribed<'a>(endpoints: impl Iterator<Item = &'a Endpoint>, event_type: &str) -> Vec<EndpointId> {
    endpoints.filter(|endpoint| endpoint.takes(event_type)).map(|endpoint| endpoint.id.clone()).collect()
}
