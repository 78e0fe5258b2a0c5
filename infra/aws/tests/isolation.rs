//! Accounts on AWS learn nothing of each other: the API's own ports, on the emulator.

use async_trait::async_trait;
use minoots_emulator::{Process, Stack, emulator};
use minoots_shared::app::clock::Clock;
use minoots_tests::{Parts, ServingInfrastructure};
use std::sync::Arc;
use tokio::sync::OnceCell;

/// A deployment of its own for each case.
#[derive(Default)]
struct Deployment(OnceCell<Stack>);

#[async_trait]
impl ServingInfrastructure for Deployment {
    async fn parts(&self, clock: Clock) -> Parts {
        let stack = self.0.get_or_init(Stack::deploy).await;
        let api = Process { stack, clients: emulator().clients(), clock };
        Parts { store: api.store(), alarms: Arc::new(api.alarms()), queue: Arc::new(api.queue()) }
    }
}

minoots_tests::isolation_cases!(Deployment::default());
