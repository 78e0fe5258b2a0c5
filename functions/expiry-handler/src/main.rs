//! Lets happen what is due: on the due queue, and once a minute as the sweep.
fn main() {}
