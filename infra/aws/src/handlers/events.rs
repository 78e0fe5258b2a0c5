//! Lambda's events, as far as they are read.

use minoots_shared::domain::time::{Millis, Timestamp};
use serde::{Deserialize, Serialize};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A batch of messages of a queue.
#[derive(Debug, Deserialize)]
pub(super) struct Batch {
    #[serde(rename = "Records")]
    pub(super) records: Vec<Record>,
}

/// A message of a queue.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Record {
    pub(super) message_id: String,
    pub(super) receipt_handle: String,
    pub(super) body: String,
    #[serde(default)]
    attributes: Attributes,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Attributes {
    #[serde(default)]
    approximate_receive_count: Option<String>,
}

impl Record {
    /// Whether it has been received before. Throttled and crashed invocations count.
    pub(super) fn came_before(&self) -> bool {
        self.attributes.approximate_receive_count.as_deref().is_some_and(|count| count != "1")
    }

    /// The message; one that can't be read goes to the dead letters in the end.
    pub(super) fn message<T: for<'de> Deserialize<'de>>(&self) -> Option<T> {
        let unreadable = |error: &serde_json::Error| {
            tracing::error!(message = self.message_id, error = %error, "a message can't be read: it goes to the dead letters");
        };
        serde_json::from_str(&self.body).inspect_err(unreadable).ok()
    }
}

/// Which messages of a batch are to come again. Whatever is not named is deleted.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchAnswer {
    batch_item_failures: Vec<Failure>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Failure {
    item_identifier: String,
}

impl BatchAnswer {
    /// These messages are to come again.
    pub(super) fn again<'a>(records: impl IntoIterator<Item = &'a Record>) -> Self {
        let failure = |record: &Record| Failure { item_identifier: record.message_id.clone() };
        Self { batch_item_failures: records.into_iter().map(failure).collect() }
    }
}

/// How long after `now` an invocation may go on, a margin for its answer left out.
pub(super) fn left(deadline: SystemTime, now: Timestamp) -> Duration {
    const MARGIN: Duration = Duration::from_millis(1_500);
    let deadline = deadline.duration_since(UNIX_EPOCH).unwrap_or_default();
    deadline.saturating_sub(Millis(now.0).to_std()).saturating_sub(MARGIN)
}
