//! Secrets that sign webhooks, and their rotation.

use super::duration;
use super::fault::{FaultCode, Faults};
use super::fields::Fields;
use super::json::Object;
use super::time::{Millis, Timestamp};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Before a generated secret: Standard Webhooks' prefix for symmetric keys.
const PREFIX: &str = "whsec_";
/// How long a rotated secret goes on signing beside the new one, unless the caller says otherwise.
pub const DEFAULT_OVERLAP: Millis = Millis::DAY;
/// The longest overlap that a caller may ask for.
pub const LONGEST_OVERLAP: Millis = Millis::days(7);

/// A secret that signs webhooks; `whsec_` and base64 of 32 random bytes, or an operator's own text.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WebhookSecret(String);

impl WebhookSecret {
    /// A new secret from 32 random bytes.
    pub fn generate(random: &[u8; 32]) -> Self {
        Self(format!("{PREFIX}{}", STANDARD.encode(random)))
    }

    /// A secret that an operator chose.
    ///
    /// # Errors
    /// `None` if it is empty or longer than 512 bytes.
    pub fn chosen(text: impl Into<String>) -> Option<Self> {
        let text = text.into();
        (1..=512).contains(&text.len()).then_some(Self(text))
    }

    /// The text: what callers copy, and the key of all signatures but Standard Webhooks'.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Enough to recognise it and too little to use it: `whsec_…wxyz`.
    pub fn preview(&self) -> String {
        let prefix = if self.0.starts_with(PREFIX) { PREFIX } else { "" };
        let from = self.0.len().saturating_sub(4);
        let tail = self.0.get(from..).filter(|_| self.0.len() >= 24).unwrap_or_default();
        format!("{prefix}…{tail}")
    }

    /// The key for Standard Webhooks: the decoded bytes behind `whsec_`, else the text itself.
    pub fn standard_key(&self) -> Vec<u8> {
        self.0
            .strip_prefix(PREFIX)
            .and_then(|encoded| STANDARD.decode(encoded).ok())
            .unwrap_or_else(|| self.0.as_bytes().to_vec())
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecret(…)")
    }
}

/// The secret in force and, during a rotation's overlap, the one before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SigningSecrets {
    /// Signs everything.
    pub current: WebhookSecret,
    /// Signs beside `current` until its time is up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<PreviousSecret>,
}

/// A secret that was rotated away and still signs for a while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreviousSecret {
    /// The old secret.
    pub secret: WebhookSecret,
    /// From here on it signs no more.
    pub expires_at: Timestamp,
}

impl SigningSecrets {
    /// One secret and none before it.
    pub fn new(current: WebhookSecret) -> Self {
        Self { current, previous: None }
    }

    /// The state after a rotation at `now`. Of two rotations within one overlap only the last secret goes on signing.
    #[must_use]
    pub fn rotated(&self, fresh: WebhookSecret, now: Timestamp, overlap: Millis) -> Self {
        let previous = PreviousSecret { secret: self.current.clone(), expires_at: now.plus(overlap) };
        Self { current: fresh, previous: (overlap > Millis(0)).then_some(previous) }
    }

    /// The secrets that sign at `now`.
    #[must_use]
    pub fn in_force_at(&self, now: Timestamp) -> Self {
        Self { current: self.current.clone(), previous: self.previous_at(now).cloned() }
    }

    /// The previous secret while it still signs.
    pub fn previous_at(&self, now: Timestamp) -> Option<&PreviousSecret> {
        self.previous.as_ref().filter(|previous| now < previous.expires_at)
    }
}

/// Reads `overlap`: how long the old secret goes on signing, from nothing to seven days.
///
/// # Errors
/// It is no length of time, or a longer one.
pub fn parse_overlap(members: &Object) -> Result<Millis, Faults> {
    let Some(value) = Fields::root(members).get("overlap") else { return Ok(DEFAULT_OVERLAP) };
    let message = match duration::parse_signed(value) {
        Ok((negative, overlap)) if !negative && overlap <= LONGEST_OVERLAP => return Ok(overlap),
        Ok(_) => "must be between 0 and 7 days".to_owned(),
        Err(message) => message,
    };
    Err(Faults::one(FaultCode::InvalidRequest, "overlap", message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_never_shows_in_debug_output() {
        let secret = WebhookSecret::generate(&[7; 32]);
        assert!(!format!("{secret:?}").contains(&secret.reveal()[6..]));
    }

    #[test]
    fn a_preview_shows_four_characters_of_a_long_secret_and_none_of_a_short_one() {
        let secret = WebhookSecret::generate(&[7; 32]);
        assert_eq!(secret.preview(), format!("whsec_…{}", &secret.reveal()[secret.reveal().len() - 4..]));
        assert_eq!(WebhookSecret::chosen("short").unwrap().preview(), "…");
    }

    #[test]
    fn the_standard_key_is_the_decoded_bytes_or_the_operators_text() {
        assert_eq!(WebhookSecret::generate(&[7; 32]).standard_key(), vec![7; 32]);
        assert_eq!(WebhookSecret::chosen("my secret").unwrap().standard_key(), b"my secret");
        assert!(WebhookSecret::chosen("").is_none());
    }

    #[test]
    fn after_a_rotation_the_old_secret_signs_until_the_overlap_ends() {
        let first = SigningSecrets::new(WebhookSecret::generate(&[1; 32]));
        let second = first.rotated(WebhookSecret::generate(&[2; 32]), Timestamp(1_000), Millis(500));
        assert_eq!(second.previous_at(Timestamp(1_499)).map(|p| &p.secret), Some(&first.current));
        assert_eq!(second.previous_at(Timestamp(1_500)), None);
        assert_eq!(first.rotated(WebhookSecret::generate(&[2; 32]), Timestamp(1_000), Millis(0)).previous, None);
    }
}
