//! Webhook endpoints: URLs that subscribe to events.

use super::account::Scope;
use super::events::Format;
use super::ids::EndpointId;
use super::retry::RetryPlan;
use super::secret::SigningSecrets;
use super::subscription::Subscription;
use super::time::{Millis, Timestamp};
use serde::{Deserialize, Serialize};

/// After this long without a single success an endpoint is deactivated.
pub const PATIENCE: Millis = Millis::days(5);

/// A webhook endpoint as it is stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Endpoint {
    /// Whose it is.
    pub scope: Scope,
    /// Its id.
    pub id: EndpointId,
    /// What its owner calls it.
    pub name: String,
    /// Where its deliveries go. Path and query may be secrets: they are never logged.
    pub url: String,
    /// What it is told of.
    pub events: Vec<Subscription>,
    /// Whether new events reach it.
    pub active: bool,
    /// Since when it has been active: what failed earlier is not held against it.
    pub active_since: Timestamp,
    /// What its owner says about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The owner's own headers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(String, String)>,
    /// When attempts are made.
    pub plan: RetryPlan,
    /// How long an attempt may take.
    pub timeout: Millis,
    /// How JSON bodies are written.
    #[serde(default)]
    pub payload_format: PayloadFormat,
    /// Overrides the form that the URL's host asks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<Format>,
    /// Sign its deliveries.
    pub secrets: SigningSecrets,
    /// Why the service deactivated it, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled_reason: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Raised by every change, for optimistic writes.
    pub revision: u64,
}

/// Which library's way of writing JSON a body follows, for receivers that write it again before they verify it.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PayloadFormat {
    /// What `JSON.stringify(JSON.parse(body))` leaves unchanged.
    #[default]
    Javascript,
    /// What Python's `json.dumps(json.loads(body))` leaves unchanged.
    Python,
}

impl Endpoint {
    /// Whether an event of this type that is accepted now reaches it.
    pub fn takes(&self, event_type: &str) -> bool {
        self.active && self.events.iter().any(|subscription| subscription.covers(event_type))
    }

    /// Whether its deliveries may be attempted. One that its owner deactivated still gets what was accepted before; one
    /// that the service deactivated gets nothing more.
    pub fn may_be_sent_to(&self) -> bool {
        self.active || self.disabled_reason.is_none()
    }

    /// Whether it is to be deactivated at `now`, when an attempt has failed, given since when none has succeeded.
    pub fn has_failed_too_long(&self, failing_since: Option<Timestamp>, now: Timestamp) -> bool {
        let since = failing_since.map(|since| since.max(self.active_since));
        self.active && since.is_some_and(|since| now.since(since) >= PATIENCE)
    }

    /// The endpoint after the service has deactivated it at `now`; `None` if it had done so before.
    #[must_use]
    pub fn disabled(&self, now: Timestamp, reason: &str) -> Option<Self> {
        self.may_be_sent_to().then(|| Self {
            active: false,
            disabled_reason: Some(reason.to_owned()),
            updated_at: now,
            revision: self.revision + 1,
            ..self.clone()
        })
    }
}
