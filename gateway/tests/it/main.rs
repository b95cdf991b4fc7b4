//! The one integration test binary: a real gateway on port 0, fake upstreams, raw clients.
//!
//! One binary links the workspace once. A module is a behaviour; what they share is in
//! [`support`]. Tests run side by side, so each starts what it talks to.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a panic is how a test reports")]

mod bombs;
mod compression;
mod conformance;
mod control;
mod explain;
mod export;
mod functions;
mod golden;
mod hostile;
mod lifecycle;
mod openapi;
mod quickstart;
mod services;
mod support;
mod traffic;
mod transform;
mod validation;
mod vtl_command;
