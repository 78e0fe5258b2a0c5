//! `minoots verify`: whether a captured webhook is genuine.

use super::body::read;
use super::output::{line, print};
use super::received::{Received, TOLERANCE};
use super::{Exit, Failure};
use clap::{ArgGroup, Args};
use minoots_shared::app::clock::Clock;
use minoots_shared::domain::secret::WebhookSecret;
use minoots_shared::domain::time::Millis;
use std::time::Duration;

/// Check the signatures of a captured webhook: why does my receiver refuse it?
#[derive(Args)]
#[command(group(ArgGroup::new("what").required(true).args(["body", "request"])))]
pub(crate) struct Verify {
    /// File with the body, byte for byte; - for standard input.
    #[arg(long, value_name = "FILE", requires = "headers")]
    body: Option<String>,
    /// File with the headers, one a line, as "Name: value".
    #[arg(long, value_name = "FILE", conflicts_with = "request")]
    headers: Option<String>,
    /// One file with both: headers, an empty line, the body; - for standard input.
    #[arg(long, value_name = "FILE")]
    request: Option<String>,
    /// The secret: the endpoint's, or for timers' webhooks the account's (minoots webhooks secret).
    #[arg(long, env = "MINOOTS_WEBHOOK_SECRET", hide_env_values = true)]
    secret: String,
    /// How old or new it may be.
    #[arg(long, value_name = "DURATION", value_parser = super::watch::length, conflicts_with = "any_time")]
    tolerance: Option<Duration>,
    /// Whenever it was sent.
    #[arg(long)]
    any_time: bool,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(verify: &Verify) -> Result<(), Failure> {
    let secret = WebhookSecret::chosen(&verify.secret)
        .ok_or_else(|| Failure::new(Exit::Usage, "--secret must be 1 to 512 bytes long"))?;
    let received = verify.received()?;
    let tolerance = verify.tolerance.map_or(TOLERANCE, |given| Millis(given.as_millis() as u64));
    let tolerance = (!verify.any_time).then_some(tolerance);
    let checks = received.checks(&secret, Clock::system().now(), tolerance);
    let verified = !checks.is_empty() && checks.iter().all(|(_, check)| check.is_ok());
    if verify.json {
        let signatures = checks.iter().map(|(header, check)| {
            serde_json::json!({"header": header, "valid": check.is_ok(), "error": check.as_ref().err()})
        });
        let signatures: Vec<_> = signatures.collect();
        line(&serde_json::json!({"verified": verified, "signatures": signatures}).to_string())?;
    } else {
        for (header, check) in &checks {
            print(&format!("{header}: {}\n", check.as_ref().err().map_or("right", String::as_str)))?;
        }
    }
    match verified {
        true => Ok(()),
        false if checks.is_empty() => Err(Failure::new(Exit::Failed, "there is no signature in the headers")
            .next("Keep webhook-id, webhook-timestamp and webhook-signature when you capture a request.")),
        false => Err(Failure::new(Exit::Failed, "the webhook is not genuine, or not as it was sent")),
    }
}

impl Verify {
    fn received(&self) -> Result<Received, Failure> {
        let (file, head, body) = match (&self.request, &self.headers, &self.body) {
            (Some(request), ..) => {
                let bytes = read(request)?;
                let (head, body) = split(&bytes).ok_or_else(|| {
                    Failure::new(Exit::Usage, format!("{request} has no empty line between headers and body"))
                })?;
                (request, head.to_vec(), body.to_vec())
            }
            (None, Some(headers), Some(body)) => (headers, read(headers)?, read(body)?),
            _ => unreachable!("clap asks for one or the other"),
        };
        let headers = Received::parse_headers(&String::from_utf8_lossy(&head))
            .map_err(|error| Failure::new(Exit::Usage, format!("{file}: {error}")))?;
        Ok(Received { headers, body })
    }
}

/// What is before and behind the first empty line.
fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let found = |mark: &[u8]| bytes.windows(mark.len()).position(|window| window == mark).map(|at| (at, mark.len()));
    let (at, length) = [found(b"\r\n\r\n"), found(b"\n\n")].into_iter().flatten().min()?;
    Some((&bytes[..at], &bytes[at + length..]))
}
