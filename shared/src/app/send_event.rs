//! Accepting events: one write, from which they are fanned out.

use super::create::{Answered, Once};
use super::{App, Error, cause};
use crate::domain::account::Scope;
use crate::domain::catalogue::PROJECT_CREATED;
use crate::domain::event::Event;
use crate::domain::ids::{EventId, ProjectId};
use crate::domain::json::{Json, JsonText};
use crate::domain::new_event::{self, NewProject};
use crate::domain::time::Timestamp;
use crate::failpoint::{self, Failpoint};
use crate::ports::{Accepted, Unavailable};
use crate::webhook::event_payload::EventPayload;
use serde::Serialize;

/// An event that was accepted, now or before.
#[derive(Clone, Debug)]
pub struct SentEvent {
    /// Its id.
    pub id: EventId,
    /// How many endpoints it goes to: none if it was accepted before.
    pub triggered: usize,
    /// Whether it was accepted now.
    pub is_new: bool,
}

/// A project that was announced to endpoints.
#[derive(Clone, Debug)]
pub struct CreatedProject {
    /// Its id.
    pub id: ProjectId,
    /// What its owner said.
    pub given: NewProject,
    /// When it was created.
    pub created_at: Timestamp,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ProjectData<'a> {
    id: &'a str,
    name: &'a str,
    description: Option<&'a str>,
    settings: &'a JsonText,
    created_at: String,
}

impl App {
    /// Accepts the event in `body`: it reaches every endpoint that is subscribed and active now. `render` writes the answer
    /// that is remembered under the idempotency key.
    ///
    /// # Errors
    /// The event is wrong in itself or too large for one of the endpoints, its id stands for another one, or the key was used
    /// with another body.
    pub async fn send_event(
        &self,
        scope: &Scope,
        body: &Json,
        once: Option<Once>,
        render: impl Fn(&SentEvent) -> Vec<u8>,
    ) -> Result<Answered<SentEvent>, Error> {
        if let Some(answer) = self.answered_before(once.as_ref()).await? {
            return Ok(Answered::Before(answer));
        }
        let given = new_event::parse(body).map_err(Error::Faulty)?;
        let now = self.clock.now();
        let id = given.id.unwrap_or_else(|| self.fresh.event_id(now));
        let event = self.event(scope, id, given.event_type, given.data, now, "data").await?;
        let sent = SentEvent { id: event.id.clone(), triggered: event.targets.len(), is_new: true };
        Ok(match self.accept(event, once, render(&sent)).await? {
            Answered::Before(answer) => Answered::Before(answer),
            Answered::Now(true) => Answered::Now(sent),
            Answered::Now(false) => Answered::Now(SentEvent { triggered: 0, is_new: false, ..sent }),
        })
    }

    /// Announces the project in `body` to the endpoints that are subscribed to `project.created`.
    ///
    /// # Errors
    /// The project is wrong in itself, or the key was used with another body.
    pub async fn create_project(
        &self,
        scope: &Scope,
        body: &Json,
        once: Option<Once>,
        render: impl Fn(&CreatedProject) -> Vec<u8>,
    ) -> Result<Answered<CreatedProject>, Error> {
        if let Some(answer) = self.answered_before(once.as_ref()).await? {
            return Ok(Answered::Before(answer));
        }
        let given = new_event::parse_project(body).map_err(Error::Faulty)?;
        let now = self.clock.now();
        let project = CreatedProject { id: self.fresh.project_id(now), given, created_at: now };
        let data = JsonText::of(&ProjectData {
            id: project.id.as_str(),
            name: &project.given.name,
            description: project.given.description.as_deref(),
            settings: &project.given.settings,
            created_at: now.to_iso(),
        });
        let id = self.fresh.event_id(now);
        let event = self.event(scope, id, PROJECT_CREATED.to_owned(), data, now, "settings").await?;
        Ok(match self.accept(event, once, render(&project)).await? {
            Answered::Before(answer) => Answered::Before(answer),
            Answered::Now(_) => Answered::Now(project),
        })
    }

    /// An event to all that are subscribed, unless it is too large for one of them.
    async fn event(
        &self,
        scope: &Scope,
        id: EventId,
        event_type: String,
        data: JsonText,
        now: Timestamp,
        large: &str,
    ) -> Result<Event, Error> {
        let endpoints = self.store.endpoints(scope).await?;
        let reached: Vec<_> = endpoints.iter().filter(|endpoint| endpoint.takes(&event_type)).collect();
        let mut targets: Vec<_> = reached.iter().map(|endpoint| endpoint.id.clone()).collect();
        targets.sort();
        let event = Event { scope: scope.clone(), id, event_type, created_at: now, data, targets, expanded: 0 };
        EventPayload::new(&event).check_size(reached, large).map_err(Error::Faulty)?;
        Ok(event)
    }

    /// Whether the event is new.
    async fn accept(&self, event: Event, once: Option<Once>, answer: Vec<u8>) -> Result<Answered<bool>, Error> {
        let idempotency = once.clone().map(|once| once.remembering(event.created_at, move |_| Some(answer.clone())));
        match self.store.accept_event(event.clone(), idempotency).await? {
            Accepted::New => {
                failpoint::reached(Failpoint::AfterAccepting);
                self.tell(&[event]).await;
                Ok(Answered::Now(true))
            }
            Accepted::Known => Ok(Answered::Now(false)),
            Accepted::Taken => Err(Error::EventIdTaken(event.id)),
            Accepted::Remembered(known) => Once::answer(once.as_ref(), known).map(Answered::Before),
        }
    }

    /// Sees to it that events that were accepted are fanned out; what fails is left to the sweep.
    pub(super) async fn tell(&self, events: &[Event]) {
        if let Err(error) = self.hand_over(events).await {
            tracing::warn!(events = events.len(), error = %cause(&error), "events not queued: the sweep will find them");
        }
    }

    /// Hands events over to be fanned out, those that have targets without a delivery.
    pub(super) async fn hand_over(&self, events: &[Event]) -> Result<(), Unavailable> {
        let waiting = events.iter().filter(|event| !event.remaining().is_empty());
        let waiting: Vec<_> = waiting.map(|event| (event.scope.clone(), event.id.clone())).collect();
        if waiting.is_empty() { Ok(()) } else { self.queue.fan_out(&waiting).await }
    }
}
