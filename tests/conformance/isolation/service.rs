//! Where the cases take place: the API on an infrastructure, with an account on it that has one of everything. It goes by a
//! clock that stands still, so that what nobody changed is answered with the same bytes.

use super::routes::{self, Route};
use super::tenant::{Answer, Possessions, Tenant};
use crate::calls::Sure as _;
use crate::infrastructure::{Parts, ServingInfrastructure};
use axum::Router;
use futures::stream::{StreamExt as _, iter};
use minoots_shared::app::App;
use minoots_shared::app::clock::Clock;
use minoots_shared::domain::account::{Mode, Scope};
use minoots_shared::domain::ids::{AccountId, EventId};
use minoots_shared::domain::time::{Millis, Timestamp};
use minoots_shared::http::router;
use minoots_shared::webhook::client::WebhookClient;
use minoots_shared::webhook::guard::UrlPolicy;
use std::sync::Arc;

/// The API, and whose data strangers must not see.
pub(crate) struct Service {
    app: Arc<App>,
    router: Router,
    /// Its routes.
    pub(crate) routes: Vec<Route>,
    /// The same account as that of [`Self::possessions`], through a test key: a stranger to its live data.
    pub(crate) their_test_key: Tenant,
    /// What the account has.
    pub(crate) possessions: Possessions,
    theirs: Tenant,
    before: Vec<Answer>,
}

impl Service {
    pub(crate) async fn new(infrastructure: &dyn ServingInfrastructure) -> Self {
        let clock = Clock::new(|| Timestamp(1_800_000_000_000));
        let Parts { store, alarms, queue } = infrastructure.parts(clock.clone()).await;
        let webhooks = WebhookClient::new(UrlPolicy::local(), Millis::seconds(1)).expect("TLS can be set up");
        let app = Arc::new(App::new(store, alarms, queue, webhooks, clock));
        let router = router(app.clone(), None);
        let theirs = Tenant::new(&app, &router, "theirs").await;
        let event = async |event: &str| {
            let scope = Scope { account: AccountId::new("theirs"), mode: Mode::Live };
            app.fan_out(&scope, &EventId::new(event)).await.sure();
        };
        let possessions = theirs.possessions(event).await;
        let their_test_key = theirs.test_mode().await;
        let routes = routes::all(&router);
        let before = everything(&routes, &theirs, &possessions).await;
        Self { app, router, routes, their_test_key, possessions, theirs, before }
    }

    /// Another account.
    pub(crate) async fn tenant(&self, name: &str) -> Tenant {
        Tenant::new(&self.app, &self.router, name).await
    }

    /// The case is over: whatever strangers tried, the account sees of itself what it saw before.
    pub(crate) async fn over(self) {
        let after = everything(&self.routes, &self.theirs, &self.possessions).await;
        assert_eq!(after, self.before, "a stranger changed something");
    }
}

/// All that an account shows of itself.
async fn everything(routes: &[Route], tenant: &Tenant, possessions: &Possessions) -> Vec<Answer> {
    let mut paths = Vec::new();
    for Route { path, .. } in routes.iter().filter(|route| route.takes("GET") && !route.path.starts_with("/api")) {
        if path.contains("{id}") {
            paths.extend(possessions.ids_for(path).iter().map(|id| path.replace("{id}", id)));
        } else if !path.contains('{') {
            paths.push(path.clone());
        }
    }
    assert!(paths.len() > 20, "{paths:?}");
    let asked = iter(&paths).map(async |path| {
        let answer = tenant.call("GET", path, "").await;
        assert!(answer.status < 400, "{path}: {answer:?}");
        answer
    });
    asked.buffered(paths.len()).collect().await
}
