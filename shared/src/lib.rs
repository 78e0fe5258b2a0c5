//! Minoots without any infrastructure: timers, webhooks, the ports that they need, and the HTTP router.

pub mod app;
pub mod cost;
pub mod domain;
pub mod failpoint;
pub mod http;
pub mod pace;
pub mod ports;
pub mod webhook;
