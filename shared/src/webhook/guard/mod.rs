//! Where webhooks may go.
//!
//! Callers name the URL and this service opens the connection, from inside its own network: without a guard, anybody
//! with a key could make it knock at the database, at a neighbour or at the cloud's metadata service (server-side
//! request forgery). So a URL is judged three times:
//!
//! 1. when it is stored, by [`check_url`], so that the caller learns at once which rule it broke;
//! 2. before every attempt, by [`check_url`] again: the policy, the rules or the registries may have changed since;
//! 3. when the connection is opened, by [`check_address`], on the address really connected to. A name says nothing about
//!    where it leads, and DNS can answer differently each time it is asked.
//!
//! An HTTP client's DNS hook alone can't do the third: it isn't asked for literal addresses, which is why
//! [`check_url`] judges those too.
//!
//! | file | judges |
//! | --- | --- |
//! | `raw.rs` | the text as it came: length, control characters, blanks, invisible characters, backslashes |
//! | `parsed.rs` | the parsed URL: scheme, slashes, userinfo, host name, port |
//! | `address.rs` | an address: loopback, cloud metadata, embedded IPv4, special purpose, multicast, outside 2000::/3 |
//! | `ranges.rs` | the tables behind it: both IANA special-purpose registries, metadata services, embeddings |
//! | `policy.rs` | what a deployment allows beyond the strict rules |
//! | `refusal.rs` | the answer: one variant for each rule |
//!
//! The host is judged as the [WHATWG URL standard](https://url.spec.whatwg.org/#host-parsing) reads it, which is how the
//! HTTP client reads it as well: decimal, octal, hexadecimal, full-width or percent-encoded spellings of an address are
//! that address. Only the returned [`Url`] may be connected to. Parsing the text anew with another parser
//! would reopen the gap between what was judged and what is used.
//!
//! Not decided here, but by the client that sends: it follows no redirect, takes no proxy from the environment, and
//! calls [`check_address`]. One hole can't be closed by looking at addresses: a network may translate an ordinary
//! IPv6 prefix of its own to IPv4 (RFC 6052 section 2.2), and nothing in the address shows it.
//!
//! ```
//! use minoots_shared::webhook::guard::{UrlPolicy, check_address, check_url};
//!
//! let policy = UrlPolicy::strict();
//! let url = check_url(&policy, "https://hooks.example.com/T0/secret")?;
//! assert_eq!(url.host_str(), Some("hooks.example.com"));
//!
//! let refusal = check_url(&policy, "https://0x7f.1/").unwrap_err();
//! assert_eq!(refusal.rule(), "loopback");
//!
//! // What DNS answered for hooks.example.com, just before connecting:
//! assert!(check_address(&policy, "10.0.0.5".parse()?).is_err());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod address;
mod parsed;
mod policy;
mod ranges;
mod raw;
mod refusal;
#[cfg(test)]
mod tests;

pub use address::check_address;
pub use policy::{Ports, UrlPolicy};
pub use refusal::Refusal;
use url::Url;

/// Judges a URL by everything that its text shows, and returns the one to connect to.
///
/// `raw` is the text as the caller gave it, neither trimmed nor decoded. However long it is, no more than 2,048
/// bytes of it are looked at. A name passes here whatever it resolves to; [`check_address`] judges that.
///
/// # Errors
///
/// The first rule that refuses: those on the raw text come first, then scheme, slashes, userinfo, host and port.
pub fn check_url(policy: &UrlPolicy, raw: &str) -> Result<Url, Refusal> {
    raw::check(raw)?;
    let url = parsed::parse(raw)?;
    parsed::check(policy, raw, &url)?;
    Ok(url)
}
