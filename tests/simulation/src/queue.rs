//! A standard queue as SQS has them: at least once, in any order, shared fairly among groups.

use crate::profile::Profile;
use crate::random::Random;
use minoots_shared::domain::time::{Millis, Timestamp};
use std::collections::BTreeMap;

/// A queue.
#[derive(Debug)]
pub(crate) struct Queue {
    /// Its name.
    pub name: &'static str,
    /// How long a message that was received is invisible.
    visibility: Millis,
    /// How often a message is received; then it is a dead letter.
    most_receives: u32,
    messages: BTreeMap<u64, Message>,
    /// What was received too often.
    pub dead: Vec<String>,
    next: u64,
}

#[derive(Clone, Debug)]
struct Message {
    body: String,
    group: String,
    visible_at: Timestamp,
    receives: u32,
    in_flight: bool,
}

/// A message that was received.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    /// Its id.
    pub id: u64,
    /// What it says.
    pub body: String,
    /// How often it was received.
    pub receives: u32,
}

impl Queue {
    /// An empty queue.
    pub(crate) fn new(name: &'static str, visibility: Millis, most_receives: u32) -> Self {
        Self { name, visibility, most_receives, messages: BTreeMap::new(), dead: Vec::new(), next: 1 }
    }

    /// Takes a message, to be visible after `delay`.
    pub(crate) fn send(
        &mut self,
        body: &str,
        group: &str,
        delay: Millis,
        now: Timestamp,
        random: &mut Random,
        profile: &Profile,
    ) {
        let copies = if random.chance(profile.duplicated) { 2 } else { 1 };
        for _ in 0..copies {
            let mut visible_at = now.plus(delay).plus(Millis(random.between(1, 25)));
            if random.chance(profile.delayed) {
                visible_at = visible_at.plus(Millis(random.below(20_000)));
            }
            let message =
                Message { body: body.to_owned(), group: group.to_owned(), visible_at, receives: 0, in_flight: false };
            self.messages.insert(self.next, message);
            self.next += 1;
        }
    }

    /// When the next message is visible.
    pub(crate) fn next_visible(&self) -> Option<Timestamp> {
        self.messages.values().map(|message| message.visible_at).min()
    }

    /// Receives up to `most` messages, the least busy group first, in any order within it. Of the dead it is told by the
    /// queue's own list.
    pub(crate) fn receive(&mut self, most: usize, now: Timestamp, random: &mut Random) -> Vec<Received> {
        let mut busy: BTreeMap<String, usize> = BTreeMap::new();
        for message in self.messages.values().filter(|message| message.in_flight && message.visible_at > now) {
            *busy.entry(message.group.clone()).or_default() += 1;
        }
        let mut received = Vec::new();
        while received.len() < most {
            let visible = |message: &Message| message.visible_at <= now;
            let least = self.messages.values().filter(|message| visible(message));
            let Some(least) = least.map(|message| busy.get(&message.group).copied().unwrap_or(0)).min() else { break };
            let of_least = |message: &Message| busy.get(&message.group).copied().unwrap_or(0) == least;
            let candidates: Vec<u64> = self
                .messages
                .iter()
                .filter(|(_, message)| visible(message) && of_least(message))
                .map(|(id, _)| *id)
                .collect();
            let id = *random.pick(&candidates);
            let Some(message) = self.messages.get_mut(&id) else { break };
            message.receives += 1;
            if message.receives > self.most_receives {
                self.dead.extend(self.messages.remove(&id).map(|message| message.body));
                continue;
            }
            message.visible_at = now.plus(self.visibility);
            message.in_flight = true;
            *busy.entry(message.group.clone()).or_default() += 1;
            received.push(Received { id, body: message.body.clone(), receives: message.receives });
        }
        received
    }

    /// Deletes a message that was dealt with.
    pub(crate) fn delete(&mut self, id: u64) {
        self.messages.remove(&id);
    }

    /// Makes a message visible again after `delay`. `false`: it is not there.
    pub(crate) fn hide(&mut self, id: u64, delay: Millis, now: Timestamp) -> bool {
        let Some(message) = self.messages.get_mut(&id) else { return false };
        message.visible_at = now.plus(delay);
        message.in_flight = delay > Millis(0);
        true
    }

    /// How many messages there are, the dead left out.
    pub(crate) fn len(&self) -> usize {
        self.messages.len()
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }
}
