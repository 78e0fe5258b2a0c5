//! What scopes do, counted in the steps that do it.

use super::Table;
use minoots_shared::domain::account::Scope;
use minoots_shared::domain::delivery::{Delivery, DeliveryStatus};
use minoots_shared::domain::figures::DeliveryCounts;
use minoots_shared::domain::time::Timestamp;
use minoots_shared::ports::DayUsage;
use std::ops::RangeInclusive;

impl Table {
    /// Takes note of what a scope did at this instant.
    pub(super) fn count(&mut self, scope: &Scope, at: Timestamp, note: impl FnOnce(&mut DayUsage)) {
        let day = at.unix_day();
        let usage = self.usage.entry((scope.clone(), day)).or_default();
        usage.day = day;
        note(usage);
    }

    /// Takes note of a delivery that failed, or of one that had failed and has not any more.
    pub(super) fn count_failure(&mut self, before: &Delivery, after: &Delivery) {
        let failed_at = |delivery: &Delivery| delivery.ended_at.filter(|_| delivery.status == DeliveryStatus::Failed);
        match (failed_at(before), failed_at(after)) {
            (None, Some(at)) => self.count(&after.scope, at, |day| day.failures += 1),
            (Some(at), None) => self.count(&after.scope, at, |day| day.failures = day.failures.saturating_sub(1)),
            _ => {}
        }
    }

    /// What a scope did on these days.
    pub(crate) fn usage_of(&self, scope: &Scope, days: &RangeInclusive<u64>) -> Vec<DayUsage> {
        let asked = |(key, _): &(&(Scope, u64), &DayUsage)| key.0 == *scope && days.contains(&key.1);
        self.usage.iter().filter(asked).map(|(_, usage)| *usage).collect()
    }

    /// How many of a scope's deliveries stand where.
    pub(crate) fn delivery_counts(&self, scope: &Scope) -> DeliveryCounts {
        let mut counts = DeliveryCounts::default();
        let own = self.deliveries.values().filter(|delivery| delivery.scope == *scope);
        own.for_each(|delivery| counts.recount(None, Some(delivery)));
        counts
    }
}
