//! Rules on the parsed URL: scheme, slashes, userinfo, host and port.

use url::{Host, ParseError, Url};

use super::{Refusal, UrlPolicy, check_address, raw};

/// Names that are no part of the public DNS, alone or as the end of a longer name:
/// `localhost` (RFC 6761 section 6.3) and its old companion `localdomain`, `local` (RFC 6762), the six that RFC 6762
/// appendix G finds on private networks (ICANN has since reserved `internal` for them), `home.arpa` (RFC 8375) and
/// `onion` (RFC 7686).
const LOCAL_NAMES: [&str; 11] = [
    "localhost",
    "local",
    "localdomain",
    "internal",
    "intranet",
    "lan",
    "home",
    "corp",
    "private",
    "home.arpa",
    "onion",
];

/// Schemes that a refusal may name. Others aren't repeated: what looks like a scheme may be a user name.
const KNOWN_SCHEMES: [&str; 9] = ["http", "ws", "wss", "ftp", "file", "data", "javascript", "mailto", "blob"];

/// Parses as the WHATWG URL standard says, which normalises the host: IDNA to ASCII, percent-decoding, every
/// spelling of an IPv4 address to four numbers.
pub(super) fn parse(raw: &str) -> Result<Url, Refusal> {
    Url::parse(raw).map_err(|reason| match reason {
        ParseError::EmptyHost => Refusal::NoHost,
        ParseError::InvalidIpv4Address => Refusal::NumericHost,
        reason => Refusal::NotAUrl { reason },
    })
}

/// Judges `url`, which was parsed from `raw`.
pub(super) fn check(policy: &UrlPolicy, raw: &str, url: &Url) -> Result<(), Refusal> {
    scheme(policy, url)?;
    let authority = raw::authority(raw).ok_or(Refusal::Slashes)?;
    // The parser splits userinfo off at the last @ of the authority, so any @ there belongs to one, be it empty.
    if authority.contains('@') {
        return Err(Refusal::Userinfo);
    }
    match url.host() {
        Some(Host::Domain(name)) => host_name(policy, name)?,
        Some(Host::Ipv4(address)) => check_address(policy, address.into())?,
        Some(Host::Ipv6(address)) => check_address(policy, address.into())?,
        None => return Err(Refusal::NoHost),
    }
    port(policy, url)
}

fn scheme(policy: &UrlPolicy, url: &Url) -> Result<(), Refusal> {
    match url.scheme() {
        "https" => Ok(()),
        "http" if policy.http => Ok(()),
        other => Err(Refusal::Scheme {
            found: KNOWN_SCHEMES.into_iter().find(|known| *known == other).unwrap_or("another"),
            allowed: if policy.http { "https or http" } else { "https" },
        }),
    }
}

/// `name` is in lower-case ASCII: the parser made it so. One trailing dot means the same name (RFC 1034 section 3.1).
fn host_name(policy: &UrlPolicy, name: &str) -> Result<(), Refusal> {
    let name = name.strip_suffix('.').unwrap_or(name);
    // RFC 1035 section 3.1: 255 bytes on the wire are 253 as text.
    if name.len() > 253 {
        return Err(Refusal::HostTooLong { bytes: name.len() });
    }
    if !name.split('.').all(is_label) {
        return Err(Refusal::HostLabel { host: name.to_owned() });
    }
    if policy.loopback && name == "localhost" {
        return Ok(());
    }
    if let Some(suffix) = LOCAL_NAMES.into_iter().find(|suffix| is_under(name, suffix)) {
        return Err(Refusal::LocalName { host: name.to_owned(), suffix });
    }
    if !name.contains('.') {
        return Err(Refusal::SingleLabel { host: name.to_owned() });
    }
    Ok(())
}

/// Letters, digits and hyphens (RFC 1123 section 2.1), 63 at most. Underscores are fine too: DNS takes them (RFC 2181
/// section 11), and hosting services hand out such names. The WHATWG parser lets a host have `*`, `{`, `"` and more;
/// they are a wildcard or a placeholder left in, and lead nowhere.
fn is_label(label: &str) -> bool {
    matches!(label.len(), 1..=63)
        && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// Whether `name` is `suffix` or ends in it after a dot: `notlocal` isn't under `local`.
fn is_under(name: &str, suffix: &str) -> bool {
    name.strip_suffix(suffix).is_some_and(|front| front.is_empty() || front.ends_with('.'))
}

fn port(policy: &UrlPolicy, url: &Url) -> Result<(), Refusal> {
    // Both schemes that get here have a known port; 0 is allowed by no policy but one that lists it.
    let found = url.port_or_known_default().unwrap_or(0);
    if policy.ports.allows(found) { Ok(()) } else { Err(Refusal::Port { found, allowed: policy.ports.clone() }) }
}
