//! What an endpoint wants to be told of: exact types, families, or everything.

use serde::{Deserialize, Serialize};

/// One of an endpoint's `events`: `session.started`, `session.*` or `*`.
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(inline))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Subscription(String);

impl Subscription {
    /// Reads a subscription: an event type, a type's beginning with `.*` behind it, or `*`.
    pub fn parse(text: &str) -> Option<Self> {
        let known = text == "*" || is_event_type(text) || text.strip_suffix(".*").is_some_and(is_family);
        known.then(|| Self(text.to_owned()))
    }

    /// Whether it covers events of this type. A family matches at any depth: `a.*` covers `a.b` and `a.b.c`, not `a`.
    pub fn covers(&self, event_type: &str) -> bool {
        match self.0.strip_suffix('*') {
            Some(family) => event_type.len() > family.len() && event_type.starts_with(family),
            None => self.0 == event_type,
        }
    }

    /// The text as given.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The longest event type, in bytes.
pub const LONGEST_TYPE: usize = 128;

/// Whether `text` is an event's type: words of `a-z`, `0-9` and `_`, at least two, with dots between them.
pub fn is_event_type(text: &str) -> bool {
    text.contains('.') && is_family(text)
}

fn is_family(text: &str) -> bool {
    let is_word = |word: &str| {
        !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    };
    text.len() <= LONGEST_TYPE && text.split('.').all(is_word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_covers_every_depth_below_it_and_nothing_else() {
        let covers = |subscription: &str, event| Subscription::parse(subscription).unwrap().covers(event);
        assert!(covers("*", "a.b"));
        assert!(covers("session.*", "session.started"));
        assert!(covers("session.*", "session.a.b"));
        assert!(covers("session.a.*", "session.a.b"));
        assert!(!covers("session.*", "sessions.started"));
        assert!(!covers("session.a.*", "session.b.a"));
        assert!(covers("session.started", "session.started"));
        assert!(!covers("session.started", "session.started.late"));
    }

    #[test]
    fn what_is_no_type_family_or_star_is_refused() {
        for bad in [
            "",
            "a",
            "a.",
            ".a",
            "a..b",
            "A.b",
            "a.b*",
            "*.a",
            "**",
            "a.*.b",
            ".*",
            "a-b.c",
            "a b.c",
            &"a.".repeat(100),
        ] {
            assert_eq!(Subscription::parse(bad), None, "{bad}");
        }
    }
}
