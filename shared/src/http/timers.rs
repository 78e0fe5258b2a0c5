//! `/timers` and `/timers/{id}`: reading, changing and ending.

use super::Api;
use super::answer::ok;
use super::body::{ONE, Raw};
use super::path::Id;
use super::problem::Problem;
use super::query::{Cursor, Query};
use crate::app::Caller;
use crate::domain::delivery::{Delivery, DeliveryStatus};
use crate::domain::fields::Fields;
use crate::domain::ids::TimerId;
use crate::domain::json::Json;
use crate::domain::time::Timestamp;
use crate::domain::timer::{Labels, Status, Timer};
use crate::domain::timer_view::TimerView;
use crate::domain::transition::LONGEST_REASON;
use crate::ports::TimerQuery;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;

/// A timer, after it was read or changed.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct OneTimer<'a> {
    pub(super) timer: TimerView<'a>,
}

/// A timer that is cancelled now.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct CancelledTimer<'a> {
    pub(super) timer: TimerView<'a>,
    /// What was done, in words.
    pub(super) message: &'static str,
}

/// What is said of every timer that is cancelled.
pub(super) const CANCELLED: &str = "the timer is cancelled";

/// A timer, and what became of its webhooks.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct TimerWithDeliveries<'a> {
    pub(super) timer: TimerView<'a>,
    /// One for each event that was due and has a webhook, oldest first.
    pub(super) deliveries: Vec<DeliverySummary<'a>>,
}

/// Where the delivery of one event stands. `GET /deliveries/{id}` says more.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(super) struct DeliverySummary<'a> {
    /// The delivery's id: the `webhook-id` of each of its attempts.
    id: &'a str,
    /// `timer_progress`, `timer_expired` or `timer_cancelled`.
    event: &'a str,
    status: DeliveryStatus,
    /// How many attempts were made.
    attempts: usize,
    /// The last answer's status code, if there was an answer.
    response_code: Option<u16>,
    /// When the next attempt is due, if there will be one.
    next_retry_at: Option<String>,
}

impl<'a> From<&'a Delivery> for DeliverySummary<'a> {
    fn from(delivery: &'a Delivery) -> Self {
        let attempts = delivery.attempts.len();
        Self {
            id: delivery.id.as_str(),
            event: &delivery.event,
            status: delivery.status,
            attempts,
            response_code: delivery.response_code(),
            next_retry_at: delivery.next_retry_at().map(Timestamp::to_iso),
        }
    }
}

impl Api {
    fn answer(&self, timer: &Timer) -> Response {
        let timer = TimerView::at(timer, self.app.clock().now());
        ok(OneTimer { timer }).into_response()
    }
}

/// `GET /timers/{id}`
pub(super) async fn get(State(api): State<Api>, caller: Caller, id: Id<TimerId>) -> Result<Response, Problem> {
    let found = api.app.timer(caller.scope(), &id.0).await?;
    let timer = TimerView::at(&found.timer, api.app.clock().now());
    let deliveries = found.deliveries.iter().map(DeliverySummary::from).collect();
    Ok(ok(TimerWithDeliveries { timer, deliveries }).into_response())
}

/// `PATCH /timers/{id}`
pub(super) async fn change(
    State(api): State<Api>,
    caller: Caller,
    id: Id<TimerId>,
    body: Raw<ONE>,
) -> Result<Response, Problem> {
    Ok(api.answer(&api.app.change(caller.scope(), &id.0, &body.json()?).await?))
}

/// `POST /timers/{id}/pause`
pub(super) async fn pause(State(api): State<Api>, caller: Caller, id: Id<TimerId>) -> Result<Response, Problem> {
    Ok(api.answer(&api.app.pause(caller.scope(), &id.0).await?))
}

/// `POST /timers/{id}/resume`
pub(super) async fn resume(State(api): State<Api>, caller: Caller, id: Id<TimerId>) -> Result<Response, Problem> {
    Ok(api.answer(&api.app.resume(caller.scope(), &id.0).await?))
}

/// `POST /timers/{id}/fire`
pub(super) async fn fire(State(api): State<Api>, caller: Caller, id: Id<TimerId>) -> Result<Response, Problem> {
    Ok(api.answer(&api.app.fire(caller.scope(), &id.0).await?))
}

/// `DELETE /timers/{id}`
pub(super) async fn cancel(
    State(api): State<Api>,
    caller: Caller,
    id: Id<TimerId>,
    body: Raw<ONE>,
) -> Result<Response, Problem> {
    let reason = reason(&body)?;
    let timer = api.app.cancel(caller.scope(), &id.0, reason).await?;
    let timer = TimerView::at(&timer, api.app.clock().now());
    Ok(ok(CancelledTimer { timer, message: CANCELLED }).into_response())
}

/// Why the caller cancels. A body that can't be read is no reason, and no ground to let the timer run on.
fn reason(body: &Raw<ONE>) -> Result<Option<String>, Problem> {
    let Ok(Json::Object(members)) = body.json() else { return Ok(None) };
    match Fields::root(&members).get("reason") {
        None => Ok(None),
        Some(Json::String(reason)) if reason.len() <= LONGEST_REASON => Ok(Some(reason.clone())),
        Some(Json::String(_)) => {
            Err(Problem::invalid("reason", &format!("must be at most {LONGEST_REASON} bytes of UTF-8")))
        }
        Some(other) => Err(Problem::invalid("reason", &format!("must be a string, not {}", other.kind()))),
    }
}

/// A page of timers, newest first.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(super) struct TimerList<'a> {
    pub(super) timers: Vec<TimerView<'a>>,
    /// How many are on this page.
    pub(super) count: usize,
    /// Hand it back as `cursor` for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next_cursor: Option<String>,
}

/// `GET /timers`
pub(super) async fn list(State(api): State<Api>, caller: Caller, query: Query) -> Result<Response, Problem> {
    let label = |name: &str| query.get(name).map(str::to_owned);
    let wanted = TimerQuery {
        status: query.get("status").map(status).transpose()?,
        labels: Labels {
            agent_id: label("agent_id").or_else(|| label("agentId")),
            team: label("team"),
            scenario: label("scenario"),
            organization_id: label("organizationId"),
            project_id: label("projectId"),
        },
        after: query.cursor()?.map(Into::into),
        limit: query.limit()?,
    };
    let page = api.app.timers(caller.scope(), &wanted).await?;
    let now = api.app.clock().now();
    Ok(ok(TimerList {
        timers: page.timers.iter().map(|timer| TimerView::at(timer, now)).collect(),
        count: page.timers.len(),
        next_cursor: page.next.as_ref().map(|next| Cursor::from(next).write()),
    })
    .into_response())
}

fn status(text: &str) -> Result<Status, Problem> {
    let known = Status::ALL.into_iter().find(|status| status.as_str() == text);
    known.ok_or_else(|| Problem::invalid("status", "must be running, paused, expired or cancelled"))
}
