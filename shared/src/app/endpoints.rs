//! Webhook endpoints: what their owners do with them.

use super::create::{Answered, Once};
use super::step::MOST_TRIES;
use super::{App, Error};
use crate::domain::account::Scope;
use crate::domain::endpoint::Endpoint;
use crate::domain::endpoint_settings;
use crate::domain::ids::EndpointId;
use crate::domain::json::Json;
use crate::domain::secret::SigningSecrets;
use crate::domain::time::{Millis, Timestamp};
use crate::ports::Unavailable;
use futures::{StreamExt as _, TryStreamExt as _, stream};

/// How many endpoints' figures are read at once.
const AT_ONCE: usize = 32;
/// Why deliveries end that were open when their endpoint was deleted.
pub(super) const DELETED: &str = "webhook deleted";

/// An endpoint, and when it was last sent something.
pub struct EndpointInUse {
    /// The endpoint.
    pub endpoint: Endpoint,
    /// When it was last sent something.
    pub last_triggered_at: Option<Timestamp>,
}

impl App {
    /// Creates the endpoint in `body`. `render` writes the answer that is remembered under the idempotency key: it must not
    /// hold the secret.
    ///
    /// # Errors
    /// The endpoint is wrong in itself, or the key was used with another body.
    pub async fn create_endpoint(
        &self,
        scope: &Scope,
        body: &Json,
        once: Option<Once>,
        render: impl Fn(&Endpoint) -> Vec<u8>,
    ) -> Result<Answered<Endpoint>, Error> {
        if let Some(answer) = self.answered_before(once.as_ref()).await? {
            return Ok(Answered::Before(answer));
        }
        let (now, secret) = (self.clock.now(), self.fresh.webhook_secret());
        let id = self.fresh.endpoint_id(now);
        let endpoint = endpoint_settings::parse_new(body, scope, id, secret, now, self.webhooks.policy());
        let endpoint = endpoint.map_err(Error::Faulty)?;
        let answer = render(&endpoint);
        let idempotency = once.clone().map(|once| once.remembering(now, move |_| Some(answer.clone())));
        match self.store.create_endpoint(endpoint.clone(), idempotency).await? {
            Some(known) => Once::answer(once.as_ref(), known).map(Answered::Before),
            None => Ok(Answered::Now(endpoint)),
        }
    }

    /// An endpoint.
    ///
    /// # Errors
    /// There is no such endpoint.
    pub async fn endpoint(&self, scope: &Scope, id: &EndpointId) -> Result<EndpointInUse, Error> {
        let endpoint = self.known_endpoint(scope, id).await?;
        Ok(self.in_use(endpoint).await?)
    }

    /// A scope's endpoints, newest first; those that are inactive only if asked for.
    ///
    /// # Errors
    /// The infrastructure's.
    pub async fn endpoints(&self, scope: &Scope, with_inactive: bool) -> Result<Vec<EndpointInUse>, Unavailable> {
        let mut endpoints = self.store.endpoints(scope).await?;
        endpoints.retain(|endpoint| with_inactive || endpoint.active);
        let reading = endpoints.into_iter().map(|endpoint| self.in_use(endpoint));
        stream::iter(reading).buffered(AT_ONCE).try_collect().await
    }

    /// Changes an endpoint as `body` says.
    ///
    /// # Errors
    /// There is no such endpoint, or the change is wrong in itself.
    pub async fn change_endpoint(&self, scope: &Scope, id: &EndpointId, body: &Json) -> Result<EndpointInUse, Error> {
        let policy = self.webhooks.policy();
        let changed = self.alter(scope, id, |endpoint, now| {
            endpoint_settings::parse_change(body, endpoint, now, policy).map_err(Error::Faulty)
        });
        Ok(self.in_use(changed.await?).await?)
    }

    /// Puts a new secret in force; the old one goes on signing beside it for `overlap`.
    ///
    /// # Errors
    /// There is no such endpoint.
    pub async fn rotate_endpoint_secret(
        &self,
        scope: &Scope,
        id: &EndpointId,
        overlap: Millis,
    ) -> Result<SigningSecrets, Error> {
        let secret = self.fresh.webhook_secret();
        let altered = self.alter(scope, id, |endpoint, now| {
            let secrets = endpoint.secrets.rotated(secret.clone(), now, overlap);
            Ok(Endpoint { secrets, updated_at: now, revision: endpoint.revision + 1, ..endpoint.clone() })
        });
        Ok(altered.await?.secrets)
    }

    /// Deletes an endpoint and gives up its open deliveries: once this returns, no attempt of them begins.
    ///
    /// # Errors
    /// There is no such endpoint.
    pub async fn delete_endpoint(&self, scope: &Scope, id: &EndpointId) -> Result<(), Error> {
        if !self.store.delete_endpoint(scope, id).await? {
            return Err(Error::EndpointNotFound(id.clone()));
        }
        self.give_up_all(scope, id, DELETED).await;
        Ok(())
    }

    /// An endpoint that must exist.
    pub(super) async fn known_endpoint(&self, scope: &Scope, id: &EndpointId) -> Result<Endpoint, Error> {
        self.store.endpoint(scope, id).await?.ok_or_else(|| Error::EndpointNotFound(id.clone()))
    }

    async fn in_use(&self, endpoint: Endpoint) -> Result<EndpointInUse, Unavailable> {
        let figures = self.store.endpoint_figures(&endpoint.scope, &endpoint.id).await?;
        Ok(EndpointInUse { endpoint, last_triggered_at: figures.last_triggered_at })
    }

    async fn alter(
        &self,
        scope: &Scope,
        id: &EndpointId,
        change: impl Fn(&Endpoint, Timestamp) -> Result<Endpoint, Error> + Send,
    ) -> Result<Endpoint, Error> {
        for _ in 0..MOST_TRIES {
            let before = self.known_endpoint(scope, id).await?;
            let after = change(&before, self.clock.now())?;
            if self.store.replace_endpoint(after.clone(), None).await? {
                return Ok(after);
            }
        }
        Err(Error::Contended)
    }
}
