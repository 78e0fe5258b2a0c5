//! Owners of endpoints: they create them, deactivate, activate and delete them.

use crate::callers::{Callers, parsed};
use crate::calls::WantedEndpoint;
use crate::plan::{EndpointWish, NewEndpoint};
use minoots_shared::app::{self, Once};
use minoots_shared::domain::ids::EndpointId;
use minoots_shared::ports::IdempotencyKey;

impl Callers {
    pub(crate) async fn keep_endpoint(self, number: usize, plan: NewEndpoint) {
        self.world.sleep_until(plan.at).await;
        let place = {
            let wanted = WantedEndpoint {
                scope: plan.scope.clone(),
                id: None,
                events: plan.events,
                created: None,
                disturbed: None,
                inactive: Vec::new(),
                deleted: None,
            };
            let endpoints = &mut self.world.state().calls.endpoints;
            endpoints.push(wanted);
            endpoints.len() - 1
        };
        let body = parsed(&plan.body);
        let key =
            IdempotencyKey { scope: plan.scope.clone(), route: "POST /webhooks", key: format!("endpoint {number}") };
        let once = Once { key, fingerprint: [7; 32] };
        let created = self.insist(async |app| {
            let made = app.create_endpoint(&plan.scope, &body, Some(once.clone()), |endpoint| {
                endpoint.id.as_str().as_bytes().to_vec()
            });
            Ok(match made.await? {
                app::Answered::Now(endpoint) => endpoint.id,
                app::Answered::Before(id) => EndpointId::new(String::from_utf8_lossy(&id)),
            })
        });
        let Some(created) = created.await else { return };
        let id = match created {
            Ok(id) => id,
            Err(error) => return self.world.state().broken(format!("an endpoint was refused: {error}")),
        };
        let now = self.world.now();
        {
            let wanted = &mut self.world.state().calls.endpoints[place];
            wanted.id = Some(id.clone());
            wanted.created = Some(now);
        }
        for (after, wish) in plan.wishes {
            tokio::time::sleep(after.to_std()).await;
            let begun = self.world.now();
            {
                let wanted = &mut self.world.state().calls.endpoints[place];
                wanted.disturbed = wanted.disturbed.or(Some(begun));
            }
            match wish {
                EndpointWish::Active(active) => {
                    let body = parsed(&format!(r#"{{"active": {active}}}"#));
                    if !active {
                        self.world.state().calls.endpoints[place].inactive.push((begun, None));
                    }
                    self.insist(async |app| app.change_endpoint(&plan.scope, &id, &body).await.map(|_| ())).await;
                    let now = self.world.now();
                    if let Some((_, to)) = self.world.state().calls.endpoints[place].inactive.last_mut()
                        && active
                    {
                        *to = Some(now);
                    }
                }
                EndpointWish::Delete => {
                    let deleted = self.insist(async |app| app.delete_endpoint(&plan.scope, &id).await).await;
                    // Not found: an earlier request did it, whose answer was lost.
                    if matches!(deleted, Some(Ok(()))) {
                        self.world.state().calls.endpoints[place].deleted = Some(self.world.now());
                    }
                    return;
                }
            }
        }
    }
}
