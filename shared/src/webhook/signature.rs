//! Signatures: Standard Webhooks, and the hex form that MINOOTS' receivers verify.

use crate::domain::secret::{SigningSecrets, WebhookSecret};
use crate::domain::time::Timestamp;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// `webhook-signature` (Standard Webhooks): `v1,` and base64 of HMAC-SHA256 over `id.timestamp.body`; one for each of
/// the secrets, the new one's first, with a blank between.
pub fn standard(secrets: &SigningSecrets, id: &str, sent_at: Timestamp, body: &str) -> String {
    let sign = |secret: &WebhookSecret| {
        let seconds = sent_at.unix_seconds().to_string();
        let parts: [&[u8]; 5] = [id.as_bytes(), b".", seconds.as_bytes(), b".", body.as_bytes()];
        format!("v1,{}", STANDARD.encode(hmac_sha256(&secret.standard_key(), &parts)))
    };
    match &secrets.previous {
        Some(previous) => format!("{} {}", sign(&secrets.current), sign(&previous.secret)),
        None => sign(&secrets.current),
    }
}

/// `X-MINOOTS-Signature`: `sha256=` and lower-case hex of HMAC-SHA256 over the body, under the secret's text.
pub fn minoots(secrets: &SigningSecrets, body: &str) -> String {
    format!("sha256={}", hex(&hmac_sha256(secrets.current.reveal().as_bytes(), &[body.as_bytes()])))
}

/// `X-Webhook-Signature`: lower-case hex of HMAC-SHA256 over `timestamp.body`, under the secret's text.
pub fn timestamped(secrets: &SigningSecrets, sent_at: Timestamp, body: &str) -> String {
    let seconds = sent_at.unix_seconds().to_string();
    let parts: [&[u8]; 3] = [seconds.as_bytes(), b".", body.as_bytes()];
    hex(&hmac_sha256(secrets.current.reveal().as_bytes(), &parts))
}

fn hex(digest: &[u8]) -> String {
    let digits = digest.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from(b"0123456789abcdef"[usize::from(digit)])).collect()
}

fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = match Hmac::<Sha256>::new_from_slice(key) {
        Ok(mac) => mac,
        Err(_) => unreachable!("HMAC takes keys of any length (RFC 2104)"),
    };
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Millis;

    fn now() -> Timestamp {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        Timestamp(since.as_millis() as u64)
    }

    fn verify(secret: &WebhookSecret, signature: &str, body: &str) -> bool {
        let mut headers = axum::http::HeaderMap::new();
        headers.insert("webhook-id", "del_1".parse().unwrap());
        headers.insert("webhook-timestamp", now().unix_seconds().to_string().parse().unwrap());
        headers.insert("webhook-signature", signature.parse().unwrap());
        standardwebhooks::Webhook::new(secret.reveal()).unwrap().verify(body.as_bytes(), &headers).is_ok()
    }

    #[test]
    fn the_published_standard_webhooks_library_accepts_our_signature_and_no_other() {
        let secret = WebhookSecret::generate(&[3; 32]);
        let signature = standard(&SigningSecrets::new(secret.clone()), "del_1", now(), "{\"a\":1}");
        assert!(verify(&secret, &signature, "{\"a\":1}"));
        assert!(!verify(&secret, &signature, "{\"a\":2}"));
        assert!(!verify(&WebhookSecret::generate(&[4; 32]), &signature, "{\"a\":1}"));
    }

    #[test]
    fn during_a_rotation_both_secrets_verify() {
        let old = WebhookSecret::generate(&[3; 32]);
        let new = WebhookSecret::generate(&[4; 32]);
        let secrets = SigningSecrets::new(old.clone()).rotated(new.clone(), now(), Millis::HOUR);
        let signature = standard(&secrets.in_force_at(now()), "del_1", now(), "x");
        assert!(verify(&old, &signature, "x") && verify(&new, &signature, "x"));
        let later = standard(&secrets.in_force_at(now().plus(Millis::HOUR)), "del_1", now(), "x");
        assert!(!later.contains(' '));
    }

    #[test]
    fn the_hex_signature_matches_a_published_test_vector() {
        // RFC 4231, test case 2.
        let secrets = SigningSecrets::new(WebhookSecret::chosen("Jefe").unwrap());
        assert_eq!(
            minoots(&secrets, "what do ya want for nothing?"),
            "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }

    #[test]
    fn the_timestamped_signature_is_that_of_second_dot_body() {
        let secrets = SigningSecrets::new(WebhookSecret::generate(&[3; 32]));
        let signed = timestamped(&secrets, Timestamp(1_705_313_700_999), "{\"a\":1}");
        assert_eq!(format!("sha256={signed}"), minoots(&secrets, "1705313700.{\"a\":1}"));
    }
}
