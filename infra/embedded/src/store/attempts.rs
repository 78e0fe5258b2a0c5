//! Attempts: which deliveries this process is at.
//!
//! Only in memory: after a crash nobody is at any of them, and each is attempted again under its number.

use super::EmbeddedStore;
use super::deliveries;
use super::error::Result;
use super::keys::Key;
use super::tables::{Read as _, Table};
use super::txn::Txn;
use super::writer::Durability;
use fjall::UserKey;
use minoots_shared::domain::account::Scope;
use minoots_shared::domain::delivery::{AttemptResult, Delivery, DeliveryStatus};
use minoots_shared::domain::ids::DeliveryId;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The attempts under way: a delivery's key, and the attempt's number once it is known.
#[derive(Clone, Default)]
pub(super) struct Attempts(Arc<Mutex<HashMap<UserKey, Option<u32>>>>);

impl Attempts {
    /// Whether somebody is at the delivery under this key.
    fn contains(&self, key: &[u8]) -> bool {
        self.lock().contains_key(key)
    }

    /// Takes the delivery under this key for the caller. `false`: somebody is at it.
    fn take(&self, key: &[u8]) -> bool {
        match self.lock().entry(key.into()) {
            Entry::Occupied(_) => false,
            Entry::Vacant(place) => {
                place.insert(None);
                true
            }
        }
    }

    fn set_number(&self, key: &[u8], number: u32) {
        self.lock().insert(key.into(), Some(number));
    }

    fn release(&self, key: &[u8]) {
        self.lock().remove(key);
    }

    /// Releases the delivery, unless another attempt than this one is under way.
    fn release_number(&self, key: &[u8], number: u32) {
        let mut attempts = self.lock();
        if attempts.get(key) == Some(&Some(number)) {
            attempts.remove(key);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<UserKey, Option<u32>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl EmbeddedStore {
    pub(super) fn read_deliveries(&self, scope: &Scope, ids: &[DeliveryId]) -> Result<Vec<Delivery>> {
        let view = self.tables.view();
        let mut found = Vec::with_capacity(ids.len());
        for id in ids {
            let key = Key::scoped(scope, id.as_str());
            let Some(mut delivery) = view.record::<Delivery>(Table::Deliveries, &key)? else { continue };
            if delivery.status.is_open() && self.attempts.contains(&key) {
                delivery.status = DeliveryStatus::Sending;
            }
            found.push(delivery);
        }
        Ok(found)
    }

    /// The delivery is taken before its record is read: of two callers one gets it, and whatever was committed when this
    /// was called, a withdrawal or an attempt's result, is seen.
    pub(super) fn begin(&self, scope: &Scope, id: &DeliveryId) -> Result<Option<Delivery>> {
        // Without this, a delivery whose results can't be recorded would be sent over and over.
        self.tables.check()?;
        let key = Key::scoped(scope, id.as_str());
        if !self.attempts.take(&key) {
            return Ok(None);
        }
        match self.tables.view().record::<Delivery>(Table::Deliveries, &key) {
            Ok(Some(mut delivery)) if delivery.status.is_open() => {
                self.attempts.set_number(&key, delivery.next_attempt());
                delivery.status = DeliveryStatus::Sending;
                Ok(Some(delivery))
            }
            other => {
                self.attempts.release(&key);
                other.map(|_| None)
            }
        }
    }

    pub(super) async fn finish(
        &self,
        scope: &Scope,
        id: &DeliveryId,
        result: AttemptResult,
    ) -> Result<Option<Delivery>> {
        let key = Key::scoped(scope, id.as_str());
        let (attempts, taken, attempt) = (self.attempts.clone(), key.clone(), result.attempt);
        let job = move |txn: &mut Txn<'_>| deliveries::record_attempt(txn, &key, &result);
        // Only once the result is committed may the next attempt begin. If it can't be committed, none does before the
        // next start: better than to send again and again what can't be recorded.
        let then = move |recorded: &Result<Option<Delivery>>| {
            if recorded.is_ok() {
                attempts.release_number(&taken, attempt);
            }
        };
        self.writer.run_then(Durability::System, job, then).await
    }

    /// The attempt that [`begin_attempt`](minoots_shared::ports::Store::begin_attempt) began was given up without a result:
    /// it may be begun again. For a shutdown that can't wait for it.
    pub fn abandon_attempt(&self, scope: &Scope, id: &DeliveryId) {
        self.attempts.release(&Key::scoped(scope, id.as_str()));
    }
}
