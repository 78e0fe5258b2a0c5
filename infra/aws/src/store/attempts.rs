//! Attempts, and deliveries as they are read.
//!
//! That an attempt has begun is known to this process alone: another one that is given the same message would attempt it
//! too, as it does after a crash. So beginning writes nothing; it is the reading of the delivery that comes after every
//! cancellation that was answered.

use super::DynamoStore;
use super::condition::{Condition, Write};
use super::error::gave_up;
use super::record::Record;
use super::table::{AT_ONCE, pause};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use minoots_shared::domain::account::Scope;
use minoots_shared::domain::delivery::{AttemptResult, Delivery, DeliveryStatus};
use minoots_shared::domain::ids::{DeliveryId, TimerId};
use minoots_shared::ports::Unavailable;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How often a result is written anew because another write of the timer came in between.
const MOST_TRIES: u32 = 60;

/// The attempts under way in this process, with the record that each was begun from: it is most likely still the same when
/// the attempt ends.
#[derive(Default)]
pub(super) struct Attempts(Mutex<HashMap<(Scope, DeliveryId), Option<Begun>>>);

#[derive(Clone)]
struct Begun {
    attempt: u32,
    version: u64,
    record: Record,
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
        for id in ids {
            if let Some(timer) = id.timer() {
                of_timer.entry(timer).or_default().push(id.clone());
            }
        }
        let reads = of_timer.into_iter().map(|(timer, ids)| async move {
            let Some((_, record)) = self.record(scope, &timer).await? else { return Ok(Vec::new()) };
            let mut found = Vec::with_capacity(ids.len());
            for held in ids.iter().filter_map(|id| record.delivery(id)) {
                let mut delivery = self.with_texts(scope, held.clone()).await?;
                if delivery.status.is_open() && self.attempts.contains(&(scope.clone(), delivery.id.clone())) {
                    delivery.status = DeliveryStatus::Sending;
                }
                found.push(delivery);
            }
            Ok::<_, Unavailable>(found)
        });
        let found: Vec<Vec<Delivery>> = stream::iter(reads).buffered(AT_ONCE).try_collect().await?;
        Ok(found.into_iter().flatten().collect())
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
        let Some(timer) = id.timer() else { return Ok(None) };
        let Some((item, record)) = self.record(scope, &timer).await? else { return Ok(None) };
        let Some(held) = record.delivery(id).filter(|held| held.delivery.status.is_open()) else { return Ok(None) };
        let mut delivery = self.with_texts(scope, held.clone()).await?;
        if held.body_at.is_some() && delivery.body.is_empty() {
            return Err(gave_up("beginning an attempt", "the delivery's body has been deleted: it is too old"));
        }
        delivery.status = DeliveryStatus::Sending;
        Ok(Some((Begun { attempt: delivery.next_attempt(), version: item.get_version(), record }, delivery)))
    }

    pub(super) async fn finish(
        &self,
        scope: &Scope,
        id: &DeliveryId,
        result: AttemptResult,
    ) -> Result<Option<Delivery>, Unavailable> {
        let key = (scope.clone(), id.clone());
        let recorded = self.record_attempt(scope, id, &result, self.attempts.begun(&key)).await;
        // Even if it could not be recorded the attempt is over: the message comes again, and the attempt is made again.
        self.attempts.release_attempt(&key, result.attempt);
        recorded
    }

    async fn record_attempt(
        &self,
        scope: &Scope,
        id: &DeliveryId,
        result: &AttemptResult,
        begun: Option<Begun>,
    ) -> Result<Option<Delivery>, Unavailable> {
        let Some(timer) = id.timer() else { return Ok(None) };
        let nonce = super::nonce()?;
        let mut known = begun.map(|begun| (begun.version, begun.record));
        for attempt in 0..MOST_TRIES {
            let (version, record) = match known.take() {
                Some(known) => known,
                None => match self.record(scope, &timer).await? {
                    // The answer to our own write was lost, and the SDK tried again.
                    Some((item, record)) if item.is_by(&nonce) => {
                        return match record.delivery(id) {
                            Some(held) => self.with_texts(scope, held.clone()).await.map(Some),
                            None => Ok(None),
                        };
                    }
                    Some((item, record)) => (item.get_version(), record),
                    None => return Ok(None),
                },
            };
            let Some((mut after, held)) = record.after_attempt(id, result) else { return Ok(None) };
            let delivery = held.delivery.clone();
            self.move_texts_out(&mut after).await?;
            let item = after.item(version + 1, &nonce, self.retention)?;
            if self.write(Write { item, condition: Condition::Version(version) }).await? {
                let body_at = held.body_at;
                return self
                    .with_texts(scope, super::record::Held { delivery, body_at, response_at: None })
                    .await
                    .map(Some);
            }
            pause(attempt).await;
        }
        Err(gave_up("recording an attempt", "other writes of its timer kept coming in between"))
    }

    /// The attempt that was begun last ended without a result: it may be begun again.
    pub fn abandon_attempt(&self, scope: &Scope, id: &DeliveryId) {
        self.attempts.release(&(scope.clone(), id.clone()));
    }
}
