//! `minoots`: timers and webhooks in one process.

mod credentials;
mod dev;
mod inbox;
mod options;
mod serve;
mod welcome;

use clap::Parser as _;
use options::{Command, Minoots};
use std::process::ExitCode;

fn main() -> ExitCode {
    let Command::Dev(options) = Minoots::parse().command;
    match dev::run(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("minoots: {error}");
            ExitCode::FAILURE
        }
    }
}
