//! Sending to a queue, in batches: SQS bills requests, and one takes ten messages.

use crate::config::LONGEST_DELAY;
use crate::store::error::{failed, gave_up};
use crate::store::keys;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use futures::stream::{self, StreamExt as _};
use minoots_shared::app::cause;
use minoots_shared::ports::Unavailable;
use serde::Serialize;
use std::sync::{Mutex, PoisonError};
use tokio::sync::oneshot;

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

/// Sends to one queue. What is to be sent while a request is under way goes with the next: of ten timers that fall due
/// together the first one's webhook does not wait for the others, and those share a request.
pub(crate) struct Sender {
    client: Client,
    url: String,
    waiting: Mutex<Vec<Waiting>>,
    /// Held by whoever sends.
    turn: tokio::sync::Mutex<()>,
}

/// What one caller wants to have sent, and where it is told what became of it.
struct Waiting {
    messages: Vec<Message>,
    told: oneshot::Sender<Sent>,
}

/// A message as SQS takes it.
struct Message {
    body: String,
    group: String,
    delay: Option<i32>,
}

/// All of a caller's messages were taken, or why not all.
type Sent = Result<(), String>;

impl Sender {
    /// Sends to the queue under `url`.
    pub(crate) fn new(client: Client, url: String) -> Self {
        Self { client, url, waiting: Mutex::default(), turn: tokio::sync::Mutex::default() }
    }

    /// Sends messages, each at least once.
    ///
    /// # Errors
    /// Some of these were not taken, or it is not known; others' fate is told to them.
    pub(crate) async fn send<T: Serialize>(&self, all: Vec<Outgoing<T>>) -> Result<(), Unavailable> {
        if all.is_empty() {
            return Ok(());
        }
        let messages = all.into_iter().map(|outgoing| {
            let body = serde_json::to_string(&outgoing.message).map_err(|error| Unavailable(error.into()))?;
            let delay = i32::try_from(outgoing.delay.min(LONGEST_DELAY)).ok().filter(|delay| *delay > 0);
            Ok::<_, Unavailable>(Message { body, group: group(&outgoing.group), delay })
        });
        let (told, mut answer) = oneshot::channel();
        let waiting = Waiting { messages: messages.collect::<Result<_, _>>()?, told };
        self.waiting().push(waiting);
        let turn = self.turn.lock().await;
        let sent = match answer.try_recv() {
            // Whoever had the turn before has sent these too.
            Ok(sent) => sent,
            Err(oneshot::error::TryRecvError::Closed) => {
                Err("the call that sent them with its own was given up".into())
            }
            Err(oneshot::error::TryRecvError::Empty) => {
                let together = std::mem::take(&mut *self.waiting());
                self.send_together(together).await;
                answer.try_recv().unwrap_or_else(|error| Err(error.to_string()))
            }
        };
        drop(turn);
        sent.map_err(|why| gave_up("sending messages", why))
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, Vec<Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends what several callers wait for, and tells each what became of its own.
    async fn send_together(&self, callers: Vec<Waiting>) {
        let (told, messages): (Vec<_>, Vec<_>) =
            callers.into_iter().map(|caller| (caller.told, caller.messages)).unzip();
        let mut sent: Vec<Sent> = vec![Ok(()); told.len()];
        let mut messages = messages
            .into_iter()
            .enumerate()
            .flat_map(|(caller, messages)| messages.into_iter().map(move |message| (caller, message)))
            .peekable();
        let mut batches = Vec::new();
        while messages.peek().is_some() {
            batches.push(messages.by_ref().take(BATCH).collect::<Vec<_>>());
        }
        // The others are sent even if one batch fails.
        let batches = batches.into_iter().map(|batch| self.send_batch(batch));
        let refused: Vec<Vec<(usize, String)>> = stream::iter(batches).buffer_unordered(AT_ONCE).collect().await;
        for (caller, why) in refused.into_iter().flatten() {
            sent[caller] = Err(why);
        }
        for (told, sent) in told.into_iter().zip(sent) {
            // A caller that was given up asks no more.
            let _ = told.send(sent);
        }
    }

    /// Sends one batch; whose messages were not taken, and why.
    async fn send_batch(&self, batch: Vec<(usize, Message)>) -> Vec<(usize, String)> {
        let entries = batch.iter().enumerate().map(|(place, (_, message))| {
            SendMessageBatchRequestEntry::builder()
                .id(place.to_string())
                .message_body(&message.body)
                .message_group_id(&message.group)
                .set_delay_seconds(message.delay)
                .build()
        });
        let all = |why: String| batch.iter().map(|(caller, _)| (*caller, why.clone())).collect();
        let entries = match entries.collect::<Result<Vec<_>, _>>() {
            Ok(entries) => entries,
            Err(error) => return all(error.to_string()),
        };
        let answer = self.client.send_message_batch().queue_url(&self.url).set_entries(Some(entries)).send().await;
        let answer = match answer.map_err(failed("SendMessageBatch")) {
            Ok(answer) => answer,
            Err(Unavailable(error)) => return all(cause(error.as_ref())),
        };
        let refused = answer.failed().iter().flat_map(|entry| match entry.id().parse::<usize>() {
            Ok(place) if place < batch.len() => vec![(batch[place].0, entry.code().to_owned())],
            // An answer that makes no sense: nobody can rely on it.
            _ => all(entry.code().to_owned()),
        });
        refused.collect()
    }
}

/// A group's name takes up to 128 letters, digits and punctuation; an account's id may be any text.
fn group(account: &str) -> String {
    let plain = account.len() <= 128 && !account.is_empty() && account.bytes().all(|byte| byte.is_ascii_graphic());
    if plain { account.to_owned() } else { keys::digest(&[account]) }
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
