//! How many deliveries stand where, for each scope and each endpoint: counted inside the commits that they count. Jobs of one
//! group write the same records over and over, and the group commits each of them once.

use super::error::Result;
use super::keys::Key;
use super::record;
use super::tables::{Read, Table};
use super::txn::Txn;
use minoots_shared::domain::account::Scope;
use minoots_shared::domain::delivery::Delivery;
use minoots_shared::domain::figures::{DeliveryCounts, EndpointFigures};
use minoots_shared::domain::ids::EndpointId;

/// Takes note of a delivery that comes into being (from `None`), changes, or is deleted (to `None`).
pub(super) fn recount(txn: &mut Txn<'_>, from: Option<&Delivery>, to: Option<&Delivery>) -> Result<()> {
    let Some(delivery) = to.or(from).filter(|delivery| !delivery.source.is_test()) else { return Ok(()) };
    let scope = &delivery.scope;
    let mut counted = counts(txn, scope)?;
    counted.recount(from, to);
    match counted.total() {
        0 => txn.remove(Table::DeliveryCounts, counts_key(scope)),
        _ => txn.put(Table::DeliveryCounts, counts_key(scope), record::encode(Table::DeliveryCounts, &counted)?),
    }
    let Some(endpoint) = delivery.source.endpoint() else { return Ok(()) };
    let mut figures = of_endpoint(txn, scope, endpoint)?;
    figures.recount(from, to);
    txn.put(Table::EndpointFigures, key(scope, endpoint), record::encode(Table::EndpointFigures, &figures)?);
    if to.is_none() { forget_if_over(txn, scope, endpoint) } else { Ok(()) }
}

/// Forgets the figures of an endpoint that is deleted, once there is no delivery of it any more.
pub(super) fn forget_if_over(txn: &mut Txn<'_>, scope: &Scope, endpoint: &EndpointId) -> Result<()> {
    let key = key(scope, endpoint);
    if of_endpoint(txn, scope, endpoint)?.counts.total() == 0 && txn.get(Table::Endpoints, &key)?.is_none() {
        txn.remove(Table::EndpointFigures, key);
    }
    Ok(())
}

pub(super) fn counts(read: &impl Read, scope: &Scope) -> Result<DeliveryCounts> {
    Ok(read.record(Table::DeliveryCounts, &counts_key(scope))?.unwrap_or_default())
}

pub(super) fn of_endpoint(read: &impl Read, scope: &Scope, endpoint: &EndpointId) -> Result<EndpointFigures> {
    Ok(read.record(Table::EndpointFigures, &key(scope, endpoint))?.unwrap_or_default())
}

fn counts_key(scope: &Scope) -> Key {
    Key::new().scope(scope).prefix()
}

fn key(scope: &Scope, endpoint: &EndpointId) -> Key {
    Key::scoped(scope, endpoint.as_str())
}
