//! The built `loadgen` against the built `gateway`: what is right passes, and each of nine faults is found by the check
//! that is there for it.
//!
//! `cargo test -p loadgen` builds `loadgen`, not the gateway, which belongs to another package: it is taken from beside
//! `loadgen`, and built there when it is missing. After a change of the gateway, build it first.
//!
//! Rates and latencies are measured, so one `verify` runs at a time.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a panic is how a test reports")]

mod authorizers;
mod clean;
mod commands;
mod sabotage;
mod support;
