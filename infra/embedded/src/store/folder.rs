//! The data folder: made for its owner alone, used by one process at a time.

use super::error::OpenError;
use std::fs::{DirBuilder, File, TryLockError};
use std::io::Result;
use std::path::{Path, PathBuf};

/// Its lock keeps other processes away; the system releases it when the process ends, however it ends.
const LOCK: &str = "lock";

/// A data folder, held until this is dropped.
pub(super) struct Folder {
    path: PathBuf,
    _lock: File,
}

impl Folder {
    /// Makes the folder if there is none, and takes it for this process.
    pub(super) fn take(path: &Path) -> std::result::Result<Self, OpenError> {
        let failed = |error: std::io::Error| OpenError::Failed { path: path.to_owned(), source: error.into() };
        make(path).map_err(failed)?;
        let lock = File::options().create(true).truncate(false).write(true).open(path.join(LOCK)).map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(OpenError::InUse(path.to_owned())),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

/// Webhook secrets will be in there: others on this machine have no business in it.
fn make(path: &Path) -> Result<()> {
    let missing = path.ancestors().take_while(|ancestor| !is_there(ancestor)).count();
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)?;
    path.ancestors().skip(1).take(missing).try_for_each(sync)
}

/// An empty path is the working folder, above a relative one.
fn is_there(path: &Path) -> bool {
    path.as_os_str().is_empty() || path.exists()
}

/// Puts a folder's list of entries on disk: without that, a power cut may take a new entry along with all in it.
pub(super) fn sync(folder: &Path) -> Result<()> {
    if cfg!(unix) {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}
