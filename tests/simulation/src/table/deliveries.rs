//! Deliveries: due, listed, sent again, given up.

use super::Table;
use crate::flaw::Flaw;
use minoots_shared::domain::account::Scope;
use minoots_shared::domain::attempt::AttemptResult;
use minoots_shared::domain::delivery::{Delivery, NotReplayed};
use minoots_shared::domain::ids::{DeliveryId, EndpointId};
use minoots_shared::domain::time::Timestamp;
use minoots_shared::ports::{DeliveryPage, DeliveryPosition, DeliveryQuery, DueDelivery};

impl Table {
    /// A delivery.
    pub(crate) fn delivery(&self, scope: &Scope, id: &DeliveryId) -> Option<&Delivery> {
        self.deliveries.get(&(scope.clone(), id.clone()))
    }

    /// Records how an attempt ended, unless it is recorded.
    pub(crate) fn finish_attempt(
        &mut self,
        scope: &Scope,
        id: &DeliveryId,
        result: &AttemptResult,
    ) -> Option<Delivery> {
        let after = self.delivery(scope, id)?.after(result)?;
        self.put_delivery(after.clone());
        Some(after)
    }

    /// Open deliveries that are due by `until` and behind `after`, earliest first.
    pub(crate) fn due_deliveries(
        &self,
        after: Option<&DueDelivery>,
        until: Timestamp,
        limit: usize,
    ) -> Vec<DueDelivery> {
        if self.has(Flaw::DeliveriesNeverDue) {
            return Vec::new();
        }
        let order = |due: &DueDelivery| (due.at, due.scope.clone(), due.id.clone());
        let due = self.deliveries.values().filter_map(|delivery| {
            let at = delivery.next_attempt_at.filter(|at| *at <= until && delivery.status.is_open())?;
            Some(DueDelivery { scope: delivery.scope.clone(), id: delivery.id.clone(), at })
        });
        let mut due: Vec<_> = due.filter(|due| after.is_none_or(|after| order(due) > order(after))).collect();
        due.sort_by_key(order);
        due.truncate(limit);
        due
    }

    /// One page of a scope's deliveries, newest first. `shown` makes of one what callers see: asked for in either state it is
    /// found.
    pub(crate) fn delivery_page(
        &self,
        scope: &Scope,
        query: &DeliveryQuery,
        shown: impl Fn(&mut Delivery),
    ) -> DeliveryPage {
        let place = |delivery: &Delivery| (delivery.created_at, delivery.id.clone());
        let after = query.after.as_ref().map(|after| (after.created_at, after.id.clone()));
        let wanted = |delivery: &&Delivery| {
            delivery.scope == *scope
                && query.endpoint.as_ref().is_none_or(|endpoint| delivery.source.endpoint() == Some(endpoint))
                && after.as_ref().is_none_or(|after| place(delivery) < *after)
        };
        let asked_for = |delivery: &Delivery| {
            let mut seen = delivery.clone();
            shown(&mut seen);
            query.status.is_none_or(|status| status == delivery.status || status == seen.status).then_some(seen)
        };
        let mut deliveries: Vec<_> = self.deliveries.values().filter(wanted).filter_map(asked_for).collect();
        deliveries.sort_by_key(|delivery| std::cmp::Reverse(place(delivery)));
        let more = deliveries.len() > query.limit;
        deliveries.truncate(query.limit);
        let last = deliveries.last().filter(|_| more);
        let next = last.map(|last| DeliveryPosition { created_at: last.created_at, id: last.id.clone() });
        DeliveryPage { deliveries, next }
    }

    /// Gives a delivery a whole new plan of attempts.
    pub(crate) fn replay(
        &mut self,
        scope: &Scope,
        id: &DeliveryId,
        now: Timestamp,
    ) -> Option<Result<Delivery, NotReplayed>> {
        let replayed = self.delivery(scope, id)?.replayed(now);
        if let Ok(after) = &replayed {
            self.put_delivery(after.clone());
        }
        Some(replayed)
    }

    /// Gives up one delivery, if it is open.
    pub(crate) fn give_up(&mut self, scope: &Scope, id: &DeliveryId, reason: &str, now: Timestamp) {
        if let Some(after) = self.delivery(scope, id).and_then(|delivery| delivery.given_up(now, reason)) {
            self.put_delivery(after);
        }
    }

    /// Gives up open deliveries of an endpoint, and says how many.
    pub(crate) fn give_up_all(
        &mut self,
        scope: &Scope,
        endpoint: &EndpointId,
        reason: &str,
        now: Timestamp,
        limit: usize,
    ) -> usize {
        let of_endpoint =
            |delivery: &&Delivery| delivery.scope == *scope && delivery.source.endpoint() == Some(endpoint);
        let given_up = self.deliveries.values().filter(of_endpoint).filter_map(|open| open.given_up(now, reason));
        let given_up: Vec<_> = given_up.take(limit).collect();
        let count = given_up.len();
        given_up.into_iter().for_each(|delivery| self.put_delivery(delivery));
        count
    }
}
