//! Reading timers, and a scope's list of them.

use super::DynamoStore;
use super::item::Item;
use super::keys::{self, Key, SHARDS};
use super::record::Record;
use super::table::{AT_ONCE, Query};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use minoots_shared::domain::account::Scope;
use minoots_shared::domain::ids::TimerId;
use minoots_shared::domain::timer::Timer;
use minoots_shared::ports::{ListPosition, TimerPage, TimerQuery, Unavailable};
use std::collections::HashMap;

/// How many timers of a page that is filtered are looked at in each of the scope's partitions.
const LOOKED_AT: usize = 48;

/// What was read of one partition.
struct Part {
    /// What is listed there; `None` where a pointer points elsewhere.
    found: Vec<(ListPosition, Option<Item>)>,
    /// The last place that was looked at, if there is more behind it.
    until: Option<ListPosition>,
}

impl DynamoStore {
    /// A timer's item and record, unless it is unknown or its creation is not complete.
    pub(super) async fn record(&self, scope: &Scope, id: &TimerId) -> Result<Option<(Item, Record)>, Unavailable> {
        // No other text can be an id, and DynamoDB takes no key of any length.
        if !TimerId::is_valid_choice(id.as_str()) {
            return Ok(None);
        }
        let Some(item) = self.get(&Key::timer(scope, id)).await? else { return Ok(None) };
        if self.waits_for(&item).await?.is_some() {
            return Ok(None);
        }
        let record = Record::read(&item)?;
        Ok(Some((item, record)))
    }

    pub(super) async fn list(&self, scope: &Scope, query: &TimerQuery) -> Result<TimerPage, Unavailable> {
        let shards = usize::from(SHARDS);
        let filtered = query.status.is_some() || query.labels.iter().next().is_some();
        // Hashing spreads a page over the partitions, not evenly: twice the mean makes it likely that one reading fills it.
        let each = if filtered { LOOKED_AT.max(2 * query.limit / shards) } else { 2 * query.limit / shards + 2 };
        let parts = (0..SHARDS).map(|shard| self.part(scope, shard, query.after.as_ref(), each));
        let parts: Vec<Part> = stream::iter(parts).buffer_unordered(AT_ONCE).try_collect().await?;
        // What lies beyond the first partition's end is left for the next page: others may have more before it.
        let until = parts.iter().filter_map(|part| part.until.as_ref()).max_by_key(|place| order(place)).cloned();
        let within = |place: &ListPosition| until.as_ref().is_none_or(|until| order(place) >= order(until));
        let found = parts.into_iter().flat_map(|part| part.found).filter(|(place, _)| within(place)).collect();
        let mut found = self.pointed(scope, found).await?;
        found.sort_by(|(one, _), (other, _)| order(other).cmp(&order(one)));
        let mut timers = Vec::with_capacity(query.limit.min(found.len()));
        let mut next = until;
        for (place, item) in found {
            if timers.len() == query.limit {
                next = timers.last().map(position);
                break;
            }
            let timer = Record::read(&item)?.timer;
            // A pointer that was left behind by an earlier timer of the same id.
            let current = timer.created_at == place.created_at;
            let matches =
                query.status.is_none_or(|status| timer.status() == status) && timer.labels.matches(&query.labels);
            if current && matches {
                timers.push(timer);
            }
        }
        Ok(TimerPage { timers, next })
    }

    /// The newest timers in one partition behind a position.
    async fn part(
        &self,
        scope: &Scope,
        shard: u8,
        after: Option<&ListPosition>,
        limit: usize,
    ) -> Result<Part, Unavailable> {
        let (from, to) = keys::listed_behind(after);
        let query = Query {
            index: None,
            partition: &keys::timers(scope, shard),
            from: &from,
            to: &to,
            backwards: true,
            limit: i32::try_from(limit + 1).ok(),
            start: None,
        };
        let (items, more) = self.query(query).await?;
        let last = items.last().and_then(|item| keys::position(&item.key().sk));
        let until = more.and(last);
        let found = items.into_iter().filter_map(|item| {
            let key = item.key();
            let place = keys::position(&key.sk).filter(|place| Some(place) != after)?;
            let here = key == Key::timer(scope, &place.id);
            Some((place, here.then_some(item)))
        });
        Ok(Part { found: found.collect(), until })
    }

    /// The items at their places, those that are pointed to among them, without those that are not to be seen.
    async fn pointed(
        &self,
        scope: &Scope,
        found: Vec<(ListPosition, Option<Item>)>,
    ) -> Result<Vec<(ListPosition, Item)>, Unavailable> {
        let elsewhere = found.iter().filter(|(_, item)| item.is_none());
        let items = self.get_all(elsewhere.map(|(place, _)| Key::timer(scope, &place.id)).collect()).await?;
        let items: HashMap<Key, Item> = items.into_iter().map(|item| (item.key(), item)).collect();
        let mut seen = Vec::with_capacity(found.len());
        for (place, item) in found {
            let item = item.or_else(|| items.get(&Key::timer(scope, &place.id)).cloned());
            let Some(item) = item.filter(|item| !item.is_over(self.clock.now())) else { continue };
            if self.waits_for(&item).await?.is_none() {
                seen.push((place, item));
            }
        }
        Ok(seen)
    }
}

fn position(timer: &Timer) -> ListPosition {
    ListPosition { created_at: timer.created_at, id: timer.id.clone() }
}

/// A position as the list is ordered, newest last.
fn order(place: &ListPosition) -> (u64, &str) {
    (place.created_at.0, place.id.as_str())
}
