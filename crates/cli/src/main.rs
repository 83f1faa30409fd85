//! zox: ZeroMQ at the terminal.
fn main() {}
