//! Where the cases of a product at work take place: its parts, several accounts, and a receiver for its webhooks.

use crate::calls::{Sure as _, create};
use crate::infrastructure::{Parts, WorkingInfrastructure};
use crate::receiver::{Arrival, Receiver};
use crate::samples::{Sketch, account, sketch};
use minoots_shared::app::clock::Clock;
use minoots_shared::domain::account::{Mode, Scope};
use minoots_shared::domain::ids::AccountId;
use minoots_shared::domain::time::{Millis, Timestamp};
use minoots_shared::domain::timer::Timer;
use minoots_shared::ports::{Alarm, TimerStep};
use std::time::Duration;

/// How long a case waits for what the sweep finds once a minute.
const PATIENCE: Duration = Duration::from_secs(150);

/// A product at work.
pub(crate) struct Stage<'a> {
    infrastructure: &'a dyn WorkingInfrastructure,
    parts: Option<Parts>,
    receiver: Receiver,
}

impl<'a> Stage<'a> {
    /// The product, started on an empty store, with the accounts that [`Self::scopes`] names.
    pub(crate) async fn new(infrastructure: &'a dyn WorkingInfrastructure) -> Self {
        let parts = infrastructure.start().await;
        for scope in Self::scopes() {
            // The second mode of an account finds it made already.
            parts.store.create_account(account(&scope.account, 1)).await.sure();
        }
        Self { infrastructure, parts: Some(parts), receiver: Receiver::listen().await }
    }

    /// Two accounts, one of them in both modes: all have timers with the same ids.
    pub(crate) fn scopes() -> [Scope; 3] {
        let scope = |account: &str, mode| Scope { account: AccountId::new(account), mode };
        [scope("acct", Mode::Live), scope("acct", Mode::Test), scope("acct2", Mode::Live)]
    }

    /// The product's ports.
    pub(crate) fn parts(&self) -> &Parts {
        self.parts.as_ref().expect("the product is at work except while it is started anew")
    }

    /// Ends the product's work.
    pub(crate) async fn stop(&mut self) {
        self.parts = None;
        self.infrastructure.stop().await;
    }

    /// Starts it again.
    pub(crate) async fn start(&mut self) {
        self.parts = Some(self.infrastructure.start().await);
    }

    /// How late something may be that is not left to the sweep.
    pub(crate) fn prompt(&self) -> Millis {
        self.infrastructure.prompt()
    }

    /// The time that the product goes by.
    pub(crate) fn now() -> Timestamp {
        Clock::system().now()
    }

    /// A timer that tells the receiver of its end.
    pub(crate) fn telling(&self, scope: &Scope, id: &str, millis: u64) -> Timer {
        self.sketch(scope, id, &path(scope, id)).lasting(millis).timer(scope)
    }

    /// A timer of an hour that tells the receiver of its end under a path of its own.
    pub(crate) fn sketch(&self, scope: &Scope, id: &str, path: &str) -> Sketch {
        let url = self.receiver.url(path);
        let webhook = format!(r#"{{"on_expire": {{"webhook": "{url}", "data": {{"of": "{}"}}}}}}"#, scope.account);
        sketch(id).at(Self::now()).with("events", &webhook)
    }

    /// Stores timers and sets their alarms, as a creation does.
    pub(crate) async fn create(&self, scope: &Scope, timers: &[Timer]) {
        create(&*self.parts().store, scope, timers).await;
        let alarms: Vec<_> = timers.iter().flat_map(alarms).collect();
        self.parts().alarms.set(&alarms).await.sure();
    }

    /// Takes a step, and nothing of what should follow from it.
    pub(crate) async fn take(&self, step: TimerStep) -> Timer {
        let after = step.timer.clone();
        assert!(self.parts().store.commit_step(step).await.sure(), "nothing else changed the timer");
        after
    }

    /// The next webhook that arrives.
    pub(crate) async fn arrival(&mut self) -> Arrival {
        tokio::time::timeout(PATIENCE, self.receiver.next()).await.expect("a webhook arrives")
    }

    /// All that arrives before a timer that is created now and falls due after `millis` is told of.
    pub(crate) async fn arrivals_within(&mut self, millis: u64) -> Vec<Arrival> {
        let (scope, marker) = (&Self::scopes()[0], "marker");
        let timer = self.telling(scope, marker, millis);
        self.create(scope, &[timer]).await;
        let mut arrivals = Vec::new();
        loop {
            let arrival = self.arrival().await;
            if arrival.path == path(scope, marker) {
                return arrivals;
            }
            arrivals.push(arrival);
        }
    }

    /// The case is over.
    pub(crate) async fn over(mut self) {
        self.stop().await;
    }
}

/// Where a timer's webhook arrives.
pub(crate) fn path(scope: &Scope, id: &str) -> String {
    format!("/{}/{}/{id}", scope.account, scope.mode)
}

/// An alarm for everything that is to happen on a timer's way.
pub(crate) fn alarms(timer: &Timer) -> Vec<Alarm> {
    let alarm = |at| Alarm { scope: timer.scope.clone(), timer: timer.id.clone(), epoch: timer.epoch, at };
    timer.pending().into_iter().map(|due| alarm(due.at)).collect()
}
