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

/// An endpoint: a URL that subscribes to events.
// The contract's `W`.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Webhook"))]
#[serde(rename_all = "camelCase")]
pub(super) struct EndpointView<'a> {
    /// `whk_…`
    id: &'a str,
    /// What its owner calls it.
    name: &'a str,
    /// Where its deliveries go.
    url: &'a str,
    /// What it is told of: event types, families such as `session.*`, or `*`.
    #[cfg_attr(test, schemars(with = "Vec<Subscription>"))]
    events: &'a [Subscription],
    /// Whether new events reach it.
    active: bool,
    /// What its owner says about it.
    description: Option<&'a str>,
    /// The owner's own headers, sent with each attempt.
    #[serde(serialize_with = "as_object")]
    #[cfg_attr(test, schemars(with = "std::collections::BTreeMap<String, String>"))]
    headers: &'a [(String, String)],
    /// Attempts after the first one.
    max_retries: u32,
    /// Seconds from the end of the first attempt to the second; each further wait is five times as long, 12 hours at most.
    retry_delay: u64,
    /// Seconds that an attempt may take.
    timeout: u64,
    /// How bodies are written.
    payload_format: PayloadFormat,
    /// Overrides the form that the URL's host asks for; null if nothing does.
    format: Option<Format>,
    /// Signs its deliveries. Shown when it is created, and in no other answer; not in a replayed one either.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<&'a str>,
    /// The secret's last four characters.
    secret_preview: String,
    /// Why the service deactivated it, if it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    disabled_reason: Option<&'a str>,
    /// When it was last sent something.
    last_triggered_at: Option<String>,
    /// When it was created.
    created_at: String,
    /// When it last changed.
    updated_at: String,
}

impl<'a> EndpointView<'a> {
    pub(super) fn of(endpoint: &'a Endpoint, last_triggered_at: Option<Timestamp>) -> Self {
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

impl<'a> EndpointView<'a> {
    /// A new endpoint, with its secret.
    pub(super) fn with_secret(endpoint: &'a Endpoint) -> Self {
        Self { secret: Some(endpoint.secrets.current.reveal()), ..Self::of(endpoint, None) }
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

/// What is said of every endpoint that is created.
pub(super) const CREATED: &str = "the webhook was created; its secret is shown only now";
/// What is said of every endpoint that is changed.
pub(super) const CHANGED: &str = "the webhook was changed";
/// What is said of every endpoint that is deleted.
pub(super) const DELETED: &str = "the webhook was deleted; its deliveries stay readable";

/// `POST /webhooks`: 201 with the endpoint and its secret. A replay shows all but the secret.
pub(super) async fn create(
    State(api): State<Api>,
    caller: Caller,
    idempotency: IdempotencyHeader,
    body: Raw<ONE>,
) -> Result<Response, Problem> {
    let once = idempotency.once(&caller, "POST /webhooks", &body.0);
    let remembered =
        |endpoint: &Endpoint| success_bytes(&Data::with_message(EndpointView::of(endpoint, None), CREATED));
    Ok(match api.app.create_endpoint(caller.scope(), &body.json()?, once, remembered).await? {
        Answered::Before(answer) => replayed(StatusCode::CREATED, answer),
        Answered::Now(endpoint) => {
            let view = EndpointView::with_secret(&endpoint);
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
    Ok(ok(Data::with_message(EndpointView::from(&endpoint), CHANGED)).into_response())
}

/// The endpoint that was deleted.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "DeletedWebhook"))]
pub(super) struct DeletedEndpoint<'a> {
    /// Its id.
    pub(super) id: &'a str,
}

/// `DELETE /webhooks/{id}`
pub(super) async fn delete(State(api): State<Api>, caller: Caller, id: Id<EndpointId>) -> Result<Response, Problem> {
    api.app.delete_endpoint(caller.scope(), &id.0).await?;
    let deleted = DeletedEndpoint { id: id.0.as_str() };
    Ok(ok(Data::with_message(deleted, DELETED)).into_response())
}

/// An endpoint's new secret.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "RegeneratedSecret"))]
#[serde(rename_all = "camelCase")]
pub(super) struct NewSecret<'a> {
    /// The endpoint's id.
    pub(super) webhook_id: &'a str,
    /// The secret in force from now on. It is not shown again.
    pub(super) secret: &'a str,
    /// Until when the old secret signs beside the new one; absent without an overlap.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) previous_expires_at: Option<String>,
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

/// What became of a test send.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct TestAnswer<'a> {
    /// Whether the test was delivered.
    success: bool,
    data: TestResult<'a>,
}

/// What the receiver made of a test.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
struct TestResult<'a> {
    /// Whether the test was delivered.
    success: bool,
    /// The same in words.
    message: &'static str,
    /// The delivery, which stays readable.
    delivery_id: &'a str,
    /// The answer's status code, if there was an answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    response_code: Option<u16>,
    /// Milliseconds that the attempt took.
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_ms: Option<Millis>,
    /// Why it was not delivered.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
}

impl<'a> From<&'a Delivery> for TestAnswer<'a> {
    fn from(delivery: &'a Delivery) -> Self {
        let data = TestResult::from(delivery);
        Self { success: data.success, data }
    }
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
    Ok(json(StatusCode::OK, serde_json::to_vec(&TestAnswer::from(&delivery)).unwrap_or_default()))
}
