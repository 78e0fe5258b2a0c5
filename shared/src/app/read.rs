//! Reading timers.

use super::{App, Error};
use crate::domain::account::Scope;
use crate::domain::delivery::Delivery;
use crate::domain::ids::TimerId;
use crate::domain::timer::Timer;
use crate::ports::{DayUsage, TimerPage, TimerQuery};

/// How many short pages of the store are put together for one page of a list.
const MOST_READS: usize = 10;

/// A timer and what became of its events.
pub struct TimerWithDeliveries {
    /// The timer.
    pub timer: Timer,
    /// Its deliveries, oldest first.
    pub deliveries: Vec<Delivery>,
}

impl App {
    /// A timer with its deliveries.
    ///
    /// # Errors
    /// There is no such timer.
    pub async fn timer(&self, scope: &Scope, id: &TimerId) -> Result<TimerWithDeliveries, Error> {
        let timer = self.store.timer(scope, id).await?.ok_or_else(|| Error::TimerNotFound(id.clone()))?;
        let mut deliveries = self.store.deliveries(scope, &timer.deliveries).await?;
        deliveries.sort_by_key(|delivery| timer.deliveries.iter().position(|id| *id == delivery.id));
        Ok(TimerWithDeliveries { timer, deliveries })
    }

    /// One page of timers, newest first.
    ///
    /// # Errors
    /// Only those of the infrastructure.
    pub async fn timers(&self, scope: &Scope, query: &TimerQuery) -> Result<TimerPage, Error> {
        let mut page = self.store.timers(scope, query).await?;
        for _ in 1..MOST_READS {
            let missing = query.limit.saturating_sub(page.timers.len());
            let Some(after) = page.next.take_if(|_| missing > 0) else { break };
            let rest = TimerQuery { after: Some(after), limit: missing, ..query.clone() };
            let more = self.store.timers(scope, &rest).await?;
            page.timers.extend(more.timers);
            page.next = more.next;
        }
        Ok(page)
    }

    /// What the scope did on each of the last `days` days, today included, oldest first; days without anything too.
    ///
    /// # Errors
    /// Only those of the infrastructure.
    pub async fn usage(&self, scope: &Scope, days: u64) -> Result<Vec<DayUsage>, Error> {
        let today = self.clock.now().unix_day();
        let first = (today + 1).saturating_sub(days);
        let found = self.store.usage(scope, first..=today).await?;
        let of = |day| {
            found.iter().find(|usage| usage.day == day).copied().unwrap_or(DayUsage { day, ..Default::default() })
        };
        Ok((first..=today).map(of).collect())
    }
}
