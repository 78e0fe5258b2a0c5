//! Trying an endpoint out.

use super::{App, Error};
use crate::domain::account::Scope;
use crate::domain::attempt::AttemptResult;
use crate::domain::catalogue::TEST;
use crate::domain::delivery::{Delivery, Source};
use crate::domain::event::Event;
use crate::domain::ids::EndpointId;
use crate::domain::json::JsonText;
use crate::domain::retry::RetryPlan;
use crate::domain::time::Millis;
use crate::webhook::client::Outgoing;
use crate::webhook::event_payload::EventPayload;
use serde::Serialize;

/// How long the attempt may take: a caller waits for it.
const TIMEOUT: Millis = Millis::seconds(10);

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TestData<'a> {
    message: &'static str,
    webhook_id: &'a str,
    name: &'a str,
}

impl App {
    /// Sends `webhook.test` to an endpoint, active or not: one attempt, made before this returns. The delivery is returned
    /// as it ended, and kept in the endpoint's history.
    ///
    /// # Errors
    /// There is no such endpoint.
    pub async fn test_send(&self, scope: &Scope, id: &EndpointId) -> Result<Delivery, Error> {
        let endpoint = self.known_endpoint(scope, id).await?;
        let now = self.clock.now();
        let data = TestData { message: "This is a test.", webhook_id: id.as_str(), name: &endpoint.name };
        let event = Event {
            scope: scope.clone(),
            id: self.fresh.event_id(now),
            event_type: TEST.to_owned(),
            created_at: now,
            data: JsonText::of(&data),
            targets: vec![id.clone()],
            expanded: 1,
        };
        let source = Source::Endpoint { endpoint: id.clone(), event: event.id.clone(), test: true };
        let plan = RetryPlan { attempts: 1, ..endpoint.plan };
        let delivery = Delivery { source, plan, ..EventPayload::new(&event).delivery(&endpoint) };
        let outgoing =
            Outgoing { timeout: Some(endpoint.timeout.min(TIMEOUT)), ..Outgoing::to_endpoint(&delivery, &endpoint) };
        let (answer, duration) = self.webhooks.send(&outgoing, now).await;
        let result = AttemptResult { attempt: delivery.next_attempt(), sent_at: now, duration, answer };
        let Some(ended) = delivery.after(&result) else { unreachable!("the first attempt of a new delivery counts") };
        self.store.record_delivery(ended.clone()).await?;
        super::deliver::log(&ended);
        Ok(ended)
    }
}
