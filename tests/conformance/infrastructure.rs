//! What a test must be able to ask of an infrastructure beyond its ports.

use async_trait::async_trait;
use minoots_shared::app::clock::Clock;
use minoots_shared::domain::time::Millis;
use minoots_shared::ports::{Alarms, Queue, Store};
use std::sync::Arc;

/// An infrastructure under test. Each case makes its own, so that nothing of another case is in it.
#[async_trait]
pub trait Infrastructure: Send + Sync {
    /// Opens the store, as the product does when it starts: without anything in it the first time, later with what is
    /// written down. Called again only when nothing uses the one before any more.
    async fn open_store(&self) -> Arc<dyn Store>;
}

/// An infrastructure with the product at work on it: what is due happens by itself, and webhooks are sent.
#[async_trait]
pub trait WorkingInfrastructure: Send + Sync {
    /// Starts everything that lets timers fall due and attempts deliveries, by the system's clock; webhooks may go to this
    /// machine. Again after [`Self::stop`], with the same data.
    async fn start(&self) -> Parts;

    /// Ends it as the product's end does, and returns once nothing of it is at work. The parts are given back before.
    async fn stop(&self);

    /// How late something may be here that is not left to the sweep, on a busy machine: less than what only the sweep finds.
    fn prompt(&self) -> Millis {
        Millis::seconds(15)
    }
}

/// An infrastructure that the API answers on, with nothing else at work there: what is due and what is queued stays so.
#[async_trait]
pub trait ServingInfrastructure: Send + Sync {
    /// The ports that the API stands on. They go by `clock`, and are asked for once.
    async fn parts(&self, clock: Clock) -> Parts;
}

/// The ports of a product.
pub struct Parts {
    /// Where it keeps everything.
    pub store: Arc<dyn Store>,
    /// What wakes it.
    pub alarms: Arc<dyn Alarms>,
    /// What sends.
    pub queue: Arc<dyn Queue>,
}
