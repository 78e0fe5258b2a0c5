//! Errors as callers see them: one shape, readable as RFC 9457 and by its `error.code`.

use crate::app::Error;
use crate::domain::fault::{Fault, FaultCode};
use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// What went wrong.
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "ErrorCode"))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Code {
    /// No key was shown.
    AuthRequired,
    /// The key is unknown or revoked.
    InvalidApiKey,
    /// The key may not do this.
    InsufficientPermissions,
    /// Anything wrong with the request that has no code of its own.
    InvalidRequest,
    /// A missing or bad `duration`, `expiresAt` or `extend`.
    InvalidDuration,
    /// A URL that webhooks may not go to.
    InvalidWebhookUrl,
    /// There is no such timer.
    TimerNotFound,
    /// There is no such webhook endpoint.
    WebhookNotFound,
    /// There is no such delivery.
    DeliveryNotFound,
    /// There is no such thing or route.
    NotFound,
    /// The route exists, with other methods.
    MethodNotAllowed,
    /// The timer has ended.
    InvalidTimerStatus,
    /// It collides with what is there.
    Conflict,
    /// The idempotency key stands for another request.
    IdempotencyKeyReused,
    /// More bytes than are taken.
    PayloadTooLarge,
    /// Too many requests.
    RateLimitExceeded,
    /// The account has as much as it may have.
    QuotaExceeded,
    /// A fault of the service itself.
    InternalError,
    /// The service can't do it just now.
    ServiceUnavailable,
}

impl Code {
    /// Every code, with its status and a title that never changes. `docs/errors.md` explains each.
    pub const ALL: [(Self, StatusCode, &str); 19] = [
        (Self::AuthRequired, StatusCode::UNAUTHORIZED, "An API key is required"),
        (Self::InvalidApiKey, StatusCode::UNAUTHORIZED, "The API key is not valid"),
        (Self::InsufficientPermissions, StatusCode::FORBIDDEN, "The API key may not do this"),
        (Self::InvalidRequest, StatusCode::BAD_REQUEST, "The request is not valid"),
        (Self::InvalidDuration, StatusCode::BAD_REQUEST, "The duration is not valid"),
        (Self::InvalidWebhookUrl, StatusCode::BAD_REQUEST, "The webhook URL is not allowed"),
        (Self::TimerNotFound, StatusCode::NOT_FOUND, "No such timer"),
        (Self::WebhookNotFound, StatusCode::NOT_FOUND, "No such webhook"),
        (Self::DeliveryNotFound, StatusCode::NOT_FOUND, "No such delivery"),
        (Self::NotFound, StatusCode::NOT_FOUND, "Not found"),
        (Self::MethodNotAllowed, StatusCode::METHOD_NOT_ALLOWED, "Method not allowed"),
        (Self::InvalidTimerStatus, StatusCode::CONFLICT, "The timer has ended"),
        (Self::Conflict, StatusCode::CONFLICT, "Conflict"),
        (Self::IdempotencyKeyReused, StatusCode::UNPROCESSABLE_ENTITY, "The idempotency key was used before"),
        (Self::PayloadTooLarge, StatusCode::PAYLOAD_TOO_LARGE, "Too large"),
        (Self::RateLimitExceeded, StatusCode::TOO_MANY_REQUESTS, "Too many requests"),
        (Self::QuotaExceeded, StatusCode::TOO_MANY_REQUESTS, "Quota exceeded"),
        (Self::InternalError, StatusCode::INTERNAL_SERVER_ERROR, "Internal error"),
        (Self::ServiceUnavailable, StatusCode::SERVICE_UNAVAILABLE, "Service unavailable"),
    ];

    fn row(self) -> (Self, StatusCode, &'static str) {
        match Self::ALL.iter().find(|(code, ..)| *code == self) {
            Some(row) => *row,
            None => (self, StatusCode::INTERNAL_SERVER_ERROR, "Internal error"),
        }
    }

    /// The name in capitals.
    pub fn name(self) -> String {
        serde_json::to_string(&self).unwrap_or_default().trim_matches('"').to_owned()
    }
}

/// At most this many invalid fields are listed, so that an error is no larger than the request that led to it.
const MOST_DETAILS: usize = 100;
/// At most this much of a path is shown, in characters.
const LONGEST_PATH: usize = 300;

/// One invalid field.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "InvalidField"))]
pub struct Detail {
    /// Which field, as `events.on_expire.webhook`; empty for the body itself.
    path: String,
    /// What is wrong and what would be right.
    message: String,
}

/// An error answer.
#[derive(Debug)]
pub struct Problem {
    code: Code,
    status: StatusCode,
    message: String,
    details: Vec<Detail>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

/// What went wrong with a request, or with one timer of a batch.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "ErrorDetails"))]
pub struct ErrorObject<'a> {
    code: Code,
    /// What was wrong and what to do, for people to read.
    message: &'a str,
    /// Every invalid field, not only the first; absent where no field is to blame.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    #[cfg_attr(test, schemars(with = "Vec<Detail>"))]
    details: &'a [Detail],
}

impl Problem {
    /// A problem with its code's own status.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        let status = code.row().1;
        Self { code, status, message: message.into(), details: Vec::new(), headers: Vec::new() }
    }

    /// A request with one invalid field, query parameter or header.
    pub fn invalid(path: &str, message: &str) -> Self {
        Self::faults(
            [Fault { path: path.to_owned(), message: message.to_owned(), code: FaultCode::InvalidRequest }].iter(),
        )
    }

    /// The same with another status.
    #[must_use]
    pub fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// The same with one more header.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: impl Into<HeaderValue>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    fn faults<'a>(faults: impl ExactSizeIterator<Item = &'a Fault>) -> Self {
        let mut found = Self::new(Code::InvalidRequest, "");
        let all = faults.len();
        for fault in faults.take(MOST_DETAILS) {
            let path: String = fault.path.chars().take(LONGEST_PATH).collect();
            let message = fault.message.clone();
            if found.details.is_empty() {
                let message = if path.is_empty() { message.clone() } else { format!("{path} {message}") };
                found = Self::new(fault.code.into(), message);
            }
            found.details.push(Detail { path, message });
        }
        match all {
            0 | 1 => {}
            more => found.message = format!("{} (and {} more: see error.details)", found.message, more - 1),
        }
        found
    }

    /// Its status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Its `error`.
    pub fn error(&self) -> ErrorObject<'_> {
        ErrorObject { code: self.code, message: &self.message, details: &self.details }
    }
}

impl From<FaultCode> for Code {
    fn from(code: FaultCode) -> Self {
        match code {
            FaultCode::InvalidRequest => Self::InvalidRequest,
            FaultCode::InvalidDuration => Self::InvalidDuration,
            FaultCode::InvalidWebhookUrl => Self::InvalidWebhookUrl,
            FaultCode::PayloadTooLarge => Self::PayloadTooLarge,
        }
    }
}

impl From<&Error> for Problem {
    /// The cause of an [`Error::Unavailable`] is for the log, not for the caller.
    fn from(error: &Error) -> Self {
        match error {
            Error::Faulty(faults) => Self::faults(faults.list().iter()),
            Error::TimerNotFound(_) => Self::new(Code::TimerNotFound, error.to_string()),
            Error::EndpointNotFound(_) => Self::new(Code::WebhookNotFound, error.to_string()),
            Error::DeliveryNotFound(_) => Self::new(Code::DeliveryNotFound, error.to_string()),
            Error::NotReplayed(_) | Error::EventIdTaken(_) => Self::new(Code::Conflict, error.to_string()),
            Error::ApiKeyNotFound(_) => Self::new(Code::NotFound, error.to_string()),
            Error::Ended(_) => Self::new(Code::InvalidTimerStatus, error.to_string()),
            Error::IdTaken(_) => Self::new(Code::Conflict, error.to_string()),
            Error::OverLimit(limit) => Self::new(Code::QuotaExceeded, error.to_string()).limited(u64::from(*limit), 60),
            Error::KeyReused => Self::new(
                Code::IdempotencyKeyReused,
                "this Idempotency-Key was used with another body in the last 24 hours: use a new key for a new request",
            ),
            Error::NotPermitted(_) => Self::new(Code::InsufficientPermissions, format!("{error}: use a live key")),
            Error::Contended => Self::new(Code::Conflict, format!("{error}: try again"))
                .with_header(header::RETRY_AFTER, HeaderValue::from_static("1")),
            Error::Unavailable(cause) => {
                tracing::error!(error = %crate::app::cause(cause), "a request failed");
                Self::new(Code::ServiceUnavailable, "the service can't do this just now: try again")
                    .with_header(header::RETRY_AFTER, HeaderValue::from_static("1"))
            }
        }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        Self::from(&error)
    }
}

impl From<crate::ports::Unavailable> for Problem {
    fn from(cause: crate::ports::Unavailable) -> Self {
        Self::from(&Error::Unavailable(cause))
    }
}

impl Problem {
    /// The same with the headers of a limit that is used up: how much it allows, and in how many seconds to come again.
    #[must_use]
    pub fn limited(self, limit: u64, seconds: u64) -> Self {
        self.with_header(header::RETRY_AFTER, seconds)
            .with_header(HeaderName::from_static("ratelimit-limit"), limit)
            .with_header(HeaderName::from_static("ratelimit-remaining"), 0)
            .with_header(HeaderName::from_static("ratelimit-reset"), seconds)
    }
}

/// An error: a problem document as RFC 9457 has it, with the same facts under `error` and `message`.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Problem"))]
pub(super) struct Document<'a> {
    /// A page that explains the code.
    #[serde(rename = "type")]
    #[cfg_attr(test, schemars(extend("format" = "uri")))]
    kind: String,
    /// The code in words; the same for every error with this code.
    title: &'static str,
    /// The answer's status code.
    status: u16,
    /// What was wrong and what to do: the same as `message`.
    detail: &'a str,
    /// Always false.
    #[cfg_attr(test, schemars(extend("const" = false)))]
    success: bool,
    error: ErrorObject<'a>,
    /// What was wrong and what to do, for people to read.
    message: &'a str,
}

impl Problem {
    /// What the answer's body says.
    pub(super) fn document(&self) -> Document<'_> {
        Document {
            kind: format!(
                "{}/blob/main/docs/errors.md#{}",
                env!("CARGO_PKG_REPOSITORY"),
                self.code.name().to_lowercase()
            ),
            title: self.code.row().2,
            status: self.status.as_u16(),
            detail: &self.message,
            success: false,
            error: self.error(),
            message: &self.message,
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = serde_json::to_vec(&self.document()).unwrap_or_default();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.status;
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        response.headers_mut().extend(self.headers);
        if self.status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Bearer realm=\"minoots\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_of_errors_explains_every_code() {
        let page = include_str!("../../../docs/errors.md");
        for (code, status, _) in Code::ALL {
            let heading = format!("## {}\n\n{}.", code.name(), status.as_u16());
            assert!(page.contains(&heading), "docs/errors.md lacks: {heading}");
        }
    }
}
