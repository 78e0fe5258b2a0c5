//! What must hold for any input of the parsers. Each target takes any bytes and panics if a promise is broken; `fuzz/` hands
//! them to cargo-fuzz, and this crate's test to everything in its corpus.

mod json;
mod queues;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use minoots_shared::domain::duration::{self, LONGEST};
use minoots_shared::domain::json::Json;
use minoots_shared::domain::time::Millis;
use minoots_shared::http::Cursor;
use minoots_shared::webhook::guard::{UrlPolicy, check_url};
use std::net::IpAddr;
use url::Host;

pub use json::json;
pub use queues::queue_message;

/// A longer text is no duration.
const LONGEST_TEXT: usize = 128;

/// A target: any bytes.
pub type Target = fn(&[u8]);

/// All targets, by the names of their corpora.
pub const TARGETS: [(&str, Target); 5] =
    [("duration", duration), ("url", url), ("json", json), ("queue_message", queue_message), ("cursor", cursor)];

/// A duration lies within its bounds, means the same in other letters, and is the same again as a number.
///
/// # Panics
/// If one of that is not so.
pub fn duration(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let read = |text: &str| duration::parse(&Json::String(text.to_owned()));
    match read(text) {
        Ok(length) => {
            assert!(length > Millis(0) && length <= LONGEST, "{text:?} is {length:?}");
            assert_eq!(read(&length.0.to_string()), Ok(length), "{text:?} as a number");
            assert_eq!(read(&format!(" {text} ")), Ok(length), "{text:?} in blanks");
            assert_eq!(read(&text.to_ascii_uppercase()), Ok(length), "{text:?} in capitals");
        }
        Err(said) => assert!(said.len() > 10 && said.len() < 1_000, "{text:?} is refused with {said:?}"),
    }
    let signed = |text: &str| duration::parse_signed(&Json::String(text.to_owned()));
    if let Ok((false, length)) = signed(text)
        && !text.trim_start().starts_with('+')
    {
        assert_eq!(signed(&format!("-{text}")), Ok((true, length)), "{text:?} below nothing");
    }
    // Terms add up, in either order; each part alone may be rounded up.
    if let Some((one, other)) =
        text.split_once(' ').filter(|(one, other)| is_terms(one) && is_terms(other) && text.len() <= LONGEST_TEXT)
        && let (Ok(first), Ok(second)) = (read(one), read(other))
    {
        let (sum, both) = (first.0 + second.0, read(text));
        let adds_up = both.as_ref().is_ok_and(|both| (sum - 1..=sum).contains(&both.0));
        assert!(adds_up || sum > LONGEST.0, "{text:?} is {both:?}, its terms {first:?} and {second:?}");
        assert_eq!(read(&format!("{other} {one}")), both, "{text:?} the other way round");
    }
    let number = duration::parse(&Json::Number(text.into()));
    assert!(number.is_err() || number.is_ok_and(|length| length > Millis(0) && length <= LONGEST), "{text:?}");
}

/// Whether a text can only be read as terms such as `6h30m`, if at all: plain digits and ISO 8601 are none.
fn is_terms(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_digit()) && text.ends_with(|last: char| last.is_ascii_alphabetic())
}

/// What the guard lets pass is an https URL to where webhooks may go, and still is when it is read again from its own text.
///
/// # Panics
/// If that is not so, or if a laxer policy refuses what the strict one allows.
pub fn url(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let strict = check_url(&UrlPolicy::strict(), text);
    let local = check_url(&UrlPolicy::local(), text);
    let url = match (&strict, &local) {
        (Ok(url), local) => {
            assert!(local.is_ok(), "{text:?} is refused by the laxer policy: {local:?}");
            url
        }
        (Err(_), _) => return,
    };
    assert_eq!(url.scheme(), "https", "{text:?}");
    assert!(matches!(url.port_or_known_default(), Some(443 | 8443)), "{text:?}");
    assert!(url.username().is_empty() && url.password().is_none(), "{text:?}");
    let again = check_url(&UrlPolicy::strict(), url.as_str());
    assert!(again.as_ref().is_ok_and(|again| again == url), "{text:?}, then {url}, then {again:?}");
    match url.host() {
        Some(Host::Ipv4(address)) => assert!(is_sent_to(address.into()), "{text:?}"),
        Some(Host::Ipv6(address)) => assert!(is_sent_to(address.into()), "{text:?}"),
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            let last = name.rsplit('.').next();
            assert!(name.contains('.') && !matches!(last, Some("localhost" | "local" | "internal")), "{text:?}");
            assert!(name.parse::<IpAddr>().is_err(), "{text:?}");
        }
        None => panic!("{text:?} has no host"),
    }
}

/// By the standard library's own notions, as far as they are stable.
fn is_sent_to(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            !(v4.is_loopback()
                || v4.is_private()
                || v4.is_link_local()
                || v4.is_multicast()
                || v4.is_broadcast()
                || v4.is_documentation()
                || v4.is_unspecified())
        }
        IpAddr::V6(v6) => {
            let global = v6.segments()[0] & 0xe000 == 0x2000;
            global && v6.to_ipv4_mapped().is_none() && !v6.is_loopback()
        }
    }
}

/// A cursor is read from the one text that it has, and from no other. Most texts are no Base64 at all, so the bytes are tried
/// as what is inside, too.
///
/// # Panics
/// If that is not so.
pub fn cursor(bytes: &[u8]) {
    let inside = URL_SAFE_NO_PAD.encode(bytes);
    for text in std::str::from_utf8(bytes).into_iter().chain([inside.as_str()]) {
        if let Some(cursor) = Cursor::read(text) {
            assert_eq!(cursor.write(), text, "{cursor:?} has two texts");
        }
    }
}
