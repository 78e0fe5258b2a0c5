use super::*;
use crate::store::keys::{Key, KeyReader, after_prefix};
use proptest::prelude::*;

/// Texts that are hard to keep apart: what escapes and terminators are made of, and one the beginning of another.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::collection::vec(prop_oneof![Just('\0'), Just('\u{1}'), Just('a'), Just('ÿ'), any::<char>()], 0..5)
            .prop_map(|chars| chars.into_iter().collect())
    ]
}

fn any_scope() -> impl Strategy<Value = Scope> {
    (text(), any::<bool>()).prop_map(|(account, live)| Scope {
        account: AccountId::new(account),
        mode: if live { Mode::Live } else { Mode::Test },
    })
}

proptest! {
    #[test]
    fn a_key_is_read_as_it_was_written(at: u64, scope in any_scope(), a in text(), b in text(), rest in text()) {
        let at = Timestamp(at);
        let key = Key::new().instant(at).scope(&scope).text(&a).instant_descending(at).text_descending(&b).byte(9).rest(&rest);
        let mut reader = KeyReader::new(&key);
        prop_assert_eq!(reader.instant(), Some(at));
        prop_assert_eq!(reader.scope(), Some(scope));
        prop_assert_eq!(reader.text(), Some(a));
        prop_assert_eq!(reader.instant_descending(), Some(at));
        prop_assert_eq!(reader.text_descending(), Some(b));
        prop_assert_eq!(reader.byte(), Some(9));
        prop_assert_eq!(reader.rest(), Some(rest.as_str()));
    }

    #[test]
    fn texts_sort_as_they_are_and_descending_texts_the_other_way(a in text(), b in text(), x: u8, y: u8) {
        let order = a.as_bytes().cmp(b.as_bytes());
        let ascending = |text: &str, more| Key::new().text(text).byte(more).prefix();
        let descending = |text: &str, more| Key::new().text_descending(text).byte(more).prefix();
        prop_assert_eq!(ascending(&a, x).cmp(&ascending(&b, y)), order.then(x.cmp(&y)));
        prop_assert_eq!(descending(&a, x).cmp(&descending(&b, y)), order.reverse().then(x.cmp(&y)));
    }

    #[test]
    fn a_scopes_keys_are_its_own(a in any_scope(), b in any_scope(), id in text()) {
        let prefix = Key::new().scope(&a).prefix();
        prop_assert_eq!(Key::scoped(&b, &id).starts_with(&prefix), a == b);
    }

    #[test]
    fn the_end_of_a_prefix_is_behind_all_that_begin_with_it(prefix: Vec<u8>, more: Vec<u8>, other: Vec<u8>) {
        let inside = [prefix.as_slice(), &more].concat();
        match after_prefix(&prefix) {
            Some(end) => {
                prop_assert!(inside < end);
                prop_assert!(other < prefix || other >= end || other.starts_with(&prefix));
            }
            None => prop_assert!(prefix.iter().all(|byte| *byte == 0xff)),
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused_without_a_panic(bytes: Vec<u8>) {
        let mut reader = KeyReader::new(&bytes);
        let _ = (reader.instant(), reader.scope(), reader.text(), reader.text_descending());
    }
}
