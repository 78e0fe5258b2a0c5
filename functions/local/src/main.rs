//! `minoots`: timers and webhooks in one process, and what they would cost on AWS.

mod changes;
mod cost;
mod credentials;
mod dev;
#[cfg(feature = "failpoints")]
mod dying;
mod inbox;
mod options;
mod serve;
mod visitors;
mod welcome;

use clap::Parser as _;
use options::{Command, Minoots};
use std::process::ExitCode;

fn main() -> ExitCode {
    #[cfg(feature = "failpoints")]
    dying::as_told();
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
