//! Sends webhooks: on the delivery queue.
fn main() {}
