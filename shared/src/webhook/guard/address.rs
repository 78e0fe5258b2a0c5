//! Rules on an address, whether a URL named it or DNS gave it.

use std::net::{IpAddr, Ipv6Addr};

use super::{
    Refusal, UrlPolicy,
    ranges::{EMBEDDED_IPV4, METADATA, Range, SPECIAL_PURPOSE},
};

/// Judges the address that a connection goes to.
///
/// Call it with the address really connected to, for every connection: it is the only rule that a name can't get
/// around. A global address passes, whoever owns it.
///
/// # Errors
///
/// The first of these that refuses; each but loopback holds under every policy.
///
/// 1. Loopback, 127.0.0.0/8 and `::1`, unless the policy allows it.
/// 2. Cloud metadata services.
/// 3. IPv6 that embeds an IPv4 address, in any form: what it really reaches depends on who translates it, and nobody
///    needs it, since the IPv4 address itself can be given. Allowing loopback doesn't allow `::ffff:127.0.0.1`.
/// 4. What IANA's special-purpose registries call not globally reachable. This includes the few globally reachable
///    addresses inside such a range (192.0.0.9, 192.0.0.10 and parts of 2001::/23): they are anycast services of the
///    network, or no hosts at all, and nobody receives webhooks there.
/// 5. Multicast.
/// 6. IPv6 outside 2000::/3, of which IANA has given out nothing for global unicast use.
pub fn check_address(policy: &UrlPolicy, address: IpAddr) -> Result<(), Refusal> {
    // In std `::ffff:127.0.0.1` isn't loopback; the embeddings below refuse it.
    if address.is_loopback() {
        return if policy.loopback { Ok(()) } else { Err(Refusal::Loopback { address }) };
    }
    if let Some((_, provider)) = METADATA.iter().find(|(network, _)| network.contains(&address)) {
        return Err(Refusal::Metadata { address, provider });
    }
    // `::` would do as IPv4-compatible 0.0.0.0, but it has a name of its own in the registry.
    if !address.is_unspecified()
        && let Some((form, rfc)) = embedding(address)
    {
        return Err(Refusal::EmbeddedIpv4 { address, form, rfc });
    }
    if let Some(range) = narrowest(&SPECIAL_PURPOSE, address) {
        let &Range { network, name, rfc, .. } = range;
        return Err(Refusal::SpecialPurpose { address, network, name, rfc });
    }
    if address.is_multicast() {
        return Err(Refusal::Multicast { address });
    }
    match address {
        IpAddr::V6(v6) if !is_global_unicast(v6) => Err(Refusal::OutsideGlobalUnicast { address }),
        _ => Ok(()),
    }
}

/// The narrowest range around `address` that isn't globally reachable.
fn narrowest(ranges: &'static [Range], address: IpAddr) -> Option<&'static Range> {
    ranges
        .iter()
        .filter(|range| !range.globally_reachable && range.network.contains(&address))
        .max_by_key(|range| range.network.prefix_len())
}

/// How `address` embeds an IPv4 address, if it does: the form's name and its source.
fn embedding(address: IpAddr) -> Option<(&'static str, &'static str)> {
    let IpAddr::V6(v6) = address else { return None };
    if is_isatap(v6) {
        return Some(("ISATAP", "RFC 5214"));
    }
    narrowest(&EMBEDDED_IPV4, address).map(|range| (range.name, range.rfc))
}

/// ISATAP puts the IPv4 address behind `0:5efe` or `200:5efe` in the interface identifier, under any prefix at all
/// (RFC 5214 section 6.1).
fn is_isatap(address: Ipv6Addr) -> bool {
    let [_, _, _, _, flags, marker, _, _] = address.segments();
    matches!((flags, marker), (0x0000 | 0x0200, 0x5efe))
}

/// 2000::/3 (IANA IPv6 address space registry, RFC 4291 section 2.4).
fn is_global_unicast(address: Ipv6Addr) -> bool {
    address.segments()[0] >> 13 == 0b001
}
