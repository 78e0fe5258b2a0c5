//! The product's rules, without I/O: timers, milestones, endpoints, events, deliveries, accounts.
//!
//! Nothing here reads a clock, an environment or a network: `now` and ids are arguments. Everything that is
//! stored derives serde's traits, with defaults for fields that older records lack.

pub mod account;
pub mod api_key;
pub mod attempt;
pub(crate) mod authority;
pub mod catalogue;
pub mod delivery;
pub mod duration;
pub mod endpoint;
pub mod endpoint_settings;
pub mod event;
pub mod events;
pub mod fault;
pub mod fields;
pub mod figures;
pub mod ids;
pub mod json;
pub mod milestone;
pub mod new_event;
pub mod new_timer;
pub mod retry;
pub mod secret;
pub mod subscription;
pub mod time;
pub mod timer;
pub mod timer_change;
pub mod timer_events;
pub mod timer_view;
pub mod transition;
