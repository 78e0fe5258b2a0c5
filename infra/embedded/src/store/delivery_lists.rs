//! Lists of a scope's deliveries, newest first.
//!
//! Each delivery stands in one list of all. One that failed stands in a list of those, and an endpoint's deliveries stand in
//! the same lists of the endpoint, and while they are open in a third. These are the lists that calls of the API read, and
//! no more are kept up to date with each delivery; what else is asked for is picked from one of them.

use super::error::Result;
use super::keys::Key;
use super::listing::{self, entry, walk};
use super::tables::{Table, View};
use minoots_shared::domain::account::Scope;
use minoots_shared::domain::delivery::{Delivery, DeliveryStatus};
use minoots_shared::domain::ids::{DeliveryId, EndpointId};
use minoots_shared::ports::{DeliveryPage, DeliveryPosition, DeliveryQuery};

/// Which list. The tags are stored.
#[derive(Clone, Copy)]
pub(super) enum List<'a> {
    All,
    Failed,
    Endpoint(&'a EndpointId),
    EndpointOpen(&'a EndpointId),
    EndpointFailed(&'a EndpointId),
}

impl<'a> List<'a> {
    /// The list that holds least beside what is asked for.
    fn for_query(query: &'a DeliveryQuery) -> Self {
        use DeliveryStatus::{Failed, Pending, Retrying, Sending};
        match (&query.endpoint, query.status) {
            (None, Some(Failed)) => Self::Failed,
            (None, _) => Self::All,
            (Some(endpoint), Some(Failed)) => Self::EndpointFailed(endpoint),
            (Some(endpoint), Some(Pending | Retrying | Sending)) => Self::EndpointOpen(endpoint),
            (Some(endpoint), _) => Self::Endpoint(endpoint),
        }
    }

    fn of_delivery(delivery: &'a Delivery) -> impl Iterator<Item = Self> {
        let (failed, open) = (delivery.status == DeliveryStatus::Failed, delivery.status.is_open());
        let endpoint = delivery.source.endpoint();
        [
            Some(Self::All),
            failed.then_some(Self::Failed),
            endpoint.map(Self::Endpoint),
            endpoint.filter(|_| open).map(Self::EndpointOpen),
            endpoint.filter(|_| failed).map(Self::EndpointFailed),
        ]
        .into_iter()
        .flatten()
    }

    fn key(self, scope: &Scope) -> Key {
        let key = Key::new().scope(scope);
        match self {
            Self::All => key.byte(0),
            Self::Failed => key.byte(1),
            Self::Endpoint(endpoint) => key.byte(2).text(endpoint.as_str()),
            Self::EndpointOpen(endpoint) => key.byte(3).text(endpoint.as_str()),
            Self::EndpointFailed(endpoint) => key.byte(4).text(endpoint.as_str()),
        }
    }
}

/// The keys under which a delivery is listed.
pub(super) fn entries(delivery: &Delivery) -> impl Iterator<Item = Key> {
    let place = (delivery.created_at, delivery.id.as_str());
    List::of_delivery(delivery).map(move |list| entry(list.key(&delivery.scope), place))
}

/// One page; `read` reads a delivery by its id, and `shown` makes of it what callers see: asked for in either state it is
/// found.
pub(super) fn page(
    view: &View<'_>,
    scope: &Scope,
    query: &DeliveryQuery,
    read: impl Fn(&str) -> Result<Option<Delivery>>,
    shown: impl Fn(Delivery) -> Delivery,
) -> Result<DeliveryPage> {
    let list = List::for_query(query);
    let asked_for = |delivery: Delivery| {
        let stored = delivery.status;
        let shown = shown(delivery);
        query.status.is_none_or(|status| status == stored || status == shown.status).then_some(shown)
    };
    let after = query.after.as_ref().map(|after| (after.created_at, after.id.as_str()));
    let take = |id: &str| Ok(read(id)?.and_then(asked_for));
    let (deliveries, next) = walk(view, Table::DeliveryLists, list.key(scope), after, query.limit, take)?;
    let next = next.map(|(created_at, id)| DeliveryPosition { created_at, id: DeliveryId::new(id) });
    Ok(DeliveryPage { deliveries, next })
}

/// Open deliveries of an endpoint, at most `limit`.
pub(super) fn open(view: &View<'_>, scope: &Scope, endpoint: &EndpointId, limit: usize) -> Result<Vec<DeliveryId>> {
    let list = List::EndpointOpen(endpoint).key(scope);
    let (ids, _) = walk(view, Table::DeliveryLists, list, None, limit.min(listing::MOST_READ), |id| {
        Ok(Some(DeliveryId::new(id)))
    })?;
    Ok(ids)
}
