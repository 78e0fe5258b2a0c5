//! Logs: JSON lines on standard output, where Lambda takes them from. Neither secrets nor a webhook's path come into them.

use std::io::Write;
use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;

/// What the product's own crates are called, or begin with.
const OWN: &str = "minoots";

/// Sets the log up, at the level that Lambda's log settings, or `RUST_LOG`, ask for. Only the first call does.
pub fn init() {
    let level = ["AWS_LAMBDA_LOG_LEVEL", "RUST_LOG"].iter().find_map(|name| std::env::var(name).ok());
    let level = level.and_then(|level| level.parse().ok()).unwrap_or(LevelFilter::INFO);
    // A second call changes nothing.
    let _ = tracing::subscriber::set_global_default(subscriber(level, std::io::stdout));
}

/// Writes what is logged at this level. Only what a message needs is in its line, for each byte is billed: the message itself
/// tells where it comes from.
///
/// More than INFO is only ever logged of the product itself. The libraries would write down each request and each answer of
/// AWS and of Lambda, with the API keys, webhook secrets, URLs and bodies in them.
pub fn subscriber<W: Write + 'static>(
    level: LevelFilter,
    to: impl Fn() -> W + Send + Sync + 'static,
) -> impl Subscriber + Send + Sync {
    let log = tracing_subscriber::fmt().json().flatten_event(true).with_current_span(false).with_span_list(false);
    let log = log.with_target(false).with_max_level(level).with_writer(to).finish();
    log.with(Targets::new().with_default(level.min(LevelFilter::INFO)).with_target(OWN, level))
}

/// Logs what kept a function from starting, in words: Lambda itself would show an error's `Debug`.
pub fn or_exit<T, E: std::error::Error>(result: Result<T, E>) -> T {
    result.unwrap_or_else(|error| {
        tracing::error!(error = %minoots_shared::app::cause(&error), "the function can't start");
        std::process::exit(1)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl Write for Written {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// What is written at this level of a line of a library and one of ours at each level.
    fn written(level: LevelFilter) -> String {
        let written = Written::default();
        let to = written.clone();
        tracing::subscriber::with_default(subscriber(level, move || to.clone()), || {
            tracing::trace!("ours: trace");
            tracing::debug!("ours: debug");
            tracing::info!("ours: info");
            tracing::trace!(target: "aws_smithy_runtime::client::orchestrator", "theirs: trace");
            tracing::debug!(target: "aws_smithy_runtime::client::orchestrator", "theirs: debug");
            tracing::info!(target: "lambda_runtime::requests", "theirs: info");
            tracing::warn!(target: "lambda_runtime::requests", "theirs: warn");
        });
        let lines = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
        let messages =
            lines.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["message"].clone());
        messages.map(|message| message.as_str().unwrap().to_owned()).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn of_libraries_nothing_below_info_is_written_however_much_is_asked_for() {
        assert_eq!(written(LevelFilter::TRACE), "ours: trace, ours: debug, ours: info, theirs: info, theirs: warn");
        assert_eq!(written(LevelFilter::DEBUG), "ours: debug, ours: info, theirs: info, theirs: warn");
        assert_eq!(written(LevelFilter::INFO), "ours: info, theirs: info, theirs: warn");
        assert_eq!(written(LevelFilter::WARN), "theirs: warn");
    }
}
