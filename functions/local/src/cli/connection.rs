//! Which server a command calls, and with which key: flags, then the environment, then the file, then a local server.

use super::config::Config;
use super::{Client, Exit, Failure};
use clap::Args;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// Where `minoots dev` serves unless told otherwise.
const LOCAL: &str = "http://127.0.0.1:3001";

/// Options of every command that calls a server.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Connection")]
pub(crate) struct Connection {
    /// The server's address; without it http://127.0.0.1:3001, where `minoots dev` serves.
    #[arg(long, global = true, env = "MINOOTS_BASE_URL", value_name = "URL")]
    base_url: Option<String>,

    /// API key. Without it that of the configuration file; for a server on this machine, the one in its data folder.
    #[arg(long, global = true, env = "MINOOTS_API_KEY", hide_env_values = true, value_name = "KEY")]
    api_key: Option<String>,

    /// Work on test data, with the key in MINOOTS_TEST_API_KEY or `test_api_key` of the configuration file.
    #[arg(long, global = true)]
    test: bool,

    /// Configuration file; without it minoots/config.toml in $XDG_CONFIG_HOME or ~/.config.
    #[arg(long, global = true, env = "MINOOTS_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,

    /// Data folder of `minoots dev`, where its key is looked for.
    #[arg(long, global = true, env = "MINOOTS_DATA_DIR", default_value = ".minoots", value_name = "FOLDER")]
    data_dir: PathBuf,

    /// Print the server's answer as it is, JSON.
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

impl Connection {
    /// A client of the server that is meant.
    pub(crate) fn client(&self) -> Result<Client, Failure> {
        let config = Config::read(self.config.as_deref())?;
        let base = self.base_url.clone().or(config.base_url).unwrap_or_else(|| LOCAL.to_owned());
        let url =
            reqwest::Url::parse(&base).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        let url = url.ok_or_else(|| {
            Failure::new(Exit::Usage, format!("{base:?} is not the address of a server"))
                .next("Say it as https://api.example.com, with --base-url, MINOOTS_BASE_URL or base_url in the file.")
        })?;
        let is_local = is_loopback(&url);
        let key = if self.test {
            let from_environment = std::env::var("MINOOTS_TEST_API_KEY").ok().filter(|key| !key.is_empty());
            let key = from_environment.or(config.test_api_key);
            Some(key.ok_or_else(|| {
                Failure::new(Exit::Unauthorised, "there is no test key")
                    .next("Make one: minoots keys create --mode test, and put it into MINOOTS_TEST_API_KEY.")
            })?)
        } else {
            let kept = || is_local.then(|| kept_key(&self.data_dir)).flatten();
            self.api_key.clone().or(config.api_key).or_else(kept)
        };
        let key = key.ok_or_else(|| {
            let next = if is_local {
                format!(
                    "Start minoots dev in this folder, or say --data-dir ({} has no key), --api-key or MINOOTS_API_KEY.",
                    self.data_dir.display()
                )
            } else {
                "Say --api-key, set MINOOTS_API_KEY, or write api_key into ~/.config/minoots/config.toml.".to_owned()
            };
            Failure::new(Exit::Unauthorised, format!("there is no API key for {base}")).next(next)
        })?;
        Client::new(url.as_str().trim_end_matches('/'), key, is_local)
    }
}

/// Whether the host is this machine, whatever any name server says.
fn is_loopback(url: &reqwest::Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The key of a local server's data folder. Sent to this machine only, and read only if nobody else can have put it there or
/// reads it.
fn kept_key(folder: &Path) -> Option<String> {
    let path = folder.join("api-key");
    let about = fs::symlink_metadata(&path).ok()?;
    let folder = fs::metadata(folder).ok()?;
    if !about.is_file() || about.mode() & 0o077 != 0 || about.uid() != folder.uid() {
        return None;
    }
    let key = fs::read_to_string(path).ok()?;
    Some(key.trim().to_owned()).filter(|key| !key.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn only_this_machine_is_sent_the_key_of_a_data_folder() {
        for (url, local) in [
            ("http://127.0.0.1:3001", true),
            ("http://localhost:1", true),
            ("http://[::1]:3001", true),
            ("http://127.0.0.1.example.com", false),
            ("http://localhost.example.com", false),
            ("https://api.example.com", false),
            ("http://10.0.0.1", false),
        ] {
            assert_eq!(is_loopback(&reqwest::Url::parse(url).unwrap()), local, "{url}");
        }
    }

    #[test]
    fn a_kept_key_that_others_may_read_is_no_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("api-key");
        assert_eq!(kept_key(folder.path()), None);
        fs::write(&path, "mnt_live_1\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(kept_key(folder.path()).as_deref(), Some("mnt_live_1"));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(kept_key(folder.path()), None);
    }
}
