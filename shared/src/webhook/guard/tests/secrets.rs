//! What a refusal says, and what it never says.

use std::collections::BTreeSet;

use proptest::prelude::*;

use crate::webhook::guard::{UrlPolicy, check_url};

/// A URL for each rule, with a secret wherever the rule leaves room for one.
fn refused_urls() -> Vec<(&'static str, String)> {
    let long = "x".repeat(2_048);
    let name = "a.".repeat(127);
    let label = "a".repeat(64);
    [
        ("empty", String::new()),
        ("too-long", format!("https://example.com/SECRET?{long}")),
        ("control-character", "https://example.com/SECRET\n".to_owned()),
        ("blank", "https://example.com/SECRET ?SECRET".to_owned()),
        ("invisible-character", "https://example.com/SECRET\u{200B}".to_owned()),
        ("backslash", "https://example.com\\SECRET".to_owned()),
        ("not-a-url", "https://SECRET:SECRET@[::1/SECRET?SECRET#SECRET".to_owned()),
        ("scheme", "SECRET:SECRET@example.com/SECRET".to_owned()),
        ("scheme", "http://SECRET@example.com/SECRET?SECRET".to_owned()),
        ("slashes", "https:SECRET:SECRET@example.com/SECRET".to_owned()),
        ("userinfo", "https://SECRET:SECRET@example.com/SECRET?SECRET#SECRET".to_owned()),
        ("no-host", "https://SECRET:SECRET@/SECRET".to_owned()),
        ("numeric-host", "https://SECRET:SECRET@1.2.3.4.5/SECRET".to_owned()),
        ("host-too-long", format!("https://{name}com/SECRET?SECRET#SECRET")),
        ("host-label", format!("https://{label}.com/SECRET?SECRET#SECRET")),
        ("single-label", "https://db/SECRET?SECRET#SECRET".to_owned()),
        ("local-name", "https://db.internal/SECRET?SECRET#SECRET".to_owned()),
        ("port", "https://example.com:22/SECRET?SECRET#SECRET".to_owned()),
        ("loopback", "https://127.0.0.1/SECRET?SECRET#SECRET".to_owned()),
        ("cloud-metadata", "https://169.254.169.254/SECRET?SECRET#SECRET".to_owned()),
        ("embedded-ipv4", "https://[::ffff:1.2.3.4]/SECRET?SECRET#SECRET".to_owned()),
        ("special-purpose", "https://10.0.0.1/SECRET?SECRET#SECRET".to_owned()),
        ("multicast", "https://224.0.0.1/SECRET?SECRET#SECRET".to_owned()),
        ("outside-global-unicast", "https://[4000::1]/SECRET?SECRET#SECRET".to_owned()),
    ]
    .into()
}

#[test]
fn no_refusal_repeats_userinfo_path_query_or_fragment() {
    for (rule, url) in refused_urls() {
        let refusal = check_url(&UrlPolicy::strict(), &url).unwrap_err();
        assert_eq!(refusal.rule(), rule, "{url:?}");
        for text in [refusal.to_string(), format!("{refusal:?}")] {
            assert!(!text.to_uppercase().contains("SECRET"), "{rule}: {text}");
        }
    }
}

#[test]
fn every_rule_is_among_those_just_tried_and_has_a_kebab_case_name() {
    let source = include_str!("../refusal.rs");
    let named: BTreeSet<&str> =
        source.lines().filter(|line| line.contains("=> \"")).filter_map(|line| line.split('"').nth(1)).collect();
    assert_eq!(named, refused_urls().iter().map(|(rule, _)| *rule).collect());
    for name in named {
        assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'), "{name}");
    }
}

#[test]
fn a_refusal_says_what_was_found_and_what_to_do() {
    for (url, text) in [
        ("http://example.com/", "the URL's scheme must be https, and it is http; begin the URL with https://"),
        ("https://a.com/\t", "the URL contains the control character U+0009 at byte 14; remove or percent-encode it"),
        (
            "https://example.com:22/",
            "port 22 is not allowed here, only 443, 8443; have the receiver listen on one of them",
        ),
        (
            "https://0xa000001/",
            "the address 10.0.0.1 is in 10.0.0.0/8 (Private-Use, RFC 1918); give a publicly reachable address",
        ),
        (
            "https://db.corp/",
            "the URL's host name db.corp is under corp, which is not part of the public DNS; give a public name",
        ),
        (
            "https://[::ffff:7f00:1]/",
            "the address ::ffff:127.0.0.1 embeds an IPv4 address (IPv4-mapped, RFC 4291); give the IPv4 address itself",
        ),
        (
            "hook.example.com",
            "this is not a URL: relative URL without a base; give one like https://hooks.example.com/path",
        ),
    ] {
        assert_eq!(check_url(&UrlPolicy::strict(), url).unwrap_err().to_string(), text);
    }
}

#[test]
fn a_refusal_is_short_whatever_it_refuses() {
    for (rule, url) in refused_urls() {
        let text = check_url(&UrlPolicy::strict(), &url).unwrap_err().to_string();
        assert!(text.len() < 400, "{rule} says {} bytes", text.len());
    }
}

proptest! {
    #[test]
    fn no_refusal_repeats_a_secret_from_any_place_but_the_host(
        scheme in prop::sample::select(vec!["https://", "http://", "https:", "ftp://", "SECRET:", "//", ""]),
        userinfo in prop::sample::select(vec!["", "@", "SECRET@", "SECRET:SECRET@", ":SECRET@"]),
        host in prop::sample::select(vec!["", "db", "a.b", "10.0.0.1", "[::1", "[::1]", "1.2.3.4.5", "a b", "x.local", ".."]),
        port in prop::sample::select(vec!["", ":443", ":22", ":99999", ":x"]),
        rest in prop::sample::select(vec!["/SECRET", "?SECRET", "#SECRET", "/SECRET SECRET", "\\SECRET", "/SECRET\u{202E}"]),
    ) {
        if let Err(refusal) = check_url(&UrlPolicy::strict(), &format!("{scheme}{userinfo}{host}{port}{rest}")) {
            let text = format!("{refusal} {refusal:?}").to_uppercase();
            prop_assert!(!text.contains("SECRET"), "{}", text);
        }
    }
}
