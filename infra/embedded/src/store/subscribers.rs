//! Who is subscribed to an event's type: asked at each step of each timer, so it costs a look at each of the few texts that
//! can cover the type, however many endpoints there are.

use super::error::Result;
use super::keys::{Key, after_prefix};
use super::record::unreadable;
use super::tables::{Table, View};
use minoots_shared::domain::account::Scope;
use minoots_shared::domain::endpoint::Endpoint;
use minoots_shared::domain::ids::EndpointId;
use std::collections::BTreeSet;
use std::ops::Bound;

/// The keys under which an endpoint stands while it is active.
pub(super) fn entries(endpoint: &Endpoint) -> impl Iterator<Item = Key> {
    let subscriptions = endpoint.events.iter().filter(|_| endpoint.active);
    subscriptions.map(|subscription| prefix(&endpoint.scope, subscription.as_str()).rest(endpoint.id.as_str()))
}

/// Those that an event of this type reaches, in the order of their ids.
pub(super) fn of(view: &View<'_>, scope: &Scope, event_type: &str) -> Result<Vec<EndpointId>> {
    let mut found = BTreeSet::new();
    for text in covering(event_type) {
        let prefix = prefix(scope, &text).prefix();
        for entry in view.range(Table::Subscriptions, Bound::Included(&prefix), after_prefix(&prefix).as_deref()) {
            let (key, _) = entry?;
            let id = std::str::from_utf8(&key[prefix.len()..]);
            found.insert(EndpointId::new(id.map_err(|_| unreadable(Table::Subscriptions, "its key has no endpoint"))?));
        }
    }
    Ok(found.into_iter().collect())
}

fn prefix(scope: &Scope, subscription: &str) -> Key {
    Key::new().scope(scope).text(subscription)
}

/// The subscriptions that cover a type: `*`, each family that it belongs to, and itself.
fn covering(event_type: &str) -> impl Iterator<Item = String> {
    let families = event_type.match_indices('.').map(|(dot, _)| format!("{}*", &event_type[..=dot]));
    ["*".to_owned(), event_type.to_owned()].into_iter().chain(families)
}

#[cfg(test)]
mod tests {
    use super::*;
    use minoots_shared::domain::subscription::Subscription;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_covers_a_type_is_what_is_looked_for(of in "[ab]{1,2}(\\.[ab]{1,2}){1,3}", text in r"[ab]{1,2}(\.[ab]{1,2}){0,3}(\.\*)?|\*") {
            if let Some(subscription) = Subscription::parse(&text) {
                prop_assert_eq!(covering(&of).any(|covering| covering == text), subscription.covers(&of));
            }
        }
    }
}
