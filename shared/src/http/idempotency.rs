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
        let key = value.to_str().ok().map(str::trim).filter(|key| (1..=LONGEST).contains(&key.len()));
        let refused = || Problem::invalid("Idempotency-Key", "must be 1 to 255 visible ASCII characters");
        key.map(|key| Self(Some(key.to_owned()))).ok_or_else(refused)
    }
}

impl IdempotencyHeader {
    /// The request that the key stands for: these bytes on this route by this caller.
    pub(super) fn once(self, caller: &Caller, route: &'static str, body: &[u8]) -> Option<Once> {
        let key = IdempotencyKey { scope: caller.scope().clone(), route, key: self.0? };
        Some(Once { key, fingerprint: Sha256::digest(body).into() })
    }
}
