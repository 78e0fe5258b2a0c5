//! API keys: `mnt_live_…` and `mnt_test_…`. Only a digest of a key is ever stored.

use super::account::{Mode, Scope};
use super::ids::ApiKeyId;
use super::time::Timestamp;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::fmt;

/// A key as its holder knows it.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKeySecret(String);

impl ApiKeySecret {
    /// A new key from 32 random bytes.
    pub fn generate(mode: Mode, random: &[u8; 32]) -> Self {
        Self(format!("mnt_{mode}_{}", URL_SAFE_NO_PAD.encode(random)))
    }

    /// A key that a caller sent or an operator chose.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The key's text.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// What is stored and looked up: SHA-256. Keys carry 256 random bits, so a slow hash would add nothing but latency.
    pub fn digest(&self) -> KeyDigest {
        KeyDigest(Sha256::digest(self.0.as_bytes()).into())
    }

    /// The data that an operator's key opens: test data if it begins with `mnt_test_`, else live data.
    pub fn mode(&self) -> Mode {
        if self.0.starts_with("mnt_test_") { Mode::Test } else { Mode::Live }
    }

    /// Enough to recognise the key and too little to use it: `mnt_live_…wxyz`.
    pub fn preview(&self) -> String {
        let tail: String = if self.0.len() >= 24 { self.0.chars().rev().take(4).collect() } else { String::new() };
        format!("mnt_{}_…{}", self.mode(), tail.chars().rev().collect::<String>())
    }
}

impl fmt::Debug for ApiKeySecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKeySecret(…)")
    }
}

/// SHA-256 of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct KeyDigest(pub [u8; 32]);

/// What is known about a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKey {
    /// Names the key in calls about it.
    pub id: ApiKeyId,
    /// The data that it opens.
    pub scope: Scope,
    /// What its holder calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// See [`ApiKeySecret::preview`].
    pub preview: String,
    /// See [`ApiKeySecret::digest`].
    pub digest: KeyDigest,
    /// When it was made.
    pub created_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_says_its_mode_and_its_preview_says_no_more_than_four_characters() {
        let key = ApiKeySecret::generate(Mode::Test, &[9; 32]);
        assert_eq!(key.mode(), Mode::Test);
        assert!(key.reveal().starts_with("mnt_test_"));
        assert_eq!(key.preview(), format!("mnt_test_…{}", &key.reveal()[key.reveal().len() - 4..]));
        assert_eq!(ApiKeySecret::new("short").preview(), "mnt_live_…");
        assert!(!format!("{key:?}").contains("mnt_"));
    }
}
