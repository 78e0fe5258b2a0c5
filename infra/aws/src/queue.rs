//! Sending to the queues, in batches.

use crate::config::LONGEST_DELAY;
use crate::messages::DeliveryMessage;
use crate::store::error::{failed, gave_up};
use async_trait::async_trait;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use minoots_shared::domain::delivery::Delivery;
use minoots_shared::ports::{Queue, Unavailable};
use serde::Serialize;
use std::sync::Arc;

/// The most messages of one SendMessageBatch.
const BATCH: usize = 10;
/// How many batches are sent at once.
const AT_ONCE: usize = 4;

/// A message with the account that it belongs to and how long it waits.
pub(crate) struct Outgoing<T> {
    pub(crate) message: T,
    /// SQS shares a standard queue fairly among groups: one account's backlog does not delay another's.
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

/// A group's name takes up to 128 letters, digits and punctuation; an account's id may be any text.
fn group(account: &str) -> String {
    let plain = account.len() <= 128 && !account.is_empty() && account.bytes().all(|byte| byte.is_ascii_graphic());
    if plain { account.to_owned() } else { crate::store::keys::digest(&[account]) }
}

/// The queue port on the delivery queue.
pub struct DeliveryQueue {
    client: Client,
    url: String,
}

impl DeliveryQueue {
    /// The delivery queue under `url`.
    pub fn new(client: Client, url: String) -> Self {
        Self { client, url }
    }
}

#[async_trait]
impl Queue for DeliveryQueue {
    async fn send(&self, deliveries: Vec<Arc<Delivery>>) -> Result<(), Unavailable> {
        let outgoing = deliveries.iter().map(|delivery| Outgoing {
            message: DeliveryMessage::new(delivery),
            group: delivery.scope.account.as_str().to_owned(),
            delay: 0,
        });
        send(&self.client, &self.url, outgoing.collect()).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
