//! Sending deliveries again, with a whole new plan of attempts.

use super::{App, Error, cause};
use crate::domain::account::Scope;
use crate::domain::delivery::{Delivery, DeliveryStatus, NotReplayed, Source};
use crate::domain::endpoint::Endpoint;
use crate::domain::ids::{DeliveryId, EndpointId};
use crate::domain::time::Millis;
use crate::failpoint::{self, Failpoint};
use crate::ports::{DeliveryQuery, Unavailable};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use std::collections::HashSet;
use std::sync::Arc;

/// How many failed deliveries are looked at in one step.
const PAGE: usize = 100;
/// How many are replayed at once.
const AT_ONCE: usize = 25;
/// How long one call goes on: what waits for its answer waits 30 seconds at most (API Gateway's limit).
const LONGEST: Millis = Millis::seconds(15);

/// What one call of [`App::replay_failed`] came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplayedFailures {
    /// How many deliveries are sent again.
    pub retried: usize,
    /// Time was up: failed deliveries may be left that were not looked at.
    pub more: bool,
}

impl App {
    /// Sends a delivery again from now on, whatever became of it, and returns it as it is then.
    ///
    /// # Errors
    /// There is no such delivery, an attempt is still to come, its event is not to be told any more, or its endpoint takes
    /// nothing any more.
    pub async fn replay(&self, scope: &Scope, id: &DeliveryId) -> Result<Delivery, Error> {
        let delivery = self.delivery(scope, id).await?;
        if let Some(endpoint) = delivery.source.endpoint() {
            match self.store.endpoint(scope, endpoint).await? {
                None => return Err(Error::NotReplayed("its webhook was deleted")),
                Some(endpoint) if !endpoint.may_be_sent_to() => {
                    return Err(Error::NotReplayed("its webhook was deactivated; activate it first"));
                }
                Some(_) => {}
            }
        }
        let replayed = match self.store.replay(scope, id, self.clock.now()).await? {
            None => return Err(Error::DeliveryNotFound(id.clone())),
            Some(Err(NotReplayed::Open)) => return Err(Error::NotReplayed("an attempt is still to come")),
            Some(Err(NotReplayed::Withdrawn)) => {
                return Err(Error::NotReplayed("its timer was cancelled or changed"));
            }
            Some(Ok(replayed)) => replayed,
        };
        self.send_again(vec![Arc::new(replayed.clone())]).await;
        Ok(replayed)
    }

    /// Sends all failed deliveries again, or those of one endpoint, and returns how many. Left out are tests, what was
    /// withdrawn, and what would go to an endpoint that takes nothing any more. Each failed delivery is looked at once, so
    /// that one that fails again meanwhile does not keep this going. It ends after 15 seconds, done or not.
    ///
    /// # Errors
    /// There is no such endpoint. After an error of the infrastructure, calling again goes on with those that are left.
    pub async fn replay_failed(&self, scope: &Scope, endpoint: Option<&EndpointId>) -> Result<ReplayedFailures, Error> {
        let began = self.clock.now();
        let open: HashSet<EndpointId> = match endpoint {
            Some(id) => vec![self.known_endpoint(scope, id).await?],
            None => self.store.endpoints(scope).await?,
        }
        .into_iter()
        .filter(Endpoint::may_be_sent_to)
        .map(|endpoint| endpoint.id)
        .collect();
        let mut query = DeliveryQuery {
            endpoint: endpoint.cloned(),
            status: Some(DeliveryStatus::Failed),
            after: None,
            limit: PAGE,
        };
        let mut retried = 0;
        loop {
            let page = self.store.delivery_page(scope, &query).await?;
            let failed = page.deliveries.into_iter().filter(|delivery| match &delivery.source {
                Source::Timer(_) => !delivery.withdrawn,
                Source::Endpoint { endpoint, test, .. } => !test && open.contains(endpoint),
            });
            let replaying = failed.map(|delivery| async move { self.replayed(scope, &delivery.id).await });
            let replayed: Vec<Option<Delivery>> = stream::iter(replaying).buffered(AT_ONCE).try_collect().await?;
            let replayed: Vec<_> = replayed.into_iter().flatten().map(Arc::new).collect();
            retried += replayed.len();
            self.send_again(replayed).await;
            query.after = page.next;
            let more = query.after.is_some();
            if !more || self.clock.now().since(began) >= LONGEST {
                return Ok(ReplayedFailures { retried, more });
            }
        }
    }

    async fn replayed(&self, scope: &Scope, id: &DeliveryId) -> Result<Option<Delivery>, Unavailable> {
        Ok(self.store.replay(scope, id, self.clock.now()).await?.and_then(Result::ok))
    }

    async fn send_again(&self, deliveries: Vec<Arc<Delivery>>) {
        if deliveries.is_empty() {
            return;
        }
        failpoint::reached(Failpoint::AfterReplay);
        if let Err(error) = self.queue.send(deliveries).await {
            tracing::warn!(error = %cause(&error), "replays not queued: the sweep will find them");
        }
    }
}
