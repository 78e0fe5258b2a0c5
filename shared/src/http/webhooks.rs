//! `/webhooks`: endpoints, their secrets, and test sends.

use super::Api;
use super::answer::{Data, json, ok, replayed, success_bytes};
use super::body::{ONE, Raw};
use super::idempotency::IdempotencyHeader;
use super::path::Id;
use super::problem::Problem;
use super::query::Query;
use crate::app::{Answered, Caller, EndpointInUse, Error};
use crate::domain::delivery::{Delivery, DeliveryStatus};
use crate::domain::endpoint::{Endpoint, PayloadFormat};
use crate::domain::events::Format;
use crate::domain::ids::EndpointId;
use crate::domain::secret::parse_overlap;
use crate::domain::subscription::Subscription;
use crate::domain::time::{Millis, Timestamp};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::{Serialize, Serializer};

/// The contract's `W`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EndpointView<'a> {
    id: &'a str,
    name: &'a str,
    url: &'a str,
    events: &'a [Subscription],
    active: bool,
    description: Option<&'a str>,
    #[serde(serialize_with = "as_object")]
    headers: &'a [(String, String)],
    max_retries: u32,
    retry_delay: u64,
    timeout: u64,
    payload_format: PayloadFormat,
    format: Option<Format>,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<&'a str>,
    secret_preview: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    disabled_reason: Option<&'a str>,
    last_triggered_at: Option<String>,
    created_at: String,
    updated_at: String,
}

impl<'a> EndpointView<'a> {
    fn of(endpoint: &'a Endpoint, last_triggered_at: Option<Timestamp>) -> Self {
        Self {
            id: endpoint.id.as_str(),
            name: &endpoint.name,
            url: &endpoint.url,
            events: &endpoint.events,
            active: endpoint.active,
            description: endpoint.description.as_deref(),
            headers: &endpoint.headers,
            max_retries: endpoint.plan.attempts.saturating_sub(1),
            retry_delay: in_seconds(endpoint.plan.first_wait),
            timeout: in_seconds(endpoint.timeout),
            payload_format: endpoint.payload_format,
            format: endpoint.format,
            secret: None,
            secret_preview: endpoint.secrets.current.preview(),
            disabled_reason: endpoint.disabled_reason.as_deref(),
            last_triggered_at: last_triggered_at.map(Timestamp::to_iso),
            created_at: endpoint.created_at.to_iso(),
            updated_at: endpoint.updated_at.to_iso(),
        }
    }
}

impl<'a> From<&'a EndpointInUse> for EndpointView<'a> {
    fn from(used: &'a EndpointInUse) -> Self {
        Self::of(&used.endpoint, used.last_triggered_at)
    }
}

fn in_seconds(span: Millis) -> u64 {
    span.0 / Millis::SECOND.0
}

fn as_object<S: Serializer>(headers: &&[(String, String)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(headers.iter().map(|(name, value)| (name, value)))
}

/// `POST /webhooks`: 201 with the endpoint and its secret. A replay shows all but the secret.
pub(super) async fn create(
    State(api): State<Api>,
    caller: Caller,
    idempotency: IdempotencyHeader,
    body: Raw<ONE>,
) -> Result<Response, Problem> {
    const CREATED: &str = "the webhook was created; its secret is shown only now";
    let once = idempotency.once(&caller, "POST /webhooks", &body.0);
    let remembered =
        |endpoint: &Endpoint| success_bytes(&Data::with_message(EndpointView::of(endpoint, None), CREATED));
    Ok(match api.app.create_endpoint(caller.scope(), &body.json()?, once, remembered).await? {
        Answered::Before(answer) => replayed(StatusCode::CREATED, answer),
        Answered::Now(endpoint) => {
            let secret = Some(endpoint.secrets.current.reveal());
            let view = EndpointView { secret, ..EndpointView::of(&endpoint, None) };
            json(StatusCode::CREATED, success_bytes(&Data::with_message(view, CREATED)))
        }
    })
}

/// `GET /webhooks`: those that are active, or all with `?includeInactive=true`.
pub(super) async fn list(State(api): State<Api>, caller: Caller, query: Query) -> Result<Response, Problem> {
    let endpoints = api.app.endpoints(caller.scope(), query.flag("includeInactive")?).await?;
    let views: Vec<_> = endpoints.iter().map(EndpointView::from).collect();
    Ok(ok(Data::of(views)).into_response())
}

/// `GET /webhooks/{id}`
pub(super) async fn get(State(api): State<Api>, caller: Caller, id: Id<EndpointId>) -> Result<Response, Problem> {
    let endpoint = api.app.endpoint(caller.scope(), &id.0).await?;
    Ok(ok(Data::of(EndpointView::from(&endpoint))).into_response())
}

/// `PUT` and `PATCH /webhooks/{id}`: what is not given stays as it is.
pub(super) async fn change(
    State(api): State<Api>,
    caller: Caller,
    id: Id<EndpointId>,
    body: Raw<ONE>,
) -> Result<Response, Problem> {
    let endpoint = api.app.change_endpoint(caller.scope(), &id.0, &body.json()?).await?;
    Ok(ok(Data::with_message(EndpointView::from(&endpoint), "the webhook was changed")).into_response())
}

#[derive(Serialize)]
struct DeletedEndpoint<'a> {
    id: &'a str,
}

/// `DELETE /webhooks/{id}`
pub(super) async fn delete(State(api): State<Api>, caller: Caller, id: Id<EndpointId>) -> Result<Response, Problem> {
    api.app.delete_endpoint(caller.scope(), &id.0).await?;
    let deleted = DeletedEndpoint { id: id.0.as_str() };
    Ok(ok(Data::with_message(deleted, "the webhook was deleted; its deliveries stay readable")).into_response())
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NewSecret<'a> {
    webhook_id: &'a str,
    secret: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_expires_at: Option<String>,
}

/// `POST /webhooks/{id}/regenerate-secret`
pub(super) async fn regenerate_secret(
    State(api): State<Api>,
    caller: Caller,
    id: Id<EndpointId>,
    body: Raw<ONE>,
) -> Result<Response, Problem> {
    let overlap = parse_overlap(&body.optional_object()?).map_err(Error::Faulty)?;
    let secrets = api.app.rotate_endpoint_secret(caller.scope(), &id.0, overlap).await?;
    let data = NewSecret {
        webhook_id: id.0.as_str(),
        secret: secrets.current.reveal(),
        previous_expires_at: secrets.previous.as_ref().map(|previous| previous.expires_at.to_iso()),
    };
    Ok(ok(Data::of(data)).into_response())
}

/// The answer to a test send says in `success` whether it was delivered.
#[derive(Serialize)]
struct TestAnswer<'a> {
    success: bool,
    data: TestResult<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TestResult<'a> {
    success: bool,
    message: &'static str,
    delivery_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_code: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_ms: Option<Millis>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
}

impl<'a> From<&'a Delivery> for TestResult<'a> {
    fn from(delivery: &'a Delivery) -> Self {
        let success = delivery.status == DeliveryStatus::Success;
        Self {
            success,
            message: if success { "the test was delivered" } else { "the test was not delivered" },
            delivery_id: delivery.id.as_str(),
            response_code: delivery.response_code(),
            duration_ms: delivery.attempts.last().map(|attempt| attempt.duration_ms),
            error: delivery.error.as_deref(),
        }
    }
}

/// `POST /webhooks/{id}/test`: 200 whether it was delivered or not.
pub(super) async fn test(State(api): State<Api>, caller: Caller, id: Id<EndpointId>) -> Result<Response, Problem> {
    let delivery = api.app.test_send(caller.scope(), &id.0).await?;
    let data = TestResult::from(&delivery);
    let answer = TestAnswer { success: data.success, data };
    Ok(json(StatusCode::OK, serde_json::to_vec(&answer).unwrap_or_default()))
}
