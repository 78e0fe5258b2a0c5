//! The embedded infrastructure keeps what every infrastructure promises.

use async_trait::async_trait;
use minoots_embedded::store::{EmbeddedStore, StoreOptions};
use minoots_shared::ports::Store;
use minoots_tests::Infrastructure;
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
impl Infrastructure for Folder {
    async fn open_store(&self) -> Arc<dyn Store> {
        Arc::new(EmbeddedStore::open(self.0.path(), StoreOptions::default()).expect("the folder can be opened"))
    }
}

minoots_tests::store_cases!(Folder::new());
