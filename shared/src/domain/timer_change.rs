//! Reading `PATCH /timers/{id}`.

use super::duration::{self};
use super::events::Events;
use super::fault::{FaultCode, Faults};
use super::fields::{Fields, SHORT_TEXT};
use super::json::{Json, JsonText, Object};
use super::new_timer::parse_instant;
use super::time::{Millis, Timestamp};
use crate::webhook::guard::UrlPolicy;

/// What is to become of a timer. `None` leaves a field as it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TimerChange {
    /// A new name; `Some(None)` returns to the default.
    pub name: Option<Option<String>>,
    /// New metadata.
    pub metadata: Option<JsonText>,
    /// New events.
    pub events: Option<Events>,
    /// A new end.
    pub end: Option<NewEnd>,
}

/// How a timer's end moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewEnd {
    /// This long from now; the start is now too.
    Duration(Millis),
    /// At this instant.
    At(Timestamp),
    /// Later by this much.
    Later(Millis),
    /// Earlier by this much.
    Earlier(Millis),
}

impl NewEnd {
    /// The field that asked for it.
    pub fn field(self) -> &'static str {
        match self {
            Self::Duration(_) => "duration",
            Self::At(_) => "expiresAt",
            Self::Later(_) | Self::Earlier(_) => "extend",
        }
    }
}

/// What a timer keeps for life.
pub const FIXED: [&str; 8] = ["id", "agent_id", "agentId", "team", "scenario", "organizationId", "projectId", "status"];

/// What `POST /timers` takes at the top level in the stead of `on_expire`: a change that ignored it would lose a webhook.
pub const SHORTHANDS: [&str; 5] = ["webhook", "callback", "format", "message", "data"];

/// Reads a change. `null` takes a field back to its default.
///
/// # Errors
/// Every fault.
pub fn parse(body: &Json, policy: &UrlPolicy) -> Result<TimerChange, Faults> {
    let Some(members) = body.as_object() else {
        return Err(Faults::one(
            FaultCode::InvalidRequest,
            "",
            format!("the body must be a JSON object, not {}", body.kind()),
        ));
    };
    let fields = Fields::root(members);
    let mut faults = Faults::default();
    let end = parse_end(&fields, &mut faults);
    let name = members.contains_key("name").then(|| fields.text("name", SHORT_TEXT, &mut faults));
    let metadata = members
        .contains_key("metadata")
        .then(|| fields.data("metadata", &mut faults).unwrap_or_else(JsonText::empty_object));
    let events = members.contains_key("events").then(|| {
        let empty = Object::new();
        let given = fields.get("events").cloned().unwrap_or_else(|| Json::Object(Object::new()));
        let nested = fields.object("events", &mut faults).unwrap_or_else(|| Fields::root(&empty));
        Events::parse(&given, &nested, Some(policy), &mut faults)
    });
    for name in FIXED.into_iter().filter(|name| members.contains_key(*name)) {
        faults.invalid(name, "can't be changed; name, metadata, events, duration, expiresAt and extend can");
    }
    for name in SHORTHANDS.into_iter().filter(|name| members.contains_key(*name)) {
        faults.invalid(name, "is a shorthand for a new timer's on_expire; here, give events as a whole");
    }
    faults.check(TimerChange { name, metadata, events, end })
}

fn parse_end(fields: &Fields<'_>, faults: &mut Faults) -> Option<NewEnd> {
    let given: Vec<&str> =
        ["duration", "expiresAt", "extend"].into_iter().filter(|key| fields.get(key).is_some()).collect();
    if let [first, second, ..] = given[..] {
        faults.add(FaultCode::InvalidDuration, first, format!("can't be given together with {second}"));
        return None;
    }
    let field = *given.first()?;
    let value = fields.get(field)?;
    let end = match field {
        "duration" => duration::parse(value).map(NewEnd::Duration),
        "expiresAt" => parse_instant(value).map(NewEnd::At),
        _ => duration::parse_signed(value)
            .map(|(earlier, by)| if earlier { NewEnd::Earlier(by) } else { NewEnd::Later(by) }),
    };
    end.map_err(|message| faults.add(FaultCode::InvalidDuration, field, message)).ok()
}
