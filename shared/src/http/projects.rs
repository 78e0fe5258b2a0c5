//! `POST /projects`: a project is told to the endpoints that are subscribed to `project.created`.

use super::Api;
use super::answer::{Data, json, replayed, success_bytes};
use super::body::{ONE, Raw};
use super::idempotency::IdempotencyHeader;
use super::problem::Problem;
use crate::app::{Answered, Caller, CreatedProject};
use crate::domain::json::JsonText;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;

/// A project, as endpoints are told of it.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Project"))]
#[serde(rename_all = "camelCase")]
pub(super) struct ProjectView<'a> {
    /// `prj_…`
    id: &'a str,
    /// Its name.
    name: &'a str,
    /// What its owner says about it.
    description: Option<&'a str>,
    /// The caller's own object, as given.
    #[cfg_attr(test, schemars(with = "serde_json::Map<String, serde_json::Value>"))]
    settings: &'a JsonText,
    /// When it was created.
    created_at: String,
}

/// `POST /projects`: 201 with the project.
pub(super) async fn create(
    State(api): State<Api>,
    caller: Caller,
    idempotency: IdempotencyHeader,
    body: Raw<ONE>,
) -> Result<Response, Problem> {
    let once = idempotency.once(&caller, "POST /projects", &body.0);
    Ok(match api.app.create_project(caller.scope(), &body.json()?, once, render).await? {
        Answered::Before(answer) => replayed(StatusCode::CREATED, answer),
        Answered::Now(project) => json(StatusCode::CREATED, render(&project)),
    })
}

pub(super) fn render(project: &CreatedProject) -> Vec<u8> {
    let view = ProjectView {
        id: project.id.as_str(),
        name: &project.given.name,
        description: project.given.description.as_deref(),
        settings: &project.given.settings,
        created_at: project.created_at.to_iso(),
    };
    success_bytes(&Data::with_message(view, "the project was created"))
}
