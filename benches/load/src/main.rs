//! Load for timer services, and the receiver of their webhooks: each one thread on epoll, so that it needs as little as
//! possible of the processor that it shares with what is measured.

mod create;
mod http;
mod receive;

use clap::{Parser, Subcommand};
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

#[derive(Parser)]
struct Load {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Create timers over connections that are kept busy, and print figures as one line of JSON.
    Create(create::Options),
    /// Take webhooks, and note when each arrived.
    Receive(receive::Options),
}

fn main() -> ExitCode {
    let done = match Load::parse().command {
        Command::Create(options) => create::run(&options),
        Command::Receive(options) => receive::run(&options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("minoots-load: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Microseconds since 1970, on the clock that servers go by.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros() as u64)
}
