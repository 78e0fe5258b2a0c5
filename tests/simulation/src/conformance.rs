//! The modelled store keeps what every infrastructure promises: what the simulation shows is shown on a store that is one.

use crate::plan::Plan;
use crate::process::Process;
use crate::profile::Profile;
use crate::run::{Simulation, state};
use crate::store::ProcessStore;
use crate::world::World;
use async_trait::async_trait;
use minoots_shared::ports::Store;
use minoots_tests::Infrastructure;
use std::sync::Arc;

/// A table of its own for each case, on which nothing goes wrong and nothing takes any time.
struct Model(World);

impl Model {
    fn new() -> Self {
        Self(World::new(state(0, Profile::default(), &Plan::default(), Simulation::default())))
    }
}

#[async_trait]
impl Infrastructure for Model {
    /// As a process finds it that starts: the table is there, and nobody in this process is at any attempt.
    async fn open_store(&self) -> Arc<dyn Store> {
        Arc::new(ProcessStore::new(Process::new(&self.0, "conformance")))
    }
}

minoots_tests::store_cases!(Model::new());
