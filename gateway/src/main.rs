//! The gateway: parses, loads, compiles, starts.
fn main() {}
