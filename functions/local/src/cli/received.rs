//! A webhook as it was received, and whether its signatures are right.

use minoots_shared::domain::secret::{SigningSecrets, WebhookSecret};
use minoots_shared::domain::time::{Millis, Timestamp};
use minoots_shared::webhook::signature;

/// How far a signature's timestamp may be from now, as Standard Webhooks' libraries have it.
pub(crate) const TOLERANCE: Millis = Millis::seconds(300);

/// A request.
pub(crate) struct Received {
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// What became of one signature: its header, and why it is wrong if it is.
pub(crate) type Check = (&'static str, Result<(), String>);

impl Received {
    /// Reads `Name: value` lines, as curl and proxies write them; a first line that is a request's or a status is passed over.
    pub(crate) fn parse_headers(text: &str) -> Result<Vec<(String, String)>, String> {
        let mut headers = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim_end_matches('\r').trim_start_matches(['<', '>']).trim_start();
            match line.split_once(':') {
                _ if line.is_empty() => break,
                Some((name, value)) if !name.is_empty() && !name.contains(' ') => {
                    headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
                }
                _ if index == 0 => {}
                _ => return Err(format!("line {} is no header: \"Name: value\"", index + 1)),
            }
        }
        Ok(headers)
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Checks every signature that is there; none if there is no signature at all.
    pub(crate) fn checks(&self, secret: &WebhookSecret, now: Timestamp, tolerance: Option<Millis>) -> Vec<Check> {
        let secrets = SigningSecrets::new(secret.clone());
        let Ok(body) = std::str::from_utf8(&self.body) else {
            return vec![("body", Err("the body is not UTF-8, as every webhook's is".to_owned()))];
        };
        let mut checks = Vec::new();
        if let Some(given) = self.header("webhook-signature") {
            checks.push(("webhook-signature", self.standard(given, &secrets, body, now, tolerance)));
        }
        if let Some(given) = self.header("x-minoots-signature") {
            checks.push(("x-minoots-signature", equal(given, &signature::minoots(&secrets, body))));
        }
        if let Some(given) = self.header("x-webhook-signature") {
            let at = self.timestamp("x-webhook-timestamp", now, tolerance);
            checks.push((
                "x-webhook-signature",
                at.and_then(|at| equal(given, &signature::timestamped(&secrets, at, body))),
            ));
        }
        checks
    }

    fn standard(
        &self,
        given: &str,
        secrets: &SigningSecrets,
        body: &str,
        now: Timestamp,
        tolerance: Option<Millis>,
    ) -> Result<(), String> {
        let id = self.header("webhook-id").ok_or("webhook-id is missing")?;
        let at = self.timestamp("webhook-timestamp", now, tolerance)?;
        let right = signature::standard(secrets, id, at, body);
        // During a rotation there are two.
        given.split(' ').map(|one| equal(one, &right)).find(Result::is_ok).unwrap_or_else(|| equal(given, &right))
    }

    fn timestamp(&self, name: &str, now: Timestamp, tolerance: Option<Millis>) -> Result<Timestamp, String> {
        let text = self.header(name).ok_or_else(|| format!("{name} is missing"))?;
        let seconds: u64 = text.parse().map_err(|_| format!("{name} is no number of seconds"))?;
        let at = Timestamp(seconds.saturating_mul(1_000));
        let apart = at.since(now).max(now.since(at));
        match tolerance {
            Some(tolerance) if apart > tolerance => {
                Err(format!("{name} is {} s from now: more than {} s", apart.0 / 1_000, tolerance.0 / 1_000))
            }
            _ => Ok(at),
        }
    }
}

/// Compares in a time that tells nothing of where they differ.
fn equal(given: &str, right: &str) -> Result<(), String> {
    let differs = given.bytes().zip(right.bytes()).fold(0, |differs, (a, b)| differs | (a ^ b));
    if given.len() == right.len() && differs == 0 {
        return Ok(());
    }
    Err("does not match: another secret, or the body is not byte for byte what was sent".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_705_313_700_000);
    const BODY: &str = r#"{"a":1}"#;

    fn secret(fill: u8) -> WebhookSecret {
        WebhookSecret::generate(&[fill; 32])
    }

    fn received(standard: &str) -> Received {
        let secrets = SigningSecrets::new(secret(1));
        let headers = [
            ("webhook-id", "del_1"),
            ("webhook-timestamp", "1705313700"),
            ("webhook-signature", standard),
            ("x-minoots-signature", &signature::minoots(&secrets, BODY)),
            ("x-webhook-timestamp", "1705313700"),
            ("x-webhook-signature", &signature::timestamped(&secrets, NOW, BODY)),
        ];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        Received { headers, body: BODY.into() }
    }

    fn right(received: &Received, secret: &WebhookSecret, now: Timestamp) -> Vec<bool> {
        received.checks(secret, now, Some(TOLERANCE)).iter().map(|(_, check)| check.is_ok()).collect()
    }

    #[test]
    fn all_three_signatures_are_checked_and_one_of_two_during_a_rotation_is_enough() {
        let signed = |fill| signature::standard(&SigningSecrets::new(secret(fill)), "del_1", NOW, BODY);
        let received = received(&format!("{} {}", signed(2), signed(1)));
        assert_eq!(right(&received, &secret(1), NOW), [true; 3]);
        assert_eq!(right(&received, &secret(2), NOW), [true, false, false]);
        assert_eq!(right(&received, &secret(3), NOW), [false; 3]);
        let changed = Received { body: br#"{"a":2}"#.to_vec(), ..received };
        assert_eq!(right(&changed, &secret(1), NOW), [false; 3]);
    }

    #[test]
    fn an_old_signature_is_none_where_it_has_a_time() {
        let signed = signature::standard(&SigningSecrets::new(secret(1)), "del_1", NOW, BODY);
        let received = received(&signed);
        assert_eq!(right(&received, &secret(1), NOW.plus(Millis(301_000))), [false, true, false]);
        assert_eq!(right(&received, &secret(1), NOW.minus(Millis(301_000))), [false, true, false]);
        let any_time = received.checks(&secret(1), NOW.plus(Millis::DAY), None);
        assert!(any_time.iter().all(|(_, check)| check.is_ok()), "{any_time:?}");
    }

    #[test]
    fn headers_are_read_as_curl_and_proxies_write_them() {
        let text = "POST /hook HTTP/1.1\r\nHost: a.example\r\nWebhook-Id: del_1\r\n\r\nbody: no header";
        let headers = Received::parse_headers(text).unwrap();
        assert_eq!(
            headers,
            [("host".to_owned(), "a.example".to_owned()), ("webhook-id".to_owned(), "del_1".to_owned())]
        );
        assert!(Received::parse_headers("Host: a\nnonsense\n").unwrap_err().contains("line 2"));
    }
}
