//! The command line's calls of the API: one file for each noun.

pub(crate) mod bench;
pub(crate) mod body;
pub(crate) mod client;
pub(crate) mod config;
pub(crate) mod connection;
pub(crate) mod deliveries;
pub(crate) mod events;
pub(crate) mod failure;
pub(crate) mod keys;
pub(crate) mod listen;
pub(crate) mod manual;
pub(crate) mod output;
pub(crate) mod received;
pub(crate) mod receiver;
pub(crate) mod timers;
pub(crate) mod verify;
pub(crate) mod watch;
pub(crate) mod webhooks;

pub(crate) use client::Client;
pub(crate) use connection::Connection;
pub(crate) use failure::{Exit, Failure};
