//! What a newcomer needs to see first.

use crate::clock::DevClock;
use minoots_shared::domain::account::Account;
use minoots_shared::domain::api_key::ApiKeySecret;
use std::fmt::Write as _;
use std::path::Path;

/// The text that `minoots dev` prints once it serves.
pub(crate) fn welcome(
    url: &str,
    key: &ApiKeySecret,
    account: &Account,
    folder: &Path,
    strict: bool,
    clock: &DevClock,
) -> String {
    let mut text = String::new();
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let mut line = |name: &str, value: &str| {
        // Writing to a String can't fail.
        let _ = writeln!(text, "  {name:<15} {value}");
    };
    // The fragment stays in the browser: it is sent to no server, and the page takes it out of the address at once.
    line("Dashboard", &format!("{url}/dashboard#key={}", in_fragment(key.reveal())));
    line("API key", key.reveal());
    line("Webhook secret", account.webhook_secrets.current.reveal());
    line("Data", &folder.display().to_string());
    let allowed = if strict { "https to public addresses only" } else { "https, http and this machine itself" };
    line("Webhooks to", allowed);
    if let Some((now, speed)) = clock.differs() {
        let pace = if speed == 0.0 { "stands still".to_owned() } else { format!("goes at speed {speed}") };
        line("Clock", &format!("shows {} and {pace}: see {url}/dev/clock", now.to_iso()));
    }
    let key = key.reveal().replace('\'', "'\\''");
    let hello = if strict {
        format!(
            "curl -s {url}/timers -H 'x-api-key: {key}' -d '{{\"duration\":\"2s\",\"webhook\":\"https://example.com/\"}}'"
        )
    } else {
        format!(
            "curl -s {url}/timers -H 'x-api-key: {key}' -d '{{\"duration\":\"2s\",\"message\":\"Hello\",\"webhook\":\"{url}/inbox\"}}'"
        )
    };
    let inbox =
        if strict { String::new() } else { format!("\nWhat has arrived in the built-in receiver: {url}/inbox\n") };
    format!(
        "\nMinoots {} serves {url}\n\n{text}\nA first timer, whose webhook is sent 2 seconds later:\n\n  {hello}\n{inbox}",
        env!("CARGO_PKG_VERSION")
    )
}

/// A key as the fragment of an address.
fn in_fragment(key: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.~".contains(&byte);
    key.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}
