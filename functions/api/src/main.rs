//! The HTTP API behind API Gateway or a function URL.
fn main() {}
