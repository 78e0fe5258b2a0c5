//! Figures of deliveries: worked out from the deliveries themselves when they are asked for, so that no delivery pays for
//! them.

use super::DynamoStore;
use minoots_shared::domain::account::Scope;
use minoots_shared::domain::attempt::Attempt;
use minoots_shared::domain::figures::{DeliveryCounts, EndpointFigures};
use minoots_shared::domain::ids::EndpointId;
use minoots_shared::ports::Unavailable;

impl DynamoStore {
    pub(super) async fn count_deliveries(&self, scope: &Scope) -> Result<DeliveryCounts, Unavailable> {
        let mut counts = DeliveryCounts::default();
        for held in self.all_deliveries(scope).await? {
            counts.recount(None, Some(&held.delivery));
        }
        Ok(counts)
    }

    pub(super) async fn figures_of(
        &self,
        scope: &Scope,
        endpoint: &EndpointId,
    ) -> Result<EndpointFigures, Unavailable> {
        let mut figures = EndpointFigures::default();
        let mut attempts: Vec<Attempt> = Vec::new();
        for held in self.all_of_endpoint(scope, endpoint).await? {
            figures.recount(None, Some(&held.delivery));
            if !held.delivery.source.is_test() {
                attempts.extend(held.delivery.attempts);
            }
        }
        // In the order in which they ended, which is not that of their deliveries.
        attempts.sort_by_key(|attempt| attempt.sent_at.plus(attempt.duration_ms));
        figures.failing_since =
            attempts.iter().fold(None, |since, attempt| attempt.error.as_ref().and(since.or(Some(attempt.sent_at))));
        Ok(figures)
    }
}
