//! The crate's claims, each a test. One binary, so that the oracle is compiled once.
#![forbid(unsafe_code)]

mod bound;
mod changes;
mod ideal;
mod oracle;
mod split;
mod strand;
mod threads;
mod usage;
