//! What a timer's owner wants to be told: `on_expire`, `on_progress` and `on_cancel`.

use super::fault::{FaultCode, Faults};
use super::fields::Fields;
use super::json::{Json, JsonText};
use super::milestone::{MOST_INTERVALS, Milestone};
use crate::webhook::guard::{UrlPolicy, check_url};
use crate::webhook::headers::check_headers;
use serde::{Deserialize, Serialize};

/// The longest `message`, in bytes.
pub const LONGEST_MESSAGE: usize = 4 * 1024;

/// The three names under `events`.
pub const EVENTS: [&str; 3] = ["on_expire", "on_progress", "on_cancel"];

/// The body's form: plain JSON, or what a chat service takes.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// The payload itself.
    Json,
    /// A Slack incoming webhook's message.
    Slack,
    /// A Discord webhook's message.
    Discord,
}

impl Format {
    /// Reads `json`, `slack` or `discord`.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "json" => Some(Self::Json),
            "slack" => Some(Self::Slack),
            "discord" => Some(Self::Discord),
            _ => None,
        }
    }
}

/// What to send where when an event happens.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Action {
    /// Where to; without it nothing is sent.
    pub webhook: Option<String>,
    /// Overrides the form that the URL's host asks for.
    pub format: Option<Format>,
    /// The payload's `message`.
    pub message: Option<String>,
    /// The payload's `data`.
    pub data: Option<JsonText>,
    /// The caller's own headers.
    pub headers: Vec<(String, String)>,
}

/// A timer's `events`, read and checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Events {
    /// As the caller gave them, save that top-level shorthands stand under `on_expire`.
    pub given: JsonText,
    /// When the timer expires.
    pub on_expire: Option<Action>,
    /// When a milestone is reached.
    pub on_progress: Option<Action>,
    /// When the timer is cancelled.
    pub on_cancel: Option<Action>,
    /// `on_progress.intervals`, in the order given, without repetitions.
    pub milestones: Vec<Milestone>,
}

impl Events {
    /// Reads `events`; webhook URLs are checked against `policy`, if there is one.
    ///
    /// Every fault is noted under its path; what is returned then is not to be used.
    pub fn parse(given: &Json, fields: &Fields<'_>, policy: Option<&UrlPolicy>, faults: &mut Faults) -> Self {
        fields.only(&EVENTS, faults);
        let action = |name: &str, known: &[&str], faults: &mut Faults| {
            let fields = fields.object(name, faults)?;
            fields.only(known, faults);
            Some(parse_action(&fields, policy, faults))
        };
        const PLAIN: [&str; 5] = ["webhook", "format", "message", "data", "headers"];
        const PROGRESS: [&str; 6] = ["webhook", "format", "message", "data", "headers", "intervals"];
        let on_expire = action("on_expire", &PLAIN, faults);
        let on_progress = action("on_progress", &PROGRESS, faults);
        let milestones = match fields.object("on_progress", &mut Faults::default()) {
            Some(progress) => parse_intervals(&progress, faults),
            None => Vec::new(),
        };
        let on_cancel = action("on_cancel", &PLAIN, faults);
        Self { given: JsonText::from(given), on_expire, on_progress, on_cancel, milestones }
    }

    /// Reads what was checked when it was stored.
    pub fn stored(given: &JsonText) -> Self {
        let value = given.to_json();
        let empty = super::json::Object::new();
        let fields = Fields::root(value.as_object().unwrap_or(&empty));
        // Checked at creation; where a webhook may go today is judged again before each attempt.
        Self::parse(&value, &fields, None, &mut Faults::default())
    }

    /// What to send at one event of what was checked when it was stored; `None` if nothing was asked for.
    pub fn stored_action(given: &Json, event: &str) -> Option<Action> {
        let Json::Object(members) = given.as_object()?.get(event)? else { return None };
        Some(parse_action(&Fields::root(members), None, &mut Faults::default()))
    }

    /// Where and what to send on cancellation: `on_cancel`'s, or else `on_expire`'s URL and format alone. Its message, data
    /// and headers would tell the receiver to do what the cancellation was to prevent.
    pub fn cancellation(&self) -> Option<Action> {
        let own = self.on_cancel.clone().unwrap_or_default();
        if own.webhook.is_some() {
            return Some(own);
        }
        let expire = self.on_expire.as_ref()?;
        expire.webhook.as_ref()?;
        Some(Action { webhook: expire.webhook.clone(), format: own.format.or(expire.format), ..own })
    }

    /// Bytes of all events' `data`.
    pub fn data_bytes(&self) -> usize {
        let actions = [&self.on_expire, &self.on_progress, &self.on_cancel];
        actions.into_iter().flatten().filter_map(|action| action.data.as_ref()).map(|data| data.as_str().len()).sum()
    }
}

fn parse_action(fields: &Fields<'_>, policy: Option<&UrlPolicy>, faults: &mut Faults) -> Action {
    let webhook = match fields.get("webhook") {
        None => None,
        Some(Json::String(url)) => {
            if let Some(refusal) = policy.and_then(|policy| check_url(policy, url).err()) {
                faults.add(FaultCode::InvalidWebhookUrl, fields.path("webhook"), refusal.to_string());
            }
            Some(url.clone())
        }
        Some(other) => {
            let message = format!("must be a URL in a string, not {}", other.kind());
            faults.add(FaultCode::InvalidWebhookUrl, fields.path("webhook"), message);
            None
        }
    };
    let format = fields.text("format", 16, faults).and_then(|text| {
        let format = Format::parse(&text);
        if format.is_none() {
            faults.invalid(fields.path("format"), "must be \"json\", \"slack\" or \"discord\"");
        }
        format
    });
    let message = fields.text("message", LONGEST_MESSAGE, faults).filter(|message| {
        let fits = message.len() <= LONGEST_MESSAGE;
        if !fits {
            faults.invalid(fields.path("message"), format!("must be at most {LONGEST_MESSAGE} bytes of UTF-8"));
        }
        fits
    });
    let data = fields.data("data", faults);
    let headers = check_headers(fields, faults);
    Action { webhook, format, message, data, headers }
}

fn parse_intervals(fields: &Fields<'_>, faults: &mut Faults) -> Vec<Milestone> {
    let path = fields.path("intervals");
    let given = match fields.get("intervals") {
        Some(Json::Array(items)) if items.len() <= MOST_INTERVALS => items,
        Some(Json::Array(items)) => {
            faults.invalid(path, format!("must be at most {MOST_INTERVALS} intervals, not {}", items.len()));
            return Vec::new();
        }
        Some(other) => {
            faults.invalid(path, format!("must be an array such as [\"50%\", \"-30m\"], not {}", other.kind()));
            return Vec::new();
        }
        None => {
            faults.invalid(path, "is required: an array such as [\"50%\", \"-30m\"]");
            return Vec::new();
        }
    };
    let mut milestones: Vec<Milestone> = Vec::with_capacity(given.len());
    for (index, value) in given.iter().enumerate() {
        match Milestone::parse(value) {
            Ok(milestone) if milestones.iter().all(|known| known.position != milestone.position) => {
                milestones.push(milestone)
            }
            Ok(_) => {}
            Err(message) => faults.invalid(format!("{path}[{index}]"), message),
        }
    }
    milestones
}
