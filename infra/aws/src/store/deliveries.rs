//! Deliveries, wherever they are kept: a timer's in its timer's item, an endpoint's in items of their own.

use super::DynamoStore;
use super::condition::{Condition, Write};
use super::due::{Due, due_at};
use super::error::gave_up;
use super::item::{DUE_PK, DUE_SK, Item};
use super::keys::Key;
use super::record::{Held, Record};
use super::table::{AT_ONCE, pause};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use minoots_shared::domain::account::Scope;
use minoots_shared::domain::delivery::{Delivery, NotReplayed};
use minoots_shared::domain::ids::{DeliveryId, EndpointId};
use minoots_shared::domain::time::{Millis, Timestamp};
use minoots_shared::ports::{DeliveryQuery, Unavailable};
use std::sync::Arc;

/// How often a change is written anew because another write of the same item came in between.
const MOST_TRIES: u32 = 60;
/// How long a pointer is kept beyond the time for which a record is retained: longer than any plan of attempts lasts.
const SPARE: Millis = Millis::days(60);
/// How many deliveries are read at once to find the open ones.
const PAGE: usize = 100;

/// Where a delivery was found.
#[derive(Clone, Debug)]
pub(super) enum Found {
    /// In its timer's item.
    OfTimer(Box<Record>),
    /// In its own.
    Own(Box<Held>),
}

impl Found {
    /// The delivery.
    pub(super) fn delivery(&self, id: &DeliveryId) -> Option<&Held> {
        match self {
            Self::OfTimer(record) => record.delivery(id),
            Self::Own(held) => Some(held).filter(|held| held.delivery.id == *id).map(Box::as_ref),
        }
    }

    /// The same with another state of the delivery.
    fn with(&self, held: &Held) -> Self {
        match self {
            Self::OfTimer(record) => Self::OfTimer(Box::new(record.with(held))),
            Self::Own(_) => Self::Own(Box::new(held.clone())),
        }
    }
}

impl DynamoStore {
    /// The item that has a delivery, if there is one of this id.
    pub(super) async fn find(&self, scope: &Scope, id: &DeliveryId) -> Result<Option<(Item, Found)>, Unavailable> {
        if let Some(timer) = id.timer() {
            let found =
                self.record(scope, &timer).await?.map(|(item, record)| (item, Found::OfTimer(Box::new(record))));
            return Ok(found.filter(|(_, found)| found.delivery(id).is_some()));
        }
        let Some(key) = Key::delivery(scope, id) else { return Ok(None) };
        let Some(item) = self.get(&key).await? else { return Ok(None) };
        let held = Box::new(item.read()?);
        Ok(Some((item, Found::Own(held))))
    }

    /// Writes another state of a delivery, as `decide` says; `known` is what it was when it was last read. `None`: there is
    /// no such delivery.
    pub(super) async fn change<E: Send>(
        &self,
        scope: &Scope,
        id: &DeliveryId,
        known: Option<(u64, Found)>,
        decide: impl Fn(&Delivery) -> Result<Delivery, E> + Send + Sync,
    ) -> Result<Option<Result<Delivery, E>>, Unavailable> {
        let nonce = super::nonce()?;
        let mut known = known;
        for attempt in 0..MOST_TRIES {
            let (version, found) = match known.take() {
                Some(known) => known,
                None => match self.find(scope, id).await? {
                    // The answer to our own write was lost, and the SDK tried again.
                    Some((item, found)) if item.is_by(&nonce) => {
                        let Some(held) = found.delivery(id) else { return Ok(None) };
                        return Ok(Some(Ok(self.with_texts(scope, held.clone()).await?)));
                    }
                    Some((item, found)) => (item.get_version(), found),
                    None => return Ok(None),
                },
            };
            let Some(held) = found.delivery(id) else { return Ok(None) };
            let held = match decide(&held.delivery) {
                Ok(delivery) => held.becomes(delivery),
                Err(refused) => return Ok(Some(Err(refused))),
            };
            let item = self.found_item(found.with(&held), version + 1, &nonce).await?;
            if self.write(Write { item, condition: Condition::Version(version) }).await? {
                return Ok(Some(Ok(self.with_texts(scope, held).await?)));
            }
            pause(attempt).await;
        }
        Err(gave_up("changing a delivery", "other writes of its item kept coming in between"))
    }

    /// Stores deliveries to endpoints, those that are not there already. A list's pointers come first: one that points to
    /// nothing is passed over.
    pub(super) async fn add_deliveries(&self, deliveries: &[Arc<Delivery>]) -> Result<(), Unavailable> {
        let writes = deliveries.iter().cloned().map(|delivery| async move {
            self.point_to(&delivery).await?;
            let mut held = Held::new(Arc::unwrap_or_clone(delivery));
            self.move_own_texts_out(&mut held).await?;
            let item = self.own_item(&held, 0, &super::nonce()?)?;
            self.write(Write { item, condition: Condition::Fresh(self.clock.now()) }).await
        });
        stream::iter(writes).buffer_unordered(AT_ONCE).try_collect::<Vec<_>>().await?;
        Ok(())
    }

    pub(super) async fn send_again(
        &self,
        scope: &Scope,
        id: &DeliveryId,
        now: Timestamp,
    ) -> Result<Option<Result<Delivery, NotReplayed>>, Unavailable> {
        let Some((item, found)) = self.find(scope, id).await? else { return Ok(None) };
        if let Found::Own(held) = &found
            && held.delivery.replayed(now).is_ok()
        {
            // It will be there longer now.
            self.point_to(&held.delivery).await?;
        }
        self.change(scope, id, Some((item.get_version(), found)), |delivery| delivery.replayed(now)).await
    }

    pub(super) async fn give_up(
        &self,
        scope: &Scope,
        id: &DeliveryId,
        reason: &str,
        now: Timestamp,
    ) -> Result<bool, Unavailable> {
        let given_up = self.change(scope, id, None, |delivery| delivery.given_up(now, reason).ok_or(())).await?;
        Ok(matches!(given_up, Some(Ok(_))))
    }

    /// From the newest delivery to the oldest, until there are enough: what is open is new, as a rule.
    pub(super) async fn give_up_open(
        &self,
        scope: &Scope,
        endpoint: &EndpointId,
        reason: &str,
        now: Timestamp,
        limit: usize,
    ) -> Result<usize, Unavailable> {
        let mut query = DeliveryQuery { endpoint: Some(endpoint.clone()), limit: PAGE, ..DeliveryQuery::default() };
        let mut given_up = 0;
        loop {
            let (page, next) = self.held_page(scope, &query).await?;
            let open = page.into_iter().map(|held| held.delivery).filter(|delivery| delivery.status.is_open());
            let open: Vec<DeliveryId> = open.take(limit - given_up).map(|delivery| delivery.id).collect();
            let ends = open.into_iter().map(|id| async move { self.give_up(scope, &id, reason, now).await });
            let ends: Vec<bool> = stream::iter(ends).buffer_unordered(AT_ONCE).try_collect().await?;
            given_up += ends.into_iter().filter(|ended| *ended).count();
            query.after = next;
            if given_up >= limit || query.after.is_none() {
                return Ok(given_up);
            }
        }
    }

    async fn point_to(&self, delivery: &Delivery) -> Result<(), Unavailable> {
        let until = self.clock.now().max(delivery.created_at).plus(self.retention).plus(SPARE);
        for key in Key::delivery_pointers(delivery) {
            self.write(Write { item: Item::new(&key).until(until), condition: Condition::Always }).await?;
        }
        Ok(())
    }

    async fn found_item(&self, found: Found, version: u64, nonce: &str) -> Result<Item, Unavailable> {
        match found {
            Found::OfTimer(mut record) => {
                self.move_texts_out(&mut record).await?;
                Ok(record.item(version, nonce, self.retention)?)
            }
            Found::Own(mut held) => {
                self.move_own_texts_out(&mut held).await?;
                self.own_item(&held, version, nonce)
            }
        }
    }

    fn own_item(&self, held: &Held, version: u64, nonce: &str) -> Result<Item, Unavailable> {
        let delivery = &held.delivery;
        let key = Key::delivery(&delivery.scope, &delivery.id)
            .ok_or_else(|| gave_up("storing a delivery", format!("{:?} is no delivery's id", delivery.id.as_str())))?;
        let mut item = Item::new(&key).version(version).nonce(nonce);
        if let Some(at) = delivery.next_attempt_at.filter(|_| delivery.status.is_open()) {
            item = item.text(DUE_PK, Due::Deliveries.shard(&key)).text(DUE_SK, due_at(at));
        }
        if let Some(ended) = delivery.ended_at {
            item = item.until(ended.plus(self.retention));
        }
        Ok(item.document(held)?)
    }
}
