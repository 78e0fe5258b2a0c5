//! The use cases: what callers, due times and receivers make happen. Each reads the clock once, decides with the domain's
//! pure functions, and takes one atomic step in the store.

mod accounts;
mod change;
pub mod clock;
mod create;
mod deactivate;
mod deliver;
mod endpoints;
mod error;
mod fall_due;
mod fan_out;
mod fresh;
mod history;
mod patience;
pub mod randomness;
mod read;
mod replay;
mod send_event;
mod step;
mod sweep;
mod test_send;

pub use accounts::{Caller, NewApiKey};
pub use create::{Answered, Once, Outcome, Render, Usage};
pub use endpoints::EndpointInUse;
pub use error::Error;
pub use fall_due::Rang;
pub use history::EndpointStatistics;
pub use read::TimerWithDeliveries;
pub use replay::ReplayedFailures;
pub use send_event::{CreatedProject, SentEvent};
pub use step::cause;
pub use sweep::Swept;

use crate::ports::{Alarms, Queue, Store};
use crate::webhook::client::WebhookClient;
use clock::Clock;
use fresh::Fresh;
use patience::Patience;
use randomness::Randomness;
use std::sync::Arc;

/// The product on some infrastructure.
pub struct App {
    store: Arc<dyn Store>,
    alarms: Arc<dyn Alarms>,
    queue: Arc<dyn Queue>,
    webhooks: WebhookClient,
    clock: Clock,
    fresh: Fresh,
    patience: Patience,
}

impl App {
    /// The product on the given infrastructure.
    pub fn new(
        store: Arc<dyn Store>,
        alarms: Arc<dyn Alarms>,
        queue: Arc<dyn Queue>,
        webhooks: WebhookClient,
        clock: Clock,
    ) -> Self {
        let fresh = Fresh::new(Randomness::system());
        Self { store, alarms, queue, webhooks, clock, fresh, patience: Patience::default() }
    }

    /// The same with ids, keys and secrets drawn from `randomness` instead of the operating system.
    #[must_use]
    pub fn with_randomness(self, randomness: Randomness) -> Self {
        Self { fresh: Fresh::new(randomness), ..self }
    }

    /// The clock that everything here goes by.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }
}
