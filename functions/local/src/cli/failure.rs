//! What can go wrong, as exit code, sentence and next step.

use std::fmt;
use std::process::ExitCode;

/// How a command ended that did not succeed. Scripts rely on these numbers: `docs/cli.md` lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Anything that has no number of its own.
    Failed = 1,
    /// The command line itself is wrong, as clap has it too.
    Usage = 2,
    /// No key, or one that opens nothing.
    Unauthorised = 3,
    /// There is no such thing.
    NotFound = 4,
    /// The server refused it: it is not valid, or collides with what is there.
    Refused = 5,
    /// No answer, or none just now. Trying again may help.
    Unavailable = 6,
    /// A timer that was waited for was cancelled.
    Cancelled = 7,
    /// The time that was to be waited is up.
    TimedOut = 8,
}

/// Why a command failed.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    message: String,
    next: Option<String>,
}

impl Failure {
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), next: None }
    }

    /// The same with what to do about it.
    #[must_use]
    pub(crate) fn next(self, step: impl Into<String>) -> Self {
        Self { next: Some(step.into()), ..self }
    }

    pub(crate) fn exit(&self) -> Exit {
        self.exit
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.next {
            Some(next) => write!(f, "\n  {next}"),
            None => Ok(()),
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
