//! Deliveries: each with every attempt, their figures, and sending them again.

use super::Api;
use super::answer::{Data, ok};
use super::body::{ONE, Raw};
use super::path::Id;
use super::problem::Problem;
use super::query::{Cursor, Query};
use crate::app::{Caller, ReplayedFailures};
use crate::domain::delivery::{Attempt, Delivery, DeliveryStatus, Source};
use crate::domain::figures::DeliveryCounts;
use crate::domain::ids::{DeliveryId, EndpointId};
use crate::domain::json::Json;
use crate::domain::time::{Millis, Timestamp};
use crate::ports::DeliveryQuery;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;

/// The contract's `D`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DeliveryView<'a> {
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    webhook_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timer_id: Option<&'a str>,
    event_id: Option<&'a str>,
    event_type: &'a str,
    url: String,
    status: DeliveryStatus,
    attempts: usize,
    max_attempts: u32,
    response_code: Option<u16>,
    response_body: Option<&'a str>,
    error_message: Option<&'a str>,
    next_retry_at: Option<String>,
    last_attempt_at: Option<String>,
    delivered_at: Option<String>,
    created_at: String,
    attempt_log: Vec<AttemptView<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AttemptView<'a> {
    attempt: u32,
    due_at: String,
    sent_at: String,
    duration_ms: Millis,
    response_code: Option<u16>,
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

/// `POST /deliveries/{id}/retry`
pub(super) async fn retry(State(api): State<Api>, caller: Caller, id: Id<DeliveryId>) -> Result<Response, Problem> {
    let delivery = api.app.replay(caller.scope(), &id.0).await?;
    Ok(ok(Data::with_message(DeliveryView::from(&delivery), "the delivery is sent again")).into_response())
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DeliveryList<'a> {
    data: Vec<DeliveryView<'a>>,
    count: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
    pagination: Pagination,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Pagination {
    limit: usize,
    next_cursor: Option<String>,
}

/// `GET /webhooks/{id}/deliveries`
pub(super) async fn list(
    State(api): State<Api>,
    caller: Caller,
    id: Id<EndpointId>,
    query: Query,
) -> Result<Response, Problem> {
    let limit = query.limit()?;
    let wanted = DeliveryQuery {
        endpoint: None,
        status: query.get("status").map(status).transpose()?,
        after: query.cursor()?.map(Into::into),
        limit,
    };
    let page = api.app.endpoint_deliveries(caller.scope(), &id.0, &wanted).await?;
    let next_cursor = page.next.as_ref().map(|next| Cursor::from(next).write());
    Ok(ok(DeliveryList {
        data: page.deliveries.iter().map(DeliveryView::from).collect(),
        count: page.deliveries.len(),
        next_cursor: next_cursor.clone(),
        pagination: Pagination { limit, next_cursor },
    })
    .into_response())
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

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Statistics<'a> {
    total_deliveries: u64,
    successful_deliveries: u64,
    failed_deliveries: u64,
    pending_deliveries: u64,
    success_rate: f64,
    latency: Latency,
    recent_deliveries: Vec<DeliveryView<'a>>,
}

#[derive(Serialize)]
struct Latency {
    p50: Option<Millis>,
    p99: Option<Millis>,
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

#[derive(Serialize)]
struct QueueStatistics {
    waiting: u64,
    active: u64,
    delayed: u64,
    completed: u64,
    failed: u64,
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

#[derive(Serialize)]
struct Retried {
    retried: usize,
    /// Failed deliveries may be left: the same call goes on with them.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    more: bool,
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
