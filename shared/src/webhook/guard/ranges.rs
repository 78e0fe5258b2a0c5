//! The tables behind the rules on addresses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

/// One range of addresses with what is registered about it.
pub(super) struct Range {
    pub(super) network: IpNet,
    /// As the registry spells it.
    pub(super) name: &'static str,
    pub(super) rfc: &'static str,
    /// The registry's column "Globally Reachable". Where it says N/A (Teredo, 6to4) or nothing (allocations that have
    /// ended) this is `false`.
    pub(super) globally_reachable: bool,
}

/// All 26 ranges of IANA's [IPv4] and all 25 of its [IPv6] Special-Purpose Address Registry (RFC 6890, RFC 8190), in
/// their order, up to the entry of April 2025 (RFC 9780).
///
/// [IPv4]: https://www.iana.org/assignments/iana-ipv4-special-registry/
/// [IPv6]: https://www.iana.org/assignments/iana-ipv6-special-registry/
pub(super) static SPECIAL_PURPOSE: [Range; 51] = [
    local(v4([0, 0, 0, 0], 8), "\"This network\"", "RFC 791"),
    local(v4([0, 0, 0, 0], 32), "\"This host on this network\"", "RFC 1122"),
    local(v4([10, 0, 0, 0], 8), "Private-Use", "RFC 1918"),
    local(v4([100, 64, 0, 0], 10), "Shared Address Space", "RFC 6598"),
    local(v4([127, 0, 0, 0], 8), "Loopback", "RFC 1122"),
    local(v4([169, 254, 0, 0], 16), "Link Local", "RFC 3927"),
    local(v4([172, 16, 0, 0], 12), "Private-Use", "RFC 1918"),
    local(v4([192, 0, 0, 0], 24), "IETF Protocol Assignments", "RFC 6890"),
    local(v4([192, 0, 0, 0], 29), "IPv4 Service Continuity Prefix", "RFC 7335"),
    local(v4([192, 0, 0, 8], 32), "IPv4 dummy address", "RFC 7600"),
    global(v4([192, 0, 0, 9], 32), "Port Control Protocol Anycast", "RFC 7723"),
    global(v4([192, 0, 0, 10], 32), "Traversal Using Relays around NAT Anycast", "RFC 8155"),
    local(v4([192, 0, 0, 170], 32), "NAT64/DNS64 Discovery", "RFC 8880"),
    local(v4([192, 0, 0, 171], 32), "NAT64/DNS64 Discovery", "RFC 8880"),
    local(v4([192, 0, 2, 0], 24), "Documentation (TEST-NET-1)", "RFC 5737"),
    global(v4([192, 31, 196, 0], 24), "AS112-v4", "RFC 7535"),
    global(v4([192, 52, 193, 0], 24), "AMT", "RFC 7450"),
    local(v4([192, 88, 99, 0], 24), "Deprecated (6to4 Relay Anycast)", "RFC 7526"),
    local(v4([192, 88, 99, 2], 32), "6a44-relay anycast address", "RFC 6751"),
    local(v4([192, 168, 0, 0], 16), "Private-Use", "RFC 1918"),
    global(v4([192, 175, 48, 0], 24), "Direct Delegation AS112 Service", "RFC 7534"),
    local(v4([198, 18, 0, 0], 15), "Benchmarking", "RFC 2544"),
    local(v4([198, 51, 100, 0], 24), "Documentation (TEST-NET-2)", "RFC 5737"),
    local(v4([203, 0, 113, 0], 24), "Documentation (TEST-NET-3)", "RFC 5737"),
    local(v4([240, 0, 0, 0], 4), "Reserved", "RFC 1112"),
    local(v4([255, 255, 255, 255], 32), "Limited Broadcast", "RFC 919"),
    local(v6([0, 0, 0, 0, 0, 0, 0, 1], 128), "Loopback Address", "RFC 4291"),
    local(v6([0, 0, 0, 0, 0, 0, 0, 0], 128), "Unspecified Address", "RFC 4291"),
    local(v6([0, 0, 0, 0, 0, 0xffff, 0, 0], 96), "IPv4-mapped Address", "RFC 4291"),
    global(v6([0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96), "IPv4-IPv6 Translat.", "RFC 6052"),
    local(v6([0x64, 0xff9b, 1, 0, 0, 0, 0, 0], 48), "IPv4-IPv6 Translat.", "RFC 8215"),
    local(v6([0x100, 0, 0, 0, 0, 0, 0, 0], 64), "Discard-Only Address Block", "RFC 6666"),
    local(v6([0x100, 0, 0, 1, 0, 0, 0, 0], 64), "Dummy IPv6 Prefix", "RFC 9780"),
    local(v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 23), "IETF Protocol Assignments", "RFC 2928"),
    local(v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 32), "TEREDO", "RFC 4380"),
    global(v6([0x2001, 1, 0, 0, 0, 0, 0, 1], 128), "Port Control Protocol Anycast", "RFC 7723"),
    global(v6([0x2001, 1, 0, 0, 0, 0, 0, 2], 128), "Traversal Using Relays around NAT Anycast", "RFC 8155"),
    global(v6([0x2001, 1, 0, 0, 0, 0, 0, 3], 128), "DNS-SD Service Registration Protocol Anycast", "RFC 9665"),
    local(v6([0x2001, 2, 0, 0, 0, 0, 0, 0], 48), "Benchmarking", "RFC 5180"),
    global(v6([0x2001, 3, 0, 0, 0, 0, 0, 0], 32), "AMT", "RFC 7450"),
    global(v6([0x2001, 4, 0x112, 0, 0, 0, 0, 0], 48), "AS112-v6", "RFC 7535"),
    local(v6([0x2001, 0x10, 0, 0, 0, 0, 0, 0], 28), "Deprecated (previously ORCHID)", "RFC 4843"),
    global(v6([0x2001, 0x20, 0, 0, 0, 0, 0, 0], 28), "ORCHIDv2", "RFC 7343"),
    global(v6([0x2001, 0x30, 0, 0, 0, 0, 0, 0], 28), "Drone Remote ID Protocol Entity Tags (DETs) Prefix", "RFC 9374"),
    local(v6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32), "Documentation", "RFC 3849"),
    local(v6([0x2002, 0, 0, 0, 0, 0, 0, 0], 16), "6to4", "RFC 3056"),
    global(v6([0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0], 48), "Direct Delegation AS112 Service", "RFC 7534"),
    local(v6([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20), "Documentation", "RFC 9637"),
    local(v6([0x5f00, 0, 0, 0, 0, 0, 0, 0], 16), "Segment Routing (SRv6) SIDs", "RFC 9602"),
    local(v6([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7), "Unique-Local", "RFC 4193"),
    local(v6([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10), "Link-Local Unicast", "RFC 4291"),
];

/// The prefixes whose addresses have an IPv4 address inside. None counts as reachable here, whatever the registry says.
pub(super) static EMBEDDED_IPV4: [Range; 7] = [
    local(v6([0, 0, 0, 0, 0, 0, 0, 0], 96), "IPv4-compatible", "RFC 4291"),
    local(v6([0, 0, 0, 0, 0, 0xffff, 0, 0], 96), "IPv4-mapped", "RFC 4291"),
    local(v6([0, 0, 0, 0, 0xffff, 0, 0, 0], 96), "IPv4-translated", "RFC 2765"),
    local(v6([0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96), "NAT64", "RFC 6052"),
    local(v6([0x64, 0xff9b, 1, 0, 0, 0, 0, 0], 48), "local NAT64", "RFC 8215"),
    local(v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 32), "Teredo", "RFC 4380"),
    local(v6([0x2002, 0, 0, 0, 0, 0, 0, 0], 16), "6to4", "RFC 3056"),
];

/// Where clouds serve metadata, credentials and instructions to their machines, and who does so.
///
/// All but Azure's lie in ranges that the registries refuse anyway. They are listed so that the refusal can name them,
/// and so that no change to the other table lets them through. 168.63.129.16 is a public address: nothing else here
/// would stop it.
pub(super) static METADATA: [(IpNet, &str); 10] = [
    (v4([169, 254, 169, 254], 32), "AWS, Azure, Google Cloud and most others"),
    (v4([169, 254, 170, 2], 32), "AWS ECS credentials"),
    (v4([169, 254, 170, 23], 32), "AWS EKS credentials"),
    (v4([168, 63, 129, 16], 32), "Azure WireServer"),
    (v4([100, 100, 100, 200], 32), "Alibaba Cloud"),
    (v4([192, 0, 0, 192], 32), "Oracle Cloud"),
    (v6([0xfd00, 0xec2, 0, 0, 0, 0, 0, 0], 32), "AWS"),
    (v6([0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254], 128), "Google Cloud"),
    (v6([0xfd00, 0xc1, 0, 0, 0, 0, 0xa9fe, 0xa9fe], 128), "Oracle Cloud"),
    (v6([0xfd00, 0x42, 0, 0, 0, 0, 0, 0x42], 128), "Scaleway"),
];

/// A range that isn't globally reachable.
const fn local(network: IpNet, name: &'static str, rfc: &'static str) -> Range {
    Range { network, name, rfc, globally_reachable: false }
}

/// A range that is globally reachable, as far as the registry goes.
const fn global(network: IpNet, name: &'static str, rfc: &'static str) -> Range {
    Range { network, name, rfc, globally_reachable: true }
}

const fn v4([a, b, c, d]: [u8; 4], prefix: u8) -> IpNet {
    IpNet::new_assert(IpAddr::V4(Ipv4Addr::new(a, b, c, d)), prefix)
}

const fn v6([a, b, c, d, e, f, g, h]: [u16; 8], prefix: u8) -> IpNet {
    IpNet::new_assert(IpAddr::V6(Ipv6Addr::new(a, b, c, d, e, f, g, h)), prefix)
}
