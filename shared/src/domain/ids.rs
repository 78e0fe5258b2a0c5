//! Ids: each kind its own type, each with a prefix that tells it apart in a log.

use super::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Takes the text as it is; no such id may exist.
            pub fn new(text: impl Into<Arc<str>>) -> Self {
                Self(text.into())
            }

            /// The id's text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id!(
    /// An account: whose data it is.
    AccountId
);
id!(
    /// A timer's id, unique within its account and mode: `timer_…`, or chosen by the caller.
    TimerId
);
id!(
    /// A delivery's id, `del_…`: the `webhook-id` of each of its attempts.
    DeliveryId
);
id!(
    /// An API key's id, `key_…`; not the key.
    ApiKeyId
);
id!(
    /// A webhook endpoint's id, `whk_…`.
    EndpointId
);
id!(
    /// A project's id, `prj_…`.
    ProjectId
);
id!(
    /// An event's id, `evt_…`, or chosen by the caller: the payload's `id`, the same for every endpoint.
    EventId
);

/// Ten random bytes: what tells ids of one millisecond apart.
pub type Entropy = [u8; 10];

impl TimerId {
    /// A new id that sorts by `now`.
    pub fn generate(now: Timestamp, entropy: &Entropy) -> Self {
        Self(time_sortable("timer_", now, entropy).into())
    }

    /// Whether a caller may choose this text: 1–48 of `A-Za-z0-9_-`.
    pub fn is_valid_choice(text: &str) -> bool {
        (1..=48).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
    }
}

impl EndpointId {
    /// A new id that sorts by `now`.
    pub fn generate(now: Timestamp, entropy: &Entropy) -> Self {
        Self(time_sortable("whk_", now, entropy).into())
    }
}

impl EventId {
    /// A new id that sorts by `now`.
    pub fn generate(now: Timestamp, entropy: &Entropy) -> Self {
        Self(time_sortable("evt_", now, entropy).into())
    }

    /// The id of the event that happens at `at` for the reason that `digest` stands for: the same for the same arguments,
    /// so that an event that is worked out again after a crash is the same one.
    pub fn derive(at: Timestamp, digest: &[u8; 32]) -> Self {
        Self(derived("evt_", at, &digest[..10]).into())
    }

    /// Whether a caller may choose this text: 1–64 of `A-Za-z0-9_-`.
    pub fn is_valid_choice(text: &str) -> bool {
        (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
    }
}

impl ProjectId {
    /// A new id that sorts by `now`.
    pub fn generate(now: Timestamp, entropy: &Entropy) -> Self {
        Self(time_sortable("prj_", now, entropy).into())
    }
}

impl ApiKeyId {
    /// A new id that sorts by `now`.
    pub fn generate(now: Timestamp, entropy: &Entropy) -> Self {
        Self(time_sortable("key_", now, entropy).into())
    }
}

/// How many characters of a delivery's id stand before its timer's: `del_`, the instant, and the digest's part.
const BEFORE_TIMER: usize = "del_".len() + 12 + 12;

impl DeliveryId {
    /// The id of the delivery that happens at `at` for the reason that `digest` stands for.
    ///
    /// The same arguments give the same id, so that a message seen twice, or a claim repeated after a crash, leads to
    /// the same delivery. The instant comes first: ids sort by it.
    pub fn derive(at: Timestamp, digest: &[u8; 32]) -> Self {
        Self(derived("del_", at, &digest[..10]).into())
    }

    /// [`Self::derive`] for a timer's delivery. It ends with the timer's id, so that a store can keep a timer's deliveries
    /// with their timer and still find each by its own id.
    pub fn of_timer(timer: &TimerId, at: Timestamp, digest: &[u8; 32]) -> Self {
        let mut text = derived("del_", at, &digest[..6]);
        debug_assert_eq!(text.len(), BEFORE_TIMER);
        text.push('_');
        text.push_str(timer.as_str());
        Self(text.into())
    }

    /// The timer that the id names, if it names one.
    pub fn timer(&self) -> Option<TimerId> {
        let timer = self.0.get(BEFORE_TIMER..)?.strip_prefix('_')?;
        TimerId::is_valid_choice(timer).then(|| TimerId::new(timer))
    }
}

fn derived(prefix: &str, at: Timestamp, digest: &[u8]) -> String {
    let mut text = format!("{prefix}{:012x}", at.0);
    for byte in digest {
        text.extend([byte >> 4, byte & 15].map(|digit| char::from(b"0123456789abcdef"[usize::from(digit)])));
    }
    text
}

/// UUID version 7 (RFC 9562) without hyphens behind a prefix.
fn time_sortable(prefix: &str, now: Timestamp, entropy: &Entropy) -> String {
    let id = uuid::Builder::from_unix_timestamp_millis(now.0, entropy).into_uuid();
    format!("{prefix}{}", id.simple())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_ids_sort_by_time_and_are_valid_choices_themselves() {
        let early = TimerId::generate(Timestamp(1_700_000_000_000), &[255; 10]);
        let late = TimerId::generate(Timestamp(1_700_000_000_001), &[0; 10]);
        assert!(early < late);
        assert!(TimerId::is_valid_choice(early.as_str()));
    }

    #[test]
    fn a_timers_delivery_names_its_timer_and_differs_by_instant_and_reason() {
        for timer in ["a", "_", "timer_0193", &"x".repeat(48)] {
            let timer = TimerId::new(timer);
            let id = DeliveryId::of_timer(&timer, Timestamp(1_700_000_000_000), &[7; 32]);
            assert_eq!(id.timer(), Some(timer.clone()));
            assert_eq!(id, DeliveryId::of_timer(&timer, Timestamp(1_700_000_000_000), &[7; 32]));
            assert_ne!(id, DeliveryId::of_timer(&timer, Timestamp(1_700_000_000_001), &[7; 32]));
            assert_ne!(id, DeliveryId::of_timer(&timer, Timestamp(1_700_000_000_000), &[8; 32]));
        }
        for other in ["", "del_", "del_unknown", DeliveryId::derive(Timestamp(1), &[7; 32]).as_str(), &"é".repeat(30)]
        {
            assert_eq!(DeliveryId::new(other).timer(), None, "{other}");
        }
    }

    #[test]
    fn chosen_ids_are_1_to_48_plain_characters() {
        for good in ["a", "A-Z_09", &"x".repeat(48)] {
            assert!(TimerId::is_valid_choice(good), "{good}");
        }
        for bad in ["", "a b", "é", "a/b", "a\0", &"x".repeat(49)] {
            assert!(!TimerId::is_valid_choice(bad), "{bad}");
        }
    }
}
