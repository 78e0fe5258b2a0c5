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

#[derive(Serialize)]
struct EventType {
    event: &'static str,
    description: &'static str,
}

/// `GET /webhooks/events`
pub(super) async fn catalogue(_: Caller) -> Response {
    let types: Vec<_> = CATALOGUE.iter().map(|(event, description)| EventType { event, description }).collect();
    ok(Data::of(types)).into_response()
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SentEventView<'a> {
    event_id: &'a str,
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

fn render(sent: &SentEvent) -> Vec<u8> {
    success_bytes(&Data::of(SentEventView { event_id: sent.id.as_str(), triggered: sent.triggered }))
}
