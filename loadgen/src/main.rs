//! Proves what an API definition promises, and finds what a gateway can do.
#![forbid(unsafe_code)]

fn main() {}
