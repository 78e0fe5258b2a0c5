//! What can go wrong in the store.

use minoots_shared::ports::Unavailable;
use std::path::PathBuf;
use std::sync::Arc;

/// Why a data folder can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Two processes on one folder would overwrite each other's data.
    #[error("another minoots uses this data folder: {}; stop it, or choose another folder", .0.display())]
    InUse(PathBuf),
    /// Written by a version that this one doesn't know.
    #[error(
        "the data in {} has format {found}, and this minoots knows format {known} only; use the version that wrote it",
        path.display()
    )]
    Format {
        /// The folder.
        path: PathBuf,
        /// The format that its data says.
        found: String,
        /// The format that this version reads and writes.
        known: u8,
    },
    /// There is a database, but not one of ours.
    #[error("{} holds a database of another program; choose another folder", .0.display())]
    Foreign(PathBuf),
    /// The folder can't be made, or its data can't be read.
    #[error("the data folder {} can't be opened", path.display())]
    Failed {
        /// The folder.
        path: PathBuf,
        /// The cause.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Why a step failed. Callers see it as [`Unavailable`].
#[derive(Clone, Debug, thiserror::Error)]
pub(super) enum StoreError {
    #[error("the database failed")]
    Database(#[from] Arc<fjall::Error>),
    #[error("the database failed to write and takes no more writes; see what its disk says, then start minoots again")]
    Broken,
    #[error("a record in `{table}` can't be read: {problem}")]
    Record { table: &'static str, problem: String },
    #[error("a record for `{table}` can't be written: {problem}")]
    Encoding { table: &'static str, problem: String },
    #[error("a step panicked: {0}")]
    Panicked(String),
    #[error("the store's writer has stopped")]
    Stopped,
}

impl From<fjall::Error> for StoreError {
    fn from(error: fjall::Error) -> Self {
        Self::Database(Arc::new(error))
    }
}

impl From<StoreError> for Unavailable {
    fn from(error: StoreError) -> Self {
        Self(Box::new(error))
    }
}

pub(super) type Result<T> = std::result::Result<T, StoreError>;
