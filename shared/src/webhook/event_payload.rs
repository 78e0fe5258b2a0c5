//! What endpoints are sent: an event in the form that each endpoint asks for, rendered once.

use super::chat::{discord, escape_slack, format_of, slack};
use super::payload::LARGEST_BODY;
use crate::domain::catalogue::{TIMER_CANCELLED, TIMER_CREATED, TIMER_EXPIRED, TIMER_PROGRESS};
use crate::domain::delivery::{Delivery, NewDelivery, Source};
use crate::domain::endpoint::{Endpoint, PayloadFormat};
use crate::domain::event::Event;
use crate::domain::events::Format;
use crate::domain::fault::{FaultCode, Faults};
use crate::domain::ids::DeliveryId;
use crate::domain::json::{Json, Object};
use sha2::{Digest as _, Sha256};

/// The form of a body: endpoints with the same one get the same bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Javascript,
    Python,
    Slack,
    Discord,
}

impl Form {
    fn of(endpoint: &Endpoint) -> Self {
        match (endpoint.format.unwrap_or_else(|| format_of(&endpoint.url)), endpoint.payload_format) {
            (Format::Slack, _) => Self::Slack,
            (Format::Discord, _) => Self::Discord,
            (Format::Json, PayloadFormat::Javascript) => Self::Javascript,
            (Format::Json, PayloadFormat::Python) => Self::Python,
        }
    }
}

/// An event's bodies, each form rendered when it is first asked for.
pub struct EventPayload<'a> {
    event: &'a Event,
    data: Json,
    rendered: Vec<(Form, String)>,
}

impl<'a> EventPayload<'a> {
    /// The payload of `event`.
    pub fn new(event: &'a Event) -> Self {
        Self { event, data: event.data.to_json(), rendered: Vec::new() }
    }

    /// The event's delivery to an endpoint: the same, wherever and however often it is worked out.
    pub fn delivery(&mut self, endpoint: &Endpoint) -> Delivery {
        let Event { scope, id, event_type, created_at, .. } = self.event;
        Delivery::from(NewDelivery {
            scope: scope.clone(),
            id: delivery_id(self.event, endpoint),
            source: Source::Endpoint { endpoint: endpoint.id.clone(), event: id.clone(), test: false },
            event: event_type.clone(),
            url: endpoint.url.clone(),
            headers: endpoint.headers.clone(),
            body: self.body(Form::of(endpoint)).into(),
            plan: endpoint.plan,
            at: *created_at,
        })
    }

    /// Refuses an event whose body would be too large for one of these endpoints; `path` names what makes it large.
    ///
    /// # Errors
    /// One fault, with the size that the body would have.
    pub fn check_size<'e>(
        &mut self,
        endpoints: impl IntoIterator<Item = &'e Endpoint>,
        path: &str,
    ) -> Result<(), Faults> {
        let sizes = endpoints.into_iter().map(|endpoint| self.body(Form::of(endpoint)).len());
        let bytes = sizes.max().unwrap_or(0);
        if bytes <= LARGEST_BODY {
            return Ok(());
        }
        let message = format!(
            "leads to a webhook of {bytes} bytes in an endpoint's form, more than the {LARGEST_BODY} that receivers are sure to take"
        );
        Err(Faults::one(FaultCode::PayloadTooLarge, path, message))
    }

    fn body(&mut self, form: Form) -> &str {
        let known = self.rendered.iter().position(|(known, _)| *known == form);
        let index = known.unwrap_or_else(|| {
            self.rendered.push((form, self.render(form)));
            self.rendered.len() - 1
        });
        &self.rendered[index].1
    }

    fn render(&self, form: Form) -> String {
        match form {
            Form::Javascript => self.whole().to_javascript(),
            Form::Python => self.whole().to_python(),
            Form::Slack => slack(&self.sentence(escape_slack), &self.data),
            Form::Discord => discord(&self.sentence(str::to_owned), &self.data),
        }
    }

    fn whole(&self) -> Json {
        let Event { id, event_type, created_at, .. } = self.event;
        Json::Object(Object::from([
            ("id".to_owned(), Json::String(id.as_str().to_owned())),
            ("type".to_owned(), Json::String(event_type.clone())),
            ("created".to_owned(), Json::String(created_at.to_iso())),
            ("data".to_owned(), self.data.clone()),
        ]))
    }

    /// What a chat shows: the data's own `message`, else a sentence made from the event. What callers wrote goes through
    /// `escape`, save the message, which is theirs to format.
    fn sentence(&self, escape: impl Fn(&str) -> String) -> String {
        let text = |of: &Json, name: &str| of.as_object()?.get(name)?.as_str().map(str::to_owned);
        if let Some(message) = text(&self.data, "message").filter(|message| !message.is_empty()) {
            return message;
        }
        let timer = self.data.as_object().and_then(|data| data.get("timer"));
        let timer_name = || timer.and_then(|timer| text(timer, "name")).map(|name| escape(&name)).unwrap_or_default();
        match self.event.event_type.as_str() {
            TIMER_CREATED => format!("Timer \"{}\" was created.", timer_name()),
            TIMER_PROGRESS => {
                let milestone = text(&self.data, "milestone").map(|label| escape(&label)).unwrap_or_default();
                format!("Timer \"{}\" has reached {milestone}.", timer_name())
            }
            TIMER_EXPIRED => format!("Timer \"{}\" has expired.", timer_name()),
            TIMER_CANCELLED => match timer.and_then(|timer| text(timer, "reason")) {
                Some(reason) => format!("Timer \"{}\" was cancelled: {}", timer_name(), escape(&reason)),
                None => format!("Timer \"{}\" was cancelled.", timer_name()),
            },
            other => match text(&self.data, "name").or_else(|| text(&self.data, "title")) {
                Some(name) => format!("{other}: {}", escape(&name)),
                None => other.to_owned(),
            },
        }
    }
}

fn delivery_id(event: &Event, endpoint: &Endpoint) -> DeliveryId {
    let mut digest = Sha256::new();
    let Event { scope, id, .. } = event;
    for part in [scope.account.as_str(), scope.mode.as_str(), id.as_str(), endpoint.id.as_str()] {
        digest.update(part.as_bytes());
        digest.update([0]);
    }
    DeliveryId::derive(event.created_at, &digest.finalize().into())
}

#[cfg(test)]
mod tests;
