//! Lists, page by page.

use crate::domain::delivery::{Delivery, DeliveryStatus};
use crate::domain::ids::{DeliveryId, EndpointId, TimerId};
use crate::domain::time::Timestamp;
use crate::domain::timer::{Labels, Status, Timer};
use serde::{Deserialize, Serialize};

/// Which timers to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TimerQuery {
    /// Only those in this state.
    pub status: Option<Status>,
    /// Only those with these labels.
    pub labels: Labels,
    /// Only those behind this one.
    pub after: Option<ListPosition>,
    /// At most this many.
    pub limit: usize,
}

/// A place in a scope's list: newest first; within a millisecond by id, backwards, since ids are made in ascending order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListPosition {
    /// When the timer at this place was made.
    pub created_at: Timestamp,
    /// Its id.
    pub id: TimerId,
}

/// A page of timers.
#[derive(Clone, Debug, PartialEq)]
pub struct TimerPage {
    /// The timers.
    pub timers: Vec<Timer>,
    /// Where the next page begins, if there may be more.
    pub next: Option<ListPosition>,
}

/// Which deliveries to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeliveryQuery {
    /// Only those of this endpoint.
    pub endpoint: Option<EndpointId>,
    /// Only those in this state. One under way is found as sending, by the process that is at it, and as pending or
    /// retrying.
    pub status: Option<DeliveryStatus>,
    /// Only those behind this one.
    pub after: Option<DeliveryPosition>,
    /// At most this many.
    pub limit: usize,
}

/// A place in a list of deliveries: newest first; within a millisecond by id, backwards.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryPosition {
    /// When the delivery at this place was made.
    pub created_at: Timestamp,
    /// Its id.
    pub id: DeliveryId,
}

/// A page of deliveries.
#[derive(Clone, Debug, PartialEq)]
pub struct DeliveryPage {
    /// The deliveries.
    pub deliveries: Vec<Delivery>,
    /// Where the next page begins, if there may be more.
    pub next: Option<DeliveryPosition>,
}
