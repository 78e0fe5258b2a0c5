//! Endpoints that nothing is to be sent to any more.

use super::step::MOST_TRIES;
use super::{App, cause};
use crate::domain::account::Scope;
use crate::domain::catalogue::DISABLED;
use crate::domain::endpoint::Endpoint;
use crate::domain::event::Event;
use crate::domain::ids::{EndpointId, EventId};
use crate::domain::json::JsonText;
use crate::domain::time::Timestamp;
use crate::ports::Unavailable;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

/// How many deliveries are given up in one step.
const CHUNK: usize = 100;
/// How many steps are taken at once: what is left then is given up when its attempt is due.
const MOST_STEPS: usize = 100;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Disabled<'a> {
    webhook_id: &'a str,
    name: &'a str,
    reason: &'a str,
    disabled_at: String,
}

impl App {
    /// Deactivates an endpoint for `reason` and tells the account's other endpoints, in one step. Nothing if it is gone, or
    /// was deactivated before.
    pub(super) async fn deactivate(&self, scope: &Scope, id: &EndpointId, reason: &str) -> Result<(), Unavailable> {
        for _ in 0..MOST_TRIES {
            let Some(endpoint) = self.store.endpoint(scope, id).await? else { return Ok(()) };
            let now = self.clock.now();
            let Some(disabled) = endpoint.disabled(now, reason) else { return Ok(()) };
            let mut targets = self.store.subscribers(scope, DISABLED).await?;
            targets.retain(|other| other != id);
            let event = (!targets.is_empty()).then(|| event(&disabled, reason, now, targets));
            if self.store.replace_endpoint(disabled, event.clone()).await? {
                tracing::warn!(account = %scope.account, mode = %scope.mode, endpoint = %id, reason, "an endpoint was deactivated");
                self.tell(event.as_slice()).await;
                return Ok(());
            }
        }
        tracing::warn!(endpoint = %id, "not deactivated, for others kept changing it: its next failure will do it");
        Ok(())
    }

    /// Gives up what is still open for an endpoint that nothing is to be sent to any more. What this does not reach is given
    /// up when its attempt is due.
    pub(super) async fn give_up_all(&self, scope: &Scope, id: &EndpointId, reason: &str) {
        for _ in 0..MOST_STEPS {
            match self.store.give_up_deliveries(scope, id, reason, self.clock.now(), CHUNK).await {
                Ok(0) => return,
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(endpoint = %id, error = %cause(&error), "deliveries not given up: they are when they are due");
                    return;
                }
            }
        }
    }
}

fn event(disabled: &Endpoint, reason: &str, now: Timestamp, targets: Vec<EndpointId>) -> Event {
    let data = Disabled { webhook_id: disabled.id.as_str(), name: &disabled.name, reason, disabled_at: now.to_iso() };
    let mut digest = Sha256::new();
    for part in [disabled.scope.account.as_str(), disabled.scope.mode.as_str(), disabled.id.as_str(), DISABLED] {
        digest.update(part.as_bytes());
        digest.update([0]);
    }
    digest.update(disabled.revision.to_be_bytes());
    Event {
        scope: disabled.scope.clone(),
        id: EventId::derive(now, &digest.finalize().into()),
        event_type: DISABLED.to_owned(),
        created_at: now,
        data: JsonText::of(&data),
        targets,
        expanded: 0,
    }
}
