//! What must hold for any input of the parsers. Each target takes any bytes and panics if a promise is broken; `fuzz/` hands
//! them to cargo-fuzz, and this crate's test to everything in its corpus.

mod queues;

use minoots_shared::domain::duration::{self, LONGEST};
use minoots_shared::domain::json::Json;
use minoots_shared::domain::time::Millis;
use minoots_shared::http::Cursor;
use minoots_shared::webhook::guard::{UrlPolicy, check_url};
use std::net::IpAddr;
use url::Host;

pub use queues::queue_message;

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
    let number = duration::parse(&Json::Number(text.into()));
    assert!(number.is_err() || number.is_ok_and(|length| length > Millis(0) && length <= LONGEST), "{text:?}");
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

/// What was read as JSON is written so that it is read again as the same, and a writer's own text stays as it is.
///
/// # Panics
/// If that is not so in one of the forms.
pub fn json(bytes: &[u8]) {
    let Ok(read) = Json::parse(bytes) else { return };
    type Form = fn(&Json) -> String;
    let forms: [(&str, Form); 3] =
        [("compact", Json::to_compact), ("javascript", Json::to_javascript), ("python", Json::to_python)];
    for (name, write) in forms {
        let text = write(&read);
        let again = Json::parse(text.as_bytes());
        let again = again.unwrap_or_else(|error| panic!("{name}: {text} can't be read: {error}"));
        assert_eq!(write(&again), text, "{name}, written twice");
        assert_eq!(again.depth(), read.depth(), "{name}: {text}");
        assert_eq!(kinds(&again), kinds(&read), "{name}: {text}");
        // Syntax alone: near the largest double serde_json itself takes some numbers for too large.
        let others = serde_json::from_str::<&serde_json::value::RawValue>(&text);
        assert!(others.is_ok(), "{name}: {text} is no JSON to others");
    }
}

/// How many values of which kind there are.
fn kinds(json: &Json) -> Vec<(&'static str, usize)> {
    fn walk(json: &Json, found: &mut std::collections::BTreeMap<&'static str, usize>) {
        *found.entry(json.kind()).or_default() += 1;
        match json {
            Json::Array(items) => items.iter().for_each(|item| walk(item, found)),
            Json::Object(fields) => fields.iter().for_each(|(_, value)| walk(value, found)),
            _ => {}
        }
    }
    let mut found = std::collections::BTreeMap::new();
    walk(json, &mut found);
    found.into_iter().collect()
}

/// A cursor that can be read reads back from its own text.
///
/// # Panics
/// If it does not.
pub fn cursor(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Some(cursor) = Cursor::read(text) {
        assert_eq!(Cursor::read(&cursor.write()), Some(cursor), "{text:?}");
    }
}
