//! Where things are in the table. The one place that knows.
//!
//! | what | `pk` | `sk` |
//! | --- | --- | --- |
//! | a timer with its deliveries | `T#account#mode#shard` | `@created#id` if the id tells when it was made, else `=id` |
//! | a listed timer whose id doesn't tell | `T#account#mode#shard` | `@created#id`: points to `=id` |
//! | a long text of a delivery or an event | `X#account#mode#digest` | `text` |
//! | an endpoint's delivery | `D#account#mode#shard` | `@created#id` if the id tells when it was made, else `=id` and a pointer |
//! | the same, listed with its endpoint's | `W#account#mode#endpoint` | `@created#id`: points to it |
//! | an event | `E#account#mode#shard` | `event#id` |
//! | what is remembered under an idempotency key | `I#digest` | `answer` |
//! | a part of it, if it is long | `I#digest` | `part#digest` |
//! | a creation of several timers that is complete | `B#token` | `batch` |
//! | the limit on a scope's running timers | `L#account#mode` | `limit` |
//! | an account | `A#account` | `account` |
//! | an endpoint | `A#account` | `a-hook#id` if it is live, `b-hook#id` if it is for tests |
//! | an account's keys | `A#account` | `key#id` |
//! | a key by its digest | `K#digest` | `key` |
//!
//! A scope's timers, events and endpoints' deliveries are spread over [`SHARDS`] partitions each by a hash of their ids: a partition takes 1,000 write units a
//! second, and none may take all of one account's. Within each they stand in the order of the list, so that listing needs no
//! index, reads what was just written, and adds nothing to what a timer costs.
//!
//! An account stands between its live endpoints and those for tests, so that one query reads it with either: a creation asks
//! for both, and together they cost one read unit.

use super::digest::{digest, first_byte, hex};
use minoots_shared::domain::account::{Mode, Scope};
use minoots_shared::domain::delivery::Delivery;
use minoots_shared::domain::ids::{AccountId, ApiKeyId, DeliveryId, EndpointId, EventId, TimerId};
use minoots_shared::domain::time::Timestamp;
use minoots_shared::ports::{DeliveryPosition, IdempotencyKey, ListPosition};

/// Partitions of one scope's timers. Stored data depends on it: never to be changed.
pub(crate) const SHARDS: u8 = 16;
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

    /// That of an endpoint's delivery; `None` if no such delivery has this id.
    pub(crate) fn delivery(scope: &Scope, id: &DeliveryId) -> Option<Self> {
        let pk = deliveries(scope, first_byte(&[id.as_str()]) % SHARDS);
        match delivered_at(id) {
            Some(at) => Some(Self::new(pk, placed(at, id.as_str()))),
            None => EventId::is_valid_choice(id.as_str()).then(|| Self::new(pk, format!("={id}"))),
        }
    }

    /// Where an endpoint's delivery is listed without being there: with its endpoint's, and with its scope's if its id does
    /// not tell where.
    pub(crate) fn delivery_pointers(delivery: &Delivery) -> Vec<Self> {
        let Delivery { scope, id, created_at, .. } = delivery;
        let endpoint = delivery.source.endpoint().and_then(|endpoint| deliveries_of(scope, endpoint));
        let moved =
            (delivered_at(id) != Some(*created_at)).then(|| deliveries(scope, first_byte(&[id.as_str()]) % SHARDS));
        endpoint.into_iter().chain(moved).map(|pk| Self::new(pk, placed(*created_at, id.as_str()))).collect()
    }

    /// An endpoint's; `None` if no endpoint has this id.
    pub(crate) fn endpoint(scope: &Scope, id: &EndpointId) -> Option<Self> {
        EventId::is_valid_choice(id.as_str())
            .then(|| Self::new(keys_of(&scope.account), format!("{}{id}", endpoints(scope.mode))))
    }

    /// An event's; `None` if no event has this id.
    pub(crate) fn event(scope: &Scope, id: &EventId) -> Option<Self> {
        let pk = events(scope, first_byte(&[id.as_str()]) % SHARDS);
        EventId::is_valid_choice(id.as_str()).then(|| Self::new(pk, format!("{EVENTS}{id}")))
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
        Self::new(keys_of(id), ACCOUNT)
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

/// First in the sort keys of events.
pub(crate) const EVENTS: &str = "event#";

/// The sort key of an account, in its own partition.
const ACCOUNT: &str = "account";

/// First in the sort keys of the endpoints of one mode, in their account's partition: on either side of [`ACCOUNT`].
fn endpoints(mode: Mode) -> &'static str {
    match mode {
        Mode::Live => "a-hook#",
        Mode::Test => "b-hook#",
    }
}

/// The sort keys of a scope's endpoints, both ends included.
pub(crate) fn endpoints_of(scope: &Scope) -> (String, String) {
    let first = endpoints(scope.mode);
    (first.to_owned(), format!("{first}~"))
}

/// The sort keys of an account and of a scope's endpoints, both ends included.
pub(crate) fn account_and_endpoints_of(scope: &Scope) -> (String, String) {
    let (first, last) = endpoints_of(scope);
    match scope.mode {
        Mode::Live => (first, ACCOUNT.to_owned()),
        Mode::Test => (ACCOUNT.to_owned(), last),
    }
}

/// One of the partitions of a scope's events.
pub(crate) fn events(scope: &Scope, shard: u8) -> String {
    format!("E#{}#{}#{shard:x}", scope.account, scope.mode)
}

/// One of the partitions of a scope's deliveries to endpoints.
pub(crate) fn deliveries(scope: &Scope, shard: u8) -> String {
    format!("D#{}#{}#{shard:x}", scope.account, scope.mode)
}

/// The partition in which an endpoint's deliveries are listed; `None` if no endpoint has this id.
pub(crate) fn deliveries_of(scope: &Scope, endpoint: &EndpointId) -> Option<String> {
    let known = EventId::is_valid_choice(endpoint.as_str());
    known.then(|| format!("W#{}#{}#{endpoint}", scope.account, scope.mode))
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

/// The sort keys of deliveries that are listed behind a position, both ends included.
pub(crate) fn placed_behind(after: Option<&DeliveryPosition>) -> (String, String) {
    let end = || LISTED_END.to_owned();
    (LISTED.to_owned(), after.map_or_else(end, |after| placed(after.created_at, after.id.as_str())))
}

/// The place in a list of deliveries that a sort key stands for.
pub(crate) fn place(sk: &str) -> Option<DeliveryPosition> {
    let ListPosition { created_at, id } = position(sk)?;
    Some(DeliveryPosition { created_at, id: DeliveryId::new(id.as_str()) })
}

fn listed(at: Timestamp, id: &TimerId) -> String {
    placed(at, id.as_str())
}

fn placed(at: Timestamp, id: &str) -> String {
    format!("{LISTED}{:012x}#{id}", at.0)
}

/// When the event of an endpoint's delivery happened; `None` for any other text.
fn delivered_at(id: &DeliveryId) -> Option<Timestamp> {
    let hex = id.as_str().strip_prefix("del_").filter(|hex| hex.len() == 32)?;
    let derived = hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    derived.then(|| u64::from_str_radix(&hex[..12], 16).ok().map(Timestamp)).flatten()
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

#[cfg(test)]
mod tests {
    use super::*;

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
    fn an_account_stands_beside_the_endpoints_of_each_mode_and_its_keys_and_the_other_modes_stand_apart() {
        let account = AccountId::new("a");
        let of = |mode| Scope { account: account.clone(), mode };
        for mode in [Mode::Live, Mode::Test] {
            let (scope, other) = (of(mode), of(if mode == Mode::Live { Mode::Test } else { Mode::Live }));
            let (alone, both) = (endpoints_of(&scope), account_and_endpoints_of(&scope));
            let within = |(from, to): &(String, String), key: &Key| *from <= key.sk && key.sk <= *to;
            for id in ["0", "whk_1", "z-Z"].map(EndpointId::new) {
                let (own, others) = (Key::endpoint(&scope, &id).unwrap(), Key::endpoint(&other, &id).unwrap());
                assert!(within(&alone, &own) && within(&both, &own), "{own:?}");
                assert!(!within(&alone, &others) && !within(&both, &others), "{others:?}");
            }
            assert!(within(&both, &Key::account(&account)) && !within(&alone, &Key::account(&account)));
            let key = Key::api_key(&account, &ApiKeyId::new("key_1"));
            assert!(!within(&alone, &key) && !within(&both, &key));
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
