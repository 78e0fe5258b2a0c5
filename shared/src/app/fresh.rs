//! What must never repeat: ids, keys and secrets.

use crate::domain::account::Mode;
use crate::domain::api_key::ApiKeySecret;
use crate::domain::ids::{ApiKeyId, EndpointId, Entropy, EventId, ProjectId, TimerId};
use crate::domain::secret::WebhookSecret;
use crate::domain::time::Timestamp;
use std::sync::{Mutex, PoisonError};

/// Makes ids that ascend, also within one millisecond, so that a list keeps the order of creation.
#[derive(Default)]
pub(super) struct Fresh {
    last: Mutex<(Timestamp, Entropy)>,
}

impl Fresh {
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
            let mut entropy: Entropy = random();
            entropy[3] &= 0x7f; // Room to count.
            *last = (now, entropy);
        }
        last.1
    }
}

/// A new API key.
pub(super) fn api_key(mode: Mode) -> ApiKeySecret {
    ApiKeySecret::generate(mode, &random())
}

/// A new webhook secret.
pub(super) fn webhook_secret() -> WebhookSecret {
    WebhookSecret::generate(&random())
}

/// Bytes from the operating system.
fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    // Without randomness nothing can be made safely: a key that could be guessed is worse than an error.
    if let Err(error) = getrandom::fill(&mut bytes) {
        panic!("the operating system gives no random bytes: {error}");
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_ascend_within_a_millisecond_and_over_many() {
        let fresh = Fresh::default();
        let ids: Vec<_> =
            (0..3_000).map(|count| fresh.timer_id(Timestamp(1_700_000_000_000 + count / 1_000))).collect();
        assert!(ids.windows(2).all(|pair| pair[0] < pair[1]));
    }
}
