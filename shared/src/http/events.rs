//! `POST /events` and the catalogue of event types.

use super::Api;
use super::answer::{Data, json, ok, replayed, success_bytes};
use super::body::{ONE, Raw};
use super::idempotency::IdempotencyHeader;
use super::problem::Problem;
use crate::app::{Answered, Caller, SentEvent};
use crate::domain::catalogue::CATALOGUE;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;

/// An event type that the service knows by name.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct EventType {
    /// As `session.started`.
    event: &'static str,
    /// What it means.
    description: &'static str,
}

/// Every type that the service knows.
pub(super) fn event_types() -> Data<Vec<EventType>> {
    Data::of(CATALOGUE.iter().map(|(event, description)| EventType { event, description }).collect())
}

/// `GET /webhooks/events`
pub(super) async fn catalogue(_: Caller) -> Response {
    ok(event_types()).into_response()
}

/// An event that was accepted.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "SentEvent"))]
#[serde(rename_all = "camelCase")]
pub(super) struct SentEventView<'a> {
    /// The id that every endpoint is told: `evt_…`, or what the caller chose.
    event_id: &'a str,
    /// How many endpoints are told; 0 if the same event was accepted before.
    triggered: usize,
}

/// `POST /events`: 202 when the event was accepted, 200 when it had been before.
pub(super) async fn send(
    State(api): State<Api>,
    caller: Caller,
    idempotency: IdempotencyHeader,
    body: Raw<ONE>,
) -> Result<Response, Problem> {
    let once = idempotency.once(&caller, "POST /events", &body.0);
    Ok(match api.app.send_event(caller.scope(), &body.json()?, once, render).await? {
        Answered::Before(answer) => replayed(StatusCode::ACCEPTED, answer),
        Answered::Now(sent) => json(if sent.is_new { StatusCode::ACCEPTED } else { StatusCode::OK }, render(&sent)),
    })
}

pub(super) fn render(sent: &SentEvent) -> Vec<u8> {
    success_bytes(&Data::of(SentEventView { event_id: sent.id.as_str(), triggered: sent.triggered }))
}
