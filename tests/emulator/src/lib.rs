//! For tests: an AWS emulator, what is deployed in it, and a Lambda runtime API for the functions' binaries.

mod emulator;
mod faults;
mod function;
mod process;
mod stack;

pub use emulator::{Emulator, emulator, fresh_name};
pub use faults::{Fault, FaultyWay};
pub use function::Function;
pub use process::{Process, batch_of, call, done, invocation, sweep};
pub use stack::{ACCOUNT, KEY, Stack, batch};
