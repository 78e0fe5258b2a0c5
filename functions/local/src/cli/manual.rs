//! `minoots completions` and `minoots man`, made from the command line's own description.

use super::output::print;
use super::{Exit, Failure};
use crate::options::Minoots;
use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

/// Print what makes a shell complete commands and options.
#[derive(Args)]
pub(crate) struct Completions {
    /// The shell.
    shell: Shell,
}

/// Print the manual page of a command, for man: minoots man timers create | man -l -
#[derive(Args)]
pub(crate) struct Man {
    /// The command; without it, minoots itself.
    command: Vec<String>,
}

pub(crate) fn completions(options: &Completions) -> Result<(), Failure> {
    let mut text = Vec::new();
    clap_complete::generate(options.shell, &mut Minoots::command(), "minoots", &mut text);
    print(&String::from_utf8_lossy(&text))
}

pub(crate) fn man(options: &Man) -> Result<(), Failure> {
    let mut command = Minoots::command();
    command.build();
    let mut found = &command;
    for name in &options.command {
        found = found.find_subcommand(name).ok_or_else(|| {
            Failure::new(Exit::Usage, format!("there is no command {:?}", options.command.join(" ")))
                .next("See which there are: minoots --help")
        })?;
    }
    let mut text = Vec::new();
    let page = clap_mangen::Man::new(found.clone()).source(concat!("minoots ", env!("CARGO_PKG_VERSION")));
    page.render(&mut text).map_err(|error| Failure::new(Exit::Failed, error.to_string()))?;
    print(&String::from_utf8_lossy(&text))
}
