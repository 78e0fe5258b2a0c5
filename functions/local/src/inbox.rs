//! `/inbox`: a webhook receiver of the server's own, so that a first delivery is seen within seconds and failures can be
//! tried out. It keeps the last requests in memory and answers as it is told.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Query, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use minoots_shared::app::clock::Clock;
use minoots_shared::http::problem::{Code, Problem};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How many requests are kept.
const KEPT: usize = 100;
/// How much of a body is taken; no webhook is larger.
const LARGEST: usize = 256 * 1024;
/// How long a request hangs that is told to.
const HANGS_FOR: Duration = Duration::from_secs(600);

/// How to answer: a status, or not at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Status(StatusCode),
    Hang,
}

impl Answer {
    fn parse(text: &str) -> Option<Self> {
        if text == "hang" {
            return Some(Self::Hang);
        }
        text.parse()
            .ok()
            .filter(|code| (200..600).contains(code))
            .and_then(|code| StatusCode::from_u16(code).ok())
            .map(Self::Status)
    }
}

/// One request that came in.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
struct Received {
    received_at: String,
    method: String,
    path: String,
    headers: BTreeMap<String, String>,
    body: String,
    answered: String,
}

struct Inbox {
    clock: Clock,
    state: Mutex<Contents>,
}

struct Contents {
    answer: Answer,
    received: VecDeque<Received>,
}

impl Inbox {
    fn contents(&self) -> MutexGuard<'_, Contents> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The receiver at `/inbox` and everything below it.
pub(crate) fn router(clock: Clock) -> Router {
    let contents = Contents { answer: Answer::Status(StatusCode::OK), received: VecDeque::new() };
    let inbox = Arc::new(Inbox { clock, state: Mutex::new(contents) });
    Router::new()
        .route("/inbox", get(show).post(receive).put(tell).delete(empty))
        .route("/inbox/{*name}", get(show).post(receive))
        .method_not_allowed_fallback(|| async {
            Problem::new(Code::MethodNotAllowed, "the inbox takes GET, POST, PUT and DELETE: see the Allow header")
        })
        .layer(DefaultBodyLimit::max(LARGEST))
        .with_state(inbox)
}

#[derive(Deserialize)]
struct Told {
    answer: Option<String>,
}

/// Keeps the request and answers: as `?answer=` says, else as `PUT /inbox` last said, else with 200.
async fn receive(
    State(inbox): State<Arc<Inbox>>,
    Query(told): Query<Told>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let told = told.answer.as_deref().map(|text| Answer::parse(text).ok_or_else(unknown_answer)).transpose()?;
    let answer = {
        let mut contents = inbox.contents();
        let answer = told.unwrap_or(contents.answer);
        let text = |value: &axum::http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        contents.received.push_front(Received {
            received_at: inbox.clock.now().to_iso(),
            method: method.to_string(),
            path: uri.path_and_query().map_or_else(|| uri.path().to_owned(), ToString::to_string),
            headers: headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
            body: String::from_utf8_lossy(&body).into_owned(),
            answered: match answer {
                Answer::Status(status) => status.as_u16().to_string(),
                Answer::Hang => "hang".to_owned(),
            },
        });
        contents.received.truncate(KEPT);
        answer
    };
    match answer {
        Answer::Status(status) => Ok((status, json(&serde_json::json!({ "received": true }))).into_response()),
        Answer::Hang => {
            tokio::time::sleep(HANGS_FOR).await;
            Ok(StatusCode::OK.into_response())
        }
    }
}

/// What has come in, newest first.
async fn show(State(inbox): State<Arc<Inbox>>) -> Response {
    let requests = inbox.contents().received.clone();
    let body = serde_json::json!({ "success": true, "requests": requests });
    json(&body)
}

/// Sets the answer for all that comes.
async fn tell(State(inbox): State<Arc<Inbox>>, body: Bytes) -> Result<Response, Problem> {
    let told: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
    let text = match &told["answer"] {
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    inbox.contents().answer = Answer::parse(&text).ok_or_else(unknown_answer)?;
    Ok(json(&serde_json::json!({ "success": true })))
}

/// Forgets what has come in.
async fn empty(State(inbox): State<Arc<Inbox>>) -> Response {
    inbox.contents().received.clear();
    json(&serde_json::json!({ "success": true }))
}

fn json(body: &serde_json::Value) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    (headers, body.to_string()).into_response()
}

fn unknown_answer() -> Problem {
    Problem::invalid("answer", "must be a status from 200 to 599, or \"hang\"")
}
