//! The supervisor with real processes, against a runtime API that the test plays.

mod containment;
mod logs;
mod node;
mod python;
mod stage;
mod start;

