//! Attempts: which deliveries this process is at.
//!
//! Only in memory: after a crash nobody is at any of them, and each is attempted again under its number.

use super::EmbeddedStore;
use super::deliveries::Stored;
use super::error::Result;
use super::keys::Key;
use super::record::unreadable;
use super::tables::{Read as _, Table};
use super::txn::Txn;
use super::write_job::Durability;
use super::{deliveries, delivery_lists, figures};
use fjall::UserKey;
use foldhash::HashMap;
use minoots_shared::domain::account::Scope;
use minoots_shared::domain::attempt::AttemptResult;
use minoots_shared::domain::delivery::{Delivery, DeliveryStatus, NotReplayed};
use minoots_shared::domain::figures::DeliveryCounts;
use minoots_shared::domain::ids::{DeliveryId, EndpointId};
use minoots_shared::domain::time::Timestamp;
use minoots_shared::ports::{DeliveryPage, DeliveryQuery, Unavailable};
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How often an endpoint's open deliveries are looked for, if each time those found had ended before they could be given up.
const MOST_LOOKS: usize = 100;

/// The attempts under way: a delivery's key, and what was read when the attempt began, once that is known.
#[derive(Clone, Default)]
pub(super) struct Attempts(Arc<Mutex<HashMap<UserKey, Option<Stored>>>>);

/// What came of beginning a delivery's attempt.
pub(crate) enum Begin {
    /// The caller is to make it.
    Begun(Arc<Delivery>),
    /// Somebody else is at it.
    UnderWay,
    /// It is due later, or has ended.
    NotDue,
}

impl Attempts {
    /// Whether somebody is at the delivery under this key.
    fn contains(&self, key: &[u8]) -> bool {
        self.lock().contains_key(key)
    }

    /// The keys of a scope's deliveries that somebody is at.
    fn of(&self, scope: &Scope) -> Vec<UserKey> {
        let prefix = Key::new().scope(scope).prefix();
        self.lock().keys().filter(|key| key.starts_with(&prefix)).cloned().collect()
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

    fn set_begun(&self, key: &[u8], begun: Stored) {
        self.lock().insert(key.into(), Some(begun));
    }

    /// What was read when the attempt of this number began, if it is under way.
    fn begun(&self, key: &[u8], number: u32) -> Option<Stored> {
        self.lock().get(key)?.as_ref().filter(|begun| begun.delivery.next_attempt() == number).cloned()
    }

    fn release(&self, key: &[u8]) {
        self.lock().remove(key);
    }

    /// Releases the delivery, unless another attempt than this one is under way.
    fn release_number(&self, key: &[u8], number: u32) {
        let mut attempts = self.lock();
        if matches!(attempts.get(key), Some(Some(begun)) if begun.delivery.next_attempt() == number) {
            attempts.remove(key);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<UserKey, Option<Stored>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_due(delivery: &Delivery, latest: Timestamp) -> bool {
    delivery.status.is_open() && delivery.next_attempt_at.is_some_and(|at| at <= latest)
}

impl EmbeddedStore {
    pub(super) fn read_deliveries(&self, scope: &Scope, ids: &[DeliveryId]) -> Result<Vec<Delivery>> {
        let view = self.tables.view();
        let mut found = Vec::with_capacity(ids.len());
        for id in ids {
            let delivery = deliveries::read(&view, &Key::scoped(scope, id.as_str()))?;
            found.extend(delivery.map(|delivery| self.shown(delivery)));
        }
        Ok(found)
    }

    pub(super) fn read_delivery_page(&self, scope: &Scope, query: &DeliveryQuery) -> Result<DeliveryPage> {
        let view = self.tables.view();
        let read = |id: &str| deliveries::read(&view, &Key::scoped(scope, id));
        delivery_lists::page(&view, scope, query, read, |delivery| self.shown(delivery))
    }

    /// The delivery as it is shown: one that somebody is at is being sent.
    fn shown(&self, delivery: Delivery) -> Delivery {
        let key = Key::scoped(&delivery.scope, delivery.id.as_str());
        let is_under_way = delivery.status.is_open() && self.attempts.contains(&key);
        Delivery { status: if is_under_way { DeliveryStatus::Sending } else { delivery.status }, ..delivery }
    }

    /// The counts, with those that somebody is at counted as such.
    pub(super) fn read_delivery_counts(&self, scope: &Scope) -> Result<DeliveryCounts> {
        let under_way = self.attempts.of(scope);
        let view = self.tables.view();
        let mut counts = figures::counts(&view, scope)?;
        for key in under_way {
            if let Some(delivery) = deliveries::read(&view, &key)? {
                let sending = Delivery { status: DeliveryStatus::Sending, ..delivery.clone() };
                if delivery.status.is_open() {
                    counts.recount(Some(&delivery), Some(&sending));
                }
            }
        }
        Ok(counts)
    }

    /// Whether a delivery is open and its next attempt is due at `now`.
    pub(crate) fn is_due(
        &self,
        scope: &Scope,
        id: &DeliveryId,
        now: Timestamp,
    ) -> std::result::Result<bool, Unavailable> {
        let key = Key::scoped(scope, id.as_str());
        let delivery = deliveries::read(&self.tables.view(), &key)?;
        Ok(delivery.is_some_and(|delivery| is_due(&delivery, now)))
    }

    pub(super) fn begin(&self, scope: &Scope, id: &DeliveryId) -> Result<Option<Delivery>> {
        match self.begin_by(scope, id, Timestamp(u64::MAX))? {
            Begin::Begun(delivery) => {
                Ok(Some(Delivery { status: DeliveryStatus::Sending, ..Delivery::clone(&delivery) }))
            }
            Begin::UnderWay | Begin::NotDue => Ok(None),
        }
    }

    /// Begins a delivery's attempt if it is due at `now`.
    ///
    /// # Errors
    /// The database can't be read, or what comes of the attempt could not be written.
    pub(crate) fn begin_due(
        &self,
        scope: &Scope,
        id: &DeliveryId,
        now: Timestamp,
    ) -> std::result::Result<Begin, Unavailable> {
        Ok(self.begin_by(scope, id, now)?)
    }

    /// The delivery is taken before its record is read: of two callers one gets it, and whatever was committed when this
    /// was called, a withdrawal or an attempt's result, is seen.
    fn begin_by(&self, scope: &Scope, id: &DeliveryId, latest: Timestamp) -> Result<Begin> {
        // Without this, a delivery whose results can't be recorded would be sent over and over.
        self.tables.check()?;
        let key = Key::scoped(scope, id.as_str());
        if !self.attempts.take(&key) {
            return Ok(Begin::UnderWay);
        }
        match self.read_begun(&key) {
            Ok(Some(begun)) if is_due(&begun.delivery, latest) => {
                let delivery = Arc::clone(&begun.delivery);
                self.attempts.set_begun(&key, begun);
                Ok(Begin::Begun(delivery))
            }
            other => {
                self.attempts.release(&key);
                other.map(|_| Begin::NotDue)
            }
        }
    }

    fn read_begun(&self, key: &[u8]) -> Result<Option<Stored>> {
        if let Some(new) = self.tables.new_deliveries.take(key) {
            return Ok(Some(new));
        }
        let Some(record) = self.tables.view().get(Table::Deliveries, key)? else { return Ok(None) };
        Ok(Some(Stored { delivery: Arc::new(deliveries::decode(&record)?), record }))
    }

    pub(super) async fn finish(
        &self,
        scope: &Scope,
        id: &DeliveryId,
        result: AttemptResult,
    ) -> Result<Option<Delivery>> {
        let key = Key::scoped(scope, id.as_str());
        let (attempts, taken, attempt) = (self.attempts.clone(), key.clone(), result.attempt);
        // Worked out here, for the writer's thread is the one that all wait for.
        let foreseen = attempts
            .begun(&key, attempt)
            .map(|begun| deliveries::Foreseen::new(begun.record, &begun.delivery, &result));
        let foreseen = foreseen.transpose()?.flatten();
        let job = move |txn: &mut Txn<'_>| match foreseen {
            Some(foreseen) if foreseen.holds(txn, &key)? => foreseen.write(txn).map(Some),
            _ => deliveries::record_attempt(txn, &key, &result),
        };
        // Only once the result is committed may the next attempt begin. If it can't be committed, none does before the
        // next start: better than to send again and again what can't be recorded.
        let then = move |recorded: &Result<Option<Delivery>>| {
            if recorded.is_ok() {
                attempts.release_number(&taken, attempt);
            }
        };
        self.writer.run_then(Durability::System, job, then).await
    }

    /// Gives up a delivery whose attempt began: nobody is at it any more once that is committed.
    pub(super) async fn give_up(&self, scope: &Scope, id: &DeliveryId, reason: &str, now: Timestamp) -> Result<()> {
        let (scope, id, reason) = (scope.clone(), id.clone(), reason.to_owned());
        let (attempts, taken) = (self.attempts.clone(), Key::scoped(&scope, id.as_str()));
        let job = move |txn: &mut Txn<'_>| {
            deliveries::give_up(txn, &scope, std::slice::from_ref(&id), now, &reason)?;
            Ok(())
        };
        let then = move |given_up: &Result<()>| {
            if given_up.is_ok() {
                attempts.release(&taken);
            }
        };
        self.writer.run_then(Durability::Disk, job, then).await
    }

    /// Gives up open deliveries of an endpoint, and says how many. Zero: none was left when this was called.
    pub(super) async fn give_up_open(
        &self,
        scope: &Scope,
        endpoint: &EndpointId,
        reason: &str,
        now: Timestamp,
        limit: usize,
    ) -> Result<usize> {
        for _ in 0..MOST_LOOKS {
            let open = delivery_lists::open(&self.tables.view(), scope, endpoint, limit)?;
            if open.is_empty() {
                return Ok(0);
            }
            let (scope, reason) = (scope.clone(), reason.to_owned());
            let job = move |txn: &mut Txn<'_>| deliveries::give_up(txn, &scope, &open, now, &reason);
            let given_up = self.writer.run(Durability::Disk, job).await?;
            // All of them may have ended meanwhile, and others may be left, or the same once they are sent again.
            if given_up > 0 {
                return Ok(given_up);
            }
        }
        Err(unreadable(Table::DeliveryLists, "it lists deliveries as open that have ended"))
    }

    pub(super) async fn send_again(
        &self,
        scope: &Scope,
        id: &DeliveryId,
        now: Timestamp,
    ) -> Result<Option<std::result::Result<Delivery, NotReplayed>>> {
        let key = Key::scoped(scope, id.as_str());
        self.writer.run(Durability::Disk, move |txn| deliveries::replay(txn, &key, now)).await
    }

    pub(super) async fn put_delivery(&self, delivery: Delivery) -> Result<()> {
        let new = deliveries::Encoded::new(Arc::new(delivery))?;
        self.writer.run(Durability::Disk, |txn| new.put_new(txn).map(|_| ())).await
    }

    pub(super) fn abandon(&self, scope: &Scope, id: &DeliveryId) {
        self.attempts.release(&Key::scoped(scope, id.as_str()));
    }
}
