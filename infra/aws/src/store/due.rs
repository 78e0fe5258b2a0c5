//! What is due: from the due index, which lags behind the table by some milliseconds, and then from the items themselves.
//! Only the sweep asks.

use super::DynamoStore;
use super::item::{DUE_PK, DUE_SK};
use super::keys::{DUE_SHARDS, due_at, due_partition};
use super::record::Record;
use super::table::{AT_ONCE, Index, Query};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use minoots_shared::domain::time::Timestamp;
use minoots_shared::ports::{DueDelivery, DueTimer, Unavailable};

/// The due index.
pub(super) const DUE: Index = Index { name: "due", pk: DUE_PK, sk: DUE_SK };
/// How many entries are read at once.
const PAGE: i32 = 200;

impl DynamoStore {
    pub(super) async fn list_due_timers(&self, until: Timestamp, limit: usize) -> Result<Vec<DueTimer>, Unavailable> {
        let due = |record: &Record| {
            let timer = &record.timer;
            let at = timer.next_due().filter(|at| *at <= until);
            at.map(|at| DueTimer { scope: timer.scope.clone(), id: timer.id.clone(), at }).into_iter().collect()
        };
        self.due(until, limit, due, |due: &DueTimer| (due.at, due.scope.clone(), due.id.as_str().to_owned())).await
    }

    pub(super) async fn list_due_deliveries(
        &self,
        after: Option<&DueDelivery>,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<DueDelivery>, Unavailable> {
        let order = |due: &DueDelivery| (due.at, due.scope.clone(), due.id.as_str().to_owned());
        let behind = after.map(order);
        let due = |record: &Record| {
            let due = record.open().filter_map(|delivery| {
                let at = delivery.next_attempt_at.filter(|at| *at <= until)?;
                Some(DueDelivery { scope: delivery.scope.clone(), id: delivery.id.clone(), at })
            });
            due.filter(|due| behind.as_ref().is_none_or(|behind| order(due) > *behind)).collect()
        };
        self.due(until, limit, due, order).await
    }

    /// What `of` finds in the records that stand in the index by `until`, in the order of `order`.
    async fn due<T: Send, O: Ord>(
        &self,
        until: Timestamp,
        limit: usize,
        of: impl Fn(&Record) -> Vec<T> + Send + Sync,
        order: impl Fn(&T) -> O + Send + Sync,
    ) -> Result<Vec<T>, Unavailable> {
        let of = &of;
        let parts = (0..DUE_SHARDS).map(|shard| self.due_in(shard, until, limit, of));
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
        shard: u8,
        until: Timestamp,
        limit: usize,
        of: &(impl Fn(&Record) -> Vec<T> + Sync),
    ) -> Result<Vec<T>, Unavailable> {
        let (partition, to) = (due_partition(shard), due_at(until));
        let (mut found, mut start) = (Vec::new(), None);
        loop {
            let query = Query {
                index: Some(DUE),
                partition: &partition,
                from: "0",
                to: &to,
                backwards: false,
                limit: Some(PAGE),
                start,
            };
            let (entries, next) = self.query(query).await?;
            let items = self.get_all(entries.iter().map(super::item::Item::key).collect()).await?;
            for item in items {
                if self.waits_for(&item).await?.is_some() {
                    self.clear_abandoned(&item).await?;
                } else {
                    found.extend(of(&Record::read(&item)?));
                }
            }
            start = next;
            if start.is_none() || found.len() >= limit {
                return Ok(found);
            }
        }
    }
}
