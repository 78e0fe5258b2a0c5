//! Usage: worked out from the timers themselves when it is asked for, so that no request pays for it. It covers what is
//! still stored: a timer is deleted some time after its end.

use super::DynamoStore;
use super::item::STATUS;
use super::keys::{self, SHARDS};
use super::record::Record;
use super::table::AT_ONCE;
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use minoots_shared::domain::account::Scope;
use minoots_shared::ports::{DayUsage, Unavailable};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// A day's counts; failures can be taken back on another timer's behalf.
#[derive(Default)]
struct Counts {
    timers: u64,
    events: u64,
    deliveries: u64,
    failures: i64,
}

impl DynamoStore {
    pub(super) async fn count_usage(
        &self,
        scope: &Scope,
        days: RangeInclusive<u64>,
    ) -> Result<Vec<DayUsage>, Unavailable> {
        let parts = (0..SHARDS).map(|shard| self.usage_in(scope, shard, &days));
        let parts: Vec<BTreeMap<u64, Counts>> = stream::iter(parts).buffer_unordered(AT_ONCE).try_collect().await?;
        let mut all: BTreeMap<u64, Counts> = BTreeMap::new();
        for (day, counts) in parts.into_iter().flatten() {
            let sum = all.entry(day).or_default();
            sum.timers += counts.timers;
            sum.events += counts.events;
            sum.deliveries += counts.deliveries;
            sum.failures += counts.failures;
        }
        let usage = all.into_iter().map(|(day, counts)| DayUsage {
            day,
            timers: counts.timers,
            events: counts.events,
            deliveries: counts.deliveries,
            failures: u64::try_from(counts.failures).unwrap_or_default(),
        });
        Ok(usage.collect())
    }

    async fn usage_in(
        &self,
        scope: &Scope,
        shard: u8,
        days: &RangeInclusive<u64>,
    ) -> Result<BTreeMap<u64, Counts>, Unavailable> {
        let mut counts: BTreeMap<u64, Counts> = BTreeMap::new();
        for item in self.all_listed(&keys::timers(scope, shard)).await? {
            // What has no status is a pointer.
            if item.get(STATUS).is_none() {
                continue;
            }
            let record = Record::read(&item)?;
            let created = record.timer.created_at.unix_day();
            if days.contains(&created) {
                counts.entry(created).or_default().timers += 1;
            }
            for day in record.days.iter().filter(|day| days.contains(&day.day)) {
                let sum = counts.entry(day.day).or_default();
                sum.events += day.events;
                sum.deliveries += day.deliveries;
                sum.failures += day.failures;
            }
        }
        Ok(counts)
    }
}
