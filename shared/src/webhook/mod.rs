//! Webhooks: where they may go, what they say, how they are signed, and how they are sent.

mod chat;
pub mod client;
pub mod event_payload;
pub mod guard;
pub mod headers;
pub mod payload;
pub mod signature;
