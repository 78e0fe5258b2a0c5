//! A timer's step: the timer after it, its new deliveries and the end of those that it withdraws.

use super::EmbeddedStore;
use super::deliveries;
use super::error::Result;
use super::events;
use super::record;
use super::tables::{Read as _, Table};
use super::timers::{self, Encoded, Head};
use super::txn::Txn;
use super::usage::{self, Counted};
use super::write_job::Durability;
use minoots_shared::domain::ids::DeliveryId;
use minoots_shared::domain::timer::Timer;
use minoots_shared::ports::TimerStep;

impl EmbeddedStore {
    pub(super) async fn step(&self, step: TimerStep) -> Result<bool> {
        let timer = Encoded::new(&step.timer)?;
        let new = step.deliveries.iter().cloned().map(deliveries::Encoded::new).collect::<Result<Vec<_>>>()?;
        let told = step.events.iter().map(events::Encoded::new).collect::<Result<Vec<_>>>()?;
        self.writer.run(Durability::Disk, move |txn| take(txn, &step, timer, new, told)).await
    }
}

fn take(
    txn: &mut Txn<'_>,
    step: &TimerStep,
    timer: Encoded,
    new: Vec<deliveries::Encoded>,
    told: Vec<events::Encoded>,
) -> Result<bool> {
    let Some(stored) = txn.get(Table::Timers, &timer.key)? else { return Ok(false) };
    let before = Head::of_record(&stored)?;
    if before.revision != step.before {
        return Ok(false);
    }
    timer.put_over(txn, &step.timer, &before);
    let (scope, at) = (&step.timer.scope, step.timer.updated_at);
    let mut counted = Counted { events: step.happened as u64, ..Counted::default() };
    for delivery in new {
        counted.deliveries += u64::from(delivery.put_new(txn)?);
    }
    if let Some(reason) = step.withdraw {
        let stored: Timer = record::decode(Table::Timers, &stored)?;
        deliveries::withdraw(txn, scope, earlier(&stored, step), at, reason)?;
    }
    for event in told {
        event.put_new(txn)?;
    }
    if counted != Counted::default() {
        usage::count(txn, scope, at, &counted)?;
    }
    match (before.status.has_ended(), step.timer.status().has_ended()) {
        (false, true) => {
            let running = timers::running(txn, scope)?;
            timers::set_running(txn, scope, running.saturating_sub(1))?;
        }
        (true, false) => {
            let running = timers::running(txn, scope)?;
            timers::set_running(txn, scope, running + 1)?;
        }
        _ => {}
    }
    Ok(true)
}

/// The deliveries that the timer led to before this step.
fn earlier<'a>(stored: &'a Timer, step: &'a TimerStep) -> impl Iterator<Item = &'a DeliveryId> {
    let added = step.timer.deliveries.iter().filter(|id| !stored.deliveries.contains(id));
    let is_new = |id: &DeliveryId| step.deliveries.iter().any(|delivery| delivery.id == *id);
    stored.deliveries.iter().chain(added).filter(move |id| !is_new(id))
}
