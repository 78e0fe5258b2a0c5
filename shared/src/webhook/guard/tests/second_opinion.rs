//! The same judgement written a second time, from the RFCs, in bit arithmetic and without the tables.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use proptest::prelude::*;

use super::connecting;
use crate::webhook::guard::UrlPolicy;

fn refused_v4(address: Ipv4Addr) -> bool {
    match address.octets() {
        [0 | 10 | 127 | 224..=255, ..] => true,         // RFC 1122, 1918, 5771, 1112
        [100, b, ..] => b & 0b1100_0000 == 64,          // RFC 6598
        [168, 63, 129, 16] | [169, 254, ..] => true,    // Azure; RFC 3927
        [172, b, ..] => b & 0b1111_0000 == 16,          // RFC 1918
        [192, 0, 0 | 2, _] | [192, 88, 99, _] => true,  // RFC 6890, 5737, 7526
        [192, 168, ..] => true,                         // RFC 1918
        [198, 18 | 19, ..] | [198, 51, 100, _] => true, // RFC 2544, 5737
        [203, 0, 113, _] => true,                       // RFC 5737
        _ => false,
    }
}

fn refused_v6(address: Ipv6Addr) -> bool {
    let bits = address.to_bits();
    bits >> 125 != 0b001                                     // RFC 4291 section 2.4
        || bits >> 112 == 0x2002                             // RFC 3056
        || bits >> 105 == 0x2001 << 7                        // RFC 2928, with Teredo
        || bits >> 96 == 0x2001_0db8                         // RFC 3849
        || bits >> 108 == 0x3fff0                            // RFC 9637
        || (bits >> 32) & 0xfdff_ffff == 0x0000_5efe // RFC 5214
}

/// Where judgements change, as the RFCs give it: first addresses, and first addresses behind.
const TURNS_V4: [u32; 30] = [
    0x0000_0000,
    0x0100_0000,
    0x0a00_0000,
    0x0b00_0000,
    0x6440_0000,
    0x6480_0000,
    0x7f00_0000,
    0x8000_0000,
    0xa83f_8110,
    0xa9fe_0000,
    0xa9ff_0000,
    0xac10_0000,
    0xac20_0000,
    0xc000_0000,
    0xc000_0100,
    0xc000_0200,
    0xc000_0300,
    0xc01f_c400,
    0xc034_c100,
    0xc058_6300,
    0xc0a8_0000,
    0xc0a9_0000,
    0xc0af_3000,
    0xc612_0000,
    0xc614_0000,
    0xc633_6400,
    0xcb00_7100,
    0xcb00_7200,
    0xe000_0000,
    0xf000_0000,
];

/// The same for the leading 32 bits of IPv6.
const TURNS_V6: [u32; 22] = [
    0x0000_0000,
    0x0064_ff9b,
    0x0100_0000,
    0x2000_0000,
    0x2001_0000,
    0x2001_0001,
    0x2001_0002,
    0x2001_0010,
    0x2001_0020,
    0x2001_0030,
    0x2001_0200,
    0x2001_0db8,
    0x2001_0db9,
    0x2002_0000,
    0x2003_0000,
    0x2620_004f,
    0x3fff_0000,
    0x3fff_1000,
    0x4000_0000,
    0x5f00_0000,
    0xfc00_0000,
    0xfe80_0000,
];

/// Any address, or one within a power of two and a few more of a turn.
fn v4() -> impl Strategy<Value = Ipv4Addr> {
    let near =
        (prop::sample::select(&TURNS_V4[..]), 0u32..32, any::<bool>(), -2i32..=2).prop_map(|(turn, power, up, few)| {
            let far = if up { turn.wrapping_add(1 << power) } else { turn.wrapping_sub(1 << power) };
            far.wrapping_add_signed(few)
        });
    prop_oneof![any::<u32>(), near].prop_map(Ipv4Addr::from_bits)
}

fn v6() -> impl Strategy<Value = Ipv6Addr> {
    let turn = prop_oneof![any::<u32>(), prop::sample::select(&TURNS_V6[..])].prop_map(|bits| u128::from(bits) << 96);
    let near = (turn.clone(), 0u32..128, any::<bool>(), -2i128..=2).prop_map(|(turn, power, up, few)| {
        let far = if up { turn.wrapping_add(1 << power) } else { turn.wrapping_sub(1 << power) };
        far.wrapping_add_signed(few)
    });
    let behind = (turn, any::<u128>()).prop_map(|(turn, rest)| turn | rest >> 32);
    let isatap = (any::<u128>(), any::<u16>(), any::<bool>()).prop_map(|(bits, flags, exact)| {
        let flags = if exact { flags & 0x0200 } else { flags };
        bits & !(0xffff_ffff << 32) | u128::from(flags) << 48 | 0x5efe << 32
    });
    prop_oneof![any::<u128>(), near, behind, isatap].prop_map(Ipv6Addr::from_bits)
}

/// Both policies agree with the second opinion; the local one lets loopback through and nothing more.
fn agrees(address: IpAddr, refused: bool) {
    assert_eq!(connecting(&UrlPolicy::strict(), address) != "ok", refused, "{address}, strictly");
    let loopback = match address {
        IpAddr::V4(v4) => v4.octets()[0] == 127,
        IpAddr::V6(v6) => v6.to_bits() == 1,
    };
    assert_eq!(connecting(&UrlPolicy::local(), address) != "ok", refused && !loopback, "{address}, locally");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn both_judgements_of_an_ipv4_address_agree(address in v4()) {
        agrees(address.into(), refused_v4(address));
    }

    #[test]
    fn both_judgements_of_an_ipv6_address_agree(address in v6()) {
        agrees(address.into(), refused_v6(address));
    }
}

#[test]
fn both_judgements_agree_on_the_first_and_last_address_of_every_16_bit_prefix() {
    for prefix in 0..=u16::MAX {
        for rest in [0, u16::MAX] {
            let address = Ipv4Addr::from_bits(u32::from(prefix) << 16 | u32::from(rest));
            agrees(address.into(), refused_v4(address));
        }
        for rest in [0, u128::MAX >> 16] {
            let address = Ipv6Addr::from_bits(u128::from(prefix) << 112 | rest);
            agrees(address.into(), refused_v6(address));
        }
    }
}
