//! The queue port: deliveries on the delivery queue, events on the due queue.

use crate::messages::{DeliveryMessage, EventMessage};
use crate::sending::{Outgoing, Sender};
use crate::store::error::gave_up;
use async_trait::async_trait;
use aws_sdk_sqs::Client;
use minoots_shared::domain::account::Scope;
use minoots_shared::domain::delivery::Delivery;
use minoots_shared::domain::ids::EventId;
use minoots_shared::ports::{Queue, Unavailable};
use std::sync::Arc;

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
            group: delivery.scope.account.as_str().to_owned(),
            delay: 0,
        });
        self.deliveries.send(outgoing.collect()).await
    }
}
