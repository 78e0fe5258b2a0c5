//! What is remembered under callers' idempotency keys.

use super::DynamoStore;
use super::condition::{Condition, Write};
use super::digest::hex;
use super::item::Item;
use super::keys::Key;
use minoots_shared::domain::time::Timestamp;
use minoots_shared::ports::{Idempotency, IdempotencyKey, Placement, Remembered, Unavailable};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// An answer longer than this is kept in parts, in bytes. Quoted as JSON a part is at most twice as long, and an item has at
/// most 400 kB.
const LONGEST_PART: usize = 150_000;

/// As it is stored: the answer as text, since as a list of bytes it would take up to four times as much.
#[derive(Serialize, Deserialize)]
struct Stored {
    fingerprint: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    bytes: Vec<u8>,
    /// The digests of the answer's parts, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    parts: Vec<String>,
    expires_at: Timestamp,
}

impl DynamoStore {
    /// The write that remembers the answer to these placements, in place of one that has expired, if it is one to remember.
    /// A long answer's parts are written already: under their digests, so that of two creations neither spoils the other's.
    pub(super) async fn answer(
        &self,
        wanted: &Idempotency,
        placements: &[Placement],
    ) -> Result<Option<Write>, Unavailable> {
        let Some(answer) = (wanted.answer)(placements) else { return Ok(None) };
        let (fingerprint, expires_at) = (hex(&wanted.fingerprint), wanted.expires_at);
        let mut stored = Stored { fingerprint, text: None, bytes: Vec::new(), parts: Vec::new(), expires_at };
        match String::from_utf8(answer) {
            Ok(text) if text.len() > LONGEST_PART => stored.parts = self.write_parts(wanted, &text).await?,
            Ok(text) => stored.text = Some(text),
            Err(other) => stored.bytes = other.into_bytes(),
        }
        let item = Item::new(&Key::answer(&wanted.key)).until(wanted.expires_at).document(&stored)?;
        Ok(Some(Write { item, condition: Condition::Fresh(wanted.at) }))
    }

    async fn write_parts(&self, wanted: &Idempotency, text: &str) -> Result<Vec<String>, Unavailable> {
        let (mut digests, mut rest) = (Vec::new(), text);
        while !rest.is_empty() {
            let (part, behind) = rest.split_at(rest.floor_char_boundary(LONGEST_PART));
            let digest = hex(&Sha256::digest(part.as_bytes()));
            let item = Item::new(&Key::answer_part(&wanted.key, &digest)).until(wanted.expires_at).document(&part)?;
            self.write(Write { item, condition: Condition::Always }).await?;
            digests.push(digest);
            rest = behind;
        }
        Ok(digests)
    }

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
        let mut answer = stored.text.map_or(stored.bytes, String::into_bytes);
        for part in &stored.parts {
            let found = self.get(&Key::answer_part(key, part)).await?;
            let found = found.ok_or_else(|| item.unreadable(format!("its part {part} is missing")))?;
            answer.extend_from_slice(found.read::<String>()?.as_bytes());
        }
        Ok(Some(Remembered { fingerprint, answer, expires_at: stored.expires_at }))
    }
}
