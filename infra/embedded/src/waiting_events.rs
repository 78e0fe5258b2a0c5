//! Events that wait to be fanned out. Only ids wait here, and not too many: all of them are in the store as well.

use minoots_shared::domain::account::Scope;
use minoots_shared::domain::ids::EventId;
use std::collections::{HashMap, HashSet, VecDeque};

/// Turn by turn between scopes, so that nobody's many events delay another's.
pub(crate) struct WaitingEvents {
    most: usize,
    /// Of each scope that has any, in order.
    of: HashMap<Scope, VecDeque<EventId>>,
    turns: VecDeque<Scope>,
    known: HashSet<(Scope, EventId)>,
    /// Some were turned away, and wait in the store alone.
    more: bool,
}

impl WaitingEvents {
    /// At most `most` wait in all.
    pub(crate) fn new(most: usize) -> Self {
        Self { most, of: HashMap::new(), turns: VecDeque::new(), known: HashSet::new(), more: false }
    }

    /// Takes an event, unless it waits already or there are too many.
    pub(crate) fn push(&mut self, scope: &Scope, id: &EventId) {
        if self.known.len() >= self.most {
            self.more = true;
        } else if self.known.insert((scope.clone(), id.clone())) {
            let waiting = self.of.entry(scope.clone()).or_default();
            if waiting.is_empty() {
                self.turns.push_back(scope.clone());
            }
            waiting.push_back(id.clone());
        }
    }

    /// The next one. It may be pushed again from here on: what is under way may have seen an earlier state.
    pub(crate) fn pop(&mut self) -> Option<(Scope, EventId)> {
        let scope = self.turns.pop_front()?;
        let waiting = self.of.get_mut(&scope)?;
        let id = waiting.pop_front()?;
        if waiting.is_empty() {
            self.of.remove(&scope);
        } else {
            self.turns.push_back(scope.clone());
        }
        let event = (scope, id);
        self.known.remove(&event);
        Some(event)
    }

    /// There are more in the store.
    pub(crate) fn note_more(&mut self) {
        self.more = true;
    }

    /// Whether it is time to fetch those that were turned away; asked once, it is forgotten.
    pub(crate) fn wants_more(&mut self) -> bool {
        self.known.is_empty() && std::mem::take(&mut self.more)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use minoots_shared::domain::account::Mode;
    use minoots_shared::domain::ids::AccountId;

    fn scope(account: &str) -> Scope {
        Scope { account: AccountId::new(account), mode: Mode::Live }
    }

    fn pop_all(waiting: &mut WaitingEvents) -> Vec<String> {
        std::iter::from_fn(|| waiting.pop()).map(|(scope, id)| format!("{}/{id}", scope.account)).collect()
    }

    #[test]
    fn scopes_take_turns_and_each_ones_events_keep_their_order() {
        let mut waiting = WaitingEvents::new(10);
        for (account, id) in [("a", "1"), ("a", "2"), ("a", "3"), ("b", "1"), ("c", "1"), ("b", "2")] {
            waiting.push(&scope(account), &EventId::new(id));
        }
        assert_eq!(pop_all(&mut waiting), ["a/1", "b/1", "c/1", "a/2", "b/2", "a/3"]);
        assert_eq!(waiting.pop(), None);
    }

    #[test]
    fn an_event_waits_once_and_may_wait_again_once_it_was_taken() {
        let mut waiting = WaitingEvents::new(10);
        let (scope, id) = (scope("a"), EventId::new("1"));
        waiting.push(&scope, &id);
        waiting.push(&scope, &id);
        assert_eq!(pop_all(&mut waiting), ["a/1"]);
        waiting.push(&scope, &id);
        assert_eq!(pop_all(&mut waiting), ["a/1"]);
    }

    #[test]
    fn those_turned_away_are_asked_for_once_when_nothing_waits_any_more() {
        let mut waiting = WaitingEvents::new(2);
        for id in ["1", "2", "3"] {
            waiting.push(&scope("a"), &EventId::new(id));
        }
        assert!(!waiting.wants_more());
        assert_eq!(pop_all(&mut waiting), ["a/1", "a/2"]);
        assert!(waiting.wants_more());
        assert!(!waiting.wants_more());
    }
}
