//! Minoots without any infrastructure: timers, webhooks, the ports that they need, and the HTTP router.

pub mod domain;
pub mod ports;
pub mod webhook;
