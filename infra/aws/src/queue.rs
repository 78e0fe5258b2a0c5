//! The queue port: deliveries on the delivery queue, events on the due queue.

use crate::messages::{DeliveryMessage, EventMessage};
use crate::sending::{Outgoing, Sender, group};
use crate::store::error::gave_up;
use async_trait::async_trait;
use aws_sdk_sqs::Client;
use minoots_shared::domain::account::Scope;
use minoots_shared::domain::delivery::Delivery;
use minoots_shared::domain::ids::EventId;
use minoots_shared::ports::{Queue, Unavailable};
use std::sync::Arc;

/// What a delivery waits in line with: those to the same endpoint, or of timers' webhooks those of the account to the same
/// host. A name that SQS takes for a group.
pub(crate) fn lane(delivery: &Delivery) -> String {
    let Scope { account, mode } = &delivery.scope;
    let to = match delivery.source.endpoint() {
        Some(endpoint) => endpoint.as_str().to_owned(),
        None => delivery.authority(),
    };
    group(&format!("{account}/{mode}/{to}"))
}

/// The queue port.
pub struct DeliveryQueue {
    deliveries: Sender,
    due: Option<Sender>,
}

impl DeliveryQueue {
    /// The delivery queue under `url`; events go to `due_queue`. Without one they are left to the sweep.
    pub fn new(client: Client, url: String, due_queue: Option<String>) -> Self {
        let due = due_queue.map(|url| Sender::new(client.clone(), url));
        Self { deliveries: Sender::new(client, url), due }
    }
}

#[async_trait]
impl Queue for DeliveryQueue {
    async fn fan_out(&self, events: &[(Scope, EventId)]) -> Result<(), Unavailable> {
        let Some(due) = &self.due else {
            return Err(gave_up("queueing events", "this function does not know the due queue"));
        };
        let outgoing = events.iter().map(|(scope, event)| Outgoing {
            message: EventMessage::new(scope, event),
            group: scope.account.as_str().to_owned(),
            delay: 0,
        });
        due.send(outgoing.collect()).await
    }

    async fn send(&self, deliveries: Vec<Arc<Delivery>>) -> Result<(), Unavailable> {
        let outgoing = deliveries.iter().map(|delivery| Outgoing {
            message: DeliveryMessage::new(delivery),
            group: lane(delivery),
            delay: 0,
        });
        self.deliveries.send(outgoing.collect()).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delivery(account: &str, mode: &str, source: serde_json::Value, url: &str) -> Delivery {
        serde_json::from_value(serde_json::json!({
            "scope": {"account": account, "mode": mode}, "id": "del_1", "source": source, "event": "a.b", "url": url,
            "body": "{}", "status": "PENDING", "plan": {"attempts": 5, "first_wait": 5_000}, "created_at": 1,
        }))
        .unwrap()
    }

    #[test]
    fn deliveries_wait_in_line_by_endpoint_and_timers_webhooks_by_host_each_account_for_itself() {
        let endpoint = |id: &str| serde_json::json!({"endpoint": {"endpoint": id, "event": "evt_1"}});
        let timer = |id: &str| serde_json::json!({"timer": id});
        let of = |account, mode, source, url| lane(&delivery(account, mode, source, url));
        let (one, two) = ("https://a.example/1", "https://a.example/2");
        assert_eq!(of("acct", "live", endpoint("whk_1"), one), "acct/live/whk_1");
        assert_eq!(of("acct", "live", timer("t1"), one), of("acct", "live", timer("t2"), two));
        let lanes = [
            of("acct", "live", endpoint("whk_1"), one),
            of("acct", "live", endpoint("whk_2"), one),
            of("acct", "test", endpoint("whk_1"), one),
            of("other", "live", endpoint("whk_1"), one),
            of("acct", "live", timer("t1"), one),
            of("acct", "live", timer("t1"), "https://b.example/1"),
            of("other", "live", timer("t1"), one),
        ];
        assert_eq!(lanes.iter().collect::<std::collections::BTreeSet<_>>().len(), lanes.len(), "{lanes:?}");
    }
}
