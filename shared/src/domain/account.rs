//! Accounts, and which half of an account's data a key sees.

use super::ids::AccountId;
use super::secret::SigningSecrets;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Live or test: two halves of an account's data that never meet.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Production data.
    Live,
    /// Data of keys that begin with `mnt_test_`.
    Test,
}

impl Mode {
    /// `live` or `test`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Test => "test",
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whose data, and which half of it: everything that is stored belongs to exactly one scope.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Scope {
    /// The account.
    pub account: AccountId,
    /// Its live or its test data.
    pub mode: Mode,
}

/// An account's settings. Both modes share them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The account's id.
    pub id: AccountId,
    /// Sign the webhooks of its timers.
    pub webhook_secrets: SigningSecrets,
    /// How many timers may run or be paused at once in each mode; without a limit nothing is counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concurrent_timers: Option<u32>,
    /// Raised by every change, for optimistic writes.
    pub revision: u64,
}
