//! What the template deploys, without the functions: the table, the queues, the schedules' group, and an account with a key.

use crate::emulator::{ACCESS_KEY, REGION, emulator, fresh_name};
use aws_sdk_sqs::types::{Message, MessageSystemAttributeName, QueueAttributeName};
use minoots_aws::clients::Clients;
use minoots_aws::store::{DynamoStore, create_table};
use minoots_shared::app::clock::Clock;
use minoots_shared::domain::account::{Account, Mode, Scope};
use minoots_shared::domain::api_key::{ApiKey, ApiKeySecret};
use minoots_shared::domain::ids::{AccountId, ApiKeyId};
use minoots_shared::domain::secret::{SigningSecrets, WebhookSecret};
use minoots_shared::domain::time::{Millis, Timestamp};
use minoots_shared::ports::Store as _;
use serde_json::{Value, json};
use std::sync::Arc;

/// The stack's account.
pub const ACCOUNT: &str = "acct";
/// Its live key.
pub const KEY: &str = "mnt_live_0123456789abcdefghijklmnopqrstuv";

/// A deployment of its own in this binary's emulator.
pub struct Stack {
    /// Clients of the emulator.
    pub clients: Clients,
    /// The store on the stack's table.
    pub store: Arc<DynamoStore>,
    /// The table.
    pub table: String,
    /// The due queue.
    pub due_queue: String,
    /// The delivery queue.
    pub delivery_queue: String,
    /// Where the delivery queue's dead letters rest.
    pub delivery_dead_letters: String,
    /// The schedules' group.
    pub group: String,
}

impl Stack {
    /// A new one.
    pub async fn deploy() -> Self {
        let clients = emulator().clients();
        let name = fresh_name("stack");
        let table = format!("{name}-table");
        create_table(&clients.dynamodb, &table).await.expect("the emulator makes a table");
        let queue = |kind: &str, attributes: Vec<(QueueAttributeName, String)>| {
            let name = format!("{name}-{kind}");
            let sqs = clients.sqs.clone();
            async move {
                let asked = sqs.create_queue().queue_name(name).set_attributes(Some(attributes.into_iter().collect()));
                asked.send().await.expect("the emulator makes a queue").queue_url.expect("it has a URL")
            }
        };
        // As the template has them.
        let work = |dead_letters: &str, visibility: u32, receives: u32| {
            let policy = json!({"deadLetterTargetArn": arn(dead_letters), "maxReceiveCount": receives});
            vec![
                (QueueAttributeName::VisibilityTimeout, visibility.to_string()),
                (QueueAttributeName::RedrivePolicy, policy.to_string()),
            ]
        };
        let due_dead_letters = queue("due-dlq", Vec::new()).await;
        let delivery_dead_letters = queue("delivery-dlq", Vec::new()).await;
        let due_queue = queue("due", work(&due_dead_letters, 360, 12)).await;
        let delivery_queue = queue("delivery", work(&delivery_dead_letters, 270, 20)).await;
        queue("schedule-dlq", Vec::new()).await;
        let group = format!("{name}-schedules");
        clients.scheduler.create_schedule_group().name(&group).send().await.expect("the emulator makes a group");
        let store = DynamoStore::new(clients.dynamodb.clone(), table.clone(), Millis::days(30), Clock::system());
        let stack =
            Self { clients, store: Arc::new(store), table, due_queue, delivery_queue, delivery_dead_letters, group };
        stack.open_account().await;
        stack
    }

    async fn open_account(&self) {
        let id = AccountId::new(ACCOUNT);
        let webhook_secrets = SigningSecrets::new(WebhookSecret::generate(&[7; 32]));
        let account = Account { id: id.clone(), webhook_secrets, concurrent_timers: None, revision: 0 };
        assert!(self.store.create_account(account).await.expect("the store works"));
        let secret = ApiKeySecret::new(KEY);
        let key = ApiKey {
            id: ApiKeyId::generate(Timestamp(0), &[1; 10]),
            scope: self.scope(),
            name: None,
            preview: secret.preview(),
            digest: secret.digest(),
            created_at: Timestamp(0),
        };
        self.store.create_api_key(key, None).await.expect("the store works");
    }

    /// The account's live data.
    pub fn scope(&self) -> Scope {
        Scope { account: AccountId::new(ACCOUNT), mode: Mode::Live }
    }

    /// What the template sets for the functions, and Lambda itself.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        vec![
            ("TABLE_NAME", self.table.clone()),
            ("DUE_QUEUE_URL", self.due_queue.clone()),
            ("DUE_QUEUE_ARN", arn(&self.due_queue)),
            ("DELIVERY_QUEUE_URL", self.delivery_queue.clone()),
            ("SCHEDULE_GROUP", self.group.clone()),
            ("SCHEDULER_ROLE_ARN", "arn:aws:iam::123456789012:role/scheduler".to_owned()),
            ("SCHEDULE_DLQ_ARN", arn(&self.due_queue).replace("-due", "-schedule-dlq")),
            ("WEBHOOK_POLICY", "local".to_owned()),
            ("AWS_REGION", REGION.to_owned()),
            ("AWS_ACCESS_KEY_ID", ACCESS_KEY.to_owned()),
            ("AWS_SECRET_ACCESS_KEY", ACCESS_KEY.to_owned()),
            ("AWS_ENDPOINT_URL", emulator().endpoint()),
            ("AWS_CALL_TIMEOUT_SECONDS", "60".to_owned()),
        ]
    }

    /// One of [`Self::environment`].
    pub fn variable(&self, name: &str) -> String {
        let found = self.environment().into_iter().find(|(known, _)| *known == name);
        found.unwrap_or_else(|| panic!("{name} is no variable of the template's")).1
    }

    /// The messages that are visible in a queue; receiving hides them. Waits for the first.
    pub async fn receive(&self, queue: &str) -> Vec<Message> {
        for _ in 0..8 {
            let messages = self.receive_within(queue, 3).await;
            if !messages.is_empty() {
                return messages;
            }
        }
        Vec::new()
    }

    /// The messages that are visible in a queue just now; receiving hides them.
    pub async fn receive_now(&self, queue: &str) -> Vec<Message> {
        self.receive_within(queue, 0).await
    }

    /// Deletes a message that was received.
    pub async fn delete(&self, queue: &str, message: &Message) {
        let asked = self.clients.sqs.delete_message().queue_url(queue);
        asked.set_receipt_handle(message.receipt_handle.clone()).send().await.expect("the emulator deletes a message");
    }

    /// The messages that are visible in a queue, or that become so within these seconds; receiving hides them.
    pub async fn receive_within(&self, queue: &str, seconds: i32) -> Vec<Message> {
        let asked = self.clients.sqs.receive_message().queue_url(queue).max_number_of_messages(10);
        let asked = asked.message_system_attribute_names(MessageSystemAttributeName::All).wait_time_seconds(seconds);
        asked.send().await.expect("the emulator gives messages").messages.unwrap_or_default()
    }

    /// How many messages of a queue are visible, delayed and being handled.
    pub async fn counts(&self, queue: &str) -> [u64; 3] {
        let names = [
            QueueAttributeName::ApproximateNumberOfMessages,
            QueueAttributeName::ApproximateNumberOfMessagesDelayed,
            QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
        ];
        let asked = self.clients.sqs.get_queue_attributes().queue_url(queue);
        let got = asked.set_attribute_names(Some(names.to_vec())).send().await.expect("the emulator knows the queue");
        let attributes = got.attributes.unwrap_or_default();
        names.map(|name| attributes.get(&name).and_then(|count| count.parse().ok()).unwrap_or_default())
    }
}

fn arn(url: &str) -> String {
    format!("arn:aws:sqs:{REGION}:123456789012:{}", url.rsplit('/').next().unwrap_or_default())
}

/// Messages as an event source mapping hands them to a function.
pub fn batch(messages: &[Message]) -> Value {
    let record = |message: &Message| {
        let attributes =
            message.attributes.iter().flatten().map(|(name, value)| (name.as_str().to_owned(), json!(value)));
        json!({
            "messageId": message.message_id,
            "receiptHandle": message.receipt_handle,
            "body": message.body,
            "attributes": attributes.collect::<serde_json::Map<_, _>>(),
            "messageAttributes": {},
            "md5OfBody": message.md5_of_body,
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:eu-west-1:123456789012:queue",
            "awsRegion": "eu-west-1",
        })
    };
    json!({"Records": messages.iter().map(record).collect::<Vec<_>>()})
}
