//! Why a use case did not do what it was asked.

use crate::domain::account::Mode;
use crate::domain::fault::Faults;
use crate::domain::ids::{ApiKeyId, DeliveryId, EndpointId, EventId, TimerId};
use crate::domain::timer::Status;
use crate::ports::Unavailable;

/// Why a use case did not do what it was asked. Nothing was changed, unless it says otherwise.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The request is wrong in itself.
    #[error("the request has {} fault(s)", .0.list().len())]
    Faulty(Faults),
    /// The account's mode has no timer with this id.
    #[error("there is no timer {0}")]
    TimerNotFound(TimerId),
    /// The account's mode has no endpoint with this id.
    #[error("there is no webhook {0}")]
    EndpointNotFound(EndpointId),
    /// The account's mode has no delivery with this id.
    #[error("there is no delivery {0}")]
    DeliveryNotFound(DeliveryId),
    /// The delivery can't be sent again, for this reason.
    #[error("the delivery can't be sent again: {0}")]
    NotReplayed(&'static str),
    /// The event id that the caller chose stands for another event.
    #[error("an event with the id {0} and other content exists already")]
    EventIdTaken(EventId),
    /// The account has no key with this id that the caller may see.
    #[error("there is no API key {0}")]
    ApiKeyNotFound(ApiKeyId),
    /// The timer has ended already.
    #[error("the timer is {} already", .0.as_str())]
    Ended(Status),
    /// The id that the caller chose is in use.
    #[error("a timer with the id {0} exists already")]
    IdTaken(TimerId),
    /// The account runs as many timers as it may.
    #[error("{0} timers are running or paused, as many as the account may have at once")]
    OverLimit(u32),
    /// The idempotency key stands for another request.
    #[error("the idempotency key was used with another body")]
    KeyReused,
    /// A test key asked for what only a live key may do.
    #[error("a {} key may not do this", .0.as_str())]
    NotPermitted(Mode),
    /// Others changed the same thing over and over.
    #[error("others kept changing it at the same time")]
    Contended,
    /// The infrastructure can't do its part. What was asked may or may not have been done; trying again is safe.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}
