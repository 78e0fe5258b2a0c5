//! What callers send. The parsers read JSON member by member, so that they can name every fault; these types say the same
//! to readers and generators, with the parsers' own limits, and the tests let the parsers read every example.

use crate::domain::account::Mode;
use crate::domain::endpoint::PayloadFormat;
use crate::domain::events::Format;
use crate::domain::fields::SHORT_TEXT;
use crate::domain::json::Json;
use crate::domain::subscription::LONGEST_TYPE;
use crate::webhook::headers::RESERVED;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};
use std::borrow::Cow;

pub(super) type Object = Map<String, Value>;

/// A value that is a number or a text, described once under its name.
macro_rules! number_or_text {
    ($name:ident, $about:literal, $number:tt, $text:tt) => {
        pub(super) struct $name;
        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({"description": $about, "anyOf": [$number, $text]})
            }
        }
    };
}

pub(super) use number_or_text;

number_or_text!(
    Overlap,
    "How long the old secret goes on signing beside the new one, from 0 to 7 days: written like a duration. 24 hours by default.",
    {"type": "number", "minimum": 0, "maximum": 604_800_000_u64},
    {"type": "string", "format": "minoots-overlap", "examples": ["24h", "0s"]}
);
/// Headers of the caller's own, sent with each attempt: up to 20, 4 KiB together. Those that the service or HTTP itself sets
/// can't be asked for.
#[derive(JsonSchema)]
#[schemars(transparent, extend("maxProperties" = 20, "propertyNames" = header_names()))]
pub(super) struct Headers(#[expect(dead_code)] std::collections::BTreeMap<String, HeaderText>);

/// Names that HTTP allows, without those that are refused, as they are usually spelt: in any other case they are, too.
fn header_names() -> Value {
    let refused = json!([{"enum": RESERVED}, {"pattern": "^[xX]-[mM][iI][nN][oO][oO][tT][sS]-"}]);
    json!({"pattern": "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$", "not": {"anyOf": refused}})
}

pub(super) struct HeaderText;
impl JsonSchema for HeaderText {
    fn schema_name() -> Cow<'static, str> {
        "HeaderText".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "pattern": "^[^\\x00-\\x08\\x0a-\\x1f\\x7f]*$"})
    }
}

/// A new endpoint.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[expect(dead_code)]
pub(super) struct NewWebhook {
    /// What its owner calls it: 1 to 100 characters.
    #[schemars(length(min = 1, max = 100), regex(pattern = r"\S"))]
    name: String,
    /// Where its deliveries go: https, a public address, port 443 or 8443. `minoots dev` takes http and loopback too.
    #[schemars(extend("format" = "minoots-url"), length(max = 2048))]
    url: String,
    /// What it is told of: event types, families such as `session.*`, or `*` for everything.
    #[schemars(length(min = 1, max = 100))]
    events: Vec<SubscriptionText>,
    #[schemars(flatten)]
    settings: WebhookSettings,
}

/// What is to change: what is not given stays, and null takes a field back to its default.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[expect(dead_code)]
pub(super) struct WebhookChanges {
    /// What its owner calls it: 1 to 100 characters.
    #[schemars(length(min = 1, max = 100), regex(pattern = r"\S"), default, with = "String")]
    name: Option<String>,
    /// Where its deliveries go: https, a public address, port 443 or 8443. `minoots dev` takes http and loopback too.
    #[schemars(extend("format" = "minoots-url"), length(max = 2048), default, with = "String")]
    url: Option<String>,
    /// What it is told of: event types, families such as `session.*`, or `*` for everything.
    #[schemars(length(min = 1, max = 100), default, with = "Vec<SubscriptionText>")]
    events: Option<Vec<SubscriptionText>>,
    #[schemars(flatten)]
    settings: WebhookSettings,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[expect(dead_code)]
struct WebhookSettings {
    /// Whether new events reach it: true by default.
    active: Option<bool>,
    /// What its owner says about it: up to 500 characters.
    #[schemars(length(max = 500))]
    description: Option<String>,
    headers: Option<Headers>,
    /// Attempts after the first one, from 0 to 10: 4 by default.
    #[schemars(range(min = 0, max = 10))]
    max_retries: Option<u32>,
    /// Seconds from the end of the first attempt to the second, from 1 to 3,600: 5 by default. Each further wait is five times
    /// as long, 12 hours at most.
    #[schemars(range(min = 1, max = 3600))]
    retry_delay: Option<u32>,
    /// Seconds that an attempt may take, from 1 to 30: 30 by default.
    #[schemars(range(min = 1, max = 30))]
    timeout: Option<u32>,
    /// How bodies are written: as JavaScript does by default, or as Python does.
    payload_format: Option<PayloadFormat>,
    /// Overrides the form that the URL's host asks for: Slack's and Discord's own for their hosts, else JSON.
    format: Option<Format>,
}

struct SubscriptionText;
impl JsonSchema for SubscriptionText {
    fn schema_name() -> Cow<'static, str> {
        "SubscriptionText".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": r"^(\*|[a-z0-9_]+(\.[a-z0-9_]+)*\.(\*|[a-z0-9_]+))$",
            "maxLength": LONGEST_TYPE,
        })
    }
}

/// How a secret is rotated.
#[derive(JsonSchema)]
#[expect(dead_code)]
pub(super) struct Rotation {
    overlap: Option<Overlap>,
}

/// Which failed deliveries are sent again.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
#[expect(dead_code)]
pub(super) struct FailedDeliveries {
    /// Those of this endpoint only; by default all of the caller's, its timers' too.
    webhook_id: Option<String>,
}

/// Something that has happened.
#[derive(JsonSchema)]
#[expect(dead_code)]
pub(super) struct NewEvent {
    /// A type of the catalogue or of the caller's own: words of `a-z`, `0-9` and `_`, at least two, with dots between them. The
    /// service itself sends those that begin with `timer.` or `webhook.`.
    #[schemars(rename = "type", length(max = LONGEST_TYPE), regex(pattern = r"^(?!timer\.|webhook\.)[a-z0-9_]+(\.[a-z0-9_]+)+$"))]
    event_type: String,
    /// What endpoints are told, up to 64 KiB.
    data: Object,
    /// An id of the caller's own, so that telling it twice tells it once. Made by the service by default.
    #[schemars(regex(pattern = "^[A-Za-z0-9_-]{1,64}$"))]
    id: Option<String>,
}

/// A new project.
#[derive(JsonSchema)]
#[expect(dead_code)]
pub(super) struct NewProject {
    /// Its name: 1 to 256 characters.
    #[schemars(length(min = 1, max = SHORT_TEXT), regex(pattern = r"\S"))]
    name: String,
    /// What its owner says about it: up to 4,096 characters.
    #[schemars(length(max = 4096))]
    description: Option<String>,
    /// Any object, up to 64 KiB.
    settings: Option<Object>,
}

/// A new API key.
#[derive(JsonSchema)]
#[expect(dead_code)]
pub(super) struct NewApiKey {
    /// What its holder calls it: up to 256 characters.
    #[schemars(length(max = SHORT_TEXT))]
    name: Option<String>,
    /// The data that it opens: by default that of the calling key. A test key makes test keys only.
    mode: Option<Mode>,
}

/// An API key's new name.
#[derive(JsonSchema)]
#[expect(dead_code)]
pub(super) struct ApiKeyChanges {
    /// Up to 256 characters; null for no name.
    #[schemars(with = "String", length(max = SHORT_TEXT), extend("type" = ["string", "null"]))]
    name: Option<String>,
}

/// A sample as the parsers take it.
pub(super) fn parsed(sample: &Value) -> Json {
    Json::parse(sample.to_string().as_bytes()).unwrap()
}
