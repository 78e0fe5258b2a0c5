//! Events: what happened, told to every endpoint that was subscribed when it was accepted.

use super::account::Scope;
use super::ids::{EndpointId, EventId};
use super::json::JsonText;
use super::time::Timestamp;
use serde::{Deserialize, Serialize};

/// An event as it was accepted. It is fanned out into one delivery for each target, a bounded number at a time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Whose it is.
    pub scope: Scope,
    /// Its id: the payload's `id`.
    pub id: EventId,
    /// Its type, as `session.started`.
    pub event_type: String,
    /// When it happened: the payload's `created`.
    pub created_at: Timestamp,
    /// The payload's `data`, as given.
    pub data: JsonText,
    /// The endpoints that were subscribed and active when it was accepted, in the order of their ids.
    pub targets: Vec<EndpointId>,
    /// How many of `targets` have their delivery.
    pub expanded: usize,
}

impl Event {
    /// Whether another event under the same id says the same.
    pub fn says_the_same_as(&self, other: &Self) -> bool {
        self.event_type == other.event_type && self.data == other.data
    }

    /// The targets that have no delivery yet.
    pub fn remaining(&self) -> &[EndpointId] {
        &self.targets[self.expanded.min(self.targets.len())..]
    }
}
