//! Texts made to confuse: each is answered, quickly and without a panic.

use proptest::prelude::*;

use super::{locally, strictly};
use crate::webhook::guard::{UrlPolicy, check_url};

#[test]
fn malformed_urls_are_refused_by_the_rule_that_names_the_fault() {
    for (url, rule) in [
        ("https://", "no-host"),
        ("https:///x", "slashes"),
        ("//host", "not-a-url"),
        ("https:host", "slashes"),
        ("http://[::1", "not-a-url"),
        ("https://[v1.x]/", "not-a-url"),
        ("https://[::1%25eth0]/", "not-a-url"),
        ("https://[]/", "not-a-url"),
        ("https://::1/", "no-host"),
        ("https://exa mple.com", "blank"),
        ("https://example.com:0", "port"),
        ("https://example.com:65536", "not-a-url"),
        ("https://example.com:443:443", "not-a-url"),
        ("https://a@b@c/", "userinfo"),
        ("https://example.com&@127.0.0.1/", "userinfo"),
        ("https://127.0.0.1:443@example.com/", "userinfo"),
        ("https://example.com\t@127.0.0.1/", "control-character"),
        ("https://127.0.0.1\0.example.com/", "control-character"),
        ("https://example.com\r\nHost: 127.0.0.1", "control-character"),
        ("https://\u{202E}moc.elpmaxe/", "invisible-character"),
        ("https://local\u{200B}host/", "invisible-character"),
        ("\u{FEFF}https://example.com/", "invisible-character"),
        ("https://a\u{200D}b.com/", "not-a-url"),
        ("https://xn--a.com/", "not-a-url"),
        ("https://example.com<>/", "not-a-url"),
        ("https://%/", "not-a-url"),
        ("https://*.example.com/", "host-label"),
        ("https://{host}.example.com/", "host-label"),
        ("null", "not-a-url"),
        (":", "not-a-url"),
        ("https", "not-a-url"),
        ("://", "not-a-url"),
    ] {
        assert_eq!(strictly(url), rule, "{url:?}");
    }
}

#[test]
fn two_megabytes_are_refused_without_being_read() {
    for unit in ["x", "\0", "@", "https://", "%2e", "\u{202E}", "a."] {
        assert_eq!(strictly(&unit.repeat(2_000_000 / unit.len())), "too-long", "{unit:?}");
    }
}

#[test]
fn texts_of_full_length_in_any_one_character_are_refused() {
    for unit in ["@", "/", ".", ":", "[", "%", "0", "a.", "xn--", "1.", "é", "＠", "\u{301}"] {
        let url = format!("https://{}", unit.repeat(2_000 / unit.len()));
        assert_ne!(strictly(&url), "ok", "{unit:?}");
    }
}

/// Pieces that parsers disagree about, so that random texts come near a URL.
fn pieces() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "https",
        "http",
        ":",
        "/",
        "//",
        "@",
        "#",
        "?",
        "\\",
        "[",
        "]",
        "::1",
        "::ffff:",
        "127.0.0.1",
        "0x7f",
        "2130706433",
        ".",
        "。",
        "localhost",
        "example.com",
        "internal",
        ":443",
        ":0",
        "%2e",
        "%40",
        "%00",
        "\t",
        " ",
        "\u{200B}",
        "\u{202E}",
        "é",
        "１",
        "xn--",
        "-",
        "_",
        "a",
    ]);
    prop::collection::vec(piece, 0..9).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn whatever_is_accepted_keeps_every_promise(
        raw in prop_oneof![pieces(), pieces().prop_map(|rest| format!("https://{rest}")), any::<String>()]
    ) {
        let _ = locally(&raw);
        if let Ok(url) = check_url(&UrlPolicy::strict(), &raw) {
            prop_assert_eq!(url.scheme(), "https");
            prop_assert_eq!(url.username(), "");
            prop_assert_eq!(url.password(), None);
            prop_assert!(matches!(url.port_or_known_default(), Some(443 | 8443)));
            let host = url.host_str().unwrap();
            let bare = host.trim_end_matches('.');
            prop_assert!(bare.contains(['.', ':']) && !bare.ends_with(".internal"), "{}", host);
            prop_assert!(host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_[:]".contains(&byte)), "{}", host);
            // What is stored is the parsed URL's text: judging it again must not change the verdict.
            prop_assert_eq!(check_url(&UrlPolicy::strict(), url.as_str()), Ok(url.clone()));
        }
    }
}
