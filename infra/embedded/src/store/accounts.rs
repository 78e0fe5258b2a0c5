//! Accounts and their API keys.

use super::EmbeddedStore;
use super::error::Result;
use super::idempotency;
use super::keys::{Key, after_prefix};
use super::record::{self, unreadable};
use super::tables::{Read, Table};
use super::txn::Txn;
use super::write_job::Durability;
use minoots_shared::domain::account::Account;
use minoots_shared::domain::api_key::{ApiKey, KeyDigest};
use minoots_shared::domain::ids::{AccountId, ApiKeyId};
use minoots_shared::ports::{Idempotency, Remembered};
use std::ops::Bound;

impl EmbeddedStore {
    /// Stores an account if what is stored under its id is as `expected`: none, or one of this revision.
    pub(super) async fn put_account(&self, account: Account, expected: Option<u64>) -> Result<bool> {
        let job = move |txn: &mut Txn<'_>| {
            let key = account.id.as_str().as_bytes();
            let stored: Option<Account> = txn.record(Table::Accounts, key)?;
            let matches = stored.map(|stored| stored.revision) == expected;
            if matches {
                txn.put(Table::Accounts, key, record::encode(Table::Accounts, &account)?);
            }
            Ok(matches)
        };
        self.writer.run(Durability::Disk, job).await
    }

    pub(super) fn read_account(&self, id: &AccountId) -> Result<Option<Account>> {
        let key = id.as_str().as_bytes();
        let account = self.tables.accounts.get(key, || self.tables.view().record(Table::Accounts, key))?;
        Ok(account.map(|account| Account::clone(&account)))
    }

    pub(super) async fn put_api_key(
        &self,
        key: ApiKey,
        idempotency: Option<Idempotency>,
    ) -> Result<Option<Remembered>> {
        let idempotency = idempotency.map(|idempotency| (idempotency::digest(&idempotency.key), idempotency));
        let job = move |txn: &mut Txn<'_>| {
            if let Some((digest, idempotency)) = &idempotency {
                if let Some(known) = idempotency::remembered(txn, digest, idempotency.at)? {
                    return Ok(Some(known));
                }
                idempotency::remember(txn, digest, idempotency, &[])?;
            }
            // What stood under its id goes, and so does what stood under its digest: one secret is one key.
            if let Some(digest) = txn.get(Table::AccountKeys, &listed(&key.scope.account, &key.id))? {
                txn.remove(Table::ApiKeys, digest);
            }
            if let Some(same) = txn.record::<ApiKey>(Table::ApiKeys, &key.digest.0)? {
                txn.remove(Table::AccountKeys, listed(&same.scope.account, &same.id));
            }
            txn.put(Table::AccountKeys, listed(&key.scope.account, &key.id), key.digest.0);
            txn.put(Table::ApiKeys, key.digest.0, record::encode(Table::ApiKeys, &key)?);
            Ok(None)
        };
        self.writer.run(Durability::Disk, job).await
    }

    pub(super) fn read_api_key(&self, digest: &KeyDigest) -> Result<Option<ApiKey>> {
        let key = self.tables.api_keys.get(&digest.0, || self.tables.view().record(Table::ApiKeys, &digest.0))?;
        Ok(key.map(|key| ApiKey::clone(&key)))
    }

    pub(super) fn read_api_keys(&self, account: &AccountId) -> Result<Vec<ApiKey>> {
        let view = self.tables.view();
        let prefix = Key::new().text(account.as_str()).prefix();
        let range = view.range(Table::AccountKeys, Bound::Included(&prefix), after_prefix(&prefix).as_deref());
        let mut keys = Vec::new();
        for entry in range {
            let (_, digest) = entry?;
            let key: Option<ApiKey> = view.record(Table::ApiKeys, &digest)?;
            keys.push(key.ok_or_else(|| unreadable(Table::AccountKeys, "it names a key that is not there"))?);
        }
        keys.sort_by(|a, b| (b.created_at, &b.id).cmp(&(a.created_at, &a.id)));
        Ok(keys)
    }

    pub(super) async fn name_api_key(
        &self,
        account: &AccountId,
        id: &ApiKeyId,
        name: Option<String>,
    ) -> Result<Option<ApiKey>> {
        let listed = listed(account, id);
        let job = move |txn: &mut Txn<'_>| {
            let Some(digest) = txn.get(Table::AccountKeys, &listed)? else { return Ok(None) };
            let Some(mut key) = txn.record::<ApiKey>(Table::ApiKeys, &digest)? else { return Ok(None) };
            key.name = name;
            txn.put(Table::ApiKeys, digest, record::encode(Table::ApiKeys, &key)?);
            Ok(Some(key))
        };
        self.writer.run(Durability::Disk, job).await
    }

    pub(super) async fn delete_api_key(&self, account: &AccountId, id: &ApiKeyId) -> Result<bool> {
        let listed = listed(account, id);
        let job = move |txn: &mut Txn<'_>| {
            let Some(digest) = txn.get(Table::AccountKeys, &listed)? else { return Ok(false) };
            txn.remove(Table::ApiKeys, digest);
            txn.remove(Table::AccountKeys, listed);
            Ok(true)
        };
        self.writer.run(Durability::Disk, job).await
    }
}

fn listed(account: &AccountId, id: &ApiKeyId) -> Key {
    Key::of_account(account, id.as_str())
}
