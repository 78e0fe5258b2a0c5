//! Webhook endpoints.

use super::EmbeddedStore;
use super::error::Result;
use super::events;
use super::figures;
use super::idempotency;
use super::keys::{Key, after_prefix};
use super::record;
use super::subscribers;
use super::tables::{Read as _, Table};
use super::txn::Txn;
use super::write_job::Durability;
use minoots_shared::domain::account::Scope;
use minoots_shared::domain::endpoint::Endpoint;
use minoots_shared::domain::event::Event;
use minoots_shared::domain::ids::EndpointId;
use minoots_shared::ports::{Idempotency, Remembered};
use std::ops::Bound;

impl EmbeddedStore {
    pub(super) async fn put_endpoint(
        &self,
        endpoint: Endpoint,
        idempotency: Option<Idempotency>,
    ) -> Result<Option<Remembered>> {
        let idempotency = idempotency.map(|idempotency| (idempotency::digest(&idempotency.key), idempotency));
        let job = move |txn: &mut Txn<'_>| {
            if let Some((digest, idempotency)) = &idempotency {
                if let Some(known) = idempotency::remembered(txn, digest, idempotency.at)? {
                    return Ok(Some(known));
                }
                idempotency::remember(txn, digest, idempotency, &[])?;
            }
            let before = txn.record(Table::Endpoints, &key(&endpoint.scope, &endpoint.id))?;
            put(txn, before.as_ref(), &endpoint)?;
            Ok(None)
        };
        self.writer.run(Durability::Disk, job).await
    }

    pub(super) fn read_endpoint(&self, scope: &Scope, id: &EndpointId) -> Result<Option<Endpoint>> {
        self.tables.view().record(Table::Endpoints, &key(scope, id))
    }

    pub(super) fn read_endpoints(&self, scope: &Scope) -> Result<Vec<Endpoint>> {
        let prefix = Key::new().scope(scope).prefix();
        let view = self.tables.view();
        let range = view.range(Table::Endpoints, Bound::Included(&prefix), after_prefix(&prefix).as_deref());
        let endpoints = range.map(|entry| record::decode(Table::Endpoints, &entry?.1));
        let mut endpoints: Vec<Endpoint> = endpoints.collect::<Result<_>>()?;
        endpoints.sort_by(|a, b| (b.created_at, &b.id).cmp(&(a.created_at, &a.id)));
        Ok(endpoints)
    }

    pub(super) fn read_subscribers(&self, scope: &Scope, event_type: &str) -> Result<Vec<EndpointId>> {
        if !self.tables.may_have_subscriptions() {
            return Ok(Vec::new());
        }
        subscribers::of(&self.tables.view(), scope, event_type)
    }

    pub(super) async fn change_endpoint(&self, endpoint: Endpoint, event: Option<Event>) -> Result<bool> {
        let event = event.map(|event| events::Encoded::new(&event)).transpose()?;
        let job = move |txn: &mut Txn<'_>| {
            let before: Option<Endpoint> = txn.record(Table::Endpoints, &key(&endpoint.scope, &endpoint.id))?;
            let Some(before) = before.filter(|before| before.revision + 1 == endpoint.revision) else {
                return Ok(false);
            };
            put(txn, Some(&before), &endpoint)?;
            if let Some(event) = event {
                event.put_new(txn)?;
            }
            Ok(true)
        };
        self.writer.run(Durability::Disk, job).await
    }

    pub(super) async fn remove_endpoint(&self, scope: &Scope, id: &EndpointId) -> Result<bool> {
        let (scope, id) = (scope.clone(), id.clone());
        let job = move |txn: &mut Txn<'_>| {
            let key = key(&scope, &id);
            let Some(endpoint) = txn.record::<Endpoint>(Table::Endpoints, &key)? else { return Ok(false) };
            subscribers::entries(&endpoint).for_each(|entry| txn.remove(Table::Subscriptions, entry));
            txn.remove(Table::Endpoints, key);
            figures::forget_if_over(txn, &scope, &id)?;
            Ok(true)
        };
        self.writer.run(Durability::Disk, job).await
    }
}

fn put(txn: &mut Txn<'_>, before: Option<&Endpoint>, after: &Endpoint) -> Result<()> {
    let value = record::encode(Table::Endpoints, after)?;
    let new: Vec<_> = subscribers::entries(after).collect();
    let old = before.into_iter().flat_map(subscribers::entries);
    old.filter(|entry| !new.contains(entry)).for_each(|entry| txn.remove(Table::Subscriptions, entry));
    new.into_iter().for_each(|entry| txn.put(Table::Subscriptions, entry, []));
    txn.put(Table::Endpoints, key(&after.scope, &after.id), value);
    Ok(())
}

fn key(scope: &Scope, id: &EndpointId) -> Key {
    Key::scoped(scope, id.as_str())
}
