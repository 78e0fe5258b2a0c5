//! Ids in paths.

use super::problem::Problem;
use crate::domain::ids::{ApiKeyId, TimerId};
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;

/// An id from the path; any text, since an unknown one is simply not found.
pub(super) struct Id<T>(pub(super) T);

impl<S: Sync + Send, T: From<PathText>> FromRequestParts<S> for Id<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Path::<Vec<String>>::from_request_parts(parts, state).await {
            Ok(Path(found)) => {
                let last = || parts.uri.path().rsplit('/').next().unwrap_or_default().to_owned();
                Ok(Self(PathText(found.into_iter().next().unwrap_or_else(last)).into()))
            }
            Err(_) => Err(Problem::invalid("", "the path is not valid: percent-encode it as UTF-8")),
        }
    }
}

/// The decoded text between two slashes.
pub(super) struct PathText(String);

impl From<PathText> for TimerId {
    fn from(text: PathText) -> Self {
        Self::new(text.0)
    }
}

impl From<PathText> for ApiKeyId {
    fn from(text: PathText) -> Self {
        Self::new(text.0)
    }
}
