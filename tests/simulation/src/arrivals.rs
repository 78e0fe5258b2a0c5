//! What left the product: every attempt, whether its receiver got it or not.

use minoots_shared::domain::ids::DeliveryId;
use minoots_shared::domain::time::{Millis, Timestamp};

/// One attempt as it was sent.
#[derive(Clone, Debug)]
pub(crate) struct Arrival {
    /// When it was sent, by the true clock.
    pub at: Timestamp,
    /// When its attempt began: when the delivery was read for it.
    pub begun: Timestamp,
    /// Where it went, without the scheme.
    pub url: String,
    /// `webhook-id`.
    pub id: DeliveryId,
    /// `X-MINOOTS-Attempt`.
    pub attempt: u32,
    /// `X-MINOOTS-Event`.
    pub event: String,
    /// Its bytes.
    pub body: String,
    /// What its receiver did, as soon as it did.
    pub ended: Option<Ended>,
}

/// How an attempt ended, as its receiver knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ended {
    /// When.
    pub at: Timestamp,
    /// The status, if one was answered.
    pub code: Option<u16>,
    /// What Retry-After asked for.
    pub retry_after: Option<Millis>,
}

impl Arrival {
    /// Whether its receiver took it, as far as the receiver knows.
    pub(crate) fn was_taken(&self) -> bool {
        self.ended.is_some_and(|ended| ended.code.is_some_and(|code| (200..300).contains(&code)))
    }
}
