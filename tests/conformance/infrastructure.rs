//! What a test must be able to ask of an infrastructure beyond its ports.

use async_trait::async_trait;
use minoots_shared::ports::Store;
use std::sync::Arc;

/// An infrastructure under test. Each case makes its own, so that nothing of another case is in it.
#[async_trait]
pub trait Infrastructure: Send + Sync {
    /// Opens the store, as the product does when it starts: without anything in it the first time, later with what is
    /// written down. Called again only when nothing uses the one before any more.
    async fn open_store(&self) -> Arc<dyn Store>;
}
