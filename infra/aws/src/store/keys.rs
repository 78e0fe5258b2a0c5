//! Where things are in the table. The one place that knows.
//!
//! | what | `pk` | `sk` |
//! | --- | --- | --- |
//! | a timer with its deliveries | `T#account#mode#shard` | `@created#id` if the id tells when it was made, else `=id` |
//! | a listed timer whose id doesn't tell | `T#account#mode#shard` | `@created#id`: points to `=id` |
//! | a long text of a delivery | `X#account#mode#digest` | `text` |
//! | what is remembered under an idempotency key | `I#digest` | `answer` |
//! | a part of it, if it is long | `I#digest` | `part#digest` |
//! | a creation of several timers that is complete | `B#token` | `batch` |
//! | the limit on a scope's running timers | `L#account#mode` | `limit` |
//! | an account | `A#account` | `account` |
//! | an account's keys | `A#account` | `key#id` |
//! | a key by its digest | `K#digest` | `key` |
//!
//! A scope's timers are spread over [`SHARDS`] partitions by a hash of their ids: a partition takes 1,000 write units a
//! second, and none may take all of one account's. Within each they stand in the order of the list, so that listing needs no
//! index, reads what was just written, and adds nothing to what a timer costs.

use minoots_shared::domain::account::Scope;
use minoots_shared::domain::ids::{AccountId, ApiKeyId, TimerId};
use minoots_shared::domain::time::Timestamp;
use minoots_shared::ports::{IdempotencyKey, ListPosition};
use sha2::{Digest as _, Sha256};

/// Partitions of one scope's timers. Stored data depends on it: never to be changed.
pub(crate) const SHARDS: u8 = 16;
/// Partitions of the due index. May grow, but not shrink, as long as something is due in those that would go.
pub(crate) const DUE_SHARDS: u8 = 32;

/// First in the sort key of what is listed, and after it.
const LISTED: &str = "@";
const LISTED_END: &str = "A";

/// A primary key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key {
    /// The partition.
    pub(crate) pk: String,
    /// The place in it.
    pub(crate) sk: String,
}

impl Key {
    fn new(pk: String, sk: impl Into<String>) -> Self {
        Self { pk, sk: sk.into() }
    }

    /// A timer's.
    pub(crate) fn timer(scope: &Scope, id: &TimerId) -> Self {
        let pk = timers(scope, shard(id));
        match made_at(id) {
            Some(made) => Self::new(pk, listed(made, id)),
            None => Self::new(pk, format!("={id}")),
        }
    }

    /// Where a timer is listed, if that is not where it is.
    pub(crate) fn pointer(scope: &Scope, id: &TimerId, created_at: Timestamp) -> Option<Self> {
        (made_at(id) != Some(created_at)).then(|| Self::new(timers(scope, shard(id)), listed(created_at, id)))
    }

    /// A text's, by its digest.
    pub(crate) fn text(scope: &Scope, digest: &str) -> Self {
        Self::new(format!("X#{}#{}#{digest}", scope.account, scope.mode), "text")
    }

    /// What is remembered under an idempotency key. Callers choose keys: hashed, they have one length.
    pub(crate) fn answer(key: &IdempotencyKey) -> Self {
        let scope = &key.scope;
        Self::new(
            format!("I#{}", digest(&[scope.account.as_str(), scope.mode.as_str(), key.route, &key.key])),
            "answer",
        )
    }

    /// A part of a long answer, by the part's digest.
    pub(crate) fn answer_part(key: &IdempotencyKey, part: &str) -> Self {
        Self { sk: format!("part#{part}"), ..Self::answer(key) }
    }

    /// The mark of a creation that is complete, or never will be.
    pub(crate) fn batch(token: &str) -> Self {
        Self::new(format!("B#{token}"), "batch")
    }

    /// A scope's limit.
    pub(crate) fn limit(scope: &Scope) -> Self {
        Self::new(format!("L#{}#{}", scope.account, scope.mode), "limit")
    }

    /// An account's.
    pub(crate) fn account(id: &AccountId) -> Self {
        Self::new(keys_of(id), "account")
    }

    /// A key's in its account.
    pub(crate) fn api_key(account: &AccountId, id: &ApiKeyId) -> Self {
        Self::new(keys_of(account), format!("{API_KEYS}{id}"))
    }

    /// A key's by its digest.
    pub(crate) fn digest(digest: &[u8; 32]) -> Self {
        Self::new(format!("K#{}", hex(digest)), "key")
    }
}

/// First in the sort keys of an account's keys.
pub(crate) const API_KEYS: &str = "key#";

/// The partition of an account and its keys.
pub(crate) fn keys_of(account: &AccountId) -> String {
    format!("A#{account}")
}

/// One of the partitions of a scope's timers.
pub(crate) fn timers(scope: &Scope, shard: u8) -> String {
    format!("T#{}#{}#{shard:x}", scope.account, scope.mode)
}

/// The sort keys of what is listed behind a position, both ends included.
pub(crate) fn listed_behind(after: Option<&ListPosition>) -> (String, String) {
    (LISTED.to_owned(), after.map_or_else(|| LISTED_END.to_owned(), |after| listed(after.created_at, &after.id)))
}

/// The place in the list that a sort key stands for.
pub(crate) fn position(sk: &str) -> Option<ListPosition> {
    let (at, id) = sk.strip_prefix(LISTED)?.split_once('#')?;
    Some(ListPosition { created_at: Timestamp(u64::from_str_radix(at, 16).ok()?), id: TimerId::new(id) })
}

/// The due index's partition of the item under this key.
pub(crate) fn due_shard(key: &Key) -> String {
    due_partition(first_byte(&[&key.pk, &key.sk]) % DUE_SHARDS)
}

/// One of the due index's partitions.
pub(crate) fn due_partition(shard: u8) -> String {
    format!("due#{shard:02x}")
}

/// An instant as the due index sorts it.
pub(crate) fn due_at(at: Timestamp) -> String {
    format!("{:012x}", at.0)
}

fn listed(at: Timestamp, id: &TimerId) -> String {
    format!("{LISTED}{:012x}#{id}", at.0)
}

fn shard(id: &TimerId) -> u8 {
    first_byte(&[id.as_str()]) % SHARDS
}

/// When a generated id was made; `None` for any other text. See RFC 9562, section 5.7.
fn made_at(id: &TimerId) -> Option<Timestamp> {
    let hex = id.as_str().strip_prefix("timer_").filter(|hex| hex.len() == 32)?;
    let generated = hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) && hex.as_bytes()[12] == b'7';
    generated.then(|| u64::from_str_radix(&hex[..12], 16).ok().map(Timestamp)).flatten()
}

fn first_byte(parts: &[&str]) -> u8 {
    hash(parts)[0]
}

/// A digest of texts, none of which can run into the next one.
pub(crate) fn digest(parts: &[&str]) -> String {
    hex(&hash(parts))
}

fn hash(parts: &[&str]) -> [u8; 32] {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part.as_bytes());
    }
    digest.finalize().into()
}

/// Bytes as text.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use minoots_shared::domain::account::Mode;

    fn scope(account: &str) -> Scope {
        Scope { account: AccountId::new(account), mode: Mode::Test }
    }

    #[test]
    fn only_an_id_that_tells_another_time_needs_a_pointer() {
        let made = Timestamp(1_800_000_000_000);
        let generated = TimerId::generate(made, &[7; 10]);
        assert_eq!(Key::pointer(&scope("a"), &generated, made), None);
        let moved = Key::pointer(&scope("a"), &generated, Timestamp(5)).unwrap();
        assert_eq!(position(&moved.sk).unwrap().created_at, Timestamp(5));
        assert_ne!(moved, Key::timer(&scope("a"), &generated));
        let chosen = Key::pointer(&scope("a"), &TimerId::new("deploy"), made).unwrap();
        assert_eq!(chosen.pk, Key::timer(&scope("a"), &TimerId::new("deploy")).pk);
        for other in [format!("timer_{}", "F".repeat(32)), format!("timer_{}", "0".repeat(32)), "timer_é".to_owned()] {
            assert_eq!(made_at(&TimerId::new(other.clone())), None, "{other}");
        }
    }

    #[test]
    fn what_is_listed_stands_apart_from_what_is_not_and_in_order() {
        let (from, to) = listed_behind(None);
        for (at, id) in [(0, "0"), (u64::MAX >> 16, "~")] {
            let key = listed(Timestamp(at), &TimerId::new(id));
            assert!(from < key && key < to, "{key}");
        }
        assert!("=z" < from.as_str());
        assert!(listed(Timestamp(9), &TimerId::new("z")) < listed(Timestamp(10), &TimerId::new("a")));
        let place = ListPosition { created_at: Timestamp(9), id: TimerId::new("z") };
        assert_eq!(position(&listed_behind(Some(&place)).1), Some(place));
    }

    #[test]
    fn a_scopes_timers_are_spread_over_all_its_partitions() {
        let mut counts = [0; SHARDS as usize];
        for number in 0..16_000 {
            counts[usize::from(shard(&TimerId::new(format!("t{number}"))))] += 1;
        }
        assert!(counts.iter().all(|count| (800..1_200).contains(count)), "{counts:?}");
    }
}
