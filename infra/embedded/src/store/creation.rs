//! Creating timers.

use super::EmbeddedStore;
use super::error::Result;
use super::events;
use super::idempotency;
use super::tables::{Read as _, Table};
use super::timers::{self, Encoded};
use super::txn::Txn;
use super::usage::{self, Counted};
use minoots_shared::domain::account::Scope;
use minoots_shared::domain::event::Event;
use minoots_shared::domain::time::Timestamp;
use minoots_shared::domain::timer::Timer;
use minoots_shared::ports::{Created, Creation, Placement};
use std::sync::Arc;

/// A timer made ready, and what the writer needs to know of it.
struct New {
    encoded: Encoded,
    event: Option<events::Encoded>,
    created_at: Timestamp,
    counts: bool,
}

impl EmbeddedStore {
    pub(super) async fn create(&self, creation: Creation) -> Result<Created> {
        let Creation { scope, timers, limit, events, idempotency } = creation;
        let idempotency = idempotency.map(|idempotency| (idempotency::digest(&idempotency.key), idempotency));
        let prepare = |(timer, event): (Arc<Timer>, Option<Event>)| {
            let event = event.map(|event| events::Encoded::new(&event)).transpose()?;
            let counts = !timer.status().has_ended();
            Ok(New { encoded: Encoded::new(&timer)?, event, created_at: timer.created_at, counts })
        };
        let events = events.into_iter().chain(std::iter::repeat_with(|| None));
        let new = timers.into_iter().zip(events).map(prepare).collect::<Result<Vec<_>>>()?;
        let job = move |txn: &mut Txn<'_>| {
            if let Some((digest, idempotency)) = &idempotency
                && let Some(known) = idempotency::remembered(txn, digest, idempotency.at)?
            {
                return Ok(Created::Known(known));
            }
            let placements = place(txn, &scope, new, limit)?;
            if let Some((digest, idempotency)) = &idempotency {
                idempotency::remember(txn, digest, idempotency, &placements)?;
            }
            Ok(Created::Placed(placements))
        };
        self.writer.run_here(job).await
    }
}

fn place(txn: &mut Txn<'_>, scope: &Scope, new: Vec<New>, limit: Option<u32>) -> Result<Vec<Placement>> {
    let before = timers::running(txn, scope)?;
    let mut running = before;
    let mut placements = Vec::with_capacity(new.len());
    for New { encoded, event, created_at, counts } in new {
        placements.push(if txn.get(Table::Timers, &encoded.key)?.is_some() {
            Placement::IdTaken
        } else if counts && limit.is_some_and(|limit| running >= u64::from(limit)) {
            Placement::OverLimit
        } else {
            running += u64::from(counts);
            encoded.put_new(txn);
            if let Some(event) = event {
                event.put_new(txn)?;
            }
            usage::count(txn, scope, created_at, &Counted { timers: 1, ..Counted::default() })?;
            Placement::Stored
        });
    }
    if running != before {
        timers::set_running(txn, scope, running)?;
    }
    Ok(placements)
}
