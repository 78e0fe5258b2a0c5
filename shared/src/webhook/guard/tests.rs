//! What the guard promises, one file for each kind of promise.

mod address;
mod hostile;
mod parsed;
mod policy;
mod ranges;
mod raw;
mod second_opinion;
mod secrets;
mod spellings;

use std::net::IpAddr;

use super::{UrlPolicy, check_address, check_url};

/// The rule that refuses `raw`, or `ok`.
fn judged(policy: &UrlPolicy, raw: &str) -> &'static str {
    check_url(policy, raw).map_or_else(|refusal| refusal.rule(), |_| "ok")
}

/// The rule that refuses `raw` in a deployed service, or `ok`.
fn strictly(raw: &str) -> &'static str {
    judged(&UrlPolicy::strict(), raw)
}

/// The rule that refuses `raw` in the local server, or `ok`.
fn locally(raw: &str) -> &'static str {
    judged(&UrlPolicy::local(), raw)
}

/// The rule that refuses a connection to `address`, or `ok`.
fn connecting(policy: &UrlPolicy, address: IpAddr) -> &'static str {
    check_address(policy, address).map_or_else(|refusal| refusal.rule(), |()| "ok")
}

/// An address under its two headings: as a deployed service and as the local server judge it.
fn both(address: &str) -> (&'static str, &'static str) {
    let address = address.parse().unwrap();
    (connecting(&UrlPolicy::strict(), address), connecting(&UrlPolicy::local(), address))
}
