//! Creating several timers in one step, however many and however large.
//!
//! 1. Each timer is written with the creation's token: it waits, and nobody sees it.
//! 2. One write marks the token: from then on all of them are there. It is one transaction with the idempotency record and
//!    the limit's lock, if there are any. This is the commit point.
//!
//! A crash before the mark leaves timers that nobody sees; whoever needs the id of one gives the creation up, by marking
//! its token void, and so does its own process if it still comes to the mark. A crash after it leaves nothing to be done: a
//! timer keeps its token until its first step, and whoever reads it looks at the mark once.

use super::DynamoStore;
use super::condition::{Condition, Write};
use super::creation::{Obstacle, pointer};
use super::error::gave_up;
use super::item::{BATCH, Item, STATUS};
use super::keys::Key;
use super::record::Record;
use super::table::{AT_ONCE, pause};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use minoots_shared::domain::time::{Millis, Timestamp};
use minoots_shared::domain::timer::{State, Timer};
use minoots_shared::ports::{Created, Creation, Placement, Unavailable};
use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

/// How often a creation begins anew after others gave it up.
const MOST_TRIES: u32 = 8;
/// How often a creation waits for another one that holds an id, or decides anew.
const MOST_WAITS: u32 = 60;
/// No function runs so long after it began a creation: one that is older was cut off.
const ABANDONED: Millis = Millis::seconds(60);
/// How long a void mark is kept: longer than any process could still come to it.
const VOID_KEPT: Millis = Millis::DAY;
/// How long a mark is kept beyond the end of its last timer.
const MARK_KEPT: Millis = Millis::days(2);

const COMPLETE: &str = "complete";
const VOID: &str = "void";

/// Tokens known to be marked complete, or void: that never changes again.
#[derive(Default)]
pub(super) struct Marks(Mutex<(HashSet<String>, HashSet<String>)>);

impl Marks {
    fn get(&self, token: &str) -> Option<bool> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.0.contains(token).then_some(true).or(known.1.contains(token).then_some(false))
    }

    fn set(&self, token: &str, complete: bool) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A process that lives long must not remember for ever.
        if known.0.len() + known.1.len() > 10_000 {
            *known = Default::default();
        }
        let set = if complete { &mut known.0 } else { &mut known.1 };
        set.insert(token.to_owned());
    }
}

impl DynamoStore {
    pub(super) async fn create_several(&self, creation: Creation) -> Result<Created, Unavailable> {
        let _turn = self.turn(creation.limit).await;
        for attempt in 0..MOST_TRIES {
            let token = token(self.clock.now())?;
            if let Some(created) = self.create_under(&creation, &token).await? {
                return Ok(created);
            }
            pause(attempt).await;
        }
        Err(gave_up("creating timers", "others kept creating timers of the same ids"))
    }

    /// `None`: the token was given up by others.
    async fn create_under(&self, creation: &Creation, token: &str) -> Result<Option<Created>, Unavailable> {
        let mut seen = HashSet::new();
        let first: Vec<bool> = creation.timers.iter().map(|timer| seen.insert(&timer.id)).collect();
        let first = &first;
        let written = (0..creation.timers.len()).map(|index| async move {
            if first[index] { self.write_waiting(&creation.timers[index], token).await } else { Ok(false) }
        });
        let mut written: Vec<bool> = stream::iter(written).buffered(AT_ONCE).try_collect().await?;
        for attempt in 0..MOST_WAITS {
            let room = self.room(&creation.scope, creation.limit).await?;
            let mut places = room.as_ref().map_or(usize::MAX, |room| room.places);
            let mut beyond = Vec::new();
            let placements = written.iter().zip(&creation.timers).enumerate().map(|(index, (written, timer))| {
                if !written {
                    return Placement::IdTaken;
                }
                if places == 0 {
                    beyond.push((index, timer));
                    return Placement::OverLimit;
                }
                places -= 1;
                Placement::Stored
            });
            let placements: Vec<Placement> = placements.collect();
            let stored =
                placements.iter().zip(&creation.timers).filter(|(placement, _)| **placement == Placement::Stored);
            let ends: Vec<Timestamp> = stored.filter_map(|(_, timer)| end(timer)).collect();
            // The mark would make those beyond the limit visible.
            for (_, timer) in &beyond {
                self.delete(&Key::timer(&timer.scope, &timer.id), Condition::Waiting(token.to_owned())).await?;
            }
            let mut writes = Vec::new();
            if let Some(last) = ends.into_iter().max() {
                writes.push(mark(token, COMPLETE, last.plus(self.retention).plus(MARK_KEPT), self.clock.now()));
                writes.extend(room.map(super::creation::Room::into_lock));
            }
            let marks = !writes.is_empty();
            let wanted = creation.idempotency.as_ref();
            let answer = match wanted {
                Some(wanted) => self.answer(wanted, &placements).await?,
                None => None,
            };
            let remembers = answer.is_some();
            writes.extend(answer);
            let failed = if writes.is_empty() { None } else { self.write_all(writes).await? };
            let Some(failed) = failed else {
                if marks {
                    self.marks.set(token, true);
                }
                return Ok(Some(Created::Placed(placements)));
            };
            if let Some(wanted) = wanted.filter(|_| remembers && failed.last() == Some(&true))
                && let Some(known) = self.known(wanted).await?
            {
                self.take_back(creation, &written, token).await;
                return Ok(Some(Created::Known(known)));
            }
            if marks && failed[0] && self.mark_of(token).await? == Some(true) {
                // The answer to our own mark was lost, and the SDK tried again.
                return Ok(Some(Created::Placed(placements)));
            }
            if marks && failed[0] {
                return Ok(None);
            }
            // Others used the limit meanwhile: those beyond it may fit now, or fewer do.
            for (index, timer) in beyond {
                written[index] = self.write_waiting(timer, token).await?;
            }
            pause(attempt).await;
        }
        Err(gave_up("creating timers", "others kept creating timers in the same account"))
    }

    /// Writes a timer that waits for the token's mark. `false`: its id is taken.
    async fn write_waiting(&self, timer: &Timer, token: &str) -> Result<bool, Unavailable> {
        if let Some(pointer) = pointer(timer) {
            self.write(pointer).await?;
        }
        let nonce = super::nonce()?;
        let item = Record::new(timer).item(timer.revision, &nonce, self.retention)?.text(BATCH, token);
        let mut condition = Condition::Fresh(self.clock.now());
        for attempt in 0..MOST_WAITS {
            if self.write(Write { item: item.clone(), condition }).await? {
                return Ok(true);
            }
            condition = Condition::Fresh(self.clock.now());
            match self.obstacle(timer, &nonce).await? {
                Obstacle::None => return Ok(true),
                Obstacle::Taken => return Ok(false),
                Obstacle::Void(other) => condition = Condition::Waiting(other),
                Obstacle::Waiting(other) => self.give_up_batch(&other, Some(token), attempt).await?,
                Obstacle::Gone => {}
            }
        }
        Err(gave_up("creating timers", format!("another creation keeps using the id {}", timer.id)))
    }

    /// Sees to it that a creation that is in the way is decided: waits for it, or gives it up if it is abandoned or came
    /// after `own`. Of two that are in each other's way the earlier one goes on; a creation of one timer, which holds
    /// nothing while it waits, always does.
    pub(super) async fn give_up_batch(&self, other: &str, own: Option<&str>, attempt: u32) -> Result<(), Unavailable> {
        let now = self.clock.now();
        let abandoned = begun(other).is_none_or(|begun| begun.plus(ABANDONED) <= now);
        if abandoned || own.is_none_or(|own| own < other) {
            self.write(mark(other, VOID, now.plus(VOID_KEPT), now)).await?;
        } else {
            pause(attempt).await;
        }
        Ok(())
    }

    /// The creation that an item waits for, if it is not complete.
    pub(super) async fn waits_for(&self, item: &Item) -> Result<Option<String>, Unavailable> {
        let Some(token) = item.get(BATCH) else { return Ok(None) };
        Ok((self.mark_of(token).await? != Some(true)).then(|| token.to_owned()))
    }

    /// Those items that don't wait and have not had their time.
    pub(super) async fn settled(&self, items: Vec<Item>) -> Result<Vec<Item>, Unavailable> {
        let now = self.clock.now();
        let mut settled = Vec::with_capacity(items.len());
        for item in items {
            if !item.is_over(now) && self.waits_for(&item).await?.is_none() {
                settled.push(item);
            }
        }
        Ok(settled)
    }

    /// Whether a creation is complete; `None` while it is under way.
    pub(super) async fn mark_of(&self, token: &str) -> Result<Option<bool>, Unavailable> {
        if let Some(known) = self.marks.get(token) {
            return Ok(Some(known));
        }
        let stored = self.get(&Key::batch(token)).await?;
        let complete = stored.and_then(|item| item.get(STATUS).map(|status| status == COMPLETE));
        if let Some(complete) = complete {
            self.marks.set(token, complete);
        }
        Ok(complete)
    }

    /// Deletes a timer whose creation was cut off; it stood in the due index, where the sweep found it.
    pub(super) async fn clear_abandoned(&self, item: &Item) -> Result<(), Unavailable> {
        let Some(token) = item.get(BATCH) else { return Ok(()) };
        let now = self.clock.now();
        if begun(token).is_some_and(|begun| begun.plus(ABANDONED) > now) {
            return Ok(());
        }
        if self.mark_of(token).await?.is_none() {
            self.write(mark(token, VOID, now.plus(VOID_KEPT), now)).await?;
        }
        if self.mark_of(token).await? == Some(false) {
            self.delete(&item.key(), Condition::Waiting(token.to_owned())).await?;
        }
        Ok(())
    }

    /// Deletes what a creation wrote that found its idempotency key known. What stays is seen by nobody.
    async fn take_back(&self, creation: &Creation, written: &[bool], token: &str) {
        for (timer, _) in creation.timers.iter().zip(written).filter(|(_, written)| **written) {
            let key = Key::timer(&timer.scope, &timer.id);
            if self.delete(&key, Condition::Waiting(token.to_owned())).await.is_err() {
                return;
            }
        }
    }
}

/// A creation's name; those that begin later sort later.
fn token(now: Timestamp) -> Result<String, Unavailable> {
    Ok(format!("{:012x}-{}", now.0, super::nonce()?))
}

/// When a creation began.
fn begun(token: &str) -> Option<Timestamp> {
    u64::from_str_radix(token.split_once('-')?.0, 16).ok().map(Timestamp)
}

fn mark(token: &str, mark: &str, until: Timestamp, now: Timestamp) -> Write {
    let item = Item::new(&Key::batch(token)).text(STATUS, mark).until(until);
    Write { item, condition: Condition::Fresh(now) }
}

fn end(timer: &Timer) -> Option<Timestamp> {
    match timer.state {
        State::Running { end, .. } => Some(end),
        _ => timer.ended_at(),
    }
}
