//! Deliveries and their figures, as callers read them.

use super::{App, Error};
use crate::domain::account::Scope;
use crate::domain::delivery::Delivery;
use crate::domain::figures::{DeliveryCounts, EndpointFigures};
use crate::domain::ids::{DeliveryId, EndpointId};
use crate::ports::{DeliveryPage, DeliveryQuery, Unavailable};

/// How many short pages of the store are put together for one page of a list.
const MOST_READS: usize = 10;
/// How many of an endpoint's last deliveries its statistics show.
const RECENT: usize = 10;

/// An endpoint's figures, and its last deliveries.
pub struct EndpointStatistics {
    /// The figures.
    pub figures: EndpointFigures,
    /// The last ten deliveries, newest first.
    pub recent: Vec<Delivery>,
}

impl App {
    /// A delivery.
    ///
    /// # Errors
    /// There is no such delivery.
    pub async fn delivery(&self, scope: &Scope, id: &DeliveryId) -> Result<Delivery, Error> {
        let found = self.store.deliveries(scope, std::slice::from_ref(id)).await?;
        found.into_iter().next().ok_or_else(|| Error::DeliveryNotFound(id.clone()))
    }

    /// One page of all the scope's deliveries, newest first, its timers' own among them.
    ///
    /// # Errors
    /// The infrastructure's.
    pub async fn deliveries(&self, scope: &Scope, query: &DeliveryQuery) -> Result<DeliveryPage, Unavailable> {
        self.delivery_page(scope, query).await
    }

    /// One page of an endpoint's deliveries, newest first; those of a deleted one too.
    ///
    /// # Errors
    /// There is no such endpoint, and never was.
    pub async fn endpoint_deliveries(
        &self,
        scope: &Scope,
        id: &EndpointId,
        query: &DeliveryQuery,
    ) -> Result<DeliveryPage, Error> {
        let query = DeliveryQuery { endpoint: Some(id.clone()), ..query.clone() };
        let page = self.delivery_page(scope, &query).await?;
        if page.deliveries.is_empty() && self.store.endpoint(scope, id).await?.is_none() {
            let any = DeliveryQuery { endpoint: Some(id.clone()), limit: 1, ..DeliveryQuery::default() };
            if self.delivery_page(scope, &any).await?.deliveries.is_empty() {
                return Err(Error::EndpointNotFound(id.clone()));
            }
        }
        Ok(page)
    }

    /// An endpoint's figures and last deliveries; those of a deleted one too.
    ///
    /// # Errors
    /// There is no such endpoint, and never was.
    pub async fn endpoint_statistics(&self, scope: &Scope, id: &EndpointId) -> Result<EndpointStatistics, Error> {
        let newest = DeliveryQuery { limit: RECENT, ..DeliveryQuery::default() };
        let recent = self.endpoint_deliveries(scope, id, &newest).await?.deliveries;
        Ok(EndpointStatistics { figures: self.store.endpoint_figures(scope, id).await?, recent })
    }

    /// How many of the scope's deliveries stand where.
    ///
    /// # Errors
    /// The infrastructure's.
    pub async fn delivery_counts(&self, scope: &Scope) -> Result<DeliveryCounts, Unavailable> {
        self.store.delivery_counts(scope).await
    }

    /// A page as full as a bounded number of reads makes it.
    pub(super) async fn delivery_page(
        &self,
        scope: &Scope,
        query: &DeliveryQuery,
    ) -> Result<DeliveryPage, Unavailable> {
        let mut page = self.store.delivery_page(scope, query).await?;
        for _ in 1..MOST_READS {
            let missing = query.limit.saturating_sub(page.deliveries.len());
            let Some(after) = page.next.take_if(|_| missing > 0) else { break };
            let rest = DeliveryQuery { after: Some(after), limit: missing, ..query.clone() };
            let more = self.store.delivery_page(scope, &rest).await?;
            page.deliveries.extend(more.deliveries);
            page.next = more.next;
        }
        Ok(page)
    }
}
