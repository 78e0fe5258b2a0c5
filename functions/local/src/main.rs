//! `minoots`: timers and webhooks in one process, the command line for any server, and what they would cost on AWS.

mod changes;
mod cli;
mod clock;
mod cost;
mod credentials;
mod dev;
#[cfg(feature = "failpoints")]
mod dying;
mod inbox;
mod mcp;
mod options;
mod process;
mod serve;
mod visitors;
mod welcome;

use clap::Parser as _;
use cli::{Exit, Failure};
use mimalloc::MiMalloc;
use minoots_shared::app::cause;
use options::{Command, Minoots};
use std::process::ExitCode;

/// Half as many deliveries again in a second as with the system's allocator, whose threads wait for each other.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    #[cfg(feature = "failpoints")]
    dying::as_told();
    let done = match Minoots::parse().command {
        Command::Dev(options) => dev::run(&options).map_err(|error| Failure::new(Exit::Failed, cause(&error))),
        Command::Cost(options) => cli::output::print(&cost::bill(&options)),
        Command::Completions(options) => cli::manual::completions(&options),
        Command::Man(options) => cli::manual::man(&options),
        Command::Verify(options) => cli::verify::run(&options),
        other => calling(other),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("minoots: {failure}");
            failure.exit().into()
        }
    }
}

/// Commands that call a server. One thread is enough for them.
fn calling(command: Command) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::new(Exit::Failed, error.to_string()))?;
    runtime.block_on(async {
        match command {
            Command::Timers(options) => cli::timers::run(&options).await,
            Command::Webhooks(options) => cli::webhooks::run(&options).await,
            Command::Events(options) => cli::events::run(&options).await,
            Command::Deliveries(options) => cli::deliveries::run(&options).await,
            Command::Keys(options) => cli::keys::run(&options).await,
            Command::Listen(options) => cli::listen::run(&options).await,
            Command::Trigger(options) => cli::events::trigger(&options).await,
            Command::Bench(options) => cli::bench::run(&options).await,
            Command::Mcp(options) => mcp::run(&options).await,
            Command::Dev(_) | Command::Cost(_) | Command::Completions(_) | Command::Man(_) | Command::Verify(_) => {
                unreachable!("these call no server")
            }
        }
    })
}
