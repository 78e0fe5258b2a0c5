//! Accounts and their API keys. A key is stored twice: by its digest, for whoever shows it, and in its account's list.

use super::DynamoStore;
use super::condition::{Condition, Write};
use super::error::gave_up;
use super::item::Item;
use super::keys::{API_KEYS, Key, keys_of};
use super::table::{Query, pause};
use minoots_shared::domain::account::Account;
use minoots_shared::domain::api_key::{ApiKey, KeyDigest};
use minoots_shared::domain::ids::{AccountId, ApiKeyId};
use minoots_shared::domain::time::Timestamp;
use minoots_shared::ports::{Idempotency, Remembered, Unavailable};

/// How often a change of a key is decided anew because others changed it at the same time.
const MOST_TRIES: u32 = 20;

impl DynamoStore {
    pub(super) async fn add_account(&self, account: &Account) -> Result<bool, Unavailable> {
        let nonce = super::nonce()?;
        let key = Key::account(&account.id);
        let item = Item::new(&key).version(account.revision).nonce(&nonce).document(account)?;
        let created = self.write(Write { item, condition: Condition::Fresh(self.clock.now()) }).await?;
        Ok(created || self.get(&key).await?.is_some_and(|item| item.is_by(&nonce)))
    }

    /// Shared by the attempts of a batch, each of which asks for its account's secrets.
    pub(super) async fn read_account(&self, id: &AccountId) -> Result<Option<Account>, Unavailable> {
        let read = async {
            match self.get(&Key::account(id)).await? {
                Some(item) => Ok(Some(item.read()?)),
                None => Ok(None),
            }
        };
        self.accounts.read(id.as_str(), read).await
    }

    pub(super) async fn change_account(&self, account: &Account) -> Result<bool, Unavailable> {
        let Some(before) = account.revision.checked_sub(1) else { return Ok(false) };
        let nonce = super::nonce()?;
        let key = Key::account(&account.id);
        let item = Item::new(&key).version(account.revision).nonce(&nonce).document(account)?;
        let changed = self.write(Write { item, condition: Condition::Version(before) }).await?;
        Ok(changed || self.get(&key).await?.is_some_and(|item| item.is_by(&nonce)))
    }

    pub(super) async fn add_api_key(
        &self,
        key: &ApiKey,
        idempotency: Option<&Idempotency>,
    ) -> Result<Option<Remembered>, Unavailable> {
        for attempt in 0..MOST_TRIES {
            let stored = self.stored_key(&key.scope.account, &key.id).await?;
            let version = stored.as_ref().map(|(version, _)| *version);
            let mut writes = both(key, version)?.to_vec();
            let replaced = stored.filter(|(_, stored)| stored.digest != key.digest);
            let removals = replaced.map(|(_, stored)| (Key::digest(&stored.digest.0), Condition::Always));
            if let Some(wanted) = idempotency {
                writes.extend(self.answer(wanted, &[]).await?);
            }
            let remembers = writes.len() > 2;
            let Some(failed) = self.write_and_delete(writes, removals.into_iter().collect()).await? else {
                return Ok(None);
            };
            if let Some(wanted) = idempotency.filter(|_| remembers && failed[2])
                && let Some(known) = self.remembered_under(&wanted.key, wanted.at).await?
            {
                return Ok(Some(known));
            }
            pause(attempt).await;
        }
        Err(gave_up("storing a key", "others kept changing it"))
    }

    pub(super) async fn api_key_by_digest(&self, digest: &KeyDigest) -> Result<Option<ApiKey>, Unavailable> {
        match self.get(&Key::digest(&digest.0)).await? {
            Some(item) => Ok(Some(item.read()?)),
            None => Ok(None),
        }
    }

    pub(super) async fn api_keys_of(&self, account: &AccountId) -> Result<Vec<ApiKey>, Unavailable> {
        let partition = keys_of(account);
        let (mut keys, mut start) = (Vec::<ApiKey>::new(), None);
        let to = format!("{API_KEYS}~");
        loop {
            let (index, limit, backwards) = (None, None, false);
            let query = Query { index, partition: &partition, from: API_KEYS, to: &to, backwards, limit, start };
            let (items, next) = self.query(query).await?;
            for item in items {
                keys.push(item.read()?);
            }
            start = next;
            if start.is_none() {
                break;
            }
        }
        keys.sort_by(|one, other| (other.created_at, &other.id).cmp(&(one.created_at, &one.id)));
        Ok(keys)
    }

    pub(super) async fn rename_key(
        &self,
        account: &AccountId,
        id: &ApiKeyId,
        name: Option<String>,
    ) -> Result<Option<ApiKey>, Unavailable> {
        for attempt in 0..MOST_TRIES {
            let Some((version, key)) = self.stored_key(account, id).await? else { return Ok(None) };
            let renamed = ApiKey { name: name.clone(), ..key };
            if self.write_all(both(&renamed, Some(version))?.to_vec()).await?.is_none() {
                return Ok(Some(renamed));
            }
            pause(attempt).await;
        }
        Err(gave_up("renaming a key", "others kept changing it"))
    }

    pub(super) async fn remove_key(&self, account: &AccountId, id: &ApiKeyId) -> Result<bool, Unavailable> {
        for attempt in 0..MOST_TRIES {
            let Some((version, key)) = self.stored_key(account, id).await? else { return Ok(false) };
            let listed = (Key::api_key(account, id), Condition::Version(version));
            let removals = vec![listed, (Key::digest(&key.digest.0), Condition::Always)];
            if self.write_and_delete(Vec::new(), removals).await?.is_none() {
                return Ok(true);
            }
            pause(attempt).await;
        }
        Err(gave_up("revoking a key", "others kept changing it"))
    }

    /// A key in its account's list, and its version.
    async fn stored_key(&self, account: &AccountId, id: &ApiKeyId) -> Result<Option<(u64, ApiKey)>, Unavailable> {
        match self.get(&Key::api_key(account, id)).await? {
            Some(item) => Ok(Some((item.get_version(), item.read()?))),
            None => Ok(None),
        }
    }
}

/// The writes of a key's two items, the list's first: it decides which change comes first. `before` is its stored version.
fn both(key: &ApiKey, before: Option<u64>) -> Result<[Write; 2], Unavailable> {
    let write = |at: &Key, condition| {
        let item = Item::new(at).version(before.map_or(0, |before| before + 1)).document(key)?;
        Ok::<_, Unavailable>(Write { item, condition })
    };
    let condition = before.map_or(Condition::Fresh(Timestamp(0)), Condition::Version);
    let listed = write(&Key::api_key(&key.scope.account, &key.id), condition)?;
    Ok([listed, write(&Key::digest(&key.digest.0), Condition::Always)?])
}
