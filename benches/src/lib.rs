//! Shared parts of the benches: a data plane in this process, a backend, a client.
#![forbid(unsafe_code)]

pub mod backend;
pub mod client;
pub mod plane;

pub use backend::Backend;
pub use client::Client;
pub use plane::Plane;
