//! Deliveries: each with every attempt, their figures, and sending them again.

use super::Api;
use super::answer::{Data, ok};
use super::body::{ONE, Raw};
use super::path::Id;
use super::problem::Problem;
use super::query::{Cursor, Query};
use crate::app::{Caller, ReplayedFailures};
use crate::domain::attempt::Attempt;
use crate::domain::delivery::{Delivery, DeliveryStatus, Source};
use crate::domain::figures::DeliveryCounts;
use crate::domain::ids::{DeliveryId, EndpointId};
use crate::domain::json::Json;
use crate::domain::time::{Millis, Timestamp};
use crate::ports::{DeliveryPage, DeliveryQuery};
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;

/// One event on its way to one URL, with every attempt.
// The contract's `D`.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Delivery"))]
#[serde(rename_all = "camelCase")]
pub(super) struct DeliveryView<'a> {
    /// `del_…`: the `webhook-id` of each of its attempts.
    id: &'a str,
    /// The endpoint that it goes to; absent for a timer's own webhook.
    #[serde(skip_serializing_if = "Option::is_none")]
    webhook_id: Option<&'a str>,
    /// The timer whose own webhook it is; absent for an endpoint's.
    #[serde(skip_serializing_if = "Option::is_none")]
    timer_id: Option<&'a str>,
    /// The event; null for a timer's own webhook.
    event_id: Option<&'a str>,
    /// As `session.started`; of a timer's own webhook `timer_progress`, `timer_expired` or `timer_cancelled`.
    event_type: &'a str,
    /// Where it goes, without user name and query.
    url: String,
    status: DeliveryStatus,
    /// How many attempts were made.
    attempts: usize,
    /// How many attempts there will be at most; sending it again adds a whole new plan.
    max_attempts: u32,
    /// The last answer's status code, if there was an answer.
    response_code: Option<u16>,
    /// The first 10,000 characters of the last answer's body.
    response_body: Option<&'a str>,
    /// Why it failed, or else why its last attempt did.
    error_message: Option<&'a str>,
    /// When the next attempt is due, if there will be one.
    next_retry_at: Option<String>,
    /// When the last attempt began.
    last_attempt_at: Option<String>,
    /// When its receiver took it.
    delivered_at: Option<String>,
    /// When its event was due.
    created_at: String,
    /// Every attempt that has ended, oldest first.
    attempt_log: Vec<AttemptView<'a>>,
}

/// One attempt that has ended.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Attempt"))]
#[serde(rename_all = "camelCase")]
struct AttemptView<'a> {
    /// Its number, from 1.
    attempt: u32,
    /// When it was due.
    due_at: String,
    /// When it began.
    sent_at: String,
    /// Milliseconds that it took.
    duration_ms: Millis,
    /// The answer's status code, if there was an answer.
    response_code: Option<u16>,
    /// Why it failed, if it did.
    error: Option<&'a str>,
}

impl<'a> From<&'a Attempt> for AttemptView<'a> {
    fn from(attempt: &'a Attempt) -> Self {
        Self {
            attempt: attempt.attempt,
            due_at: attempt.due_at.to_iso(),
            sent_at: attempt.sent_at.to_iso(),
            duration_ms: attempt.duration_ms,
            response_code: attempt.response_code,
            error: attempt.error.as_deref(),
        }
    }
}

impl<'a> From<&'a Delivery> for DeliveryView<'a> {
    fn from(delivery: &'a Delivery) -> Self {
        let event_id = match &delivery.source {
            Source::Timer(_) => None,
            Source::Endpoint { event, .. } => Some(event.as_str()),
        };
        let is_delivered = delivery.status == DeliveryStatus::Success;
        Self {
            id: delivery.id.as_str(),
            webhook_id: delivery.source.endpoint().map(EndpointId::as_str),
            timer_id: delivery.source.timer().map(crate::domain::ids::TimerId::as_str),
            event_id,
            event_type: &delivery.event,
            url: delivery.public_url(),
            status: delivery.status,
            attempts: delivery.attempts.len(),
            max_attempts: delivery.most_attempts(),
            response_code: delivery.response_code(),
            response_body: delivery.response_body.as_deref(),
            error_message: delivery.error_message(),
            next_retry_at: delivery.next_retry_at().map(Timestamp::to_iso),
            last_attempt_at: delivery.attempts.last().map(|attempt| attempt.sent_at.to_iso()),
            delivered_at: delivery.ended_at.filter(|_| is_delivered).map(Timestamp::to_iso),
            created_at: delivery.created_at.to_iso(),
            attempt_log: delivery.attempts.iter().map(AttemptView::from).collect(),
        }
    }
}

/// `GET /deliveries/{id}`
pub(super) async fn get(State(api): State<Api>, caller: Caller, id: Id<DeliveryId>) -> Result<Response, Problem> {
    let delivery = api.app.delivery(caller.scope(), &id.0).await?;
    Ok(ok(Data::of(DeliveryView::from(&delivery))).into_response())
}

/// What is said of every delivery that is sent again.
pub(super) const SENT_AGAIN: &str = "the delivery is sent again";

/// `POST /deliveries/{id}/retry`
pub(super) async fn retry(State(api): State<Api>, caller: Caller, id: Id<DeliveryId>) -> Result<Response, Problem> {
    let delivery = api.app.replay(caller.scope(), &id.0).await?;
    Ok(ok(Data::with_message(DeliveryView::from(&delivery), SENT_AGAIN)).into_response())
}

/// A page of deliveries, newest first.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(super) struct DeliveryList<'a> {
    pub(super) data: Vec<DeliveryView<'a>>,
    /// How many are on this page.
    pub(super) count: usize,
    /// Hand it back as `cursor` for the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next_cursor: Option<String>,
    pub(super) pagination: Pagination,
}

/// How the list is cut into pages.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub(super) struct Pagination {
    /// The most that a page has.
    pub(super) limit: usize,
    /// As beside `data`; null on the last page.
    pub(super) next_cursor: Option<String>,
}

/// `GET /deliveries`: all of the caller's, its timers' too.
pub(super) async fn all(State(api): State<Api>, caller: Caller, query: Query) -> Result<Response, Problem> {
    let wanted = wanted(&query)?;
    Ok(answer(&api.app.deliveries(caller.scope(), &wanted).await?, wanted.limit))
}

/// `GET /webhooks/{id}/deliveries`
pub(super) async fn list(
    State(api): State<Api>,
    caller: Caller,
    id: Id<EndpointId>,
    query: Query,
) -> Result<Response, Problem> {
    let wanted = wanted(&query)?;
    Ok(answer(&api.app.endpoint_deliveries(caller.scope(), &id.0, &wanted).await?, wanted.limit))
}

fn wanted(query: &Query) -> Result<DeliveryQuery, Problem> {
    Ok(DeliveryQuery {
        endpoint: None,
        status: query.get("status").map(status).transpose()?,
        after: query.cursor()?.map(Into::into),
        limit: query.limit()?,
    })
}

fn answer(page: &DeliveryPage, limit: usize) -> Response {
    let next_cursor = page.next.as_ref().map(|next| Cursor::from(next).write());
    ok(DeliveryList {
        data: page.deliveries.iter().map(DeliveryView::from).collect(),
        count: page.deliveries.len(),
        next_cursor: next_cursor.clone(),
        pagination: Pagination { limit, next_cursor },
    })
    .into_response()
}

fn status(text: &str) -> Result<DeliveryStatus, Problem> {
    match text {
        "PENDING" => Ok(DeliveryStatus::Pending),
        "SENDING" => Ok(DeliveryStatus::Sending),
        "RETRYING" => Ok(DeliveryStatus::Retrying),
        "SUCCESS" => Ok(DeliveryStatus::Success),
        "FAILED" => Ok(DeliveryStatus::Failed),
        _ => Err(Problem::invalid("status", "must be PENDING, SENDING, RETRYING, SUCCESS or FAILED")),
    }
}

/// Figures of an endpoint's deliveries, tests left out.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "WebhookStatistics"))]
#[serde(rename_all = "camelCase")]
pub(super) struct Statistics<'a> {
    /// All deliveries.
    pub(super) total_deliveries: u64,
    /// Those that were taken.
    pub(super) successful_deliveries: u64,
    /// Those that were given up.
    pub(super) failed_deliveries: u64,
    /// Those that may still be attempted.
    pub(super) pending_deliveries: u64,
    /// Percent of those that have ended, with two decimals; 0 if none has.
    #[cfg_attr(test, schemars(range(min = 0, max = 100)))]
    pub(super) success_rate: f64,
    pub(super) latency: Latency,
    /// The ten newest deliveries.
    pub(super) recent_deliveries: Vec<DeliveryView<'a>>,
}

/// How long answers took, in milliseconds, at most a fifth too high; null if there was none.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Latency {
    /// Half of the answers took no longer.
    pub(super) p50: Option<Millis>,
    /// 99 of 100 answers took no longer.
    pub(super) p99: Option<Millis>,
}

/// `GET /webhooks/{id}/stats`
pub(super) async fn statistics(
    State(api): State<Api>,
    caller: Caller,
    id: Id<EndpointId>,
) -> Result<Response, Problem> {
    let found = api.app.endpoint_statistics(caller.scope(), &id.0).await?;
    let (counts, latencies) = (found.figures.counts, &found.figures.latencies);
    let data = Statistics {
        total_deliveries: counts.total(),
        successful_deliveries: counts.succeeded,
        failed_deliveries: counts.failed,
        pending_deliveries: counts.open(),
        success_rate: counts.success_rate(),
        latency: Latency { p50: latencies.percentile(50), p99: latencies.percentile(99) },
        recent_deliveries: found.recent.iter().map(DeliveryView::from).collect(),
    };
    Ok(ok(Data::of(data)).into_response())
}

/// The caller's deliveries by where they stand, tests left out.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct QueueStatistics {
    /// Not attempted yet.
    waiting: u64,
    /// Being attempted, where that is counted.
    active: u64,
    /// Between two attempts.
    delayed: u64,
    /// Taken by their receivers.
    completed: u64,
    /// Given up.
    failed: u64,
    /// All of them.
    total: u64,
}

impl From<DeliveryCounts> for QueueStatistics {
    fn from(counts: DeliveryCounts) -> Self {
        let DeliveryCounts { pending, sending, retrying, succeeded, failed } = counts;
        Self {
            waiting: pending,
            active: sending,
            delayed: retrying,
            completed: succeeded,
            failed,
            total: counts.total(),
        }
    }
}

/// `GET /webhooks/queue/stats`
pub(super) async fn queue(State(api): State<Api>, caller: Caller) -> Result<Response, Problem> {
    let counts = api.app.delivery_counts(caller.scope()).await?;
    Ok(ok(Data::of(QueueStatistics::from(counts))).into_response())
}

/// How many deliveries are sent again.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "RetriedDeliveries"))]
pub(super) struct Retried {
    /// Their number.
    pub(super) retried: usize,
    /// Whether failed deliveries may be left, since time was up: the same call goes on with them.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) more: bool,
}

/// `POST /webhooks/queue/retry-failed`
pub(super) async fn retry_failed(State(api): State<Api>, caller: Caller, body: Raw<ONE>) -> Result<Response, Problem> {
    let members = body.optional_object()?;
    let endpoint = match members.get("webhookId") {
        None | Some(Json::Null) => None,
        Some(Json::String(id)) => Some(EndpointId::new(id.clone())),
        Some(other) => {
            let message = format!("must be a webhook's id in a string, not {}", other.kind());
            return Err(Problem::invalid("webhookId", &message));
        }
    };
    let ReplayedFailures { retried, more } = api.app.replay_failed(caller.scope(), endpoint.as_ref()).await?;
    let deliveries = if retried == 1 { "delivery is" } else { "deliveries are" };
    let rest = if more { "; there may be more: call again" } else { "" };
    let message = format!("{retried} failed {deliveries} sent again{rest}");
    Ok(ok(Data::with_message(Retried { retried, more }, message)).into_response())
}
