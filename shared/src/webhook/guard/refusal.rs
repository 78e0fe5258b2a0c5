//! Why a URL or an address was refused.

use std::net::IpAddr;

use ipnet::IpNet;
use url::ParseError;

use super::Ports;

/// Why a URL or an address was refused: one variant for each rule.
///
/// The text is for the caller who sent the URL: which rule refused, what was found, what to do about it. Neither it nor
/// `Debug` ever repeats userinfo, path, query or fragment, because those may hold secrets; of an unknown scheme only
/// the fact is told, since `user:password@host` without `https://` reads as the scheme `user`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// There is no text at all.
    #[error("the URL is empty; give one that begins with https://")]
    Empty,
    /// The text has more than 2,048 bytes.
    #[error("the URL has {bytes} bytes and at most 2048 are allowed; move what it carries into `data` or `headers`")]
    TooLong {
        /// The length of the text in UTF-8.
        bytes: usize,
    },
    /// The text contains a control character (Unicode category Cc).
    #[error("the URL contains the control character U+{:04X} at byte {at}; remove or percent-encode it", u32::from(*.found))]
    ControlCharacter {
        /// The first one.
        found: char,
        /// Where it begins, in bytes.
        at: usize,
    },
    /// The text contains a blank of any kind (Unicode property White_Space).
    #[error("the URL contains the blank U+{:04X} at byte {at}; remove or percent-encode it", u32::from(*.found))]
    Blank {
        /// The first one.
        found: char,
        /// Where it begins, in bytes.
        at: usize,
    },
    /// The text contains a character that can't be seen, or that changes the order in which the others are shown.
    #[error("the URL contains the invisible character U+{:04X} at byte {at}; remove it", u32::from(*.found))]
    InvisibleCharacter {
        /// The first one.
        found: char,
        /// Where it begins, in bytes.
        at: usize,
    },
    /// The text contains a backslash.
    #[error("the URL contains a backslash at byte {at}; write / or percent-encode it as %5C")]
    Backslash {
        /// Where the first one is, in bytes.
        at: usize,
    },
    /// The text can't be parsed as an absolute URL.
    #[error("this is not a URL: {reason}; give one like https://hooks.example.com/path")]
    NotAUrl {
        /// What the parser says. It never repeats the text.
        reason: ParseError,
    },
    /// The scheme isn't one that is allowed.
    #[error("the URL's scheme must be {allowed}, and it is {found}; begin the URL with https://")]
    Scheme {
        /// The scheme if it is a well-known one, otherwise `another`.
        found: &'static str,
        /// What is allowed.
        allowed: &'static str,
    },
    /// Between scheme and host there are more or fewer than two slashes.
    #[error("the URL must have exactly two slashes between scheme and host, as in https://hooks.example.com/path")]
    Slashes,
    /// The URL carries a user name or a password, or the `@` of an empty one (RFC 9110 section 4.2.4).
    #[error("the URL carries a user name or password before an @; send credentials in `headers` instead")]
    Userinfo,
    /// The URL has no host.
    #[error("the URL has no host; give one like https://hooks.example.com/path")]
    NoHost,
    /// The host ends in a number, like an IPv4 address, but isn't one.
    #[error("the URL's host ends in a number but is not an IPv4 address; give a host name or a whole address")]
    NumericHost,
    /// The host name has more than 253 bytes.
    #[error("the URL's host name has {bytes} bytes and DNS allows at most 253; give its real name")]
    HostTooLong {
        /// Its length, in ASCII, without a trailing dot.
        bytes: usize,
    },
    /// A label of the host name is empty, has more than 63 bytes, or holds a character that host names don't have.
    #[error(
        "a part of the URL's host name {host} is empty, longer than 63 bytes, or has other characters than letters, \
         digits, hyphens and underscores; give its real name"
    )]
    HostLabel {
        /// The host name, in ASCII.
        host: String,
    },
    /// The host name has no dot.
    #[error("the URL's host name {host} has no dot, so it means a machine nearby; give its full public name")]
    SingleLabel {
        /// The host name, in ASCII.
        host: String,
    },
    /// The host name is reserved for, or in use on, private networks.
    #[error("the URL's host name {host} is under {suffix}, which is not part of the public DNS; give a public name")]
    LocalName {
        /// The host name, in ASCII.
        host: String,
        /// The refused suffix.
        suffix: &'static str,
    },
    /// The port isn't one of those that are allowed.
    #[error("port {found} is not allowed here, only {allowed}; have the receiver listen on one of them")]
    Port {
        /// The port, named or implied by the scheme.
        found: u16,
        /// What the policy allows.
        allowed: Ports,
    },
    /// The address is this machine: 127.0.0.0/8 or `::1`.
    #[error("the address {address} is loopback: this service itself; give a publicly reachable address")]
    Loopback {
        /// The address.
        address: IpAddr,
    },
    /// The address belongs to a cloud's metadata or platform service, which hands out credentials.
    #[error("the address {address} is a cloud metadata service ({provider}); give a publicly reachable address")]
    Metadata {
        /// The address.
        address: IpAddr,
        /// Whose it is.
        provider: &'static str,
    },
    /// The IPv6 address has an IPv4 address inside.
    #[error("the address {address} embeds an IPv4 address ({form}, {rfc}); give the IPv4 address itself")]
    EmbeddedIpv4 {
        /// The address.
        address: IpAddr,
        /// The way in which it is embedded.
        form: &'static str,
        /// The document that defines it.
        rfc: &'static str,
    },
    /// The address is in a range of an IANA special-purpose registry that isn't globally reachable.
    #[error("the address {address} is in {network} ({name}, {rfc}); give a publicly reachable address")]
    SpecialPurpose {
        /// The address.
        address: IpAddr,
        /// The narrowest such range.
        network: IpNet,
        /// Its name in the registry.
        name: &'static str,
        /// The document that defines it.
        rfc: &'static str,
    },
    /// The address is a multicast group.
    #[error("the address {address} is multicast; give the address of one host")]
    Multicast {
        /// The address.
        address: IpAddr,
    },
    /// The IPv6 address is outside 2000::/3, the only global unicast space there is.
    #[error("the address {address} is outside 2000::/3, IPv6's global unicast space; give a public address")]
    OutsideGlobalUnicast {
        /// The address.
        address: IpAddr,
    },
}

impl Refusal {
    /// The rule's short name, in kebab-case. Stable: callers and logs may tell refusals apart by it.
    pub fn rule(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::TooLong { .. } => "too-long",
            Self::ControlCharacter { .. } => "control-character",
            Self::Blank { .. } => "blank",
            Self::InvisibleCharacter { .. } => "invisible-character",
            Self::Backslash { .. } => "backslash",
            Self::NotAUrl { .. } => "not-a-url",
            Self::Scheme { .. } => "scheme",
            Self::Slashes => "slashes",
            Self::Userinfo => "userinfo",
            Self::NoHost => "no-host",
            Self::NumericHost => "numeric-host",
            Self::HostTooLong { .. } => "host-too-long",
            Self::HostLabel { .. } => "host-label",
            Self::SingleLabel { .. } => "single-label",
            Self::LocalName { .. } => "local-name",
            Self::Port { .. } => "port",
            Self::Loopback { .. } => "loopback",
            Self::Metadata { .. } => "cloud-metadata",
            Self::EmbeddedIpv4 { .. } => "embedded-ipv4",
            Self::SpecialPurpose { .. } => "special-purpose",
            Self::Multicast { .. } => "multicast",
            Self::OutsideGlobalUnicast { .. } => "outside-global-unicast",
        }
    }
}
