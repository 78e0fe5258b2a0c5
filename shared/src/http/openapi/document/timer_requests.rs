//! What callers send about timers; see [`requests`](super::requests).

use super::requests::{Headers, Object, number_or_text};
use crate::domain::events::{Format, LONGEST_MESSAGE};
use crate::domain::fields::SHORT_TEXT;
use crate::domain::milestone::MOST_INTERVALS;
use crate::domain::timer_change::{FIXED, SHORTHANDS};
use crate::domain::transition::LONGEST_REASON;
use crate::http::creating::LARGEST_BATCH;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};
use std::borrow::Cow;

number_or_text!(
    Duration,
    "A length of time, from 1 ms to 366 days: milliseconds as a number or as a text of digits; terms such as `6h30m`, `1w 2d` \
     or `1.5h`, with the units `ms`, `s`, `m`, `h`, `d` and `w` in any case; or ISO 8601 without years and months, such as `PT15M`.",
    {"type": "number", "exclusiveMinimum": 0, "maximum": 31_622_400_000_u64},
    {"type": "string", "format": "minoots-duration", "examples": ["15m", "6h30m", "PT15M"]}
);
number_or_text!(
    Extension,
    "How much later the end is to be; earlier, if it begins with a minus or is negative. Written like a duration.",
    {"type": "number"},
    {"type": "string", "format": "minoots-extension", "examples": ["15m", "-5m"]}
);
number_or_text!(
    Milestone,
    "A place on the timer's way: a share between 0 and 100 percent, both excluded, as `25%` or `25`; or a time before its end, \
     as `-30m`. It must lie inside the timer.",
    {"type": "number", "minimum": 0.000001, "maximum": 99.999999},
    {"type": "string", "format": "minoots-milestone", "examples": ["25%", "-30m"]}
);

/// A new timer: `duration` or `expiresAt` says when it ends, not both.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[schemars(extend("if" = given("duration"), "then" = json!({"not": given("expiresAt")}), "else" = given("expiresAt")))]
#[expect(dead_code)]
pub(super) struct NewTimer {
    /// How long it runs.
    duration: Option<Duration>,
    /// When it ends, instead of a duration: an RFC 3339 instant in the future, at most 366 days ahead.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    expires_at: Option<Instant>,
    /// What people call it, up to 256 characters. The id by default.
    #[schemars(length(max = SHORT_TEXT))]
    name: Option<String>,
    /// An id of the caller's own, which must be free in the account. Made by the service by default.
    #[schemars(regex(pattern = "^[A-Za-z0-9_-]{1,48}$"))]
    id: Option<String>,
    /// What is to happen when.
    events: Option<TimerEvents>,
    /// Short for `events.on_expire.webhook`.
    #[schemars(extend("format" = "minoots-url"), length(max = 2048))]
    webhook: Option<String>,
    /// The same as `webhook`.
    #[schemars(extend("format" = "minoots-url"), length(max = 2048))]
    callback: Option<String>,
    /// Short for `events.on_expire.message`.
    #[schemars(length(max = LONGEST_MESSAGE))]
    message: Option<String>,
    /// Short for `events.on_expire.data`.
    data: Option<Object>,
    /// Short for `events.on_expire.format`.
    format: Option<Format>,
    /// The agent that the timer belongs to.
    #[schemars(length(max = SHORT_TEXT))]
    agent_id: Option<String>,
    /// The same as `agentId`.
    #[schemars(rename = "agent_id", length(max = SHORT_TEXT))]
    agent: Option<String>,
    /// The team.
    #[schemars(length(max = SHORT_TEXT))]
    team: Option<String>,
    /// The scenario.
    #[schemars(length(max = SHORT_TEXT))]
    scenario: Option<String>,
    /// The organisation, in the caller's own terms.
    #[schemars(length(max = SHORT_TEXT))]
    organization_id: Option<String>,
    /// The project, in the caller's own terms.
    #[schemars(length(max = SHORT_TEXT))]
    project_id: Option<String>,
    /// Any object; it comes back exactly as given. All events' `data` and this have at most 32 KiB together.
    metadata: Option<Object>,
}

struct Instant;

/// That a member is given, and not null.
fn given(name: &str) -> Value {
    json!({"required": [name], "properties": {name: {"not": {"type": "null"}}}})
}

/// A name, and none of these.
fn not_these(names: &[&str]) -> Value {
    json!({"not": {"enum": names}})
}

/// What is to happen when. An event without a webhook is still told to endpoints.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code)]
struct TimerEvents {
    /// When the timer's time is up.
    on_expire: Option<Action>,
    /// When it reaches a milestone.
    on_progress: Option<ProgressAction>,
    /// When it is cancelled. Without a webhook of its own a cancellation is told to `on_expire`'s, but not with that one's
    /// message, data or headers.
    on_cancel: Option<Action>,
}

/// Where an event's webhook goes, and what it says.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code)]
struct Action {
    /// Where to: https, a public address, port 443 or 8443, at most 2,048 bytes. `minoots dev` takes http and loopback too.
    #[schemars(extend("format" = "minoots-url"), length(max = 2048))]
    webhook: Option<String>,
    /// Overrides the form that the URL's host asks for: Slack's and Discord's own for their hosts, else JSON.
    format: Option<Format>,
    /// The payload's `message`: up to 4 KiB.
    #[schemars(length(max = LONGEST_MESSAGE))]
    message: Option<String>,
    /// The payload's `data`.
    data: Option<Object>,
    headers: Option<Headers>,
}

/// The milestones, where their webhooks go, and what they say.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code)]
struct ProgressAction {
    /// The milestones, up to 20; one that is given twice fires once.
    #[schemars(length(max = MOST_INTERVALS))]
    intervals: Vec<Milestone>,
    /// Where to: https, a public address, port 443 or 8443, at most 2,048 bytes. `minoots dev` takes http and loopback too.
    #[schemars(extend("format" = "minoots-url"), length(max = 2048))]
    webhook: Option<String>,
    /// Overrides the form that the URL's host asks for: Slack's and Discord's own for their hosts, else JSON.
    format: Option<Format>,
    /// The payload's `message`: up to 4 KiB.
    #[schemars(length(max = LONGEST_MESSAGE))]
    message: Option<String>,
    /// The payload's `data`.
    data: Option<Object>,
    headers: Option<Headers>,
}

/// Timers to create together.
#[derive(JsonSchema)]
#[expect(dead_code)]
pub(super) struct NewTimers {
    /// Up to 100.
    #[schemars(length(max = LARGEST_BATCH))]
    timers: Vec<NewTimer>,
}

/// What is to change: what is not given stays. At most one of `duration`, `expiresAt` and `extend` moves the end. A timer
/// keeps its id and labels for life, and a new timer's shorthands are none here: `events` is given as a whole.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", extend("not" = json!({"anyOf": [
    {"allOf": [given("duration"), given("expiresAt")]},
    {"allOf": [given("duration"), given("extend")]},
    {"allOf": [given("expiresAt"), given("extend")]},
]}), "propertyNames" = not_these(&[FIXED.as_slice(), &SHORTHANDS].concat())))]
#[expect(dead_code)]
pub(super) struct TimerChanges {
    /// How long it runs, counted anew from now.
    duration: Option<Duration>,
    /// When it ends: an RFC 3339 instant in the future. Its start stays.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    expires_at: Option<Instant>,
    /// How much later it ends. Its start stays.
    extend: Option<Extension>,
    /// A new name; null takes it back to the id.
    #[schemars(length(max = SHORT_TEXT))]
    name: Option<String>,
    /// New metadata, in the stead of the old.
    metadata: Option<Object>,
    /// New events, in the stead of all old ones. Milestones that have fired stay fired.
    events: Option<TimerEvents>,
}

/// Why a timer is cancelled.
#[derive(JsonSchema)]
#[expect(dead_code)]
pub(super) struct Cancellation {
    /// Up to 1 KiB; receivers are told.
    #[schemars(length(max = LONGEST_REASON))]
    reason: Option<String>,
}
