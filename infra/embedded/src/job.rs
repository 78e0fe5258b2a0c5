//! A delivery that is to be attempted.

use minoots_shared::domain::account::Scope;
use minoots_shared::domain::delivery::Delivery;
use minoots_shared::domain::ids::{DeliveryId, EndpointId};
use std::sync::Arc;

/// A delivery to attempt, and whom it is sent to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Job {
    /// Whose it is.
    pub(crate) scope: Scope,
    /// The delivery.
    pub(crate) id: DeliveryId,
    /// Host and port of its URL.
    pub(crate) host: Arc<str>,
    /// The endpoint; none for a timer's own webhook.
    pub(crate) endpoint: Option<EndpointId>,
}

impl Job {
    /// The next attempt of a delivery.
    pub(crate) fn of(delivery: &Delivery) -> Self {
        Self {
            scope: delivery.scope.clone(),
            id: delivery.id.clone(),
            host: delivery.authority().into(),
            endpoint: delivery.source.endpoint().cloned(),
        }
    }
}
