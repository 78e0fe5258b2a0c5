//! `POST /timers`, `POST /quick/wait` and `POST /timers/batch`.

use super::Api;
use super::answer::{json, ok, replayed, success_bytes};
use super::body::{BATCH, ONE, Raw};
use super::idempotency::IdempotencyHeader;
use super::problem::{ErrorObject, Problem};
use crate::app::{Answered, Caller, Outcome, Usage};
use crate::domain::json::Json;
use crate::domain::timer_view::TimerView;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::{Serialize, Serializer};
use std::sync::Arc;

/// The most timers in one batch.
const LARGEST_BATCH: usize = 100;

#[derive(Serialize)]
struct CreatedTimer<'a> {
    timer: TimerView<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<UsageView>,
}

#[derive(Serialize)]
struct UsageView {
    concurrent: Concurrent,
}

/// −1 stands for no limit; then nothing is counted.
#[derive(Serialize)]
struct Concurrent {
    limit: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    current: Option<u64>,
    remaining: i64,
}

impl From<Usage> for UsageView {
    fn from(usage: Usage) -> Self {
        let concurrent = match usage {
            Usage::Unlimited => Concurrent { limit: -1, current: None, remaining: -1 },
            Usage::Limited { limit, current } => Concurrent {
                limit: limit.into(),
                current: Some(current),
                remaining: i64::from(limit).saturating_sub_unsigned(current).max(0),
            },
        };
        Self { concurrent }
    }
}

/// `POST /timers`: 201 with the timer.
pub(super) async fn create(
    State(api): State<Api>,
    caller: Caller,
    idempotency: IdempotencyHeader,
    body: Raw<ONE>,
) -> Result<Response, Problem> {
    let once = idempotency.once(&caller, "POST /timers", &body.0);
    let render = |outcomes: &[Outcome], usage| answer_one(outcomes, Some(usage)).ok();
    one(&api, &caller, &body, once, StatusCode::CREATED, Arc::new(render)).await
}

/// `POST /quick/wait`: 200 with the timer.
pub(super) async fn quick_wait(
    State(api): State<Api>,
    caller: Caller,
    idempotency: IdempotencyHeader,
    body: Raw<ONE>,
) -> Result<Response, Problem> {
    let once = idempotency.once(&caller, "POST /quick/wait", &body.0);
    let render = |outcomes: &[Outcome], _| answer_one(outcomes, None).ok();
    one(&api, &caller, &body, once, StatusCode::OK, Arc::new(render)).await
}

async fn one(
    api: &Api,
    caller: &Caller,
    body: &Raw<ONE>,
    once: Option<crate::app::Once>,
    status: StatusCode,
    render: crate::app::Render,
) -> Result<Response, Problem> {
    if let Some(answer) = api.app.answered_before(once.as_ref()).await? {
        return Ok(replayed(status, answer));
    }
    let timer = body.json()?;
    match api.app.create(caller, &[&timer], once, Arc::clone(&render)).await? {
        Answered::Before(answer) => Ok(replayed(status, answer)),
        Answered::Now((outcomes, usage)) => match render(&outcomes, usage) {
            Some(answer) => Ok(json(status, answer)),
            None => Err(answer_one(&outcomes, None).err().unwrap_or_else(nothing_came)),
        },
    }
}

/// The answer to the creation of one timer, or why there is none.
fn answer_one(outcomes: &[Outcome], usage: Option<Usage>) -> Result<Vec<u8>, Problem> {
    match outcomes {
        [Ok(timer)] => {
            let timer = TimerView::at(timer, timer.created_at);
            Ok(success_bytes(&CreatedTimer { timer, usage: usage.map(UsageView::from) }))
        }
        [Err(error)] => Err(Problem::from(&**error)),
        _ => Err(nothing_came()),
    }
}

fn nothing_came() -> Problem {
    Problem::new(super::problem::Code::InternalError, "the creation came to nothing: try again")
}

#[derive(Serialize)]
struct BatchAnswer<'a> {
    results: Vec<BatchResult<'a>>,
}

enum BatchResult<'a> {
    Created(&'a crate::domain::timer::Timer),
    Refused(Problem),
}

impl Serialize for BatchResult<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Created<'a> {
            status: u16,
            timer: TimerView<'a>,
        }
        #[derive(Serialize)]
        struct Refused<'a> {
            status: u16,
            error: ErrorObject<'a>,
        }
        match self {
            Self::Created(timer) => {
                let timer = TimerView::at(timer, timer.created_at);
                Created { status: StatusCode::CREATED.as_u16(), timer }.serialize(serializer)
            }
            Self::Refused(problem) => {
                Refused { status: problem.status().as_u16(), error: problem.error() }.serialize(serializer)
            }
        }
    }
}

/// `POST /timers/batch`: 200 with what became of each, in order.
pub(super) async fn batch(
    State(api): State<Api>,
    caller: Caller,
    idempotency: IdempotencyHeader,
    body: Raw<BATCH>,
) -> Result<Response, Problem> {
    let once = idempotency.once(&caller, "POST /timers/batch", &body.0);
    if let Some(answer) = api.app.answered_before(once.as_ref()).await? {
        return Ok(replayed(StatusCode::OK, answer));
    }
    let given = body.json()?;
    let timers = match given.as_object().and_then(|members| members.get("timers")) {
        Some(Json::Array(timers)) if timers.len() <= LARGEST_BATCH => timers,
        Some(Json::Array(timers)) => {
            return Err(Problem::invalid("timers", &format!("must be at most {LARGEST_BATCH}, not {}", timers.len())));
        }
        _ => return Err(Problem::invalid("timers", "is required: an array of what POST /timers takes")),
    };
    let render = |outcomes: &[Outcome], _| Some(success_bytes(&batch_answer(outcomes)));
    let timers: Vec<&Json> = timers.iter().collect();
    match api.app.create(&caller, &timers, once, Arc::new(render)).await? {
        Answered::Before(answer) => Ok(replayed(StatusCode::OK, answer)),
        Answered::Now((outcomes, _)) => Ok(ok(batch_answer(&outcomes)).into_response()),
    }
}

fn batch_answer(outcomes: &[Outcome]) -> BatchAnswer<'_> {
    let results = outcomes.iter().map(|outcome| match outcome {
        Ok(timer) => BatchResult::Created(timer),
        Err(error) => BatchResult::Refused(Problem::from(&**error)),
    });
    BatchAnswer { results: results.collect() }
}
