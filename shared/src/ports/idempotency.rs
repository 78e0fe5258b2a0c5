//! What is remembered under a caller's `Idempotency-Key`.

use super::Placement;
use crate::domain::account::Scope;
use crate::domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Names one idempotent request: the caller's key on one route, in one scope.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct IdempotencyKey {
    /// Whose request it is.
    pub scope: Scope,
    /// The route, as `POST /timers`.
    pub route: &'static str,
    /// The caller's own text.
    pub key: String,
}

/// Works out the answer to remember from what became of the timers; `None` remembers nothing.
pub type AnswerFor = Arc<dyn Fn(&[Placement]) -> Option<Vec<u8>> + Send + Sync>;

/// What to remember beside a creation.
#[derive(Clone)]
pub struct Idempotency {
    /// Under which key.
    pub key: IdempotencyKey,
    /// Digest of the request's body.
    pub fingerprint: [u8; 32],
    /// When the request came.
    pub at: Timestamp,
    /// Until when it counts.
    pub expires_at: Timestamp,
    /// The answer.
    pub answer: AnswerFor,
}

/// What is remembered under an idempotency key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remembered {
    /// Digest of the request's body.
    pub fingerprint: [u8; 32],
    /// The answer that was given.
    pub answer: Vec<u8>,
    /// Until when it counts.
    pub expires_at: Timestamp,
}
