//! Minoots under a simulated infrastructure: one seed decides time, order and faults. README.md says what is modelled.

mod arrivals;
mod aws;
mod callers;
mod calls;
mod checks;
#[cfg(test)]
mod conformance;
mod flaw;
mod functions;
mod lasting;
mod owners;
mod plan;
mod process;
mod profile;
mod queue;
mod random;
mod receivers;
mod run;
mod schedules;
mod store;
mod table;
mod trace;
mod world;

pub use flaw::Flaw;
pub use run::{Report, Simulation};
