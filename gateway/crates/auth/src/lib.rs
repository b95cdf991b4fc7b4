//! Who may call: API keys, decisions of authorizers, signatures.
//!
//! Pure: no I/O, and nothing here asks the time. What a client learns from the time that an answer
//! takes is part of every contract here: a secret is found by a keyed hash and compared in constant
//! time, and a wrong one costs what a right one costs.
#![forbid(unsafe_code)]

pub mod decisions;
mod json;
pub mod keys;
pub mod limits;
pub mod policy;
pub mod sigv4;
