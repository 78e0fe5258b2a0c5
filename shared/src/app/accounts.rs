//! Accounts, their API keys and their webhook secret.

use super::create::{Answered, Once};
use super::randomness::Randomness;
use super::{App, Error, fresh};
use crate::domain::account::{Account, Mode, Scope};
use crate::domain::api_key::{ApiKey, ApiKeySecret};
use crate::domain::ids::{AccountId, ApiKeyId, EndpointId};
use crate::domain::secret::{SigningSecrets, WebhookSecret};
use crate::domain::time::Millis;
use crate::ports::Unavailable;

/// Who is calling.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The key that was shown.
    pub key: ApiKey,
}

impl Caller {
    /// The data that the caller may read and write.
    pub fn scope(&self) -> &Scope {
        &self.key.scope
    }

    /// Whether the caller may see a key: a test key must not rename or revoke a live one.
    fn sees(&self, key: &ApiKey) -> bool {
        self.key.scope.mode == Mode::Live || key.scope.mode == Mode::Test
    }
}

/// A key that was made just now, and the only moment at which its text is known.
pub struct NewApiKey {
    /// What is stored.
    pub key: ApiKey,
    /// What its holder must keep.
    pub secret: ApiKeySecret,
}

impl App {
    /// Who holds this key; `None` if it is unknown or revoked.
    ///
    /// # Errors
    /// The infrastructure's.
    pub async fn authenticate(&self, key: &ApiKeySecret) -> Result<Option<Caller>, Unavailable> {
        Ok(self.store.api_key(&key.digest()).await?.map(|key| Caller { key }))
    }

    /// The caller's account.
    ///
    /// # Errors
    /// The infrastructure's.
    pub async fn account(&self, caller: &Caller) -> Result<Account, Unavailable> {
        self.account_of(&caller.scope().account).await
    }

    /// The caller's account, and whom an event that is accepted now reaches.
    pub(super) async fn account_and_subscribers(
        &self,
        caller: &Caller,
        event_type: &str,
    ) -> Result<(Account, Vec<EndpointId>), Unavailable> {
        let (account, subscribers) = self.store.account_and_subscribers(caller.scope(), event_type).await?;
        Ok((account.ok_or_else(|| missing(&caller.scope().account))?, subscribers))
    }

    /// An account that has a key, and so exists.
    async fn account_of(&self, id: &AccountId) -> Result<Account, Unavailable> {
        self.store.account(id).await?.ok_or_else(|| missing(id))
    }

    /// Makes an account with one key, unless it exists; its webhook secret is `secret` or a new one.
    ///
    /// # Errors
    /// The infrastructure's.
    pub async fn open_account(&self, id: &AccountId, secret: Option<WebhookSecret>) -> Result<Account, Unavailable> {
        let account = Account {
            id: id.clone(),
            webhook_secrets: SigningSecrets::new(secret.unwrap_or_else(|| self.fresh.webhook_secret())),
            concurrent_timers: None,
            revision: 0,
        };
        self.store.create_account(account).await?;
        self.account_of(id).await
    }

    /// Makes a key's text and its record, stored by [`Self::store_api_key`]. A test key makes test keys only.
    ///
    /// # Errors
    /// A test key asked for a live key.
    pub fn new_api_key(&self, caller: &Caller, name: Option<String>, mode: Option<Mode>) -> Result<NewApiKey, Error> {
        let own = caller.scope().mode;
        let mode = mode.unwrap_or(own);
        if own == Mode::Test && mode == Mode::Live {
            return Err(Error::NotPermitted(own));
        }
        let scope = Scope { account: caller.scope().account.clone(), mode };
        Ok(self.api_key_for(self.fresh.api_key(mode), scope, name))
    }

    /// The record of a key whose text is known already, as an operator sets it.
    pub fn api_key_for(&self, secret: ApiKeySecret, scope: Scope, name: Option<String>) -> NewApiKey {
        let now = self.clock.now();
        let (digest, preview) = (secret.digest(), secret.preview());
        let key = ApiKey { id: self.fresh.api_key_id(now), scope, name, preview, digest, created_at: now };
        NewApiKey { key, secret }
    }

    /// A fresh key's text.
    pub fn fresh_api_key(mode: Mode) -> ApiKeySecret {
        fresh::api_key(mode, &Randomness::system())
    }

    /// Stores a key, unless the same request did before; `answer` is what is remembered of it.
    ///
    /// # Errors
    /// The idempotency key was used with another body.
    pub async fn store_api_key(
        &self,
        key: &ApiKey,
        once: Option<Once>,
        answer: Vec<u8>,
    ) -> Result<Answered<()>, Error> {
        let idempotency = once.clone().map(|once| once.remembering(key.created_at, move |_| Some(answer.clone())));
        match self.store.create_api_key(key.clone(), idempotency).await? {
            Some(known) => Once::answer(once.as_ref(), known).map(Answered::Before),
            None => Ok(Answered::Now(())),
        }
    }

    /// Stores a key that an operator set up.
    ///
    /// # Errors
    /// The infrastructure's.
    pub async fn register_api_key(&self, key: ApiKey) -> Result<(), Unavailable> {
        self.store.create_api_key(key, None).await?;
        Ok(())
    }

    /// The keys that the caller may see, newest first.
    ///
    /// # Errors
    /// The infrastructure's.
    pub async fn api_keys(&self, caller: &Caller) -> Result<Vec<ApiKey>, Unavailable> {
        let mut keys = self.store.api_keys(&caller.scope().account).await?;
        keys.retain(|key| caller.sees(key));
        Ok(keys)
    }

    /// Names a key.
    ///
    /// # Errors
    /// The caller sees no such key.
    pub async fn rename_api_key(&self, caller: &Caller, id: &ApiKeyId, name: Option<String>) -> Result<(), Error> {
        self.find_api_key(caller, id).await?;
        match self.store.rename_api_key(&caller.scope().account, id, name).await? {
            Some(_) => Ok(()),
            None => Err(Error::ApiKeyNotFound(id.clone())),
        }
    }

    /// Revokes a key, the caller's own too: once this returns, no request is served under it.
    ///
    /// # Errors
    /// The caller sees no such key.
    pub async fn revoke_api_key(&self, caller: &Caller, id: &ApiKeyId) -> Result<(), Error> {
        self.find_api_key(caller, id).await?;
        match self.store.revoke_api_key(&caller.scope().account, id).await? {
            true => Ok(()),
            false => Err(Error::ApiKeyNotFound(id.clone())),
        }
    }

    async fn find_api_key(&self, caller: &Caller, id: &ApiKeyId) -> Result<(), Error> {
        let known = self.api_keys(caller).await?.iter().any(|key| key.id == *id);
        if known { Ok(()) } else { Err(Error::ApiKeyNotFound(id.clone())) }
    }

    /// Puts a new webhook secret in force; the old one goes on signing beside it for `overlap`.
    ///
    /// # Errors
    /// The caller's key is a test key: both modes share the secret.
    pub async fn rotate_webhook_secret(&self, caller: &Caller, overlap: Millis) -> Result<SigningSecrets, Error> {
        if caller.scope().mode == Mode::Test {
            return Err(Error::NotPermitted(Mode::Test));
        }
        let secret = self.fresh.webhook_secret();
        let rotated = |account: &Account| account.webhook_secrets.rotated(secret.clone(), self.clock.now(), overlap);
        let changed =
            self.change_account(&caller.scope().account, |account| account.webhook_secrets = rotated(account));
        Ok(changed.await?.webhook_secrets)
    }

    /// Sets an operator's own webhook secret, which replaces the one in force at once.
    ///
    /// # Errors
    /// The infrastructure's.
    pub async fn set_webhook_secret(&self, id: &AccountId, secret: &WebhookSecret) -> Result<(), Error> {
        self.change_account(id, |account| {
            if account.webhook_secrets.current != *secret {
                account.webhook_secrets = SigningSecrets::new(secret.clone());
            }
        })
        .await?;
        Ok(())
    }

    /// Sets how many timers may run or be paused at once in each of the account's modes.
    ///
    /// # Errors
    /// The infrastructure's.
    pub async fn limit_timers(&self, id: &AccountId, limit: Option<u32>) -> Result<Account, Error> {
        self.change_account(id, |account| account.concurrent_timers = limit).await
    }

    async fn change_account(&self, id: &AccountId, change: impl Fn(&mut Account) + Send) -> Result<Account, Error> {
        for _ in 0..20 {
            let before = self.account_of(id).await?;
            let mut account = before.clone();
            change(&mut account);
            if account == before {
                return Ok(account);
            }
            account.revision += 1;
            if self.store.replace_account(account.clone()).await? {
                return Ok(account);
            }
        }
        Err(Error::Contended)
    }
}

fn missing(account: &AccountId) -> Unavailable {
    Unavailable(format!("the account {account} has a key but no record").into())
}
