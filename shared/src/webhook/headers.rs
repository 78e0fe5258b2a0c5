//! The callers' own headers: which they may ask for.

use crate::domain::fault::Faults;
use crate::domain::fields::Fields;
use crate::domain::json::Json;
use axum::http::{HeaderName, HeaderValue};

/// At most this many headers of a caller's own.
const MOST_HEADERS: usize = 20;
/// Names and values together, in bytes.
const MOST_BYTES: usize = 4 * 1024;

/// Headers that every delivery sets itself, those of one connection (RFC 9110, section 7.6.1), and what decides where a
/// request goes or where it ends.
pub const RESERVED: [&str; 24] = [
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "trailers",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "webhook-id",
    "webhook-signature",
    "webhook-timestamp",
    "x-webhook-event",
    "x-webhook-id",
    "x-webhook-signature",
    "x-webhook-timestamp",
];

/// Reads `headers`: names to strings.
pub fn check_headers(fields: &Fields<'_>, faults: &mut Faults) -> Vec<(String, String)> {
    let Some(given) = fields.object("headers", faults) else { return Vec::new() };
    if given.members().len() > MOST_HEADERS {
        faults.invalid(fields.path("headers"), format!("must be at most {MOST_HEADERS} headers"));
        return Vec::new();
    }
    let mut headers: Vec<(String, String)> = Vec::with_capacity(given.members().len());
    for (name, value) in given.members() {
        match check_header(name, value) {
            Ok(value) if headers.iter().all(|(known, _)| !known.eq_ignore_ascii_case(name)) => {
                headers.push((name.clone(), value.to_owned()));
            }
            Ok(_) => faults.invalid(given.path(name), "is given twice, in different case"),
            // The name is part of the path only once it is known to be harmless.
            Err(message) if HeaderName::try_from(name.as_str()).is_ok() => faults.invalid(given.path(name), message),
            Err(message) => faults.invalid(fields.path("headers"), message),
        }
    }
    if headers.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>() > MOST_BYTES {
        faults.invalid(fields.path("headers"), format!("must be at most {MOST_BYTES} bytes together"));
    }
    headers
}

fn check_header<'a>(name: &str, value: &'a Json) -> Result<&'a str, String> {
    if HeaderName::try_from(name).is_err() {
        return Err(format!("{name:?} is not a header name"));
    }
    let lower = name.to_ascii_lowercase();
    if RESERVED.contains(&lower.as_str()) || lower.starts_with("x-minoots-") {
        return Err("is set by the service itself and can't be asked for".to_owned());
    }
    let Some(text) = value.as_str() else {
        return Err(format!("must be a string, not {}", value.kind()));
    };
    if HeaderValue::from_str(text).is_err() {
        return Err("must have no line break, NUL or other control character".to_owned());
    }
    Ok(text)
}
