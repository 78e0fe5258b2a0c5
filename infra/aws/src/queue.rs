//! Sending to the queues, in batches.

use crate::config::LONGEST_DELAY;
use crate::messages::{DeliveryMessage, EventMessage};
use crate::store::error::{failed, gave_up};
use async_trait::async_trait;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use minoots_shared::domain::account::Scope;
use minoots_shared::domain::delivery::Delivery;
use minoots_shared::domain::ids::EventId;
use minoots_shared::ports::{Queue, Unavailable};
use serde::Serialize;
use std::sync::Arc;

/// The most messages of one SendMessageBatch.
const BATCH: usize = 10;
/// How many batches are sent at once.
const AT_ONCE: usize = 4;

/// A message with the group that it belongs to and how long it waits.
pub(crate) struct Outgoing<T> {
    pub(crate) message: T,
    /// SQS shares a standard queue fairly among groups: one group's backlog does not delay another's. On the due queue it is
    /// the account, on the delivery queue the [`lane`].
    pub(crate) group: String,
    /// In seconds.
    pub(crate) delay: u64,
}

/// Sends messages to a queue, each at least once.
pub(crate) async fn send<T: Serialize>(
    client: &Client,
    queue_url: &str,
    all: Vec<Outgoing<T>>,
) -> Result<(), Unavailable> {
    let mut entries = Vec::with_capacity(all.len());
    for (index, outgoing) in all.iter().enumerate() {
        let body = serde_json::to_string(&outgoing.message).map_err(|error| Unavailable(error.into()))?;
        let delay = i32::try_from(outgoing.delay.min(LONGEST_DELAY)).unwrap_or_default();
        let entry = SendMessageBatchRequestEntry::builder()
            .id((index % BATCH).to_string())
            .message_body(body)
            .message_group_id(group(&outgoing.group))
            .set_delay_seconds((delay > 0).then_some(delay))
            .build();
        entries.push(entry.map_err(|error| Unavailable(error.into()))?);
    }
    let batches: Vec<_> = entries.chunks(BATCH).map(<[_]>::to_vec).collect();
    let sends = batches.into_iter().map(|batch| async move {
        let sent = client.send_message_batch().queue_url(queue_url).set_entries(Some(batch)).send().await;
        let sent = sent.map_err(failed("sending messages"))?;
        match sent.failed() {
            [] => Ok(()),
            [first, ..] => {
                let why = format!("{} refused, the first with {}", sent.failed().len(), first.code());
                Err(gave_up("sending messages", why))
            }
        }
    });
    // The others are sent even if one batch fails.
    let sent: Vec<Result<(), Unavailable>> = stream::iter(sends).buffer_unordered(AT_ONCE).collect().await;
    stream::iter(sent).try_for_each(|()| async { Ok(()) }).await
}

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

/// A group's name takes up to 128 letters, digits and punctuation; an account's id and a host may be more.
fn group(name: &str) -> String {
    let plain = name.len() <= 128 && !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic());
    if plain { name.to_owned() } else { crate::store::keys::digest(&[name]) }
}

/// The queue port: deliveries on the delivery queue, events on the due queue.
pub struct DeliveryQueue {
    client: Client,
    url: String,
    due_queue: Option<String>,
}

impl DeliveryQueue {
    /// The delivery queue under `url`; events go to `due_queue`. Without one they are left to the sweep.
    pub fn new(client: Client, url: String, due_queue: Option<String>) -> Self {
        Self { client, url, due_queue }
    }
}

#[async_trait]
impl Queue for DeliveryQueue {
    async fn fan_out(&self, events: &[(Scope, EventId)]) -> Result<(), Unavailable> {
        let Some(due_queue) = &self.due_queue else {
            return Err(gave_up("queueing events", "this function does not know the due queue"));
        };
        let outgoing = events.iter().map(|(scope, event)| Outgoing {
            message: EventMessage::new(scope, event),
            group: scope.account.as_str().to_owned(),
            delay: 0,
        });
        send(&self.client, due_queue, outgoing.collect()).await
    }

    async fn send(&self, deliveries: Vec<Arc<Delivery>>) -> Result<(), Unavailable> {
        let outgoing = deliveries.iter().map(|delivery| Outgoing {
            message: DeliveryMessage::new(delivery),
            group: lane(delivery),
            delay: 0,
        });
        send(&self.client, &self.url, outgoing.collect()).await
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

    #[test]
    fn a_groups_name_is_one_that_sqs_takes() {
        assert_eq!(group("acct_1"), "acct_1");
        for odd in ["", "with blank", "é", &"x".repeat(129)] {
            let name = group(odd);
            assert!(
                (1..=128).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_graphic()),
                "{odd}: {name}"
            );
        }
    }
}
