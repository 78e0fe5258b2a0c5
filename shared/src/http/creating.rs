//! `POST /timers`, `POST /quick/wait` and `POST /timers/batch`.

use super::Api;
use super::answer::{json, ok, replayed, success_bytes};
use super::body::{BATCH, ONE, Raw};
use super::idempotency::IdempotencyHeader;
use super::problem::{ErrorObject, Problem};
use super::timers::OneTimer;
use crate::app::{Answered, Caller, Outcome, Usage};
use crate::domain::json::Json;
use crate::domain::timer::Timer;
use crate::domain::timer_view::TimerView;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::{Serialize, Serializer};
use std::sync::Arc;

/// The most timers in one batch.
pub(super) const LARGEST_BATCH: usize = 100;

/// A timer that was created, and how many more the account may have.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct CreatedTimer<'a> {
    pub(super) timer: TimerView<'a>,
    pub(super) usage: UsageView,
}

/// How much of its limits the account uses.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "TimerUsage"))]
pub(super) struct UsageView {
    concurrent: Concurrent,
}

/// Timers that run or are paused at once. −1 stands for no limit; then nothing is counted.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "ConcurrentTimers"))]
struct Concurrent {
    /// How many there may be, or −1.
    limit: i64,
    /// How many there are, this one included; absent without a limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    current: Option<u64>,
    /// How many more there may be, or −1.
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
            Ok(match usage {
                Some(usage) => success_bytes(&CreatedTimer { timer, usage: usage.into() }),
                None => success_bytes(&OneTimer { timer }),
            })
        }
        [Err(error)] => Err(Problem::from(&**error)),
        _ => Err(nothing_came()),
    }
}

fn nothing_came() -> Problem {
    Problem::new(super::problem::Code::InternalError, "the creation came to nothing: try again")
}

/// What became of each timer of a batch.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct BatchAnswer<'a> {
    /// One for each timer, in the order given.
    #[cfg_attr(test, schemars(with = "Vec<BatchResultView<'a>>"))]
    results: Vec<BatchResult<'a>>,
}

enum BatchResult<'a> {
    Created(&'a Timer),
    Refused(Problem),
}

/// What became of one timer of a batch: `timer` if it was created, else `error`.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "BatchResult"))]
struct BatchResultView<'a> {
    /// The status that `POST /timers` would have answered: 201 if it was created.
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    timer: Option<TimerView<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorObject<'a>>,
}

impl Serialize for BatchResult<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Created(timer) => {
                let timer = TimerView::at(timer, timer.created_at);
                BatchResultView { status: StatusCode::CREATED.as_u16(), timer: Some(timer), error: None }
            }
            Self::Refused(problem) => {
                BatchResultView { status: problem.status().as_u16(), timer: None, error: Some(problem.error()) }
            }
        }
        .serialize(serializer)
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

pub(super) fn batch_answer(outcomes: &[Outcome]) -> BatchAnswer<'_> {
    let results = outcomes.iter().map(|outcome| match outcome {
        Ok(timer) => BatchResult::Created(timer),
        Err(error) => BatchResult::Refused(Problem::from(&**error)),
    });
    BatchAnswer { results: results.collect() }
}
