//! Minoots' ports on an embedded store, for one machine.

pub mod store;
