//! The supervisor with real processes, against a runtime API that the test plays.

#![expect(clippy::unwrap_used, reason = "a panic is how a test reports")]

mod containment;
mod logs;
mod node;
mod python;
mod stage;
mod start;
