//! The error answers of the document: one for each set of codes that share a status, explained by `docs/errors.md`.

use crate::http::problem::{Code, Problem};
use axum::http::StatusCode;
use serde_json::{Map, Value, json};

const PAGE: &str = include_str!("../../../../../docs/errors.md");

/// What a code means, as the page of errors says it.
pub(super) fn meaning(code: Code) -> String {
    let (_, section) = PAGE.split_once(&format!("\n## {}\n\n", code.name())).unwrap();
    let section = section.split("\n## ").next().unwrap_or_default();
    let (_, text) = section.split_once(". ").unwrap();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Every code with its status and what it means.
pub(super) fn all() -> String {
    let line = |(code, status, _): (Code, StatusCode, _)| {
        format!("- `{}`, {}: {}", code.name(), status.as_u16(), meaning(code))
    };
    format!("What went wrong.\n\n{}", Code::ALL.map(line).join("\n"))
}

/// An error answer: its name among the components, and what it says.
pub(super) fn response(status: StatusCode, codes: &[Code]) -> (String, Value) {
    let names: Vec<_> = codes.iter().map(|code| format!("{code:?}")).collect();
    let mut name = names.join("Or");
    if status == StatusCode::REQUEST_TIMEOUT {
        name = "RequestTimeout".to_owned();
    }
    let meanings: Vec<_> = codes.iter().map(|code| format!("`{}`: {}", code.name(), meaning(*code))).collect();
    let examples = codes.iter().map(|code| (code.name(), json!({"value": example(*code, status).document()})));
    let mut response = json!({
        "description": meanings.join("\n\n"),
        "content": {"application/problem+json": {
            "schema": {"$ref": "#/components/schemas/Problem"},
            "examples": examples.collect::<Map<_, _>>(),
        }},
    });
    if let Some(headers) = headers(status) {
        response["headers"] = headers;
    }
    (name, response)
}

fn example(code: Code, status: StatusCode) -> Problem {
    if status == StatusCode::REQUEST_TIMEOUT {
        return Problem::new(code, "the body did not arrive within 30 s").with_status(status);
    }
    let fault = |path, message| Problem::from(crate::app::Error::Faulty(fault(code, path, message)));
    match code {
        Code::InvalidRequest => fault("name", "must be at most 256 characters long"),
        Code::InvalidDuration => fault("duration", "must be at least 1 ms"),
        Code::InvalidWebhookUrl => fault("events.on_expire.webhook", "must begin with https://"),
        _ => {
            let meaning = meaning(code);
            let sentence = meaning.split(". ").next().unwrap_or_default();
            Problem::new(code, sentence.trim_end_matches('.'))
        }
    }
}

fn fault(code: Code, path: &str, message: &str) -> crate::domain::fault::Faults {
    use crate::domain::fault::{FaultCode, Faults};
    let code = match code {
        Code::InvalidDuration => FaultCode::InvalidDuration,
        Code::InvalidWebhookUrl => FaultCode::InvalidWebhookUrl,
        _ => FaultCode::InvalidRequest,
    };
    Faults::one(code, path, message)
}

/// The headers that come with a status.
fn headers(status: StatusCode) -> Option<Value> {
    let seconds = |about: &str| json!({"description": about, "schema": {"type": "integer", "minimum": 1}});
    let wait = seconds("In how many seconds to come again.");
    Some(match status {
        StatusCode::UNAUTHORIZED => json!({
            "WWW-Authenticate": {"description": "How to show a key.", "required": true, "schema": {"type": "string"}},
        }),
        StatusCode::TOO_MANY_REQUESTS => json!({
            "Retry-After": wait,
            "RateLimit-Limit": {"description": "How much is allowed.", "schema": {"type": "integer", "minimum": 0}},
            "RateLimit-Remaining": {"description": "How much of it is left.", "schema": {"type": "integer", "minimum": 0}},
            "RateLimit-Reset": seconds("In how many seconds there is more."),
        }),
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::CONFLICT => json!({"Retry-After": wait}),
        _ => return None,
    })
}
