//! A timer: its state, what is still to happen on its way, and how callers see it.

use super::account::Scope;
use super::events::Events;
use super::ids::{DeliveryId, TimerId};
use super::json::JsonText;
use super::milestone::{Milestone, Position};
use super::time::{Millis, Timestamp};
use serde::{Deserialize, Serialize};

/// A timer as it is stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Timer {
    /// Whose it is.
    pub scope: Scope,
    /// Its id, unique in its scope.
    pub id: TimerId,
    /// Its name; the id's text unless the caller gave one.
    pub name: String,
    /// What callers file it under.
    #[serde(default)]
    pub labels: Labels,
    /// The caller's own object, as given.
    pub metadata: JsonText,
    /// The caller's `events`, as given.
    pub events: JsonText,
    /// What `events` asks for on the way.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub milestones: Vec<Milestone>,
    /// Where it stands.
    pub state: State,
    /// From start to end, pauses left out.
    pub duration: Millis,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Raised by every change of what is due when; an alarm of an older epoch is void.
    pub epoch: u32,
    /// Raised by every write, for optimistic writes.
    pub revision: u64,
    /// When what is due was last worked out: milestones already past then are skipped.
    pub planned_at: Timestamp,
    /// Milestones that have fired; they never fire again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fired: Vec<Position>,
    /// The deliveries that its events led to, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deliveries: Vec<DeliveryId>,
}

/// Where a timer stands, with what only makes sense there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "status")]
pub enum State {
    /// On its way.
    Running {
        /// When it started, moved on by pauses.
        start: Timestamp,
        /// When it is due.
        end: Timestamp,
    },
    /// Frozen.
    Paused {
        /// When it started, moved on by earlier pauses.
        start: Timestamp,
        /// When it was frozen.
        since: Timestamp,
        /// What is left of its way.
        remaining: Millis,
    },
    /// Over, as planned or by `fire`.
    Expired {
        /// When it started.
        start: Timestamp,
        /// When it expired.
        at: Timestamp,
    },
    /// Over before its time.
    Cancelled {
        /// When it started.
        start: Timestamp,
        /// When it would have ended, unless it was paused.
        end: Option<Timestamp>,
        /// When it was cancelled.
        at: Timestamp,
        /// What is left of its way.
        remaining: Millis,
        /// Why, if the caller said so.
        reason: Option<String>,
    },
}

/// A state's name, as callers read and filter it.
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "TimerStatus"))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// On its way.
    Running,
    /// Frozen.
    Paused,
    /// Over, as planned or by `fire`.
    Expired,
    /// Over before its time.
    Cancelled,
}

impl Status {
    /// Every status.
    pub const ALL: [Self; 4] = [Self::Running, Self::Paused, Self::Expired, Self::Cancelled];

    /// The name in lower case.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether nothing can happen any more.
    pub fn has_ended(self) -> bool {
        matches!(self, Self::Expired | Self::Cancelled)
    }
}

/// What callers file timers under; all of it can be filtered by.
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Labels {
    /// The agent that the timer belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_id: Option<String>,
    /// The team.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
    /// The scenario.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scenario: Option<String>,
    /// The organisation, in the caller's own terms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<String>,
    /// The project, in the caller's own terms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_id: Option<String>,
}

impl Labels {
    /// The names under which callers give, read and filter labels.
    pub const NAMES: [&str; 5] = ["agentId", "team", "scenario", "organizationId", "projectId"];

    /// The labels that are set, each with its place in [`Self::NAMES`].
    pub fn iter(&self) -> impl Iterator<Item = (usize, &str)> {
        let values = [&self.agent_id, &self.team, &self.scenario, &self.organization_id, &self.project_id];
        values.into_iter().enumerate().filter_map(|(index, value)| Some((index, value.as_deref()?)))
    }

    /// Whether every label that `wanted` sets is set to the same here.
    pub fn matches(&self, wanted: &Self) -> bool {
        wanted.iter().all(|wanted| self.iter().any(|own| own == wanted))
    }
}

/// Something that is to happen on a timer's way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// When.
    pub at: Timestamp,
    /// The milestone, or `None` for the end.
    pub milestone: Option<Milestone>,
}

impl Timer {
    /// The name of its state.
    pub fn status(&self) -> Status {
        match self.state {
            State::Running { .. } => Status::Running,
            State::Paused { .. } => Status::Paused,
            State::Expired { .. } => Status::Expired,
            State::Cancelled { .. } => Status::Cancelled,
        }
    }

    /// When it ended, if it has.
    pub fn ended_at(&self) -> Option<Timestamp> {
        match self.state {
            State::Expired { at, .. } | State::Cancelled { at, .. } => Some(at),
            _ => None,
        }
    }

    /// `events`, read.
    pub fn parsed_events(&self) -> Events {
        Events::stored(&self.events)
    }

    /// What is still to happen, in order; the end comes last. Nothing unless it runs.
    ///
    /// Milestones that fired, that were past when the way was planned, or that meet another one at the same instant are
    /// left out.
    pub fn pending(&self) -> Vec<Due> {
        let State::Running { start, end } = self.state else { return Vec::new() };
        let mut pending: Vec<Due> = Vec::with_capacity(self.milestones.len() + 1);
        for milestone in self.milestones.iter().filter(|milestone| !self.fired.contains(&milestone.position)) {
            let Some(at) = milestone.position.reached_at(start, end) else { continue };
            let ahead = at > self.planned_at && at <= end;
            if ahead && pending.iter().all(|due| due.at != at) {
                pending.push(Due { at, milestone: Some(milestone.clone()) });
            }
        }
        pending.sort_by_key(|due| due.at);
        pending.push(Due { at: end, milestone: None });
        pending
    }

    /// When the next thing happens; `None` unless it runs.
    pub fn next_due(&self) -> Option<Timestamp> {
        match &self.state {
            State::Running { end, .. } if self.milestones.is_empty() => Some(*end),
            _ => self.pending().first().map(|due| due.at),
        }
    }
}
