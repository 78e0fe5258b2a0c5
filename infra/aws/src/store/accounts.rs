//! Accounts and their API keys. A key is stored twice: by its digest, for whoever shows it, and in its account's list.

use super::DynamoStore;
use super::item::Item;
use super::keys::{API_KEYS, Key, keys_of};
use super::table::{Condition, Query, Write};
use minoots_shared::domain::account::Account;
use minoots_shared::domain::api_key::{ApiKey, KeyDigest};
use minoots_shared::domain::ids::{AccountId, ApiKeyId};
use minoots_shared::ports::{Idempotency, Remembered, Unavailable};

impl DynamoStore {
    pub(super) async fn add_account(&self, account: &Account) -> Result<bool, Unavailable> {
        let nonce = super::nonce()?;
        let key = Key::account(&account.id);
        let item = Item::new(&key).version(account.revision).nonce(&nonce).document(account)?;
        let created = self.write(Write { item, condition: Condition::Fresh(self.clock.now()) }).await?;
        Ok(created || self.get(&key).await?.is_some_and(|item| item.is_by(&nonce)))
    }

    pub(super) async fn read_account(&self, id: &AccountId) -> Result<Option<Account>, Unavailable> {
        match self.get(&Key::account(id)).await? {
            Some(item) => Ok(Some(item.read()?)),
            None => Ok(None),
        }
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
        let mut writes = both(key)?.to_vec();
        let answer = idempotency.and_then(|wanted| Some((wanted, (wanted.answer)(&[])?)));
        if let Some((wanted, answer)) = answer {
            writes.push(super::idempotency::write(wanted, answer)?);
        }
        match (self.write_all(writes).await?, idempotency) {
            (Some(_), Some(wanted)) => {
                let known = self.remembered_under(&wanted.key, wanted.at).await?;
                known.map(Some).ok_or_else(|| super::error::gave_up("storing a key", "its idempotency key has just expired"))
            }
            _ => Ok(None),
        }
    }

    pub(super) async fn api_key_by_digest(&self, digest: &KeyDigest) -> Result<Option<ApiKey>, Unavailable> {
        match self.get(&Key::digest(&digest.0)).await? {
            Some(item) => Ok(Some(item.read()?)),
            None => Ok(None),
        }
    }

    pub(super) async fn api_keys_of(&self, account: &AccountId) -> Result<Vec<ApiKey>, Unavailable> {
        let partition = keys_of(account);
        let (mut keys, mut start) = (Vec::new(), None);
        let to = format!("{API_KEYS}~");
        loop {
            let query = Query {
                index: None,
                partition: &partition,
                from: API_KEYS,
                to: &to,
                backwards: true,
                limit: None,
                start,
            };
            let (items, next) = self.query(query).await?;
            for item in items {
                keys.push(item.read()?);
            }
            start = next;
            if start.is_none() {
                return Ok(keys);
            }
        }
    }

    pub(super) async fn rename_key(
        &self,
        account: &AccountId,
        id: &ApiKeyId,
        name: Option<String>,
    ) -> Result<Option<ApiKey>, Unavailable> {
        // The list's entry is never without the other: written together, deleted together.
        for attempt in 0..8 {
            let Some(key) = self.find_key(account, id).await? else { return Ok(None) };
            let stored = self.get(&Key::digest(&key.digest.0)).await?;
            let renamed = ApiKey { name: name.clone(), ..key };
            let Some(stored) = stored else { return Ok(None) };
            let version = stored.get_version();
            let writes = both(&renamed)?.map(|write| Write {
                item: write.item.version(version + 1),
                condition: Condition::Version(version),
            });
            if self.write_all(writes.to_vec()).await?.is_none() {
                return Ok(Some(renamed));
            }
            super::table::pause(attempt).await;
        }
        Err(super::error::gave_up("renaming a key", "others kept renaming it"))
    }

    /// The entry by digest goes first: from then on the key opens nothing, even if the list still has it.
    pub(super) async fn remove_key(&self, account: &AccountId, id: &ApiKeyId) -> Result<bool, Unavailable> {
        let Some(key) = self.find_key(account, id).await? else { return Ok(false) };
        self.delete(&Key::digest(&key.digest.0), Condition::Always).await?;
        self.delete(&Key::api_key(account, key.created_at, id.as_str()), Condition::Always).await?;
        Ok(true)
    }

    async fn find_key(&self, account: &AccountId, id: &ApiKeyId) -> Result<Option<ApiKey>, Unavailable> {
        Ok(self.api_keys_of(account).await?.into_iter().find(|key| key.id == *id))
    }
}

/// A key's two items.
fn both(key: &ApiKey) -> Result<[Write; 2], Unavailable> {
    let listed = Key::api_key(&key.scope.account, key.created_at, key.id.as_str());
    let write = |at: &Key| {
        let item = Item::new(at).version(0).document(key)?;
        Ok::<_, Unavailable>(Write { item, condition: Condition::Always })
    };
    Ok([write(&Key::digest(&key.digest.0))?, write(&listed)?])
}
