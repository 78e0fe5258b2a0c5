//! A timer with its deliveries: one item, so that each step is one conditional write, whole or not at all.
//!
//! The item stands in the due index for as long as anything is due on it: a milestone, its end, or a delivery's next
//! attempt. A timer that expires keeps its place there until its delivery is taken, which saves two writes of the index and
//! lets the sweep find what was never sent.

use super::due::{Due, due_at};
use super::error::Unreadable;
use super::item::{DUE_PK, DUE_SK, Item, STATUS};
use super::keys::Key;
use minoots_shared::domain::delivery::{Delivery, DeliveryStatus};
use minoots_shared::domain::ids::DeliveryId;
use minoots_shared::domain::time::{Millis, Timestamp};
use minoots_shared::domain::timer::{Status, Timer};
use minoots_shared::ports::TimerStep;
use serde::{Deserialize, Serialize};

/// The form in which records are written.
const FORM: u8 = 1;

/// What is stored of a timer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Record {
    form: u8,
    pub(super) timer: Timer,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) deliveries: Vec<Held>,
    /// What happened on which day, its creation apart.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) days: Vec<Day>,
}

/// A delivery as its timer's record holds it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Held {
    pub(super) delivery: Delivery,
    /// Where the body is, if it is not in the delivery.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) body_at: Option<String>,
    /// Where the answer's body is, if it is not in the delivery.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) response_at: Option<String>,
}

/// What happened to one timer on one day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Day {
    pub(super) day: u64,
    #[serde(default)]
    pub(super) events: u64,
    #[serde(default)]
    pub(super) deliveries: u64,
    /// Can become fewer: a delivery that had been withdrawn was taken after all.
    #[serde(default)]
    pub(super) failures: i64,
}

impl Record {
    /// A new timer's.
    pub(super) fn new(timer: &Timer) -> Self {
        Self { form: FORM, timer: timer.clone(), deliveries: Vec::new(), days: Vec::new() }
    }

    /// The record in an item.
    pub(super) fn read(item: &Item) -> Result<Self, Unreadable> {
        let record: Self = item.read()?;
        if record.form > FORM {
            return Err(item.unreadable(format!("it was written by a newer version, in form {}", record.form)));
        }
        Ok(record)
    }

    /// The item, to be deleted `retention` after the timer's end.
    pub(super) fn item(&self, version: u64, nonce: &str, retention: Millis) -> Result<Item, Unreadable> {
        let key = Key::timer(&self.timer.scope, &self.timer.id);
        let mut item = Item::new(&key).version(version).nonce(nonce).text(STATUS, status_letter(self.timer.status()));
        if let Some(at) = self.due() {
            item = item.text(DUE_PK, Due::Timers.shard(&key)).text(DUE_SK, due_at(at));
        }
        if let Some(ended) = self.timer.ended_at() {
            item = item.until(ended.plus(retention));
        }
        item.document(self)
    }

    /// When something is due next.
    pub(super) fn due(&self) -> Option<Timestamp> {
        self.open().filter_map(|delivery| delivery.next_attempt_at).chain(self.timer.next_due()).min()
    }

    /// The deliveries that are not over.
    pub(super) fn open(&self) -> impl Iterator<Item = &Delivery> {
        self.deliveries.iter().map(|held| &held.delivery).filter(|delivery| delivery.status.is_open())
    }

    /// A delivery.
    pub(super) fn delivery(&self, id: &DeliveryId) -> Option<&Held> {
        self.deliveries.iter().find(|held| held.delivery.id == *id)
    }

    /// The record after a step; `None` if the step is not one from here.
    pub(super) fn after_step(&self, step: &TimerStep) -> Option<Self> {
        if self.timer.revision != step.before {
            return None;
        }
        let mut after = Self { timer: step.timer.clone(), ..self.clone() };
        let mut failures = 0;
        if let Some(reason) = step.withdraw {
            for held in &mut after.deliveries {
                if let Some(withdrawn) = held.delivery.withdrawn(step.timer.updated_at, reason) {
                    held.delivery = withdrawn;
                    failures += 1;
                }
            }
        }
        let new: Vec<_> = step.deliveries.iter().filter(|new| self.delivery(&new.id).is_none()).collect();
        let deliveries = new.len() as u64;
        after.deliveries.extend(new.into_iter().map(|new| Held::new(Delivery::clone(new))));
        after
            .count(step.timer.updated_at, Day { events: step.happened as u64, deliveries, failures, ..Day::default() });
        Some(after)
    }

    /// The record with another state of one of its deliveries.
    pub(super) fn with(&self, held: &Held) -> Self {
        let mut after = self.clone();
        let Some(place) = after.deliveries.iter_mut().find(|known| known.delivery.id == held.delivery.id) else {
            return after;
        };
        let failed_at = |delivery: &Delivery| delivery.ended_at.filter(|_| delivery.status == DeliveryStatus::Failed);
        let failed = match (failed_at(&place.delivery), failed_at(&held.delivery)) {
            (None, Some(at)) => Some((at, 1)),
            (Some(at), None) => Some((at, -1)),
            _ => None,
        };
        *place = held.clone();
        if let Some((at, failures)) = failed {
            after.count(at, Day { failures, ..Day::default() });
        }
        after
    }

    fn count(&mut self, at: Timestamp, more: Day) {
        let day = at.unix_day();
        if more == Day::default() {
            return;
        }
        let place = self.days.iter().position(|known| known.day == day).unwrap_or_else(|| {
            self.days.push(Day { day, ..Day::default() });
            self.days.len() - 1
        });
        let known = &mut self.days[place];
        known.events += more.events;
        known.deliveries += more.deliveries;
        known.failures += more.failures;
    }
}

impl Held {
    /// With its texts in it.
    pub(super) fn new(delivery: Delivery) -> Self {
        Self { delivery, body_at: None, response_at: None }
    }

    /// Another state of the same delivery, which has its body where it was.
    pub(super) fn becomes(&self, delivery: Delivery) -> Self {
        let same = delivery.attempts.len() == self.delivery.attempts.len();
        Self { delivery, body_at: self.body_at.clone(), response_at: self.response_at.clone().filter(|_| same) }
    }
}

/// A status as items have it.
fn status_letter(status: Status) -> &'static str {
    &status.as_str()[..1]
}

/// Whether an item's timer runs or is paused.
pub(super) fn is_concurrent(item: &Item) -> bool {
    [Status::Running, Status::Paused].into_iter().any(|status| item.get(STATUS) == Some(status_letter(status)))
}
