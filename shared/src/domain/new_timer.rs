//! Reading `POST /timers`: every field checked, every fault named.

use super::account::Scope;
use super::duration::{self, LONGEST};
use super::events::Events;
use super::fault::{FaultCode, Faults};
use super::fields::{Fields, SHORT_TEXT};
use super::ids::TimerId;
use super::json::{Json, JsonText, Object};
use super::milestone::Milestone;
use super::time::{Millis, Timestamp};
use super::timer::{Labels, State, Timer};
use crate::webhook::guard::UrlPolicy;

/// All events' `data` and `metadata` together, in bytes.
pub const MOST_DATA: usize = 32 * 1024;

/// Shorthands at the top level and the field of `on_expire` that each stands for; an earlier one wins.
const SHORTHANDS: [(&str, &str); 5] =
    [("webhook", "webhook"), ("callback", "webhook"), ("format", "format"), ("message", "message"), ("data", "data")];

/// Reads one timer's creation at `now`. `fresh_id` is used unless the caller chose one.
///
/// # Errors
/// Every fault, in the order of the contract's table.
pub fn parse(
    body: &Json,
    scope: &Scope,
    fresh_id: TimerId,
    now: Timestamp,
    policy: &UrlPolicy,
) -> Result<Timer, Faults> {
    let Some(members) = body.as_object() else {
        return Err(Faults::one(
            FaultCode::InvalidRequest,
            "",
            format!("the body must be a JSON object, not {}", body.kind()),
        ));
    };
    let fields = Fields::root(members);
    let mut faults = Faults::default();
    let duration = parse_time(&fields, now, &mut faults);
    let name = fields.text("name", SHORT_TEXT, &mut faults);
    let id = parse_id(&fields, &mut faults).unwrap_or(fresh_id);
    let labels = parse_labels(&fields, &mut faults);
    let metadata = fields.data("metadata", &mut faults).unwrap_or_else(JsonText::empty_object);
    let events = parse_events(&fields, policy, &mut faults);
    check_inside(&events.milestones, duration, &mut faults);
    check_size(&events, &metadata, &mut faults);
    faults.check(Timer {
        scope: scope.clone(),
        name: name.unwrap_or_else(|| id.as_str().to_owned()),
        id,
        labels,
        metadata,
        events: events.given,
        milestones: events.milestones,
        state: State::Running { start: now, end: now.plus(duration) },
        duration,
        created_at: now,
        updated_at: now,
        epoch: 0,
        revision: 0,
        planned_at: now,
        fired: Vec::new(),
        deliveries: Vec::new(),
    })
}

fn parse_time(fields: &Fields<'_>, now: Timestamp, faults: &mut Faults) -> Millis {
    let mut fault = |path: &str, message: &str| {
        faults.add(FaultCode::InvalidDuration, path, message);
        LONGEST
    };
    match (fields.get("duration"), fields.get("expiresAt")) {
        (Some(_), Some(_)) => fault("duration", "can't be given together with expiresAt"),
        (None, None) => {
            fault("duration", "is required, unless expiresAt is given: milliseconds, or a text such as \"15m\"")
        }
        (Some(value), None) => duration::parse(value).unwrap_or_else(|message| fault("duration", &message)),
        (None, Some(value)) => match parse_instant(value) {
            Err(message) => fault("expiresAt", &message),
            Ok(end) if end <= now => fault("expiresAt", "must be in the future"),
            Ok(end) if end.since(now) > LONGEST => fault("expiresAt", "must be at most 366 days ahead"),
            Ok(end) => end.since(now),
        },
    }
}

/// Reads an RFC 3339 instant.
///
/// # Errors
/// A sentence that says what it should be.
pub fn parse_instant(value: &Json) -> Result<Timestamp, String> {
    const FORM: &str = "must be an RFC 3339 instant such as \"2027-01-15T10:30:00Z\"";
    value.as_str().and_then(|text| Timestamp::parse_rfc3339(text.trim())).ok_or_else(|| FORM.to_owned())
}

fn parse_id(fields: &Fields<'_>, faults: &mut Faults) -> Option<TimerId> {
    let text = fields.text("id", SHORT_TEXT, faults)?;
    if !TimerId::is_valid_choice(&text) {
        faults.invalid("id", "must be 1 to 48 characters of A-Z, a-z, 0-9, _ and -");
    }
    Some(TimerId::new(text))
}

fn parse_labels(fields: &Fields<'_>, faults: &mut Faults) -> Labels {
    let mut label = |name| fields.text(name, SHORT_TEXT, faults);
    let (snake, camel) = (label("agent_id"), label("agentId"));
    Labels {
        agent_id: snake.or(camel),
        team: label("team"),
        scenario: label("scenario"),
        organization_id: label("organizationId"),
        project_id: label("projectId"),
    }
}

/// `events` with the top-level shorthands filled in under `on_expire`.
fn parse_events(fields: &Fields<'_>, policy: &UrlPolicy, faults: &mut Faults) -> Events {
    let none = Json::Object(Object::new());
    let given = match fields.get("events") {
        None => &none,
        Some(given @ Json::Object(_)) => given,
        Some(other) => {
            faults.invalid("events", format!("must be an object, not {}", other.kind()));
            &none
        }
    };
    let shorthands: Vec<_> =
        SHORTHANDS.iter().filter_map(|(short, field)| Some((*short, *field, fields.get(short)?))).collect();
    if shorthands.is_empty() {
        return parse_moved(given, &[], policy, faults);
    }
    let mut events = given.as_object().cloned().unwrap_or_default();
    let mut moved: Vec<(&str, &str)> = Vec::new();
    let mut unused: Vec<(&str, &str, &Json)> = Vec::new();
    for (short, field, value) in shorthands {
        let on_expire = events.entry("on_expire".to_owned()).or_insert(Json::Null);
        if *on_expire == Json::Null {
            *on_expire = Json::Object(Object::new());
        }
        let Json::Object(on_expire) = on_expire else { continue };
        if on_expire.get(field).is_none_or(|given| *given == Json::Null) {
            on_expire.insert(field.to_owned(), value.clone());
            moved.push((short, field));
        } else {
            unused.push((short, field, value));
        }
    }
    let parsed = parse_moved(&Json::Object(events), &moved, policy, faults);
    // What `on_expire` overrides is not stored, and has to be right all the same.
    for (short, field, value) in unused {
        let on_expire = Json::Object(Object::from([(field.to_owned(), value.clone())]));
        let events = Json::Object(Object::from([("on_expire".to_owned(), on_expire)]));
        parse_moved(&events, &[(short, field)], policy, faults);
    }
    parsed
}

/// Reads `events` whose `on_expire` has these fields from shorthands: a fault is shown where the caller wrote the value.
fn parse_moved(given: &Json, moved: &[(&str, &str)], policy: &UrlPolicy, faults: &mut Faults) -> Events {
    let Json::Object(members) = given else { unreachable!("events was just made an object") };
    let mut found = Faults::default();
    let parsed = Events::parse(given, &Fields::at("events", members), Some(policy), &mut found);
    for fault in found.list() {
        let under_on_expire = fault.path.strip_prefix("events.on_expire.");
        let short = under_on_expire.and_then(|path| {
            let (field, rest) = path.split_at(path.find('.').unwrap_or(path.len()));
            let (short, _) = moved.iter().find(|(_, known)| *known == field)?;
            Some(format!("{short}{rest}"))
        });
        faults.add(fault.code, short.unwrap_or_else(|| fault.path.clone()), fault.message.clone());
    }
    parsed
}

/// Every milestone must lie strictly inside the timer.
fn check_inside(milestones: &[Milestone], duration: Millis, faults: &mut Faults) {
    let (start, end) = (Timestamp(0), Timestamp(duration.0));
    for milestone in milestones.iter().filter(|milestone| milestone.position.reached_at(start, end).is_none()) {
        let message = format!("\"{}\" is not inside the timer, which runs for {} ms", milestone.label, duration.0);
        faults.invalid("events.on_progress.intervals", message);
    }
}

/// All events' `data` and `metadata` together have a limit.
pub fn check_size(events: &Events, metadata: &JsonText, faults: &mut Faults) {
    // `{}` is what stands there when nothing was given.
    let metadata = Some(metadata.as_str().len()).filter(|_| *metadata != JsonText::empty_object());
    let bytes = events.data_bytes() + metadata.unwrap_or(0);
    if bytes > MOST_DATA {
        let message = format!("data and metadata have {bytes} bytes together, more than {MOST_DATA}");
        faults.add(FaultCode::PayloadTooLarge, "metadata", message);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::account::Mode;
    use crate::domain::ids::AccountId;

    #[test]
    fn a_fault_is_shown_where_the_caller_wrote_the_value() {
        let body = br#"{"duration": "1h", "webhook": "x", "data": [], "events": {"on_expire": {"data2": {}}}}"#;
        let scope = Scope { account: AccountId::new("acct"), mode: Mode::Live };
        let id = TimerId::new("t");
        let faults = parse(&Json::parse(body).unwrap(), &scope, id, Timestamp(0), &UrlPolicy::strict()).unwrap_err();
        let paths: Vec<_> = faults.list().iter().map(|fault| fault.path.as_str()).collect();
        assert_eq!(paths, ["events.on_expire.data2", "webhook", "data"]);
    }

    #[test]
    fn a_shorthand_that_on_expire_overrides_has_to_be_right_all_the_same() {
        let events =
            r#"{"on_expire": {"webhook": "https://a.example/", "message": "m", "data": {}, "format": "json"}}"#;
        let scope = Scope { account: AccountId::new("acct"), mode: Mode::Live };
        let faulty = |short: &str| {
            let body = format!(r#"{{"duration": "1h", {short}, "events": {events}}}"#);
            let (body, id) = (Json::parse(body.as_bytes()).unwrap(), TimerId::new("t"));
            let parsed = parse(&body, &scope, id, Timestamp(0), &UrlPolicy::strict());
            parsed.map_or_else(|faults| faults.list()[0].path.clone(), |timer| timer.events.as_str().to_owned())
        };
        for (short, path) in [
            (r#""webhook": "ftp://a.example/""#, "webhook"),
            (r#""callback": "x""#, "callback"),
            (r#""message": 5"#, "message"),
            (r#""data": []"#, "data"),
            (r#""format": "xml""#, "format"),
        ] {
            assert_eq!(faulty(short), path);
        }
        let right = faulty(r#""webhook": "https://b.example/", "message": "other""#);
        assert!(right.contains("https://a.example/") && !right.contains("other"), "{right}");
    }
}
