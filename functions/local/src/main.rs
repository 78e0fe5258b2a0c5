//! `minoots`: timers and webhooks in one process, and what they would cost on AWS.

mod cost;
mod credentials;
mod dev;
mod inbox;
mod options;
mod serve;
mod welcome;

use clap::Parser as _;
use mimalloc::MiMalloc;
use options::{Command, Minoots};
use std::process::ExitCode;

/// Half as many deliveries again in a second as with the system's allocator, whose threads wait for each other.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let done = match Minoots::parse().command {
        Command::Dev(options) => dev::run(&options),
        Command::Cost(options) => {
            print!("{}", cost::bill(&options));
            Ok(())
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("minoots: {error}");
            ExitCode::FAILURE
        }
    }
}
