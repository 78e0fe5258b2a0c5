//! What is remembered under callers' idempotency keys.

use super::DynamoStore;
use super::item::Item;
use super::keys::{Key, hex};
use super::table::{Condition, Write};
use minoots_shared::domain::time::Timestamp;
use minoots_shared::ports::{Idempotency, IdempotencyKey, Remembered, Unavailable};
use serde::{Deserialize, Serialize};

/// As it is stored: the answer as text, since as a list of bytes it would take up to four times as much.
#[derive(Serialize, Deserialize)]
struct Stored {
    fingerprint: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    bytes: Vec<u8>,
    expires_at: Timestamp,
}

/// The write that remembers an answer, in place of one that has expired.
pub(super) fn write(wanted: &Idempotency, answer: Vec<u8>) -> Result<Write, Unavailable> {
    let (text, bytes) = match String::from_utf8(answer) {
        Ok(text) => (Some(text), Vec::new()),
        Err(other) => (None, other.into_bytes()),
    };
    let stored = Stored { fingerprint: hex(&wanted.fingerprint), text, bytes, expires_at: wanted.expires_at };
    let item = Item::new(&Key::answer(&wanted.key)).until(wanted.expires_at).document(&stored)?;
    Ok(Write { item, condition: Condition::Fresh(wanted.at) })
}

impl DynamoStore {
    pub(super) async fn remembered_under(
        &self,
        key: &IdempotencyKey,
        now: Timestamp,
    ) -> Result<Option<Remembered>, Unavailable> {
        let Some(item) = self.get(&Key::answer(key)).await? else { return Ok(None) };
        let stored: Stored = item.read()?;
        if stored.expires_at <= now {
            return Ok(None);
        }
        let bytes = (0..32).map(|place| {
            let byte = stored.fingerprint.get(2 * place..2 * place + 2)?;
            u8::from_str_radix(byte, 16).ok()
        });
        let bytes: Option<Vec<u8>> = bytes.collect();
        let fingerprint = bytes.and_then(|bytes| bytes.try_into().ok());
        let fingerprint = fingerprint.ok_or_else(|| item.unreadable("its fingerprint is not 32 bytes".to_owned()))?;
        let answer = stored.text.map_or(stored.bytes, String::into_bytes);
        Ok(Some(Remembered { fingerprint, answer, expires_at: stored.expires_at }))
    }
}
