//! One host in many spellings: it is judged as what it means.

use std::net::Ipv4Addr;

use proptest::prelude::*;
use url::Host;

use super::{connecting, locally, strictly};
use crate::webhook::guard::{UrlPolicy, check_url};

#[test]
fn loopback_is_recognised_in_every_spelling() {
    for host in [
        "127.0.0.1",
        "127.0.0.1.",
        "127.1",
        "127.0.1",
        "2130706433",
        "0x7f000001",
        "0X7F000001",
        "0x7f.1",
        "0x7f.0x0.0x0.0x1",
        "017700000001",
        "0177.0.0.1",
        "0177.0.0.01",
        "00000177.1",
        "0x7f.0.0.01",
        "127。0。0。1",
        "127．0．0．1",
        "127｡0｡0｡1",
        "１２７.０.０.１",
        "２１３０７０６４３３",
        "①②⑦.⓪.⓪.①",
        "𝟏𝟐𝟕.𝟎.𝟎.𝟏",
        "%31%32%37.0.0.1",
        "127%2E0%2e0%2e1",
        "%EF%BC%91%32%37.1",
        "0%78%37f.1",
        "[::1]",
        "[0:0:0:0:0:0:0:1]",
        "[0000::0001]",
        "[::0.0.0.1]",
    ] {
        assert_eq!(strictly(&format!("https://{host}/")), "loopback", "{host}");
        assert_eq!(locally(&format!("https://{host}/")), "ok", "{host}");
    }
}

#[test]
fn the_metadata_address_is_recognised_in_every_spelling() {
    for host in
        ["169.254.169.254", "2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "169.254.43518", "１６９。254.169.254"]
    {
        assert_eq!(locally(&format!("https://{host}/")), "cloud-metadata", "{host}");
    }
}

#[test]
fn an_embedded_address_is_recognised_in_every_spelling() {
    for host in
        ["[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:FFFF:7f00:0001]", "[::FFFF:a9fe:a9fe]", "[::7f00:1]"]
    {
        assert_eq!(locally(&format!("https://{host}/")), "embedded-ipv4", "{host}");
    }
}

#[test]
fn localhost_is_recognised_in_every_spelling() {
    for host in
        ["localhost", "LOCALHOST", "LocalHost.", "ｌｏｃａｌｈｏｓｔ", "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ", "%6cocalhost", "localho\u{17F}t"]
    {
        assert_eq!(strictly(&format!("https://{host}/")), "local-name", "{host}");
        assert_eq!(locally(&format!("https://{host}/")), "ok", "{host}");
    }
}

#[test]
fn a_private_suffix_is_recognised_in_every_spelling() {
    for host in ["db.internal", "DB.INTERNAL.", "db。internal", "db.ｉｎｔｅｒｎａｌ", "db%2einternal", "db.intern%41l"]
    {
        assert_eq!(locally(&format!("https://{host}/")), "local-name", "{host}");
    }
}

#[test]
fn characters_that_turn_into_url_syntax_are_refused_in_a_host() {
    for host in
        ["a.com／b", "a.com＠b.com", "a.com＃b.com", "a.com？b", "℀.com", "a.com%2fb", "a%40b.com", "a.com%00.b.com"]
    {
        assert_eq!(strictly(&format!("https://{host}/")), "not-a-url", "{host}");
    }
}

/// `text` in full-width digits, letters and dots.
fn full_width(text: &str) -> String {
    text.chars().filter_map(|c| char::from_u32(u32::from(c) + 0xFEE0)).collect()
}

fn percent_encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

/// The spellings of an IPv4 address that the WHATWG standard knows.
fn spellings(address: Ipv4Addr) -> Vec<String> {
    let (bits, [a, b, c, d]) = (address.to_bits(), address.octets());
    let (last_24, last_16) = (bits & 0xff_ffff, bits & 0xffff);
    let mut all = vec![
        format!("{address}"),
        format!("{bits}"),
        format!("{bits:#x}"),
        format!("0X{bits:X}"),
        format!("0{bits:o}"),
        format!("{a}.{last_24}"),
        format!("{a:#x}.0{b:o}.{last_16}"),
        format!("0{a:o}.{b:#x}.{c}.0{d:o}"),
        format!("000{a:o}.0x0{b:x}.{last_16:#x}"),
    ];
    let derived = all.iter().flat_map(|text| [format!("{text}."), full_width(text), percent_encoded(text)]);
    all.extend(derived.collect::<Vec<_>>());
    all
}

proptest! {
    #[test]
    fn every_spelling_of_an_ipv4_address_is_judged_like_the_address(bits: u32) {
        // Half of all cases among the special ranges at the bottom of each first octet.
        for address in [Ipv4Addr::from_bits(bits), Ipv4Addr::from_bits(bits & 0xffff_00ff)] {
            let expected = connecting(&UrlPolicy::strict(), address.into());
            for host in spellings(address) {
                let url = format!("https://{host}/");
                prop_assert_eq!(strictly(&url), expected, "{}", host);
                if let Ok(url) = check_url(&UrlPolicy::strict(), &url) {
                    prop_assert_eq!(url.host(), Some(Host::Ipv4(address)));
                }
            }
        }
    }
}
