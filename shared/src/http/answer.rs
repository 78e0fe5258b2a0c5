//! Success answers.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// Set on an answer that was given before to the same request.
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// A success: `"success":true` and the members of `body`.
pub(super) struct Success<T> {
    status: StatusCode,
    body: T,
}

#[derive(Serialize)]
struct Envelope<'a, T> {
    success: bool,
    #[serde(flatten)]
    body: &'a T,
}

/// An answer whose content stands under `data`.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Data<T> {
    data: T,
}

impl<T> Data<T> {
    pub(super) fn of(data: T) -> Self {
        Self { data }
    }

    pub(super) fn with_message(data: T, message: impl Into<String>) -> DataAndMessage<T> {
        DataAndMessage { data, message: message.into() }
    }
}

/// An answer whose content stands under `data`, and what was done in words.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct DataAndMessage<T> {
    data: T,
    /// What was done, in words.
    message: String,
}

/// The JSON of a success.
pub(super) fn success_bytes<T: Serialize>(body: &T) -> Vec<u8> {
    match serde_json::to_vec(&Envelope { success: true, body }) {
        Ok(bytes) => bytes,
        Err(_) => unreachable!("answers are structs of text and numbers, which always have a JSON form"),
    }
}

/// 200 with `body`.
pub(super) fn ok<T: Serialize>(body: T) -> Success<T> {
    Success { status: StatusCode::OK, body }
}

/// JSON bytes as an answer.
pub(super) fn json(status: StatusCode, bytes: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// An answer given again.
pub(super) fn replayed(status: StatusCode, bytes: Vec<u8>) -> Response {
    let mut response = json(status, bytes);
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    response
}

impl<T: Serialize> IntoResponse for Success<T> {
    fn into_response(self) -> Response {
        json(self.status, success_bytes(&self.body))
    }
}
