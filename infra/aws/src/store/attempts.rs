//! Attempts, and deliveries as they are read.
//!
//! That an attempt has begun is known to this process alone: another one that is given the same message would attempt it
//! too, as it does after a crash. So beginning writes nothing; it is the reading of the delivery that comes after every
//! cancellation that was answered.

use super::DynamoStore;
use super::deliveries::Found;
use super::error::gave_up;
use super::keys::Key;
use super::record::Held;
use super::table::AT_ONCE;
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use minoots_shared::domain::account::Scope;
use minoots_shared::domain::attempt::AttemptResult;
use minoots_shared::domain::delivery::{Delivery, DeliveryStatus};
use minoots_shared::domain::ids::{DeliveryId, TimerId};
use minoots_shared::domain::time::Timestamp;
use minoots_shared::ports::Unavailable;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The attempts under way in this process, with the item that each was begun from: it is most likely still the same when
/// the attempt ends.
#[derive(Default)]
pub(super) struct Attempts(Mutex<HashMap<(Scope, DeliveryId), Option<Begun>>>);

#[derive(Clone)]
struct Begun {
    attempt: u32,
    version: u64,
    found: Found,
}

impl Attempts {
    /// Takes a delivery for the caller. `false`: somebody is at it.
    fn take(&self, key: &(Scope, DeliveryId)) -> bool {
        let mut attempts = self.lock();
        let free = !attempts.contains_key(key);
        if free {
            attempts.insert(key.clone(), None);
        }
        free
    }

    fn set(&self, key: &(Scope, DeliveryId), begun: Begun) {
        self.lock().insert(key.clone(), Some(begun));
    }

    fn begun(&self, key: &(Scope, DeliveryId)) -> Option<Begun> {
        self.lock().get(key).cloned().flatten()
    }

    fn contains(&self, key: &(Scope, DeliveryId)) -> bool {
        self.lock().contains_key(key)
    }

    fn release(&self, key: &(Scope, DeliveryId)) {
        self.lock().remove(key);
    }

    fn release_attempt(&self, key: &(Scope, DeliveryId), attempt: u32) {
        let mut attempts = self.lock();
        if attempts.get(key).is_some_and(|begun| begun.as_ref().is_some_and(|begun| begun.attempt == attempt)) {
            attempts.remove(key);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<(Scope, DeliveryId), Option<Begun>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl DynamoStore {
    pub(super) async fn read_deliveries(
        &self,
        scope: &Scope,
        ids: &[DeliveryId],
    ) -> Result<Vec<Delivery>, Unavailable> {
        let mut of_timer: BTreeMap<TimerId, Vec<DeliveryId>> = BTreeMap::new();
        let mut own = Vec::new();
        for id in ids {
            match id.timer() {
                Some(timer) => of_timer.entry(timer).or_default().push(id.clone()),
                None => own.extend(Key::delivery(scope, id)),
            }
        }
        let reads = of_timer.into_iter().map(|(timer, ids)| async move {
            let Some((_, record)) = self.record(scope, &timer).await? else { return Ok(Vec::new()) };
            Ok::<_, Unavailable>(ids.iter().filter_map(|id| record.delivery(id)).cloned().collect())
        });
        let found: Vec<Vec<Held>> = stream::iter(reads).buffered(AT_ONCE).try_collect().await?;
        let mut found: Vec<Held> = found.into_iter().flatten().collect();
        for item in self.get_some(own).await? {
            found.push(item.read()?);
        }
        let whole = found.into_iter().map(|held| async move {
            let mut delivery = self.with_texts(scope, held).await?;
            if delivery.status.is_open() && self.attempts.contains(&(scope.clone(), delivery.id.clone())) {
                delivery.status = DeliveryStatus::Sending;
            }
            Ok(delivery)
        });
        stream::iter(whole).buffered(AT_ONCE).try_collect().await
    }

    /// The delivery is taken before its record is read: of two callers one gets it, and every step that was answered before
    /// is seen.
    pub(super) async fn begin(&self, scope: &Scope, id: &DeliveryId) -> Result<Option<Delivery>, Unavailable> {
        let key = (scope.clone(), id.clone());
        if !self.attempts.take(&key) {
            return Ok(None);
        }
        let begun = self.begin_taken(scope, id).await;
        match begun {
            Ok(Some((begun, delivery))) => {
                self.attempts.set(&key, begun);
                Ok(Some(delivery))
            }
            other => {
                self.attempts.release(&key);
                other.map(|_| None)
            }
        }
    }

    async fn begin_taken(&self, scope: &Scope, id: &DeliveryId) -> Result<Option<(Begun, Delivery)>, Unavailable> {
        let Some((item, found)) = self.find(scope, id).await? else { return Ok(None) };
        let Some(held) = found.delivery(id).filter(|held| held.delivery.status.is_open()) else { return Ok(None) };
        let mut delivery = self.with_texts(scope, held.clone()).await?;
        if held.body_at.is_some() && delivery.body.is_empty() {
            return Err(gave_up("beginning an attempt", "the delivery's body has been deleted: it is too old"));
        }
        delivery.status = DeliveryStatus::Sending;
        Ok(Some((Begun { attempt: delivery.next_attempt(), version: item.get_version(), found }, delivery)))
    }

    pub(super) async fn finish(
        &self,
        scope: &Scope,
        id: &DeliveryId,
        result: AttemptResult,
    ) -> Result<Option<Delivery>, Unavailable> {
        let key = (scope.clone(), id.clone());
        let known = self.attempts.begun(&key).map(|begun| (begun.version, begun.found));
        let recorded = self.change(scope, id, known, |delivery| delivery.after(&result).ok_or(())).await;
        // Even if it could not be recorded the attempt is over: the message comes again, and the attempt is made again.
        self.attempts.release_attempt(&key, result.attempt);
        Ok(recorded?.and_then(Result::ok))
    }

    /// Gives up a delivery whose attempt began and is not made.
    pub(super) async fn give_up_begun(
        &self,
        scope: &Scope,
        id: &DeliveryId,
        reason: &str,
        now: Timestamp,
    ) -> Result<(), Unavailable> {
        self.give_up(scope, id, reason, now).await?;
        self.abandon(scope, id);
        Ok(())
    }

    pub(super) fn abandon(&self, scope: &Scope, id: &DeliveryId) {
        self.attempts.release(&(scope.clone(), id.clone()));
    }
}
