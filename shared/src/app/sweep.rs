//! Looking for what fell through: an alarm that did not go off, a delivery that was never sent, an event that was not told. In a healthy system there is
//! nothing.

use super::App;
use crate::domain::account::Scope;
use crate::domain::ids::DeliveryId;
use crate::domain::time::{Millis, Timestamp};
use crate::ports::{Alarm, DueDelivery, Unavailable};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How many deliveries are read at once.
const PAGE: usize = 500;

/// What a sweep came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Timers, deliveries and events that were overdue.
    pub missed: usize,
    /// Those of them that were put in again; the others were so lately.
    pub repaired: usize,
}

impl App {
    /// Puts in again what is overdue by more than `grace`, of timers, deliveries and events at most `limit` each.
    ///
    /// What stays overdue is put in again after one, two, four, eight minutes and so on, and then once an hour: where
    /// everything waits because there is too much of it, a sweep must not add as much again every minute; and where nothing
    /// was swept for days, what was lost then must not wait as long again. For a sweep once a minute.
    ///
    /// # Errors
    /// The infrastructure's; the next sweep finds what this one did not come to.
    pub async fn sweep(&self, grace: Millis, limit: usize) -> Result<Swept, Unavailable> {
        let now = self.clock.now();
        let timers = self.sweep_timers(now, grace, limit).await?;
        let deliveries = self.sweep_deliveries(now, grace, limit).await?;
        let events = self.sweep_events(now, grace, limit).await?;
        let parts = [timers, deliveries, events];
        let sum = |of: fn(&Swept) -> usize| parts.iter().map(of).sum();
        Ok(Swept { missed: sum(|part| part.missed), repaired: sum(|part| part.repaired) })
    }

    async fn sweep_timers(&self, now: Timestamp, grace: Millis, limit: usize) -> Result<Swept, Unavailable> {
        let due = self.store.due_timers(now.minus(grace), limit).await?;
        let mut swept = Swept { missed: due.len(), repaired: 0 };
        let mut alarms = Vec::new();
        for due in due.into_iter().filter(|due| is_turn(now.since(due.at))) {
            let Some(timer) = self.store.timer(&due.scope, &due.id).await? else { continue };
            alarms.push(Alarm { scope: due.scope, timer: due.id, epoch: timer.epoch, at: due.at });
        }
        if !alarms.is_empty() {
            self.alarms.set(&alarms).await?;
            swept.repaired = alarms.len();
        }
        Ok(swept)
    }

    async fn sweep_deliveries(&self, now: Timestamp, grace: Millis, limit: usize) -> Result<Swept, Unavailable> {
        let mut swept = Swept::default();
        let mut last: Option<DueDelivery> = None;
        while swept.missed < limit {
            let due =
                self.store.due_deliveries(last.as_ref(), now.minus(grace), PAGE.min(limit - swept.missed)).await?;
            let Some(end) = due.last() else { break };
            last = Some(end.clone());
            swept.missed += due.len();
            let mut turns: BTreeMap<Scope, Vec<DeliveryId>> = BTreeMap::new();
            for due in due.into_iter().filter(|due| is_turn(now.since(due.at))) {
                turns.entry(due.scope).or_default().push(due.id);
            }
            for (scope, ids) in turns {
                let deliveries = self.store.deliveries(&scope, &ids).await?;
                swept.repaired += deliveries.len();
                self.send(deliveries.into_iter().map(Arc::new).collect()).await?;
            }
        }
        Ok(swept)
    }

    /// Events whose fan-out has not come to its end.
    async fn sweep_events(&self, now: Timestamp, grace: Millis, limit: usize) -> Result<Swept, Unavailable> {
        let mut swept = Swept::default();
        let mut waiting = Vec::new();
        for (scope, id) in self.store.unexpanded_events(limit).await? {
            let Some(event) = self.store.event(&scope, &id).await? else { continue };
            let overdue = now.since(event.created_at);
            if event.created_at.plus(grace) > now {
                continue;
            }
            swept.missed += 1;
            if is_turn(overdue) {
                waiting.push((scope, id));
            }
        }
        if !waiting.is_empty() {
            self.queue.fan_out(&waiting).await?;
            swept.repaired = waiting.len();
        }
        Ok(swept)
    }
}

/// Whether what has been overdue for this long is put in again: in its first three minutes, then each time that it has
/// been overdue for twice as long, and from an hour on every hour.
fn is_turn(overdue: Millis) -> bool {
    match overdue.0 / Millis::MINUTE.0 {
        minutes @ 0..60 => minutes <= 2 || minutes.is_power_of_two(),
        minutes => minutes.is_multiple_of(60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stays_overdue_is_put_in_again_ever_more_rarely_and_at_least_once_an_hour() {
        let turns: Vec<_> = (0..200).filter(|minute| is_turn(Millis(minute * 60_000 + 30_000))).collect();
        assert_eq!(turns, [0, 1, 2, 4, 8, 16, 32, 60, 120, 180]);
    }
}
