//! What the tests share: the built binary as a child process, a scriptable upstream, a client that
//! reads responses to the letter. Whatever waits here waits for an event, and no longer than
//! [`PATIENCE`].

mod backend;
mod client;
mod gateway;

use std::time::Duration;

pub(crate) use backend::{Answer, Backend, Received};
pub(crate) use client::{Client, Response};
pub(crate) use gateway::{Gateway, check, explain, in_package};

/// How long an event may take before a test fails: long, for a busy machine with two cores.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Where `part` begins in `bytes`.
pub(crate) fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    bytes.windows(part.len()).position(|window| window == part)
}
