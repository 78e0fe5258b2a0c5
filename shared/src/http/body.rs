//! Request bodies: read whole within bounds, parsed from the bytes whatever the Content-Type says.

use super::problem::{Code, Problem};
use crate::domain::json::{Json, Object};
use axum::body::HttpBody as _;
use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use http_body_util::BodyExt as _;
use std::time::Duration;

/// The largest body of most requests: a timer with all that it may carry fits several times over.
pub(super) const ONE: usize = 1024 * 1024;
/// The largest body of a batch: below what a Lambda invocation takes (6 MB).
pub(super) const BATCH: usize = 5 * 1024 * 1024;
/// What is read of a body that is too large, before the connection is cut: a caller that is still sending would not see
/// the answer.
const DRAINED: usize = 128 * 1024 * 1024;
/// A caller of such a body that pauses for this long has stopped sending, and waits for the answer.
const PAUSE: Duration = Duration::from_millis(500);
/// How long a body may take to arrive.
const PATIENCE: Duration = Duration::from_secs(30);

/// A body of at most `LIMIT` bytes.
pub(super) struct Raw<const LIMIT: usize>(pub(super) Bytes);

impl<S: Sync, const LIMIT: usize> FromRequest<S> for Raw<LIMIT> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let read = tokio::time::timeout(PATIENCE, read(request.into_body(), LIMIT)).await;
        read.unwrap_or_else(|_| {
            let message = format!("the body did not arrive within {} s", PATIENCE.as_secs());
            Err(Problem::new(Code::InvalidRequest, message).with_status(StatusCode::REQUEST_TIMEOUT))
        })
        .map(Self)
    }
}

impl<const LIMIT: usize> Raw<LIMIT> {
    /// The body's JSON.
    pub(super) fn json(&self) -> Result<Json, Problem> {
        if self.0.is_empty() {
            return Err(Problem::invalid("", "the body is empty: send a JSON object"));
        }
        Json::parse(&self.0).map_err(|message| Problem::invalid("", &format!("the body is not valid JSON: {message}")))
    }

    /// The members of the body's object; none for an empty body.
    pub(super) fn optional_object(&self) -> Result<Object, Problem> {
        if self.0.is_empty() {
            return Ok(Object::new());
        }
        match self.json()? {
            Json::Object(members) => Ok(members),
            other => Err(Problem::invalid("", &format!("the body must be a JSON object, not {}", other.kind()))),
        }
    }
}

async fn read(mut body: Body, limit: usize) -> Result<Bytes, Problem> {
    let mut read = Vec::new();
    let mut too_large = body.size_hint().lower() > limit as u64;
    while !too_large {
        let Some(frame) = body.frame().await else { return Ok(read.into()) };
        let frame = frame.map_err(|_| Problem::invalid("", "the body broke off before its end"))?;
        let Ok(data) = frame.into_data() else { continue };
        too_large = read.len() + data.len() > limit;
        if !too_large {
            read.extend_from_slice(&data);
        }
    }
    drop(read);
    drain(body).await;
    Err(Problem::new(Code::PayloadTooLarge, format!("the body has more than {limit} bytes")))
}

async fn drain(mut body: Body) {
    let mut seen = 0;
    while let Ok(Some(Ok(frame))) = tokio::time::timeout(PAUSE, body.frame()).await {
        seen += frame.data_ref().map_or(0, Bytes::len);
        if seen > DRAINED {
            return;
        }
    }
}
