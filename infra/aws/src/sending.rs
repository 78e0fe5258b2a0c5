//! Sending to a queue, in batches: SQS bills requests, and one takes ten messages.

use crate::config::LONGEST_DELAY;
use crate::store::digest;
use crate::store::error::{failed, gave_up};
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

/// A message with the group that it belongs to and how long it waits.
pub(crate) struct Outgoing<T> {
    pub(crate) message: T,
    /// SQS shares a standard queue fairly among groups: one group's backlog does not delay another's. On the due queue it is
    /// the account, on the delivery queue the [`crate::queue::lane`].
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
        // Taken is only what SQS says it has taken.
        let is_taken = |id: &str| answer.successful().iter().any(|taken| taken.id() == id);
        let why = |id: &str| {
            let refused = answer.failed().iter().find(|refused| refused.id() == id);
            refused.map_or("SQS did not mention it", |refused| refused.code()).to_owned()
        };
        let places = batch.iter().enumerate().map(|(place, (caller, _))| (place.to_string(), *caller));
        places.filter(|(id, _)| !is_taken(id)).map(|(id, caller)| (caller, why(&id))).collect()
    }
}

/// A group's name takes up to 128 letters, digits and punctuation; an account's id and a host may be more.
pub(crate) fn group(name: &str) -> String {
    let plain = name.len() <= 128 && !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic());
    if plain { name.to_owned() } else { digest::digest(&[name]) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_credential_types::Credentials;
    use aws_sdk_sqs::config::{BehaviorVersion, Region};
    use aws_smithy_runtime_api::client::http::{
        HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
    };
    use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
    use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
    use futures::future::join_all;
    use serde_json::{Value, json};
    use std::sync::Arc;
    use std::time::Duration;

    /// What no emulator does: it takes a second for each request, and refuses the messages that are 0.
    #[derive(Clone, Debug, Default)]
    struct Sqs(Arc<Mutex<Vec<usize>>>);

    impl HttpClient for Sqs {
        fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
            SharedHttpConnector::new(self.clone())
        }
    }

    impl HttpConnector for Sqs {
        fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
            let asked: Value = serde_json::from_slice(request.body().bytes().unwrap()).unwrap();
            let entries = asked["Entries"].as_array().unwrap().clone();
            self.0.lock().unwrap().push(entries.len());
            HttpConnectorFuture::new(async move {
                tokio::time::sleep(Duration::from_secs(1)).await;
                let (refused, taken): (Vec<_>, Vec<_>) =
                    entries.into_iter().partition(|entry| entry["MessageBody"] == "0");
                let taken =
                    taken.iter().map(|entry| json!({"Id": entry["Id"], "MessageId": "m", "MD5OfMessageBody": ""}));
                let refused =
                    refused.iter().map(|entry| json!({"Id": entry["Id"], "Code": "Odd", "SenderFault": true}));
                let answer = json!({"Successful": Vec::from_iter(taken), "Failed": Vec::from_iter(refused)});
                Ok(HttpResponse::new(200.try_into().unwrap(), answer.to_string().into()))
            })
        }
    }

    fn sender(sqs: &Sqs) -> Sender {
        let config = aws_sdk_sqs::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-west-1"))
            .credentials_provider(Credentials::new("id", "key", None, None, "test"))
            .http_client(SharedHttpClient::new(sqs.clone()));
        Sender::new(Client::from_conf(config.build()), "https://sqs.example.com/queue".to_owned())
    }

    async fn send(sender: &Sender, message: u8) -> Result<(), Unavailable> {
        sender.send(vec![Outgoing { message, group: "a".to_owned(), delay: 0 }]).await
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_to_be_sent_while_a_request_is_under_way_shares_the_next_ten_to_a_batch() {
        let sqs = Sqs::default();
        let sender = sender(&sqs);
        let sent = join_all((1..=14).map(|message| send(&sender, message))).await;
        assert!(sent.iter().all(Result::is_ok), "{sent:?}");
        assert_eq!(*sqs.0.lock().unwrap(), [1, 10, 3]);
    }

    #[tokio::test(start_paused = true)]
    async fn of_those_who_share_a_request_only_whose_message_was_refused_is_told_so() {
        let sqs = Sqs::default();
        let sent = {
            let sender = sender(&sqs);
            join_all([1, 2, 0, 3, 0].map(|message| send(&sender, message))).await
        };
        let told: Vec<_> = sent.iter().map(Result::is_ok).collect();
        assert_eq!(told, [true, true, false, true, false]);
        assert_eq!(*sqs.0.lock().unwrap(), [1, 4]);
        let Unavailable(error) = sent.into_iter().find_map(Result::err).unwrap();
        assert!(error.to_string().ends_with("Odd"), "{error}");
    }

    #[tokio::test(start_paused = true)]
    async fn if_whoever_sends_for_others_is_given_up_they_are_told_and_later_ones_are_sent() {
        let sqs = Sqs::default();
        let sender = sender(&sqs);
        // The second sends for the third too, and is given up meanwhile.
        let given_up = tokio::time::timeout(Duration::from_millis(1_500), send(&sender, 2));
        let (first, given_up, third) = tokio::join!(send(&sender, 1), given_up, send(&sender, 3));
        assert!(first.is_ok() && given_up.is_err() && third.is_err());
        assert!(send(&sender, 4).await.is_ok());
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
