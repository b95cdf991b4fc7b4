//! The engine against backends of the tests' own, on loopback.
#![forbid(unsafe_code)]

mod asks;
mod backend;
mod failures;
mod rates;
mod secure;
