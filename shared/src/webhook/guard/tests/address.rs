//! Rules on addresses that aren't a matter of one range's edges; those are in `ranges.rs`.

use super::both;
use crate::webhook::guard::{Refusal, UrlPolicy, check_address};

#[test]
fn public_addresses_are_accepted() {
    for address in ["1.1.1.1", "8.8.8.8", "93.184.215.14", "223.255.255.254", "2606:4700::1111", "2a00:1450::8a"] {
        assert_eq!(both(address), ("ok", "ok"), "{address}");
    }
}

#[test]
fn only_127_and_the_one_ipv6_address_are_loopback() {
    for address in ["127.0.0.1", "127.0.0.53", "127.255.255.255", "::1"] {
        assert_eq!(both(address), ("loopback", "ok"), "{address}");
    }
    for address in ["::ffff:127.0.0.1", "::127.0.0.1", "::ffff:0:7f00:1", "64:ff9b::7f00:1", "2002:7f00:1::"] {
        assert_eq!(both(address), ("embedded-ipv4", "embedded-ipv4"), "{address}");
    }
}

#[test]
fn embedded_addresses_are_refused_even_if_the_inner_one_is_public() {
    for address in [
        "::ffff:8.8.8.8",
        "::8.8.8.8",
        "::ffff:0:808:808",
        "64:ff9b::808:808",
        "64:ff9b:1::808:808",
        "2002:808:808::1",
        "2001:0:808:808::",
        "2606:4700::5efe:808:808",
        "2606:4700::200:5efe:808:808",
        "fe80::5efe:808:808",
    ] {
        assert_eq!(both(address), ("embedded-ipv4", "embedded-ipv4"), "{address}");
    }
}

#[test]
fn a_refusal_names_the_narrowest_range_that_refuses() {
    for (address, expected) in [
        ("192.0.0.1", "IPv4 Service Continuity Prefix"),
        ("192.0.0.9", "IETF Protocol Assignments"),
        ("192.0.0.64", "IETF Protocol Assignments"),
        ("192.88.99.2", "6a44-relay anycast address"),
        ("255.255.255.255", "Limited Broadcast"),
        ("::", "Unspecified Address"),
        ("2001:2::1", "Benchmarking"),
        ("2001:20::1", "IETF Protocol Assignments"),
    ] {
        match check_address(&UrlPolicy::strict(), address.parse().unwrap()) {
            Err(Refusal::SpecialPurpose { name, .. }) => assert_eq!(name, expected, "{address}"),
            other => panic!("{address} was judged {other:?}"),
        }
    }
}

#[test]
fn deprecated_site_local_addresses_are_refused() {
    assert_eq!(both("fec0::1"), ("outside-global-unicast", "outside-global-unicast"));
}
