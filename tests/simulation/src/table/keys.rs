//! API keys.

use super::Table;
use minoots_shared::domain::api_key::{ApiKey, KeyDigest};
use minoots_shared::domain::ids::{AccountId, ApiKeyId};
use minoots_shared::ports::{Idempotency, Remembered};
use std::cmp::Reverse;

impl Table {
    /// Stores a key, again if its id is known, and remembers the answer, unless the request is known. One secret is one key.
    pub(crate) fn create_api_key(&mut self, key: ApiKey, idempotency: Option<&Idempotency>) -> Option<Remembered> {
        let known = self.remember(idempotency, &[]);
        if known.is_none() {
            self.keys.retain(|_, stored| stored.digest != key.digest);
            self.keys.insert((key.scope.account.clone(), key.id.clone()), key);
        }
        known
    }

    /// The key with this digest.
    pub(crate) fn api_key(&self, digest: &KeyDigest) -> Option<ApiKey> {
        self.keys.values().find(|key| key.digest == *digest).cloned()
    }

    /// An account's keys, newest first.
    pub(crate) fn api_keys_of(&self, account: &AccountId) -> Vec<ApiKey> {
        let mut keys: Vec<_> = self.keys.values().filter(|key| key.scope.account == *account).cloned().collect();
        keys.sort_by_key(|key| Reverse((key.created_at, key.id.clone())));
        keys
    }

    /// Names a key.
    pub(crate) fn rename_api_key(
        &mut self,
        account: &AccountId,
        id: &ApiKeyId,
        name: Option<String>,
    ) -> Option<ApiKey> {
        let key = self.keys.get_mut(&(account.clone(), id.clone()))?;
        key.name = name;
        Some(key.clone())
    }

    /// Forgets a key. `false`: the account has no such key.
    pub(crate) fn revoke_api_key(&mut self, account: &AccountId, id: &ApiKeyId) -> bool {
        self.keys.remove(&(account.clone(), id.clone())).is_some()
    }
}
