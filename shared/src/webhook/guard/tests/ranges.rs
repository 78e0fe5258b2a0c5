//! Every range of every table, at both edges, in the middle and one address beyond.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use super::connecting;
use crate::webhook::guard::{
    UrlPolicy,
    ranges::{EMBEDDED_IPV4, METADATA, SPECIAL_PURPOSE},
};

const OK: &str = "ok";
const SPECIAL: &str = "special-purpose";
const EMBEDS: &str = "embedded-ipv4";
const CLOUD: &str = "cloud-metadata";
const GROUP: &str = "multicast";
const SELF: &str = "loopback";
const BEYOND: &str = "outside-global-unicast";
/// There is no such neighbour: the range begins or ends the address space.
const NONE: &str = "none";

/// A test for each range: how the address before it, its first, middle and last, and the one after it are judged.
macro_rules! ranges {
    ($($name:ident: $network:literal, [$($verdict:ident),+];)+) => {
        $(#[test] fn $name() { judges($network, [$($verdict),+]); })+
        const TESTED: &[&str] = &[$($network),+];
    };
}

ranges! {
    this_network: "0.0.0.0/8", [NONE, SPECIAL, SPECIAL, SPECIAL, OK];
    this_host: "0.0.0.0/32", [NONE, SPECIAL, SPECIAL, SPECIAL, SPECIAL];
    private_use_10: "10.0.0.0/8", [OK, SPECIAL, SPECIAL, SPECIAL, OK];
    shared_address_space: "100.64.0.0/10", [OK, SPECIAL, SPECIAL, SPECIAL, OK];
    loopback_v4: "127.0.0.0/8", [OK, SELF, SELF, SELF, OK];
    link_local_v4: "169.254.0.0/16", [OK, SPECIAL, SPECIAL, SPECIAL, OK];
    private_use_172: "172.16.0.0/12", [OK, SPECIAL, SPECIAL, SPECIAL, OK];
    ietf_protocol_assignments_v4: "192.0.0.0/24", [OK, SPECIAL, SPECIAL, SPECIAL, OK];
    service_continuity: "192.0.0.0/29", [OK, SPECIAL, SPECIAL, SPECIAL, SPECIAL];
    dummy_v4: "192.0.0.8/32", [SPECIAL, SPECIAL, SPECIAL, SPECIAL, SPECIAL];
    port_control_anycast_v4: "192.0.0.9/32", [SPECIAL, SPECIAL, SPECIAL, SPECIAL, SPECIAL];
    turn_anycast_v4: "192.0.0.10/32", [SPECIAL, SPECIAL, SPECIAL, SPECIAL, SPECIAL];
    nat64_discovery_170: "192.0.0.170/32", [SPECIAL, SPECIAL, SPECIAL, SPECIAL, SPECIAL];
    nat64_discovery_171: "192.0.0.171/32", [SPECIAL, SPECIAL, SPECIAL, SPECIAL, SPECIAL];
    test_net_1: "192.0.2.0/24", [OK, SPECIAL, SPECIAL, SPECIAL, OK];
    as112_v4_is_globally_reachable: "192.31.196.0/24", [OK, OK, OK, OK, OK];
    amt_v4_is_globally_reachable: "192.52.193.0/24", [OK, OK, OK, OK, OK];
    six_to_four_relays: "192.88.99.0/24", [OK, SPECIAL, SPECIAL, SPECIAL, OK];
    six_a_44_relay: "192.88.99.2/32", [SPECIAL, SPECIAL, SPECIAL, SPECIAL, SPECIAL];
    private_use_192: "192.168.0.0/16", [OK, SPECIAL, SPECIAL, SPECIAL, OK];
    direct_as112_v4_is_globally_reachable: "192.175.48.0/24", [OK, OK, OK, OK, OK];
    benchmarking_v4: "198.18.0.0/15", [OK, SPECIAL, SPECIAL, SPECIAL, OK];
    test_net_2: "198.51.100.0/24", [OK, SPECIAL, SPECIAL, SPECIAL, OK];
    test_net_3: "203.0.113.0/24", [OK, SPECIAL, SPECIAL, SPECIAL, OK];
    multicast_v4: "224.0.0.0/4", [OK, GROUP, GROUP, GROUP, SPECIAL];
    reserved_v4: "240.0.0.0/4", [GROUP, SPECIAL, SPECIAL, SPECIAL, NONE];
    limited_broadcast: "255.255.255.255/32", [SPECIAL, SPECIAL, SPECIAL, SPECIAL, NONE];

    unspecified_v6: "::/128", [NONE, SPECIAL, SPECIAL, SPECIAL, SELF];
    loopback_v6: "::1/128", [SPECIAL, SELF, SELF, SELF, EMBEDS];
    ipv4_compatible: "::/96", [NONE, SPECIAL, EMBEDS, EMBEDS, BEYOND];
    ipv4_mapped: "::ffff:0:0/96", [BEYOND, EMBEDS, EMBEDS, EMBEDS, BEYOND];
    ipv4_translated: "::ffff:0:0:0/96", [BEYOND, EMBEDS, EMBEDS, EMBEDS, BEYOND];
    nat64: "64:ff9b::/96", [BEYOND, EMBEDS, EMBEDS, EMBEDS, BEYOND];
    nat64_local: "64:ff9b:1::/48", [BEYOND, EMBEDS, EMBEDS, EMBEDS, BEYOND];
    discard_only: "100::/64", [BEYOND, SPECIAL, SPECIAL, SPECIAL, SPECIAL];
    dummy_v6: "100:0:0:1::/64", [SPECIAL, SPECIAL, SPECIAL, SPECIAL, BEYOND];
    global_unicast: "2000::/3", [BEYOND, OK, OK, OK, BEYOND];
    ietf_protocol_assignments_v6: "2001::/23", [OK, EMBEDS, SPECIAL, SPECIAL, OK];
    teredo: "2001::/32", [OK, EMBEDS, EMBEDS, EMBEDS, SPECIAL];
    port_control_anycast_v6: "2001:1::1/128", [SPECIAL, SPECIAL, SPECIAL, SPECIAL, SPECIAL];
    turn_anycast_v6: "2001:1::2/128", [SPECIAL, SPECIAL, SPECIAL, SPECIAL, SPECIAL];
    service_registration_anycast: "2001:1::3/128", [SPECIAL, SPECIAL, SPECIAL, SPECIAL, SPECIAL];
    benchmarking_v6: "2001:2::/48", [SPECIAL, SPECIAL, SPECIAL, SPECIAL, SPECIAL];
    amt_v6: "2001:3::/32", [SPECIAL, SPECIAL, SPECIAL, SPECIAL, SPECIAL];
    as112_v6: "2001:4:112::/48", [SPECIAL, SPECIAL, SPECIAL, SPECIAL, SPECIAL];
    orchid: "2001:10::/28", [SPECIAL, SPECIAL, SPECIAL, SPECIAL, SPECIAL];
    orchid_v2: "2001:20::/28", [SPECIAL, SPECIAL, SPECIAL, SPECIAL, SPECIAL];
    drone_remote_id: "2001:30::/28", [SPECIAL, SPECIAL, SPECIAL, SPECIAL, SPECIAL];
    documentation_v6: "2001:db8::/32", [OK, SPECIAL, SPECIAL, SPECIAL, OK];
    six_to_four: "2002::/16", [OK, EMBEDS, EMBEDS, EMBEDS, OK];
    direct_as112_v6_is_globally_reachable: "2620:4f:8000::/48", [OK, OK, OK, OK, OK];
    documentation_v6_of_2024: "3fff::/20", [OK, SPECIAL, SPECIAL, SPECIAL, OK];
    segment_routing: "5f00::/16", [BEYOND, SPECIAL, SPECIAL, SPECIAL, BEYOND];
    unique_local: "fc00::/7", [BEYOND, SPECIAL, SPECIAL, SPECIAL, BEYOND];
    link_local_v6: "fe80::/10", [BEYOND, SPECIAL, SPECIAL, SPECIAL, BEYOND];
    multicast_v6: "ff00::/8", [BEYOND, GROUP, GROUP, GROUP, NONE];

    most_clouds: "169.254.169.254/32", [SPECIAL, CLOUD, CLOUD, CLOUD, SPECIAL];
    aws_ecs: "169.254.170.2/32", [SPECIAL, CLOUD, CLOUD, CLOUD, SPECIAL];
    aws_eks: "169.254.170.23/32", [SPECIAL, CLOUD, CLOUD, CLOUD, SPECIAL];
    azure_wireserver: "168.63.129.16/32", [OK, CLOUD, CLOUD, CLOUD, OK];
    alibaba: "100.100.100.200/32", [SPECIAL, CLOUD, CLOUD, CLOUD, SPECIAL];
    oracle_v4: "192.0.0.192/32", [SPECIAL, CLOUD, CLOUD, CLOUD, SPECIAL];
    aws_v6: "fd00:ec2::/32", [SPECIAL, CLOUD, CLOUD, CLOUD, SPECIAL];
    google_v6: "fd20:ce::254/128", [SPECIAL, CLOUD, CLOUD, CLOUD, SPECIAL];
    oracle_v6: "fd00:c1::a9fe:a9fe/128", [SPECIAL, CLOUD, CLOUD, CLOUD, SPECIAL];
    scaleway_v6: "fd00:42::42/128", [SPECIAL, CLOUD, CLOUD, CLOUD, SPECIAL];
}

#[test]
fn every_range_of_every_table_has_a_test_above_and_is_written_with_its_first_address() {
    let tested: Vec<IpNet> = TESTED.iter().map(|network| network.parse().unwrap()).collect();
    let special = SPECIAL_PURPOSE.iter().chain(&EMBEDDED_IPV4).map(|range| range.network);
    for network in special.chain(METADATA.iter().map(|(network, _)| *network)) {
        assert!(tested.contains(&network), "{network} has no test");
        assert_eq!(network, network.trunc(), "{network} has bits behind its prefix");
    }
}

/// The local server judges alike, save that loopback is let through.
fn judges(network: &str, expected: [&str; 5]) {
    for (address, expected) in landmarks(network.parse().unwrap()).into_iter().zip(expected) {
        let Some(address) = address else {
            assert_eq!(expected, NONE, "{network} has no such neighbour");
            continue;
        };
        assert_eq!(connecting(&UrlPolicy::strict(), address), expected, "{address}, strictly");
        let expected = if expected == SELF { OK } else { expected };
        assert_eq!(connecting(&UrlPolicy::local(), address), expected, "{address}, locally");
    }
}

/// The address before `network`, its first, middle and last, and the one after.
fn landmarks(network: IpNet) -> [Option<IpAddr>; 5] {
    match network {
        IpNet::V4(net) => {
            let (first, last) = (net.network().to_bits(), net.broadcast().to_bits());
            let all = [first.checked_sub(1), Some(first), Some(first.midpoint(last)), Some(last), last.checked_add(1)];
            all.map(|bits| bits.map(|bits| Ipv4Addr::from_bits(bits).into()))
        }
        IpNet::V6(net) => {
            let (first, last) = (net.network().to_bits(), net.broadcast().to_bits());
            let all = [first.checked_sub(1), Some(first), Some(first.midpoint(last)), Some(last), last.checked_add(1)];
            all.map(|bits| bits.map(|bits| Ipv6Addr::from_bits(bits).into()))
        }
    }
}
