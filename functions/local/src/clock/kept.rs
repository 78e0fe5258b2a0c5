//! What the clock showed last, in the data folder. There is no file as long as it is the machine's own time.

use super::Reckoning;
use minoots_shared::domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

const FILE: &str = "clock.json";
/// Raised when an earlier version can't read what this one writes.
const VERSION: u32 = 1;

/// The clock's file can't be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("the clock in {0} can't be read or written: {1}")]
    File(PathBuf, io::Error),
    #[error("{0} holds no clock that this version reads: {1}; remove it to go by the machine's time again")]
    Unreadable(PathBuf, String),
}

#[derive(Serialize, Deserialize)]
struct Record {
    version: u32,
    real: Timestamp,
    shown: Timestamp,
    speed: f64,
}

/// The file.
pub(crate) struct Kept(PathBuf);

impl Kept {
    pub(crate) fn new(folder: &Path) -> Self {
        Self(folder.join(FILE))
    }

    pub(crate) fn read(&self) -> Result<Option<Reckoning>, Error> {
        let text = match fs::read(&self.0) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Error::File(self.0.clone(), error)),
        };
        let unreadable = |why: String| Error::Unreadable(self.0.clone(), why);
        let Record { version, real, shown, speed } =
            serde_json::from_slice(&text).map_err(|error| unreadable(error.to_string()))?;
        if version != VERSION {
            return Err(unreadable(format!("it is of version {version}")));
        }
        Ok(Some(Reckoning { real, shown, speed }))
    }

    /// Written whole or not at all.
    pub(crate) fn write(&self, reckoning: &Reckoning) -> Result<(), Error> {
        let failed = |error| Error::File(self.0.clone(), error);
        if *reckoning == Reckoning::MACHINE {
            return match fs::remove_file(&self.0) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(error)),
                _ => Ok(()),
            };
        }
        let Reckoning { real, shown, speed } = *reckoning;
        let text = serde_json::to_vec(&Record { version: VERSION, real, shown, speed }).unwrap_or_default();
        let draft = self.0.with_extension("new");
        fs::write(&draft, text).and_then(|()| fs::rename(&draft, &self.0)).map_err(failed)
    }
}
