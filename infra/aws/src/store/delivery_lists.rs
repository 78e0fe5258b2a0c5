//! Lists of a scope's deliveries, newest first.
//!
//! Deliveries to endpoints stand in the order of the list, in the scope's partitions and, by pointers, in their endpoint's. A
//! timer's own are in its item, which may be much older: a list of the whole scope reads all of the scope's timers.

use super::DynamoStore;
use super::item::Item;
use super::keys::{self, Key, SHARDS};
use super::record::{Held, Record};
use super::table::{AT_ONCE, Query};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use minoots_shared::domain::account::Scope;
use minoots_shared::domain::delivery::Delivery;
use minoots_shared::domain::ids::EndpointId;
use minoots_shared::ports::{DeliveryPage, DeliveryPosition, DeliveryQuery, Unavailable};

/// How many deliveries of a page that is filtered are looked at in each of the scope's partitions, and in an endpoint's.
const LOOKED_AT: usize = 48;
const LOOKED_AT_OF_ENDPOINT: usize = 400;

/// What was read of one partition.
struct Part {
    found: Vec<(DeliveryPosition, Held)>,
    /// The last place that was looked at, if there is more behind it.
    until: Option<DeliveryPosition>,
}

impl DynamoStore {
    pub(super) async fn list_deliveries(
        &self,
        scope: &Scope,
        query: &DeliveryQuery,
    ) -> Result<DeliveryPage, Unavailable> {
        let (held, next) = self.held_page(scope, query).await?;
        let whole = held.into_iter().map(|held| self.with_texts(scope, held));
        let deliveries: Vec<Delivery> = stream::iter(whole).buffered(AT_ONCE).try_collect().await?;
        Ok(DeliveryPage { deliveries, next })
    }

    /// A page, without long texts.
    pub(super) async fn held_page(
        &self,
        scope: &Scope,
        query: &DeliveryQuery,
    ) -> Result<(Vec<Held>, Option<DeliveryPosition>), Unavailable> {
        let after = query.after.as_ref();
        let matches = |held: &Held| query.status.is_none_or(|status| held.delivery.status == status);
        let parts: Vec<Part> = match &query.endpoint {
            Some(endpoint) => {
                let Some(partition) = keys::deliveries_of(scope, endpoint) else { return Ok((Vec::new(), None)) };
                let limit = if query.status.is_some() { LOOKED_AT_OF_ENDPOINT } else { query.limit };
                vec![self.deliveries_in(scope, &partition, after, limit).await?]
            }
            None => {
                let even = 2 * query.limit / usize::from(SHARDS);
                let limit = if query.status.is_some() { LOOKED_AT.max(even) } else { even + 2 };
                let own = (0..SHARDS).map(|shard| async move {
                    self.deliveries_in(scope, &keys::deliveries(scope, shard), after, limit).await
                });
                let mut parts: Vec<Part> = stream::iter(own).buffer_unordered(AT_ONCE).try_collect().await?;
                let mut found = self.timers_deliveries(scope).await?;
                found.retain(|held| matches(held) && after.is_none_or(|after| order(&position(held)) < order(after)));
                let found = found.into_iter().map(|held| (position(&held), held)).collect();
                parts.push(Part { found, until: None });
                parts
            }
        };
        // What lies beyond the first partition's end is left for the next page: others may have more before it.
        let until = parts.iter().filter_map(|part| part.until.as_ref()).max_by_key(|place| order(place)).cloned();
        let within = |place: &DeliveryPosition| until.as_ref().is_none_or(|until| order(place) >= order(until));
        let mut found: Vec<_> =
            parts.into_iter().flat_map(|part| part.found).filter(|(place, _)| within(place)).collect();
        found.sort_by(|(one, _), (other, _)| order(other).cmp(&order(one)));
        let mut page: Vec<Held> = Vec::with_capacity(query.limit.min(found.len()));
        let mut next = until;
        for (_, held) in found.into_iter().filter(|(_, held)| matches(held)) {
            if page.len() == query.limit {
                next = page.last().map(position);
                break;
            }
            page.push(held);
        }
        Ok((page, next))
    }

    /// All of an endpoint's deliveries, without long texts.
    pub(super) async fn all_of_endpoint(&self, scope: &Scope, endpoint: &EndpointId) -> Result<Vec<Held>, Unavailable> {
        let Some(partition) = keys::deliveries_of(scope, endpoint) else { return Ok(Vec::new()) };
        self.all_in(scope, &partition).await
    }

    /// All of a scope's deliveries, without long texts.
    pub(super) async fn all_deliveries(&self, scope: &Scope) -> Result<Vec<Held>, Unavailable> {
        let mut all = self.own_deliveries(scope).await?;
        all.extend(self.timers_deliveries(scope).await?);
        Ok(all)
    }

    /// All of a scope's deliveries to endpoints.
    pub(super) async fn own_deliveries(&self, scope: &Scope) -> Result<Vec<Held>, Unavailable> {
        let own = (0..SHARDS).map(|shard| async move { self.all_in(scope, &keys::deliveries(scope, shard)).await });
        let own: Vec<Vec<Held>> = stream::iter(own).buffer_unordered(AT_ONCE).try_collect().await?;
        Ok(own.into_iter().flatten().collect())
    }

    async fn timers_deliveries(&self, scope: &Scope) -> Result<Vec<Held>, Unavailable> {
        let parts = (0..SHARDS).map(|shard| async move {
            let mut found = Vec::new();
            for item in self.all_listed(&keys::timers(scope, shard)).await? {
                // What has no status is a pointer.
                if item.get(super::item::STATUS).is_some() {
                    found.extend(Record::read(&item)?.deliveries);
                }
            }
            Ok::<_, Unavailable>(found)
        });
        let parts: Vec<Vec<Held>> = stream::iter(parts).buffer_unordered(AT_ONCE).try_collect().await?;
        Ok(parts.into_iter().flatten().collect())
    }

    async fn all_in(&self, scope: &Scope, partition: &str) -> Result<Vec<Held>, Unavailable> {
        let (from, to) = keys::placed_behind(None);
        let (mut all, mut start) = (Vec::new(), None);
        loop {
            let (index, limit, backwards) = (None, None, false);
            let query = Query { index, partition, from: &from, to: &to, backwards, limit, start };
            let (items, next) = self.query(query).await?;
            all.extend(self.resolved(scope, items).await?.into_iter().map(|(_, held)| held));
            start = next;
            if start.is_none() {
                return Ok(all);
            }
        }
    }

    /// The newest deliveries in one partition behind a position.
    async fn deliveries_in(
        &self,
        scope: &Scope,
        partition: &str,
        after: Option<&DeliveryPosition>,
        limit: usize,
    ) -> Result<Part, Unavailable> {
        let (from, to) = keys::placed_behind(after);
        let limit = i32::try_from(limit + 1).ok();
        let query = Query { index: None, partition, from: &from, to: &to, backwards: true, limit, start: None };
        let (items, more) = self.query(query).await?;
        let until = more.and(items.last().and_then(|item| keys::place(&item.key().sk)));
        let mut found = self.resolved(scope, items).await?;
        found.retain(|(place, _)| Some(place) != after);
        Ok(Part { found, until })
    }

    /// The deliveries that items have or point to.
    async fn resolved(&self, scope: &Scope, items: Vec<Item>) -> Result<Vec<(DeliveryPosition, Held)>, Unavailable> {
        let now = self.clock.now();
        let (mut own, mut pointed) = (Vec::with_capacity(items.len()), Vec::new());
        for item in items.into_iter().filter(|item| !item.is_over(now)) {
            let Some(place) = keys::place(&item.key().sk) else { continue };
            match Key::delivery(scope, &place.id) {
                Some(key) if key == item.key() => own.push(item),
                Some(key) => pointed.push(key),
                None => {}
            }
        }
        own.extend(self.get_all(pointed).await?);
        let mut found = Vec::with_capacity(own.len());
        for item in own {
            let held: Held = item.read()?;
            found.push((position(&held), held));
        }
        Ok(found)
    }
}

fn position(held: &Held) -> DeliveryPosition {
    DeliveryPosition { created_at: held.delivery.created_at, id: held.delivery.id.clone() }
}

/// A position as the list is ordered, newest last.
fn order(place: &DeliveryPosition) -> (u64, &str) {
    (place.created_at.0, place.id.as_str())
}
