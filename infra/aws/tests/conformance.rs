//! The AWS infrastructure keeps what every infrastructure promises.

use async_trait::async_trait;
use minoots_aws::store::{DynamoStore, create_table};
use minoots_emulator::{emulator, fresh_name};
use minoots_shared::app::clock::Clock;
use minoots_shared::domain::time::{Millis, Timestamp};
use minoots_shared::ports::Store;
use minoots_tests::Infrastructure;
use std::sync::{Arc, OnceLock};

/// A table of its own for each case.
struct Table {
    name: String,
    created: OnceLock<()>,
}

impl Table {
    fn new() -> Self {
        Self { name: fresh_name("table"), created: OnceLock::new() }
    }
}

#[async_trait]
impl Infrastructure for Table {
    async fn open_store(&self) -> Arc<dyn Store> {
        let client = emulator().clients().dynamodb;
        if self.created.set(()).is_ok() {
            create_table(&client, &self.name).await.expect("the emulator makes a table");
        }
        // Some cases let things end in 1970; nothing is to be deleted for its age.
        let clock = Clock::new(|| Timestamp(1_000));
        Arc::new(DynamoStore::new(client, self.name.clone(), Millis::days(30), clock))
    }
}

minoots_tests::store_cases!(Table::new());
