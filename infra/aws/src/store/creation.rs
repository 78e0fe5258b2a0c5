//! Creating timers. One is one conditional write, in one transaction with its idempotency record or its scope's limit where
//! there is one. Several don't fit into a transaction (100 items and 4 MB at most): see [`super::batch`].

use super::DynamoStore;
use super::condition::{Condition, Write};
use super::error::gave_up;
use super::item::{BATCH, Item};
use super::keys::{self, Key, SHARDS};
use super::record::{Record, is_concurrent};
use super::table::{AT_ONCE, Query, pause};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use minoots_shared::domain::account::Scope;
use minoots_shared::domain::timer::Timer;
use minoots_shared::ports::{Created, Creation, Idempotency, Placement, Remembered, Unavailable};

/// How often a creation is decided anew because others created at the same time.
const MOST_TRIES: u32 = 60;

/// What a scope's limit allows just now, and the write that keeps others from using it too.
pub(super) struct Room {
    /// How many more timers may run.
    pub(super) places: usize,
    lock: Write,
}

/// What stands in the way of a timer's creation.
pub(super) enum Obstacle {
    /// Nothing: the item is there, and ours.
    None,
    /// Another timer has the id.
    Taken,
    /// Another creation has begun to use the id.
    Waiting(String),
    /// Another creation had begun to use the id, and was given up.
    Void(String),
    /// It has gone meanwhile.
    Gone,
}

impl DynamoStore {
    pub(super) async fn create(&self, creation: Creation) -> Result<Created, Unavailable> {
        if creation.timers.len() > 1 {
            return self.create_several(creation).await;
        }
        let Creation { scope, timers, limit, events, idempotency } = creation;
        let timer = timers.first().map(std::sync::Arc::as_ref);
        let mut event = self.event_writes(timer.and(events.first()).into_iter().flatten()).await?.pop();
        let nonce = super::nonce()?;
        let _turn = self.turn(limit).await;
        let mut condition = Condition::Fresh(self.clock.now());
        let mut found = timer.map(|_| Placement::Stored);
        if let Some(pointer) = timer.and_then(pointer) {
            self.write(pointer).await?;
        }
        for attempt in 0..MOST_TRIES {
            let mut writes = Vec::new();
            let mut told = None;
            if let (Some(Placement::Stored), Some(timer)) = (found, timer) {
                let room = self.room(&scope, limit).await?;
                if room.as_ref().is_some_and(|room| room.places == 0) {
                    let taken = matches!(self.obstacle(timer, &nonce).await?, Obstacle::Taken);
                    found = Some(if taken { Placement::IdTaken } else { Placement::OverLimit });
                } else {
                    let item = Record::new(timer).item(timer.revision, &nonce, self.retention)?;
                    writes.push(Write { item, condition: condition.clone() });
                    writes.extend(room.map(|room| room.lock));
                    told = event.as_ref().map(|_| writes.len());
                    writes.extend(event.clone());
                }
            }
            let placements: Vec<Placement> = found.into_iter().collect();
            let answer = match &idempotency {
                Some(wanted) => self.answer(wanted, &placements).await?,
                None => None,
            };
            let remembers = answer.is_some();
            writes.extend(answer);
            if writes.is_empty() {
                return Ok(Created::Placed(placements));
            }
            let Some(failed) = self.write_all(writes).await? else { return Ok(Created::Placed(placements)) };
            if let Some(idempotency) = idempotency.as_ref().filter(|_| remembers && failed.last() == Some(&true)) {
                if let Some(known) = self.known(idempotency).await? {
                    return Ok(Created::Known(known));
                }
            } else if let (Some(Placement::Stored), Some(timer), true) = (found, timer, failed[0]) {
                condition = Condition::Fresh(self.clock.now());
                match self.obstacle(timer, &nonce).await? {
                    Obstacle::None => return Ok(Created::Placed(placements)),
                    Obstacle::Taken => found = Some(Placement::IdTaken),
                    Obstacle::Waiting(batch) => self.give_up_batch(&batch, None, attempt).await?,
                    Obstacle::Void(batch) => condition = Condition::Waiting(batch),
                    Obstacle::Gone => {}
                }
            } else {
                let known = told.filter(|told| failed[*told]).and(event.take());
                if let Some(known) = known {
                    event = self.event_in_the_way(known, attempt).await?;
                }
                pause(attempt).await;
            }
        }
        Err(gave_up("creating a timer", "others kept creating timers in the same account"))
    }

    /// One creation under a limit at a time in this process: they would only make each other decide anew.
    pub(super) async fn turn(&self, limit: Option<u32>) -> Option<tokio::sync::MutexGuard<'_, ()>> {
        match limit {
            Some(_) => Some(self.turns.lock().await),
            None => None,
        }
    }

    /// What the limit allows; `None` without a limit. The timers are counted after the lock's version was read: whoever
    /// creates one meanwhile raises it, and our write fails. Timers that end meanwhile only make more room.
    pub(super) async fn room(&self, scope: &Scope, limit: Option<u32>) -> Result<Option<Room>, Unavailable> {
        let Some(limit) = limit else { return Ok(None) };
        let key = Key::limit(scope);
        let stored = self.get(&key).await?;
        let running = self.count_concurrent(scope).await?;
        let (version, condition) = match stored {
            Some(item) => (item.get_version(), Condition::Version(item.get_version())),
            None => (0, Condition::Fresh(self.clock.now())),
        };
        let lock = Write { item: Item::new(&key).version(version + 1), condition };
        Ok(Some(Room { places: usize::try_from(u64::from(limit).saturating_sub(running)).unwrap_or(usize::MAX), lock }))
    }

    /// How many of a scope's timers run or are paused.
    pub(super) async fn count_concurrent(&self, scope: &Scope) -> Result<u64, Unavailable> {
        let counts = (0..SHARDS).map(|shard| async move {
            let found = self.all_listed(&keys::timers(scope, shard)).await?;
            Ok::<_, Unavailable>(found.iter().filter(|item| is_concurrent(item)).count() as u64)
        });
        let counts: Vec<u64> = stream::iter(counts).buffer_unordered(AT_ONCE).try_collect().await?;
        Ok(counts.into_iter().sum())
    }

    /// All that there is in one partition of a scope's timers: with those that are not listed where they are, which a
    /// list would not see.
    pub(super) async fn all_listed(&self, partition: &str) -> Result<Vec<Item>, Unavailable> {
        let (mut found, mut start) = (Vec::new(), None);
        loop {
            let query = Query { index: None, partition, from: "=", to: "A", backwards: false, limit: None, start };
            let (items, next) = self.query(query).await?;
            found.extend(self.settled(items).await?);
            start = next;
            if start.is_none() {
                return Ok(found);
            }
        }
    }

    /// What stands in the way of a timer that could not be written with this nonce.
    pub(super) async fn obstacle(&self, timer: &Timer, nonce: &str) -> Result<Obstacle, Unavailable> {
        let Some(item) = self.get(&Key::timer(&timer.scope, &timer.id)).await? else { return Ok(Obstacle::Gone) };
        // The answer to our own write was lost, and the SDK tried again.
        if item.is_by(nonce) {
            return Ok(Obstacle::None);
        }
        let Some(batch) = item.get(BATCH) else { return Ok(Obstacle::Taken) };
        Ok(match self.mark_of(batch).await? {
            Some(true) => Obstacle::Taken,
            Some(false) => Obstacle::Void(batch.to_owned()),
            None => Obstacle::Waiting(batch.to_owned()),
        })
    }

    /// What is remembered under the key of a creation that found it known.
    pub(super) async fn known(&self, idempotency: &Idempotency) -> Result<Option<Remembered>, Unavailable> {
        self.remembered_under(&idempotency.key, idempotency.at).await
    }
}

impl Room {
    /// The write that keeps others from using the same places.
    pub(super) fn into_lock(self) -> Write {
        self.lock
    }
}

/// Where a timer is listed, if that is not where it is. Written first: a pointer that points to nothing is passed over.
pub(super) fn pointer(timer: &Timer) -> Option<Write> {
    let key = Key::pointer(&timer.scope, &timer.id, timer.created_at)?;
    Some(Write { item: Item::new(&key), condition: Condition::Always })
}
