//! Events, and how far each has been fanned out.
//!
//! An event's item is written with every step of its fan-out, so it stays small: what makes an event large, its data and its
//! targets, is kept beside it, as texts that are named by their digests and written first.

use super::DynamoStore;
use super::condition::{Condition, Write};
use super::due::{Due, due_at};
use super::error::gave_up;
use super::item::{BATCH, DUE_PK, DUE_SK, Item};
use super::keys::{self, EVENTS, Key, SHARDS};
use super::table::{AT_ONCE, Query, pause};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use minoots_shared::domain::account::Scope;
use minoots_shared::domain::delivery::Delivery;
use minoots_shared::domain::event::Event;
use minoots_shared::domain::ids::{EndpointId, EventId};
use minoots_shared::domain::json::JsonText;
use minoots_shared::domain::time::Millis;
use minoots_shared::ports::{Accepted, Idempotency, Unavailable};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The form in which events are written.
const FORM: u8 = 1;
/// How often a write is decided anew because others wrote at the same time.
const MOST_TRIES: u32 = 40;
/// An event of more bytes than this, as JSON, has its data and targets beside it.
const LARGE: usize = 3 * 1024;
/// How long those are kept beyond the time for which a record is retained: an event that was not fanned out by then is lost.
const SPARE: Millis = Millis::days(60);

/// What is stored of an event.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct StoredEvent {
    form: u8,
    /// Without data and targets, if those are elsewhere.
    event: Event,
    /// How many targets it has.
    targets: usize,
    /// The parts of its data and targets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    parts: Vec<String>,
    /// A caller sent it: it counts as the scope's event in the usage, beside those of its timers.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) sent: bool,
}

impl StoredEvent {
    pub(super) fn read(item: &Item) -> Result<Self, Unavailable> {
        let stored: Self = item.read()?;
        if stored.form > FORM {
            return Err(item.unreadable(format!("it was written by a newer version, in form {}", stored.form)).into());
        }
        Ok(stored)
    }

    /// When it happened.
    pub(super) fn unix_day(&self) -> u64 {
        self.event.created_at.unix_day()
    }

    /// Scope, id and time, as long as it has targets without a delivery.
    pub(super) fn waiting(self) -> Option<Event> {
        (self.event.expanded < self.targets).then_some(self.event)
    }
}

impl DynamoStore {
    pub(super) async fn accept(
        &self,
        event: &Event,
        idempotency: Option<&Idempotency>,
    ) -> Result<Accepted, Unavailable> {
        let nonce = super::nonce()?;
        let item = self.new_event_item(event, true, &nonce).await?;
        let Some(key) = Key::event(&event.scope, &event.id) else { unreachable!("it has an item") };
        let mut condition = Condition::Fresh(self.clock.now());
        for attempt in 0..MOST_TRIES {
            let mut writes = vec![Write { item: item.clone(), condition }];
            if let Some(wanted) = idempotency {
                writes.extend(self.answer(wanted, &[]).await?);
            }
            if self.write_all(writes).await?.is_none() {
                return Ok(Accepted::New);
            }
            let stored = self.get(&key).await?;
            // The answer to our own write was lost, and the SDK tried again.
            if stored.as_ref().is_some_and(|stored| stored.is_by(&nonce)) {
                return Ok(Accepted::New);
            }
            if let Some(wanted) = idempotency
                && let Some(known) = self.known(wanted).await?
            {
                return Ok(Accepted::Remembered(known));
            }
            condition = Condition::Fresh(self.clock.now());
            if let Some(stored) = stored {
                let Some(other) = self.waits_for(&stored).await? else {
                    let known = self.whole(stored).await?;
                    return Ok(if known.says_the_same_as(event) { Accepted::Known } else { Accepted::Taken });
                };
                self.give_up_batch(&other, None, attempt).await?;
                condition = Condition::Waiting(other);
            }
            pause(attempt).await;
        }
        Err(gave_up("accepting an event", "others kept accepting one of its id"))
    }

    pub(super) async fn read_event(&self, scope: &Scope, id: &EventId) -> Result<Option<Event>, Unavailable> {
        match self.stored_event(scope, id).await? {
            Some(item) => self.whole(item).await.map(Some),
            None => Ok(None),
        }
    }

    /// The deliveries are written first and then the event's place is moved: half of what one transaction costs, and as safe.
    /// A delivery's id says which event and endpoint it is for, so that whoever does it again, after a crash or at the same
    /// time, finds the same ones there. One that was written by a step that then was not taken is one that would have been
    /// written anyway.
    pub(super) async fn expand(
        &self,
        scope: &Scope,
        id: &EventId,
        (from, to): (usize, usize),
        deliveries: &[Arc<Delivery>],
    ) -> Result<bool, Unavailable> {
        let nonce = super::nonce()?;
        let mut written = false;
        for attempt in 0..MOST_TRIES {
            let Some(item) = self.stored_event(scope, id).await? else { return Ok(false) };
            // The answer to our own write was lost, and the SDK tried again.
            if item.is_by(&nonce) {
                return Ok(true);
            }
            let stored = StoredEvent::read(&item)?;
            if stored.event.expanded != from || from == stored.targets {
                return Ok(false);
            }
            if !std::mem::replace(&mut written, true) {
                self.add_deliveries(deliveries).await?;
            }
            let after = StoredEvent { event: Event { expanded: to, ..stored.event }, ..stored };
            let version = item.get_version();
            let item = self.event_item(&after, version + 1, &nonce)?;
            if self.write(Write { item, condition: Condition::Version(version) }).await? {
                return Ok(true);
            }
            pause(attempt).await;
        }
        Err(gave_up("fanning an event out", "others kept fanning it out"))
    }

    /// The writes that accept events beside something else, unless they are there already.
    pub(super) async fn event_writes(
        &self,
        events: impl IntoIterator<Item = &Event>,
    ) -> Result<Vec<Write>, Unavailable> {
        let mut writes = Vec::new();
        for event in events {
            let item = self.new_event_item(event, false, &super::nonce()?).await?;
            writes.push(Write { item, condition: Condition::Fresh(self.clock.now()) });
        }
        Ok(writes)
    }

    /// Takes a write and accepts events in one step; those that are there already are left as they are. `false`: the write's
    /// condition does not hold.
    pub(super) async fn write_with_events(&self, write: Write, mut events: Vec<Write>) -> Result<bool, Unavailable> {
        loop {
            let writes = std::iter::once(write.clone()).chain(events.iter().cloned()).collect();
            let Some(failed) = self.write_all(writes).await? else { return Ok(true) };
            if failed[0] {
                return Ok(false);
            }
            let known: Vec<bool> = failed[1..].to_vec();
            if known.iter().all(|known| !known) {
                return Err(gave_up("accepting events", "the transaction was refused without a reason"));
            }
            let mut known = known.into_iter();
            events.retain(|_| !known.next().unwrap_or(false));
        }
    }

    /// Writes the event of a timer that waits for a creation's mark: it waits as well. The timer's id is ours by then, so that
    /// another creation's event that waits under the same id is one that will never be.
    pub(super) async fn write_waiting_event(&self, event: &Event, token: &str) -> Result<(), Unavailable> {
        let item = self.new_event_item(event, false, &super::nonce()?).await?.text(BATCH, token);
        let key = item.key();
        let mut condition = Condition::Fresh(self.clock.now());
        for attempt in 0..MOST_TRIES {
            if self.write(Write { item: item.clone(), condition }).await? {
                return Ok(());
            }
            condition = Condition::Fresh(self.clock.now());
            if let Some(stored) = self.get(&key).await? {
                match self.waits_for(&stored).await? {
                    Some(other) if other != token => condition = Condition::Waiting(other),
                    _ => return Ok(()),
                }
            }
            pause(attempt).await;
        }
        Err(gave_up("accepting an event", "others kept accepting one of its id"))
    }

    /// What is to become of the write of a new timer's event whose id is in use: nothing if the event is there, another try
    /// if it belongs to a creation that never came to its end.
    pub(super) async fn event_in_the_way(&self, write: Write, attempt: u32) -> Result<Option<Write>, Unavailable> {
        let condition = match self.get(&write.item.key()).await? {
            None => Condition::Fresh(self.clock.now()),
            Some(stored) => match self.waits_for(&stored).await? {
                None => return Ok(None),
                Some(other) => {
                    self.give_up_batch(&other, None, attempt).await?;
                    Condition::Waiting(other)
                }
            },
        };
        Ok(Some(Write { condition, ..write }))
    }

    pub(super) async fn list_unexpanded(&self, limit: usize) -> Result<Vec<(Scope, EventId)>, Unavailable> {
        let waiting = |item: &Item| Ok(StoredEvent::read(item)?.waiting().into_iter().collect());
        let order = |event: &Event| (event.created_at, event.scope.clone(), event.id.clone());
        let events = self.due(Due::Events, None, limit, waiting, order).await?;
        Ok(events.into_iter().map(|event| (event.scope, event.id)).collect())
    }

    /// All of a scope's events, without data and targets.
    pub(super) async fn all_events(&self, scope: &Scope) -> Result<Vec<StoredEvent>, Unavailable> {
        let parts = (0..SHARDS).map(|shard| async move {
            let (partition, to) = (keys::events(scope, shard), format!("{EVENTS}~"));
            let (mut all, mut start) = (Vec::new(), None);
            loop {
                let (index, limit, backwards) = (None, None, false);
                let query = Query { index, partition: &partition, from: EVENTS, to: &to, backwards, limit, start };
                let (items, next) = self.query(query).await?;
                for item in self.settled(items).await? {
                    all.push(StoredEvent::read(&item)?);
                }
                start = next;
                if start.is_none() {
                    return Ok::<_, Unavailable>(all);
                }
            }
        });
        let parts: Vec<Vec<StoredEvent>> = stream::iter(parts).buffer_unordered(AT_ONCE).try_collect().await?;
        Ok(parts.into_iter().flatten().collect())
    }

    async fn stored_event(&self, scope: &Scope, id: &EventId) -> Result<Option<Item>, Unavailable> {
        let Some(key) = Key::event(scope, id) else { return Ok(None) };
        let Some(item) = self.get(&key).await? else { return Ok(None) };
        Ok(self.waits_for(&item).await?.is_none().then_some(item))
    }

    /// An event with its data and targets.
    async fn whole(&self, item: Item) -> Result<Event, Unavailable> {
        let stored = StoredEvent::read(&item)?;
        let mut event = stored.event;
        if stored.parts.is_empty() {
            return Ok(event);
        }
        let scope = event.scope.clone();
        let parts = stored.parts.into_iter().map(|part| {
            let scope = &scope;
            async move { self.text(scope, &part).await }
        });
        let parts: Vec<Option<String>> = stream::iter(parts).buffered(AT_ONCE).try_collect().await?;
        let parts = parts.into_iter().collect::<Option<String>>();
        let parts = parts.ok_or_else(|| item.unreadable("its data has been deleted: it is too old".to_owned()))?;
        let read: Result<(JsonText, Vec<EndpointId>), _> = serde_json::from_str(&parts);
        (event.data, event.targets) = read.map_err(|error| item.unreadable(error.to_string()))?;
        Ok(event)
    }

    async fn new_event_item(&self, event: &Event, sent: bool, nonce: &str) -> Result<Item, Unavailable> {
        let (mut event, targets) = (event.clone(), event.targets.len());
        let mut parts = Vec::new();
        let apart = serde_json::to_string(&(&event.data, &event.targets)).map_err(|error| Unavailable(error.into()))?;
        if apart.len() > LARGE {
            let until = self.clock.now().plus(self.retention).plus(SPARE);
            parts = self.write_texts(&event.scope, &apart, until).await?;
            event.data = JsonText::empty_object();
            event.targets = Vec::new();
        }
        self.event_item(&StoredEvent { form: FORM, event, targets, parts, sent }, 0, nonce)
    }

    fn event_item(&self, stored: &StoredEvent, version: u64, nonce: &str) -> Result<Item, Unavailable> {
        let Event { scope, id, created_at, expanded, .. } = &stored.event;
        let key = Key::event(scope, id)
            .ok_or_else(|| gave_up("storing an event", format!("{:?} is no event's id", id.as_str())))?;
        let item = Item::new(&key).version(version).nonce(nonce);
        let item = if *expanded < stored.targets {
            item.text(DUE_PK, Due::Events.shard(&key)).text(DUE_SK, due_at(*created_at))
        } else {
            item.until(self.clock.now().max(*created_at).plus(self.retention))
        };
        Ok(item.document(stored)?)
    }
}
