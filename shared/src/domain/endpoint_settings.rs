//! Reading what an endpoint's owner sets: `POST /webhooks`, and `PUT` or `PATCH /webhooks/{id}`, which are both partial.

use super::account::Scope;
use super::endpoint::{Endpoint, PayloadFormat};
use super::events::Format;
use super::fault::{FaultCode, Faults};
use super::fields::Fields;
use super::ids::EndpointId;
use super::json::{Json, Object};
use super::retry::RetryPlan;
use super::secret::{SigningSecrets, WebhookSecret};
use super::subscription::Subscription;
use super::time::{Millis, Timestamp};
use crate::webhook::guard::{UrlPolicy, check_url};
use crate::webhook::headers::check_headers;
use std::ops::RangeInclusive;

/// The longest `name`, in characters.
const LONGEST_NAME: usize = 100;
/// The longest `description`, in characters.
const LONGEST_DESCRIPTION: usize = 500;
/// The most entries of `events`.
const MOST_SUBSCRIPTIONS: usize = 100;

const MAX_RETRIES: Number = Number { range: 0..=10, default: 4 };
const RETRY_DELAY_SECONDS: Number = Number { range: 1..=3_600, default: 5 };
const TIMEOUT_SECONDS: Number = Number { range: 1..=30, default: 30 };

/// A new endpoint from the body of `POST /webhooks`.
///
/// # Errors
/// Every fault, in the order of the contract's table.
pub fn parse_new(
    body: &Json,
    scope: &Scope,
    id: EndpointId,
    secret: WebhookSecret,
    now: Timestamp,
    policy: &UrlPolicy,
) -> Result<Endpoint, Faults> {
    let mut faults = Faults::default();
    let fields = Fields::root(members(body)?);
    let mut endpoint = Endpoint {
        scope: scope.clone(),
        id,
        name: String::new(),
        url: String::new(),
        events: Vec::new(),
        active: true,
        active_since: now,
        description: None,
        headers: Vec::new(),
        plan: RetryPlan {
            attempts: MAX_RETRIES.default as u32 + 1,
            first_wait: Millis::seconds(RETRY_DELAY_SECONDS.default),
        },
        timeout: Millis::seconds(TIMEOUT_SECONDS.default),
        payload_format: PayloadFormat::default(),
        format: None,
        secrets: SigningSecrets::new(secret),
        disabled_reason: None,
        created_at: now,
        updated_at: now,
        revision: 0,
    };
    let missing = |name: &str| fields.get(name).is_none();
    set(&mut endpoint, &fields, missing, policy, now, &mut faults);
    faults.check(endpoint)
}

/// The endpoint after its owner's change at `now`. What is not given stays; `null` takes a field back to its default.
///
/// # Errors
/// Every fault.
pub fn parse_change(body: &Json, before: &Endpoint, now: Timestamp, policy: &UrlPolicy) -> Result<Endpoint, Faults> {
    let mut faults = Faults::default();
    let members = members(body)?;
    let mut endpoint = Endpoint { updated_at: now, revision: before.revision + 1, ..before.clone() };
    let missing = |name: &str| members.get(name) == Some(&Json::Null);
    set(&mut endpoint, &Fields::root(members), missing, policy, now, &mut faults);
    faults.check(endpoint)
}

fn members(body: &Json) -> Result<&Object, Faults> {
    let refused = || {
        let message = format!("the body must be a JSON object, not {}", body.kind());
        Faults::one(FaultCode::InvalidRequest, "", message)
    };
    body.as_object().ok_or_else(refused)
}

/// Takes over every field that is given. `missing` says of the three that have no default whether one is lacking.
fn set(
    endpoint: &mut Endpoint,
    fields: &Fields<'_>,
    missing: impl Fn(&str) -> bool,
    policy: &UrlPolicy,
    now: Timestamp,
    faults: &mut Faults,
) {
    let given = |name: &str| fields.members().contains_key(name);
    if missing("name") {
        faults.invalid("name", format!("is required: 1 to {LONGEST_NAME} characters"));
    }
    if let Some(name) = fields.text("name", LONGEST_NAME, faults) {
        if name.trim().is_empty() {
            faults.invalid("name", "must have at least one visible character");
        }
        endpoint.name = name;
    }
    if missing("url") {
        faults.add(FaultCode::InvalidWebhookUrl, "url", "is required: where the webhooks are to go");
    }
    if let Some(url) = url(fields, policy, faults) {
        endpoint.url = url;
    }
    if missing("events") {
        faults.invalid("events", "is required: event types such as [\"session.started\", \"project.*\"], or [\"*\"]");
    }
    if let Some(events) = subscriptions(fields, faults) {
        endpoint.events = events;
    }
    if given("description") {
        endpoint.description = fields.text("description", LONGEST_DESCRIPTION, faults);
    }
    if given("headers") {
        endpoint.headers = check_headers(fields, faults);
    }
    if given("maxRetries") {
        endpoint.plan.attempts = MAX_RETRIES.read(fields, "maxRetries", faults) as u32 + 1;
    }
    if given("retryDelay") {
        endpoint.plan.first_wait = Millis::seconds(RETRY_DELAY_SECONDS.read(fields, "retryDelay", faults));
    }
    if given("timeout") {
        endpoint.timeout = Millis::seconds(TIMEOUT_SECONDS.read(fields, "timeout", faults));
    }
    if given("payloadFormat") {
        let known = [("javascript", PayloadFormat::Javascript), ("python", PayloadFormat::Python)];
        endpoint.payload_format = choice(fields, "payloadFormat", &known, faults).unwrap_or_default();
    }
    if given("format") {
        let known = [("json", Format::Json), ("slack", Format::Slack), ("discord", Format::Discord)];
        endpoint.format = choice(fields, "format", &known, faults);
    }
    match fields.members().get("active") {
        None => {}
        Some(Json::Bool(false)) => {
            endpoint.active = false;
            endpoint.disabled_reason = None;
        }
        Some(Json::Bool(true) | Json::Null) => {
            if !endpoint.active {
                endpoint.active_since = now;
            }
            endpoint.active = true;
            endpoint.disabled_reason = None;
        }
        Some(other) => faults.invalid("active", format!("must be true or false, not {}", other.kind())),
    }
}

fn url(fields: &Fields<'_>, policy: &UrlPolicy, faults: &mut Faults) -> Option<String> {
    let message = match fields.get("url")? {
        Json::String(url) => match check_url(policy, url) {
            Ok(_) => return Some(url.clone()),
            Err(refusal) => refusal.to_string(),
        },
        other => format!("must be a URL in a string, not {}", other.kind()),
    };
    faults.add(FaultCode::InvalidWebhookUrl, "url", message);
    None
}

fn subscriptions(fields: &Fields<'_>, faults: &mut Faults) -> Option<Vec<Subscription>> {
    let given = match fields.get("events")? {
        Json::Array(given) if (1..=MOST_SUBSCRIPTIONS).contains(&given.len()) => given,
        Json::Array(given) => {
            faults.invalid("events", format!("must be 1 to {MOST_SUBSCRIPTIONS} event types, not {}", given.len()));
            return None;
        }
        other => {
            faults.invalid("events", format!("must be an array of event types, not {}", other.kind()));
            return None;
        }
    };
    let mut subscriptions = Vec::with_capacity(given.len());
    for (index, value) in given.iter().enumerate() {
        match value.as_str().and_then(Subscription::parse) {
            Some(subscription) if !subscriptions.contains(&subscription) => subscriptions.push(subscription),
            Some(_) => {}
            None => faults.invalid(
                format!("events[{index}]"),
                "must be an event type such as \"session.started\", a family such as \"session.*\", or \"*\"",
            ),
        }
    }
    Some(subscriptions)
}

fn choice<T: Copy>(fields: &Fields<'_>, name: &str, known: &[(&str, T)], faults: &mut Faults) -> Option<T> {
    let value = fields.get(name)?;
    let found = known.iter().find(|(text, _)| value.as_str() == Some(text));
    if found.is_none() {
        let names: Vec<_> = known.iter().map(|(text, _)| format!("\"{text}\"")).collect();
        faults.invalid(name, format!("must be {}", names.join(" or ")));
    }
    found.map(|(_, choice)| *choice)
}

/// A whole number with its bounds.
struct Number {
    range: RangeInclusive<u64>,
    default: u64,
}

impl Number {
    fn read(&self, fields: &Fields<'_>, name: &str, faults: &mut Faults) -> u64 {
        let Some(value) = fields.get(name) else { return self.default };
        let number = match value {
            // `5.0` is as whole as `5`.
            Json::Number(text) => text.parse::<f64>().ok().filter(|number| number.fract() == 0.0 && *number >= 0.0),
            _ => None,
        };
        let number = number.map(|number| number as u64).filter(|number| self.range.contains(number));
        number.unwrap_or_else(|| {
            let (least, most) = (self.range.start(), self.range.end());
            faults.invalid(name, format!("must be a whole number from {least} to {most}"));
            self.default
        })
    }
}

#[cfg(test)]
mod tests;
