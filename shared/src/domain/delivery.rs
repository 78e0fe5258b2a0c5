//! A delivery: one event on its way to one URL, with every attempt.

use super::account::Scope;
use super::attempt::Attempt;
use super::authority;
use super::ids::{DeliveryId, EndpointId, EventId, TimerId};
use super::retry::RetryPlan;
use super::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// One event for one URL. The same bytes go out under the same id in every attempt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Delivery {
    /// Whose it is.
    pub scope: Scope,
    /// Its id, sent as `webhook-id`.
    pub id: DeliveryId,
    /// What led to it.
    pub source: Source,
    /// The event's type: `timer_expired`, `timer_progress` or `timer_cancelled` for a timer's own webhook, else as
    /// `session.started`.
    pub event: String,
    /// Where it goes. Path and query may be secrets: they are never logged.
    pub url: String,
    /// The caller's own headers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(String, String)>,
    /// What is sent, rendered once.
    pub body: Arc<str>,
    /// Where it stands.
    pub status: DeliveryStatus,
    /// Every attempt that ended.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attempts: Vec<Attempt>,
    /// When attempts are made.
    pub plan: RetryPlan,
    /// Attempts before the present plan: a replay begins a new one and goes on counting.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub earlier_attempts: u32,
    /// Its event is not to be told any more, because its timer was cancelled or changed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub withdrawn: bool,
    /// When the next attempt is due, while it is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_attempt_at: Option<Timestamp>,
    /// The beginning of the last answer's body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_body: Option<String>,
    /// Why the last attempt, or the whole delivery, failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// When its event was due.
    pub created_at: Timestamp,
    /// When it ended, delivered or failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
}

/// What led to a delivery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// A timer's own webhook.
    Timer(TimerId),
    /// An event that an endpoint is subscribed to.
    Endpoint {
        /// The endpoint. Its URL, headers and secret are those of the moment of each attempt.
        endpoint: EndpointId,
        /// The event.
        event: EventId,
        /// A test send: it is no part of the endpoint's figures.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        test: bool,
    },
}

impl Source {
    /// The timer, if it is a timer's own webhook.
    pub fn timer(&self) -> Option<&TimerId> {
        match self {
            Self::Timer(timer) => Some(timer),
            Self::Endpoint { .. } => None,
        }
    }

    /// Whether it is a test send.
    pub fn is_test(&self) -> bool {
        matches!(self, Self::Endpoint { test: true, .. })
    }

    /// The endpoint, if it is one's.
    pub fn endpoint(&self) -> Option<&EndpointId> {
        match self {
            Self::Timer(_) => None,
            Self::Endpoint { endpoint, .. } => Some(endpoint),
        }
    }
}

fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// Where a delivery stands.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum DeliveryStatus {
    /// Not attempted yet.
    Pending,
    /// An attempt is under way.
    Sending,
    /// At least one attempt failed and another will be made.
    Retrying,
    /// Taken by the receiver.
    Success,
    /// Given up.
    Failed,
}

impl DeliveryStatus {
    /// Whether another attempt may still be made.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Pending | Self::Sending | Self::Retrying)
    }
}

/// Why a delivery is not sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotReplayed {
    /// An attempt is still to come.
    Open,
    /// Its timer was cancelled or changed: the event would be stale.
    Withdrawn,
}

/// What is told to whom, before anybody has tried.
pub struct NewDelivery {
    /// Whose it is.
    pub scope: Scope,
    /// Its id.
    pub id: DeliveryId,
    /// What led to it.
    pub source: Source,
    /// The event's type.
    pub event: String,
    /// When it was due, and the first attempt with it.
    pub at: Timestamp,
    /// Where it goes.
    pub url: String,
    /// The caller's own headers.
    pub headers: Vec<(String, String)>,
    /// What is sent.
    pub body: Arc<str>,
    /// When attempts are made.
    pub plan: RetryPlan,
}

impl From<NewDelivery> for Delivery {
    fn from(new: NewDelivery) -> Self {
        let NewDelivery { scope, id, source, event, at, url, headers, body, plan } = new;
        Self {
            scope,
            id,
            source,
            event,
            url,
            headers,
            body,
            status: DeliveryStatus::Pending,
            attempts: Vec::new(),
            plan,
            earlier_attempts: 0,
            withdrawn: false,
            next_attempt_at: Some(at),
            response_body: None,
            error: None,
            created_at: at,
            ended_at: None,
        }
    }
}

impl Delivery {
    /// Host and port of the URL: all of it that may be logged, and what attempts are limited by.
    pub fn authority(&self) -> String {
        match authority::of(&self.url) {
            Some((host, port)) => format!("{host}:{port}"),
            None => "unreadable".to_owned(),
        }
    }

    /// The URL without user name, password, query and fragment: what callers are shown.
    pub fn public_url(&self) -> String {
        let Ok(mut url) = url::Url::parse(&self.url) else { return String::new() };
        url.set_query(None);
        url.set_fragment(None);
        // A URL that can't have them has none.
        let _ = (url.set_username(""), url.set_password(None));
        url.into()
    }

    /// Why it failed, or else why its last attempt did.
    pub fn error_message(&self) -> Option<&str> {
        let last = || self.attempts.last().and_then(|attempt| attempt.error.as_deref());
        self.error.as_deref().or_else(last)
    }

    /// When it is tried again, if it was tried before.
    pub fn next_retry_at(&self) -> Option<Timestamp> {
        self.next_attempt_at.filter(|_| !self.attempts.is_empty())
    }

    /// The number of the next attempt.
    pub fn next_attempt(&self) -> u32 {
        self.attempts.len() as u32 + 1
    }

    /// The last answer's status code.
    pub fn response_code(&self) -> Option<u16> {
        self.attempts.last().and_then(|attempt| attempt.response_code)
    }

    /// The delivery given up at `now` for `reason`, with no further attempt; `None` if it has ended.
    #[must_use]
    pub fn given_up(&self, now: Timestamp, reason: &str) -> Option<Self> {
        self.status.is_open().then(|| Self {
            status: DeliveryStatus::Failed,
            error: Some(reason.to_owned()),
            next_attempt_at: None,
            ended_at: Some(now),
            ..self.clone()
        })
    }

    /// The same for a delivery whose event is not to be told any more: it can't be replayed either.
    #[must_use]
    pub fn withdrawn(&self, now: Timestamp, reason: &str) -> Option<Self> {
        self.given_up(now, reason).map(|delivery| Self { withdrawn: true, ..delivery })
    }

    /// The delivery with a whole new plan of attempts from `now` on.
    ///
    /// # Errors
    /// An attempt is still to come, or its event was withdrawn.
    pub fn replayed(&self, now: Timestamp) -> Result<Self, NotReplayed> {
        if self.status.is_open() {
            return Err(NotReplayed::Open);
        }
        if self.withdrawn {
            return Err(NotReplayed::Withdrawn);
        }
        let earlier_attempts = self.attempts.len() as u32;
        let status = if earlier_attempts == 0 { DeliveryStatus::Pending } else { DeliveryStatus::Retrying };
        Ok(Self { status, earlier_attempts, next_attempt_at: Some(now), error: None, ended_at: None, ..self.clone() })
    }

    /// How many attempts there can be in all, as things stand.
    pub fn most_attempts(&self) -> u32 {
        self.earlier_attempts + self.plan.attempts
    }

    /// Whether it failed because each attempt of its plan did. What was given up for another reason, such as an endpoint that
    /// is gone or a timer that was cancelled, had attempts left.
    pub fn used_up_its_attempts(&self) -> bool {
        let made = u32::try_from(self.attempts.len()).unwrap_or(u32::MAX);
        self.status == DeliveryStatus::Failed && !self.withdrawn && made >= self.most_attempts()
    }
}
