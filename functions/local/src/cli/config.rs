//! The file that spares flags and environment variables: `minoots/config.toml` in the user's configuration folder.

use super::{Exit, Failure};
use serde::Deserialize;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// What the file may say.
#[derive(Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub(crate) struct Config {
    pub(crate) base_url: Option<String>,
    pub(crate) api_key: Option<String>,
    pub(crate) test_api_key: Option<String>,
}

impl Config {
    /// Reads the file at `path`, which must be there, or else the one in the user's folder, which need not.
    pub(crate) fn read(path: Option<&Path>) -> Result<Self, Failure> {
        let Some(file) = path.map(Path::to_owned).or_else(default_path) else { return Ok(Self::default()) };
        let text = match std::fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound && path.is_none() => return Ok(Self::default()),
            Err(error) => return Err(Failure::new(Exit::Usage, format!("{} can't be read: {error}", file.display()))),
        };
        let config = Self::parse(&text).map_err(|error| {
            Failure::new(Exit::Usage, format!("{} is not valid: {error}", file.display()))
                .next("It may say base_url, api_key and test_api_key, each = \"…\".")
        })?;
        let holds_key = config.api_key.is_some() || config.test_api_key.is_some();
        if holds_key && std::fs::metadata(&file).is_ok_and(|file| file.mode() & 0o077 != 0) {
            eprintln!("minoots: others may read the key in {0}: chmod 600 {0}", file.display());
        }
        Ok(config)
    }

    fn parse(text: &str) -> Result<Self, String> {
        // The parser's own message quotes the line, which may be that of a key.
        toml::from_str(text).map_err(|error: toml::de::Error| {
            let line = error.span().map_or(1, |span| text[..span.start].matches('\n').count() + 1);
            format!("line {line}: {}", error.message())
        })
    }
}

/// As the XDG base directory specification has it: a relative path counts for nothing.
fn default_path() -> Option<PathBuf> {
    let folder = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let configuration = folder("XDG_CONFIG_HOME").or_else(|| folder("HOME").map(|home| home.join(".config")))?;
    Some(configuration.join("minoots/config.toml"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_says_where_and_with_which_key() {
        let config = Config::parse("base_url = \"https://api.example.com\"\napi_key = \"mnt_live_1\"\n").unwrap();
        assert_eq!(config.base_url.as_deref(), Some("https://api.example.com"));
        assert_eq!(config.api_key.as_deref(), Some("mnt_live_1"));
        assert_eq!(Config::parse("").unwrap(), Config::default());
    }

    #[test]
    fn what_is_wrong_in_it_is_said_with_its_line_and_without_a_key() {
        let error = Config::parse("api_key = \"mnt_live_secret\"\napikey = \"mnt_live_secret\"\n").unwrap_err();
        assert!(error.contains("line 2") && error.contains("apikey") && !error.contains("secret"), "{error}");
        let error = Config::parse("api_key = mnt_live_secret\n").unwrap_err();
        assert!(error.contains("line 1") && !error.contains("secret"), "{error}");
    }
}
