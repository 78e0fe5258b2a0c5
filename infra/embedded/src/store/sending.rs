//! When each open delivery is to be sent next, and to whom: enough to put it into its lane without reading its record, of
//! which there may be a million.

use super::error::Result;
use super::keys::{Key, KeyReader};
use super::record::unreadable;
use super::tables::Table;
use super::timeline;
use crate::job::Job;
use fjall::{UserKey, UserValue};
use minoots_shared::domain::delivery::Delivery;
use minoots_shared::domain::ids::{DeliveryId, EndpointId};
use minoots_shared::ports::DueDelivery;

/// Where a delivery stands, if it is to be sent.
pub(super) fn key(delivery: &Delivery) -> Option<UserKey> {
    let at = delivery.next_attempt_at.filter(|_| delivery.status.is_open())?;
    Some(Key::at(at, &delivery.scope, delivery.id.as_str()).into())
}

/// To whom it is sent.
pub(super) fn value(delivery: &Delivery) -> UserValue {
    let endpoint = delivery.source.endpoint().map_or("", EndpointId::as_str);
    Key::new().text(&delivery.authority()).rest(endpoint).into()
}

/// What an entry says.
pub(super) fn due((key, value): &(UserKey, UserValue)) -> Result<(DueDelivery, Job)> {
    let (at, scope, id) = timeline::parts(Table::Sending, key)?;
    let id = DeliveryId::new(id);
    let mut reader = KeyReader::new(value);
    let host = reader.text();
    let (host, endpoint) =
        host.zip(reader.rest()).ok_or_else(|| unreadable(Table::Sending, "it does not say to whom it is sent"))?;
    let endpoint = Some(endpoint).filter(|endpoint| !endpoint.is_empty()).map(EndpointId::new);
    let job = Job { scope: scope.clone(), id: id.clone(), host: host.into(), endpoint };
    Ok((DueDelivery { scope, id, at }, job))
}
