//! What is remembered under idempotency keys.

use super::Table;
use crate::flaw::Flaw;
use minoots_shared::domain::time::Timestamp;
use minoots_shared::ports::{Idempotency, IdempotencyKey, Placement, Remembered};

impl Table {
    /// Remembers the answer, unless something is known under its key: then that.
    pub(crate) fn remember(
        &mut self,
        idempotency: Option<&Idempotency>,
        placements: &[Placement],
    ) -> Option<Remembered> {
        let wanted = idempotency?;
        if let Some(known) = self.known(&wanted.key, wanted.at) {
            return Some(known);
        }
        if let Some(answer) = (wanted.answer)(placements) {
            let remembered = Remembered { fingerprint: wanted.fingerprint, answer, expires_at: wanted.expires_at };
            self.remembered.insert(wanted.key.clone(), remembered);
        }
        None
    }

    /// What a key stands for, as long as it counts.
    pub(crate) fn known(&self, key: &IdempotencyKey, now: Timestamp) -> Option<Remembered> {
        if self.has(Flaw::KeysForgotten) {
            return None;
        }
        self.remembered.get(key).filter(|known| known.expires_at > now).cloned()
    }

    /// The same for a request that may have come before.
    pub(crate) fn known_request(&self, idempotency: Option<&Idempotency>) -> Option<Remembered> {
        idempotency.and_then(|wanted| self.known(&wanted.key, wanted.at))
    }
}
