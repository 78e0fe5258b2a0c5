//! The `Idempotency-Key` header.

use super::problem::Problem;
use crate::app::{Caller, Once};
use crate::ports::IdempotencyKey;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use sha2::{Digest as _, Sha256};

/// The longest key, in bytes.
const LONGEST: usize = 255;

/// The caller's idempotency key, if there is one.
pub(super) struct IdempotencyHeader(Option<String>);

impl<S: Sync> FromRequestParts<S> for IdempotencyHeader {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Some(value) = parts.headers.get("idempotency-key") else { return Ok(Self(None)) };
        // A header's bytes have no agreed encoding; taken one by one, different keys stay different.
        let key: String = value.as_bytes().trim_ascii().iter().copied().map(char::from).collect();
        if !(1..=LONGEST).contains(&value.as_bytes().trim_ascii().len()) {
            return Err(Problem::invalid("Idempotency-Key", "must be 1 to 255 bytes long"));
        }
        Ok(Self(Some(key)))
    }
}

impl IdempotencyHeader {
    /// The request that the key stands for: these bytes on this route by this caller.
    pub(super) fn once(self, caller: &Caller, route: &'static str, body: &[u8]) -> Option<Once> {
        let key = IdempotencyKey { scope: caller.scope().clone(), route, key: self.0? };
        Some(Once { key, fingerprint: Sha256::digest(body).into() })
    }
}
