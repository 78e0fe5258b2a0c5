//! Events, and how far each has been fanned out.
//!
//! An event's record is written once: it may be large, and it is fanned out in many steps. How far that has come stands beside
//! it, in [`Table::Unexpanded`], and ends there when all targets have their delivery.

use super::EmbeddedStore;
use super::deliveries;
use super::error::Result;
use super::idempotency;
use super::keys::{Key, KeyReader};
use super::record::{self, unreadable};
use super::tables::{Read, Table};
use super::timeline;
use super::txn::Txn;
use super::usage::{self, Counted};
use super::write_job::Durability;
use fjall::{UserKey, UserValue};
use minoots_shared::domain::account::Scope;
use minoots_shared::domain::delivery::Delivery;
use minoots_shared::domain::event::Event;
use minoots_shared::domain::ids::EventId;
use minoots_shared::ports::{Accepted, Idempotency};
use std::sync::Arc;

/// An event made ready for the writer by its caller.
pub(super) struct Encoded {
    key: UserKey,
    value: UserValue,
    place: UserKey,
    expanded: usize,
    targets: usize,
}

impl Encoded {
    pub(super) fn new(event: &Event) -> Result<Self> {
        Ok(Self {
            key: Key::scoped(&event.scope, event.id.as_str()).into(),
            value: record::encode(Table::Events, event)?,
            place: place(event),
            expanded: event.expanded,
            targets: event.targets.len(),
        })
    }

    /// Stores it unless there is one with its id. `false`: there is.
    pub(super) fn put_new(self, txn: &mut Txn<'_>) -> Result<bool> {
        if txn.get(Table::Events, &self.key)?.is_some() {
            return Ok(false);
        }
        txn.put(Table::Events, self.key, self.value);
        put_progress(txn, self.place, self.expanded, self.targets);
        Ok(true)
    }
}

impl EmbeddedStore {
    pub(super) async fn accept(&self, event: Event, idempotency: Option<Idempotency>) -> Result<Accepted> {
        let encoded = Encoded::new(&event)?;
        let idempotency = idempotency.map(|idempotency| (idempotency::digest(&idempotency.key), idempotency));
        let job = move |txn: &mut Txn<'_>| {
            if let Some((digest, idempotency)) = &idempotency
                && let Some(known) = idempotency::remembered(txn, digest, idempotency.at)?
            {
                return Ok(Accepted::Remembered(known));
            }
            if let Some(known) = txn.record::<Event>(Table::Events, &encoded.key)? {
                return Ok(if known.says_the_same_as(&event) { Accepted::Known } else { Accepted::Taken });
            }
            if let Some((digest, idempotency)) = &idempotency {
                idempotency::remember(txn, digest, idempotency, &[])?;
            }
            encoded.put_new(txn)?;
            usage::count(txn, &event.scope, event.created_at, &Counted { events: 1, ..Counted::default() })?;
            Ok(Accepted::New)
        };
        self.writer.run_here(job).await
    }

    pub(super) fn read_event(&self, scope: &Scope, id: &EventId) -> Result<Option<Event>> {
        let view = self.tables.view();
        let Some(event) = view.record::<Event>(Table::Events, &Key::scoped(scope, id.as_str()))? else {
            return Ok(None);
        };
        let expanded = progress(&view, &place(&event))?.unwrap_or(event.targets.len());
        Ok(Some(Event { expanded, ..event }))
    }

    pub(super) async fn expand(
        &self,
        scope: &Scope,
        id: &EventId,
        (from, to): (usize, usize),
        new: Vec<Arc<Delivery>>,
    ) -> Result<bool> {
        // What matters of the event never changes, so that the writer need not read it.
        let Some(event) = self.read_event(scope, id)? else { return Ok(false) };
        let (place, targets, at) = (place(&event), event.targets.len(), event.created_at);
        let scope = scope.clone();
        let new = new.into_iter().map(deliveries::Encoded::new).collect::<Result<Vec<_>>>()?;
        let job = move |txn: &mut Txn<'_>| {
            if progress(txn, &place)? != Some(from) {
                return Ok(false);
            }
            put_progress(txn, place, to, targets);
            let mut counted = Counted::default();
            for delivery in new {
                counted.deliveries += u64::from(delivery.put_new(txn)?);
            }
            if counted != Counted::default() {
                usage::count(txn, &scope, at, &counted)?;
            }
            Ok(true)
        };
        self.writer.run(Durability::Disk, job).await
    }

    pub(super) fn read_unexpanded(&self, limit: usize) -> Result<Vec<(Scope, EventId)>> {
        let keys = self.tables.scan(Table::Unexpanded, None, None, limit)?;
        let parts = keys.iter().map(|key| timeline::parts(Table::Unexpanded, key));
        parts.map(|parts| parts.map(|(_, scope, id)| (scope, EventId::new(id)))).collect()
    }
}

/// Deletes an event, given its entry in [`Table::Expanded`], unless another purge has since.
pub(super) fn delete(txn: &mut Txn<'_>, entry: &[u8]) -> Result<()> {
    if txn.get(Table::Expanded, entry)?.is_some() {
        let (_, scope, id) = timeline::parts(Table::Expanded, entry)?;
        txn.remove(Table::Events, Key::scoped(&scope, id));
        txn.remove(Table::Expanded, entry);
    }
    Ok(())
}

/// Where an event stands on its line of time, whichever that is.
fn place(event: &Event) -> UserKey {
    Key::at(event.created_at, &event.scope, event.id.as_str()).into()
}

/// How many targets have their delivery; `None`: all have.
fn progress(read: &impl Read, place: &[u8]) -> Result<Option<usize>> {
    let Some(value) = read.get(Table::Unexpanded, place)? else { return Ok(None) };
    let number = KeyReader::new(&value).number().and_then(|number| usize::try_from(number).ok());
    number.map(Some).ok_or_else(|| unreadable(Table::Unexpanded, "it is no number"))
}

fn put_progress(txn: &mut Txn<'_>, place: UserKey, expanded: usize, targets: usize) {
    if expanded < targets {
        txn.put(Table::Unexpanded, place, (expanded as u64).to_be_bytes());
    } else {
        txn.remove(Table::Unexpanded, place.clone());
        txn.put(Table::Expanded, place, []);
    }
}
