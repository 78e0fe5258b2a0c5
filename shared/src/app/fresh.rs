//! What must never repeat: ids, keys and secrets.

use super::randomness::Randomness;
use crate::domain::account::Mode;
use crate::domain::api_key::ApiKeySecret;
use crate::domain::ids::{ApiKeyId, EndpointId, Entropy, EventId, ProjectId, TimerId};
use crate::domain::secret::WebhookSecret;
use crate::domain::time::Timestamp;
use std::sync::{Mutex, PoisonError};

/// Makes ids that ascend, also within one millisecond, so that a list keeps the order of creation; and keys and secrets.
pub(super) struct Fresh {
    last: Mutex<(Timestamp, Entropy)>,
    randomness: Randomness,
}

impl Fresh {
    /// Drawn from `randomness`.
    pub(super) fn new(randomness: Randomness) -> Self {
        Self { last: Mutex::default(), randomness }
    }

    /// A timer's id.
    pub(super) fn timer_id(&self, now: Timestamp) -> TimerId {
        TimerId::generate(now, &self.entropy(now))
    }

    /// An endpoint's id.
    pub(super) fn endpoint_id(&self, now: Timestamp) -> EndpointId {
        EndpointId::generate(now, &self.entropy(now))
    }

    /// An event's id.
    pub(super) fn event_id(&self, now: Timestamp) -> EventId {
        EventId::generate(now, &self.entropy(now))
    }

    /// A project's id.
    pub(super) fn project_id(&self, now: Timestamp) -> ProjectId {
        ProjectId::generate(now, &self.entropy(now))
    }

    /// An API key's id.
    pub(super) fn api_key_id(&self, now: Timestamp) -> ApiKeyId {
        ApiKeyId::generate(now, &self.entropy(now))
    }

    /// Random in each new millisecond, counted up within one. The first three bytes hold UUID's version and variant bits
    /// (RFC 9562, section 5.7), so the seven behind them are the counter.
    fn entropy(&self, now: Timestamp) -> Entropy {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.0 == now {
            for byte in last.1[3..].iter_mut().rev() {
                *byte = byte.wrapping_add(1);
                if *byte != 0 {
                    break;
                }
            }
        } else {
            let mut entropy: Entropy = self.randomness.draw();
            entropy[3] &= 0x7f; // Room to count.
            *last = (now, entropy);
        }
        last.1
    }

    /// A new API key.
    pub(super) fn api_key(&self, mode: Mode) -> ApiKeySecret {
        api_key(mode, &self.randomness)
    }

    /// A new webhook secret.
    pub(super) fn webhook_secret(&self) -> WebhookSecret {
        WebhookSecret::generate(&self.randomness.draw())
    }
}

/// A new API key.
pub(super) fn api_key(mode: Mode, randomness: &Randomness) -> ApiKeySecret {
    ApiKeySecret::generate(mode, &randomness.draw())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_ascend_within_a_millisecond_and_over_many() {
        let fresh = Fresh::new(Randomness::system());
        let ids: Vec<_> =
            (0..3_000).map(|count| fresh.timer_id(Timestamp(1_700_000_000_000 + count / 1_000))).collect();
        assert!(ids.windows(2).all(|pair| pair[0] < pair[1]));
    }
}
