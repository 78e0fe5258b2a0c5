//! Which endpoints need no look at their figures after a failed attempt: those that can't have failed for too long yet. On
//! some infrastructures figures are dear, and an endpoint that is down fails often.

use crate::domain::account::Scope;
use crate::domain::endpoint::{Endpoint, PATIENCE};
use crate::domain::ids::EndpointId;
use crate::domain::time::Timestamp;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// So many endpoints are remembered.
const MOST: usize = 10_000;

/// Until when patience with each endpoint lasts at least: an endpoint that has failed since some instant can't turn out to
/// have failed for longer, and a success only makes it last longer.
#[derive(Default)]
pub(super) struct Patience(Mutex<HashMap<(Scope, EndpointId), Timestamp>>);

impl Patience {
    /// Whether patience with an endpoint may be at its end at `now`.
    pub(super) fn may_be_over(&self, endpoint: &Endpoint, now: Timestamp) -> bool {
        let known = self.lock().get(&(endpoint.scope.clone(), endpoint.id.clone())).copied();
        now >= endpoint.active_since.plus(PATIENCE) && known.is_none_or(|until| now >= until)
    }

    /// Notes since when an endpoint has failed, as it was found at `now`.
    pub(super) fn note(&self, endpoint: &Endpoint, failing_since: Option<Timestamp>, now: Timestamp) {
        let mut known = self.lock();
        // A process that lives long must not remember for ever.
        if known.len() >= MOST {
            known.clear();
        }
        let until = failing_since.unwrap_or(now).plus(PATIENCE);
        known.insert((endpoint.scope.clone(), endpoint.id.clone()), until);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<(Scope, EndpointId), Timestamp>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::account::Mode;
    use crate::domain::endpoint_settings;
    use crate::domain::ids::AccountId;
    use crate::domain::json::Json;
    use crate::domain::secret::WebhookSecret;
    use crate::domain::time::Millis;
    use crate::webhook::guard::UrlPolicy;

    fn endpoint(id: &str, at: Timestamp) -> Endpoint {
        let body = Json::parse(br#"{"name": "n", "url": "https://a.example/", "events": ["*"]}"#).unwrap();
        let scope = Scope { account: AccountId::new("acct"), mode: Mode::Live };
        let (id, secret) = (EndpointId::new(id), WebhookSecret::generate(&[7; 32]));
        endpoint_settings::parse_new(&body, &scope, id, secret, at, &UrlPolicy::strict()).unwrap()
    }

    #[test]
    fn an_endpoint_is_looked_at_only_when_it_may_have_failed_for_too_long() {
        let (patience, begin) = (Patience::default(), Timestamp(1_000));
        let (one, other) = (endpoint("whk_1", begin), endpoint("whk_2", begin));
        let late = begin.plus(PATIENCE);
        assert!(!patience.may_be_over(&one, late.minus(Millis(1))));
        assert!(patience.may_be_over(&one, late));
        // It failed first after a day, as was found late; so it is looked at again in a day.
        patience.note(&one, Some(begin.plus(Millis::DAY)), late);
        assert!(!patience.may_be_over(&one, late.plus(Millis::DAY).minus(Millis(1))));
        assert!(patience.may_be_over(&one, late.plus(Millis::DAY)));
        // Its last attempt succeeded.
        patience.note(&one, None, late);
        assert!(!patience.may_be_over(&one, late.plus(PATIENCE).minus(Millis(1))));
        assert!(patience.may_be_over(&one, late.plus(PATIENCE)));
        assert!(patience.may_be_over(&other, late), "another endpoint's failures");
    }
}
