//! The key that `minoots dev` prints: the same over restarts.
//!
//! The store keeps only a digest of a key, so its text is kept here, in a file that only its owner may read.

use minoots_shared::app::App;
use minoots_shared::domain::account::{Mode, Scope};
use minoots_shared::domain::api_key::ApiKeySecret;
use minoots_shared::domain::ids::AccountId;
use minoots_shared::ports::Unavailable;
use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

const FILE: &str = "api-key";

/// Why there is no key to print.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("the key in {0} can't be read or written: {1}")]
    File(PathBuf, io::Error),
    #[error("--api-key must be 8 to 256 visible ASCII characters without blanks, best mnt_live_… or mnt_test_…")]
    Unusable,
    #[error("{0}: {cause}", cause = .0.0)]
    Store(#[from] Unavailable),
}

/// The key that opens `account`: the operator's, else the one of the last start, else a new one. A key that was revoked is
/// replaced, except that the operator's is in force again.
pub(crate) async fn api_key(
    app: &App,
    account: &AccountId,
    chosen: Option<&str>,
    folder: &Path,
) -> Result<ApiKeySecret, Error> {
    if let Some(chosen) = chosen {
        let key = ApiKeySecret::new(usable(chosen).ok_or(Error::Unusable)?);
        if app.authenticate(&key).await?.is_none() {
            register(app, account, &key, "chosen by the operator").await?;
        }
        return Ok(key);
    }
    let path = folder.join(FILE);
    if let Some(key) = read(&path)?
        && app.authenticate(&key).await?.is_some()
    {
        return Ok(key);
    }
    let key = App::fresh_api_key(Mode::Live);
    // First the file: a key in the store that nobody knows would stay there for ever.
    write(&path, &key).map_err(|error| Error::File(path, error))?;
    register(app, account, &key, "minoots dev").await?;
    Ok(key)
}

async fn register(app: &App, account: &AccountId, key: &ApiKeySecret, name: &str) -> Result<(), Error> {
    let scope = Scope { account: account.clone(), mode: key.mode() };
    let new = app.api_key_for(key.clone(), scope, Some(name.to_owned()));
    app.register_api_key(new.key).await?;
    Ok(())
}

fn usable(text: &str) -> Option<&str> {
    let visible = text.bytes().all(|byte| byte.is_ascii_graphic());
    (visible && (8..=256).contains(&text.len())).then_some(text)
}

fn read(path: &Path) -> Result<Option<ApiKeySecret>, Error> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(usable(text.trim()).map(ApiKeySecret::new)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::File(path.to_owned(), error)),
    }
}

/// Written whole or not at all, and on disk when this returns.
fn write(path: &Path, key: &ApiKeySecret) -> io::Result<()> {
    let draft = path.with_extension("new");
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    writeln!(file, "{}", key.reveal())?;
    file.sync_all()?;
    fs::rename(&draft, path)
}
