//! What is due: from the due index, which lags behind the table by some milliseconds, and then from the items themselves.
//! Only the sweep asks.

use super::DynamoStore;
use super::digest::first_byte;
use super::item::{DUE_PK, DUE_SK, Item};
use super::keys::Key;
use super::record::{Held, Record};
use super::table::{AT_ONCE, Index, Query};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use minoots_shared::domain::delivery::Delivery;
use minoots_shared::domain::time::Timestamp;
use minoots_shared::ports::{DueDelivery, DueTimer, Unavailable};

/// The due index.
pub(super) const DUE: Index = Index { name: "due", pk: DUE_PK, sk: DUE_SK };
/// Partitions of the due index. May grow, but not shrink, as long as something is due in those that would go.
pub(crate) const DUE_SHARDS: u8 = 32;
/// How many entries are read at once.
const PAGE: i32 = 200;

/// What stands in the due index, each kind in partitions of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// Timers, with their deliveries.
    Timers,
    /// Endpoints' deliveries.
    Deliveries,
    /// Events that are not fanned out.
    Events,
}

impl Due {
    /// The partition of the item under this key.
    pub(crate) fn shard(self, key: &Key) -> String {
        self.partition(first_byte(&[&key.pk, &key.sk]) % DUE_SHARDS)
    }

    /// One of the partitions.
    pub(crate) fn partition(self, shard: u8) -> String {
        let kind = match self {
            Self::Timers => "due",
            Self::Deliveries => "send",
            Self::Events => "tell",
        };
        format!("{kind}#{shard:02x}")
    }
}

/// An instant as the due index sorts it.
pub(crate) fn due_at(at: Timestamp) -> String {
    format!("{:012x}", at.0)
}

impl DynamoStore {
    pub(super) async fn list_due_timers(&self, until: Timestamp, limit: usize) -> Result<Vec<DueTimer>, Unavailable> {
        let due = |item: &Item| {
            let timer = Record::read(item)?.timer;
            let at = timer.next_due().filter(|at| *at <= until);
            Ok(at.map(|at| DueTimer { scope: timer.scope, id: timer.id, at }).into_iter().collect())
        };
        let order = |due: &DueTimer| (due.at, due.scope.clone(), due.id.as_str().to_owned());
        self.due(Due::Timers, Some(until), limit, due, order).await
    }

    pub(super) async fn list_due_deliveries(
        &self,
        after: Option<&DueDelivery>,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<DueDelivery>, Unavailable> {
        let order = |due: &DueDelivery| (due.at, due.scope.clone(), due.id.as_str().to_owned());
        let behind = after.map(order);
        let due = |delivery: &Delivery| {
            let at = delivery.next_attempt_at.filter(|at| *at <= until && delivery.status.is_open())?;
            let due = DueDelivery { scope: delivery.scope.clone(), id: delivery.id.clone(), at };
            behind.as_ref().is_none_or(|behind| order(&due) > *behind).then_some(due)
        };
        let of_timer = |item: &Item| Ok(Record::read(item)?.open().filter_map(due).collect());
        let own = |item: &Item| Ok(due(&item.read::<Held>()?.delivery).into_iter().collect());
        let mut all = self.due(Due::Timers, Some(until), limit, of_timer, order).await?;
        all.extend(self.due(Due::Deliveries, Some(until), limit, own, order).await?);
        all.sort_by_key(order);
        all.truncate(limit);
        Ok(all)
    }

    /// What `of` finds in the items of a kind that stand in the index by `until`, in the order of `order`.
    pub(super) async fn due<T: Send, O: Ord>(
        &self,
        kind: Due,
        until: Option<Timestamp>,
        limit: usize,
        of: impl Fn(&Item) -> Result<Vec<T>, Unavailable> + Send + Sync,
        order: impl Fn(&T) -> O + Send + Sync,
    ) -> Result<Vec<T>, Unavailable> {
        let of = &of;
        let to = &until.map_or_else(|| "~".to_owned(), due_at);
        let parts = (0..DUE_SHARDS).map(|shard| self.due_in(kind.partition(shard), to, limit, of));
        let parts: Vec<Vec<T>> = stream::iter(parts).buffer_unordered(AT_ONCE).try_collect().await?;
        let mut due: Vec<T> = parts.into_iter().flatten().collect();
        due.sort_by_key(|due| order(due));
        due.truncate(limit);
        Ok(due)
    }

    /// One partition's part: at least as much as asked for, if there is so much. An entry stands where the first thing is due
    /// on its item, so that what is asked for may be due later, and be listed before something that was not read. It is all
    /// overdue, and what was not read is listed next time.
    async fn due_in<T>(
        &self,
        partition: String,
        to: &str,
        limit: usize,
        of: &(impl Fn(&Item) -> Result<Vec<T>, Unavailable> + Sync),
    ) -> Result<Vec<T>, Unavailable> {
        let (mut found, mut start) = (Vec::new(), None);
        loop {
            let query = Query {
                index: Some(DUE),
                partition: &partition,
                from: "0",
                to,
                backwards: false,
                limit: Some(PAGE),
                start,
            };
            let (entries, next) = self.query(query).await?;
            let items = self.get_all(entries.iter().map(Item::key).collect()).await?;
            for item in items {
                if self.waits_for(&item).await?.is_some() {
                    self.clear_abandoned(&item).await?;
                } else {
                    found.extend(of(&item)?);
                }
            }
            start = next;
            if start.is_none() || found.len() >= limit {
                return Ok(found);
            }
        }
    }
}
