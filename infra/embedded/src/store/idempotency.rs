//! What is remembered under callers' idempotency keys.

use super::error::Result;
use super::keys::Key;
use super::record::unreadable;
use super::tables::{Read, Table};
use super::txn::Txn;
use minoots_shared::domain::time::Timestamp;
use minoots_shared::ports::{Idempotency, IdempotencyKey, Placement, Remembered};
use sha2::{Digest as _, Sha256};

/// One byte that says this form, the fingerprint, when it expires, and the answer as it is: as JSON each of the answer's
/// bytes would take up to four.
const REMEMBERED: u8 = 1;

/// Names a key of any length by 32 bytes.
pub(super) fn digest(key: &IdempotencyKey) -> [u8; 32] {
    let text = Key::new().scope(&key.scope).text(key.route).rest(&key.key);
    Sha256::digest(&*text).into()
}

/// What is remembered, unless it has expired at `now`.
pub(super) fn remembered(read: &impl Read, digest: &[u8; 32], now: Timestamp) -> Result<Option<Remembered>> {
    Ok(stored(read, digest)?.filter(|remembered| now < remembered.expires_at))
}

/// Remembers the answer that follows from `placements`, in place of one that has expired.
pub(super) fn remember(
    txn: &mut Txn<'_>,
    digest: &[u8; 32],
    idempotency: &Idempotency,
    placements: &[Placement],
) -> Result<()> {
    let Some(answer) = (idempotency.answer)(placements) else { return Ok(()) };
    forget(txn, digest)?;
    let mut value = Vec::with_capacity(41 + answer.len());
    value.push(REMEMBERED);
    value.extend(idempotency.fingerprint);
    value.extend(idempotency.expires_at.0.to_be_bytes());
    value.extend(answer);
    txn.put(Table::Idempotency, digest, value);
    txn.put(Table::Expiring, expiring(idempotency.expires_at, digest), []);
    Ok(())
}

/// Forgets what expired by `now`, given its entry in [`Table::Expiring`]. Since the entry was read, the key may have been
/// used anew: that stays.
pub(super) fn forget_expired(txn: &mut Txn<'_>, entry: &[u8], now: Timestamp) -> Result<()> {
    let digest = entry.last_chunk::<32>().ok_or_else(|| unreadable(Table::Expiring, "its key has no digest"))?;
    txn.remove(Table::Expiring, entry);
    if stored(txn, digest)?.is_some_and(|remembered| remembered.expires_at <= now) {
        txn.remove(Table::Idempotency, digest);
    }
    Ok(())
}

fn forget(txn: &mut Txn<'_>, digest: &[u8; 32]) -> Result<()> {
    if let Some(old) = stored(txn, digest)? {
        txn.remove(Table::Expiring, expiring(old.expires_at, digest));
        txn.remove(Table::Idempotency, digest);
    }
    Ok(())
}

fn expiring(at: Timestamp, digest: &[u8; 32]) -> Key {
    Key::new().instant(at).bytes(digest)
}

fn stored(read: &impl Read, digest: &[u8; 32]) -> Result<Option<Remembered>> {
    let Some(value) = read.get(Table::Idempotency, digest)? else { return Ok(None) };
    let parts = value.split_first().filter(|(form, _)| **form == REMEMBERED).and_then(|(_, rest)| {
        let (fingerprint, rest) = rest.split_first_chunk::<32>()?;
        let (expires_at, answer) = rest.split_first_chunk::<8>()?;
        let expires_at = Timestamp(u64::from_be_bytes(*expires_at));
        Some(Remembered { fingerprint: *fingerprint, answer: answer.to_vec(), expires_at })
    });
    parts.map(Some).ok_or_else(|| unreadable(Table::Idempotency, "it has an unknown form"))
}
