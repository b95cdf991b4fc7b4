//! Shared parts of the benches: a data plane in this process, a backend, a client.
#![forbid(unsafe_code)]

pub mod backend;
pub mod cases;
pub mod client;
pub mod exchange;
pub mod plane;
mod templates;

pub use backend::Backend;
pub use client::Client;
pub use plane::Plane;
