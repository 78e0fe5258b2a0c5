//! What goes through the queues: ids and instants, never bodies or secrets.

use minoots_shared::domain::account::{Mode, Scope};
use minoots_shared::domain::delivery::Delivery;
use minoots_shared::domain::ids::{AccountId, DeliveryId, EventId, TimerId};
use minoots_shared::domain::time::Timestamp;
use minoots_shared::ports::Alarm;
use serde::{Deserialize, Serialize};

/// Something on a timer's way falls due: a message of the due queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DueMessage {
    /// Whose timer.
    pub account: AccountId,
    /// Live or test.
    pub mode: Mode,
    /// The timer.
    pub timer: TimerId,
    /// The epoch in which it is due.
    pub epoch: u32,
    /// When it is due.
    pub at: Timestamp,
    /// How the message came here.
    pub path: Path,
}

/// An event is to be fanned out: another message of the due queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventMessage {
    /// Whose event.
    pub account: AccountId,
    /// Live or test.
    pub mode: Mode,
    /// The event.
    pub event: EventId,
}

impl EventMessage {
    /// The message for an event.
    pub fn new(scope: &Scope, event: &EventId) -> Self {
        Self { account: scope.account.clone(), mode: scope.mode, event: event.clone() }
    }

    /// Whose event it is.
    pub fn scope(&self) -> Scope {
        Scope { account: self.account.clone(), mode: self.mode }
    }
}

/// What the due queue holds.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum DueQueueMessage {
    /// A timer's.
    Due(DueMessage),
    /// An event's.
    Event(EventMessage),
}

/// How a message came to the due queue: latenesses are told apart by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Path {
    /// With a delay of the queue alone.
    Direct,
    /// Through a schedule.
    Scheduled,
    /// The sweep found it overdue.
    Swept,
}

impl Path {
    /// The name in metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Scheduled => "scheduled",
            Self::Swept => "swept",
        }
    }
}

impl DueMessage {
    /// The message for an alarm.
    pub fn new(alarm: &Alarm, path: Path) -> Self {
        let Scope { account, mode } = alarm.scope.clone();
        Self { account, mode, timer: alarm.timer.clone(), epoch: alarm.epoch, at: alarm.at, path }
    }

    /// The alarm that it is for.
    pub fn alarm(&self) -> Alarm {
        Alarm { scope: self.scope(), timer: self.timer.clone(), epoch: self.epoch, at: self.at }
    }

    fn scope(&self) -> Scope {
        Scope { account: self.account.clone(), mode: self.mode }
    }
}

/// A delivery is to be sent: a message of the delivery queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryMessage {
    /// Whose delivery.
    pub account: AccountId,
    /// Live or test.
    pub mode: Mode,
    /// The delivery.
    pub delivery: DeliveryId,
    /// What it shares its rate with: see `queue::lane`. Messages had none at first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lane: Option<String>,
}

impl DeliveryMessage {
    /// The message for a delivery.
    pub fn new(delivery: &Delivery) -> Self {
        let Scope { account, mode } = delivery.scope.clone();
        Self { account, mode, delivery: delivery.id.clone(), lane: Some(crate::queue::lane(delivery)) }
    }

    /// Whose delivery it is.
    pub fn scope(&self) -> Scope {
        Scope { account: self.account.clone(), mode: self.mode }
    }
}
