//! What the functions do with what Lambda hands them.

pub mod api;
pub mod delivery;
mod events;
pub mod expiry;
mod operator;
mod pacing;
