//! Accounts on one machine learn nothing of each other.

use async_trait::async_trait;
use minoots_embedded::store::{EmbeddedStore, StoreOptions};
use minoots_embedded::{DeliveryQueue, DueIndexAlarms, Limits};
use minoots_shared::app::clock::Clock;
use minoots_tests::{Parts, ServingInfrastructure};
use std::sync::Arc;
use tempfile::TempDir;

/// A data folder of its own for each case.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder can be made"))
    }
}

#[async_trait]
impl ServingInfrastructure for Folder {
    async fn parts(&self, _clock: Clock) -> Parts {
        let store = EmbeddedStore::open(self.0.path(), StoreOptions::default()).expect("the folder can be opened");
        Parts { store: Arc::new(store), alarms: Arc::new(DueIndexAlarms), queue: DeliveryQueue::new(Limits::default()) }
    }
}

minoots_tests::isolation_cases!(Folder::new());
