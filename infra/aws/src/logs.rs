//! Logs: JSON lines on standard output, where Lambda takes them from. Neither secrets nor a webhook's path come into them.

use std::io::Write;
use tracing::Subscriber;
use tracing::level_filters::LevelFilter;

/// Sets the log up, at the level that Lambda's log settings, or `RUST_LOG`, ask for. Only the first call does.
pub fn init() {
    let level = ["AWS_LAMBDA_LOG_LEVEL", "RUST_LOG"].iter().find_map(|name| std::env::var(name).ok());
    let level = level.and_then(|level| level.parse().ok()).unwrap_or(LevelFilter::INFO);
    // A second call changes nothing.
    let _ = tracing::subscriber::set_global_default(subscriber(level, std::io::stdout));
}

/// Writes what is logged at this level. Only what a message needs is in its line, for each byte is billed: the message itself
/// tells where it comes from.
pub fn subscriber<W: Write + 'static>(
    level: LevelFilter,
    to: impl Fn() -> W + Send + Sync + 'static,
) -> impl Subscriber + Send + Sync {
    let log = tracing_subscriber::fmt().json().flatten_event(true).with_current_span(false).with_span_list(false);
    log.with_target(false).with_max_level(level).with_writer(to).finish()
}

/// Logs what kept a function from starting, in words: Lambda itself would show an error's `Debug`.
pub fn or_exit<T, E: std::error::Error>(result: Result<T, E>) -> T {
    result.unwrap_or_else(|error| {
        tracing::error!(error = %minoots_shared::app::cause(&error), "the function can't start");
        std::process::exit(1)
    })
}
