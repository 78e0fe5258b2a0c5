//! Reading `POST /events` and `POST /projects`.

use super::catalogue::{self, CATALOGUE};
use super::fault::{FaultCode, Faults};
use super::fields::{Fields, SHORT_TEXT};
use super::ids::EventId;
use super::json::{Json, JsonText};
use super::subscription::{LONGEST_TYPE, is_event_type};

/// The most `data` of an event, in bytes as received.
pub const MOST_DATA: usize = 64 * 1024;
/// The longest description of a project, in characters.
const LONGEST_DESCRIPTION: usize = 4 * 1024;

/// What a caller says has happened.
#[derive(Clone, Debug, PartialEq)]
pub struct NewEvent {
    /// The id that the caller chose.
    pub id: Option<EventId>,
    /// The type.
    pub event_type: String,
    /// The payload's `data`.
    pub data: JsonText,
}

/// A project that a caller creates. It is told to endpoints and kept nowhere else.
#[derive(Clone, Debug, PartialEq)]
pub struct NewProject {
    /// Its name.
    pub name: String,
    /// What its owner says about it.
    pub description: Option<String>,
    /// The caller's own object.
    pub settings: JsonText,
}

/// Reads the body of `POST /events`.
///
/// # Errors
/// Every fault.
pub fn parse(body: &Json) -> Result<NewEvent, Faults> {
    let Some(members) = body.as_object() else { return Err(no_object(body)) };
    let (fields, mut faults) = (Fields::root(members), Faults::default());
    let event_type = event_type(&fields, &mut faults);
    let data = fields.data("data", &mut faults);
    if fields.get("data").is_none() {
        faults.invalid("data", "is required: an object");
    }
    check_size("data", data.as_ref(), &mut faults);
    let id = fields.text("id", SHORT_TEXT, &mut faults);
    if id.as_deref().is_some_and(|id| !EventId::is_valid_choice(id)) {
        faults.invalid("id", "must be 1 to 64 characters of A-Z, a-z, 0-9, _ and -");
    }
    let data = data.unwrap_or_else(JsonText::empty_object);
    faults.check(NewEvent { id: id.map(EventId::new), event_type, data })
}

/// Reads the body of `POST /projects`.
///
/// # Errors
/// Every fault.
pub fn parse_project(body: &Json) -> Result<NewProject, Faults> {
    let Some(members) = body.as_object() else { return Err(no_object(body)) };
    let (fields, mut faults) = (Fields::root(members), Faults::default());
    let name = fields.text("name", SHORT_TEXT, &mut faults);
    if fields.get("name").is_none() || name.as_deref().is_some_and(|name| name.trim().is_empty()) {
        faults.invalid("name", format!("is required: 1 to {SHORT_TEXT} characters"));
    }
    let description = fields.text("description", LONGEST_DESCRIPTION, &mut faults);
    let settings = fields.data("settings", &mut faults);
    check_size("settings", settings.as_ref(), &mut faults);
    let settings = settings.unwrap_or_else(JsonText::empty_object);
    faults.check(NewProject { name: name.unwrap_or_default(), description, settings })
}

fn event_type(fields: &Fields<'_>, faults: &mut Faults) -> String {
    let text = fields.text("type", LONGEST_TYPE, faults);
    match &text {
        None if fields.get("type").is_none() => {
            faults.invalid("type", format!("is required: an event type such as \"{}\"", CATALOGUE[0].0));
        }
        Some(text) if !is_event_type(text) => {
            let form = "must be words of a-z, 0-9 and _ with dots between them, at least two: \"session.started\"";
            faults.invalid("type", form);
        }
        Some(text) if catalogue::is_the_services_own(text) => {
            faults.invalid("type", "must not begin with \"timer.\" or \"webhook.\": the service itself sends those");
        }
        _ => {}
    }
    text.unwrap_or_default()
}

fn check_size(field: &str, given: Option<&JsonText>, faults: &mut Faults) {
    let bytes = given.map_or(0, |given| given.as_str().len());
    if bytes > MOST_DATA {
        faults.add(FaultCode::PayloadTooLarge, field, format!("has {bytes} bytes, more than {MOST_DATA}"));
    }
}

fn no_object(body: &Json) -> Faults {
    let message = format!("the body must be a JSON object, not {}", body.kind());
    Faults::one(FaultCode::InvalidRequest, "", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(body: &str) -> Vec<String> {
        let faults = parse(&Json::parse(body.as_bytes()).unwrap()).unwrap_err();
        faults.list().iter().map(|fault| fault.path.clone()).collect()
    }

    #[test]
    fn callers_may_send_types_of_their_own_but_none_of_the_services() {
        let event = parse(&Json::parse(br#"{"type": "order.line_9.paid", "data": {"n": 1.0}, "id": "o-1"}"#).unwrap());
        let event = event.unwrap();
        assert_eq!((event.event_type.as_str(), event.data.as_str()), ("order.line_9.paid", r#"{"n":1.0}"#));
        assert_eq!(event.id, Some(EventId::new("o-1")));
        for (own, _) in CATALOGUE.iter().filter(|(name, _)| catalogue::is_the_services_own(name)) {
            assert_eq!(faults(&format!(r#"{{"type": "{own}", "data": {{}}}}"#)), ["type"]);
        }
        assert_eq!(faults(r#"{"type": "timer.mine", "data": {}}"#), ["type"]);
    }

    #[test]
    fn every_fault_of_an_event_is_named() {
        assert_eq!(faults("{}"), ["type", "data"]);
        assert_eq!(faults(r#"{"type": "Session", "data": [], "id": "a b"}"#), ["type", "data", "id"]);
        assert_eq!(faults(r#"{"type": "a.*", "data": {}}"#), ["type"]);
        let large = format!(r#"{{"type": "a.b", "data": {{"t": "{}"}}}}"#, "x".repeat(MOST_DATA));
        let large = parse(&Json::parse(large.as_bytes()).unwrap()).unwrap_err();
        assert_eq!(large.list()[0].code, FaultCode::PayloadTooLarge);
    }
}
