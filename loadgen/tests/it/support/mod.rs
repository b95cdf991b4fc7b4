//! What the tests share: a gateway, a faulty proxy, and `loadgen verify` with its report.

mod gateway;
mod proxy;
mod verify;

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::time::Duration;

pub(crate) use gateway::Gateway;
pub(crate) use proxy::{Proxy, Step, answer_json};
pub(crate) use verify::{Verified, Verify};

/// How long anything may take that should be there soon. Generous: machines are busy.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A file of `config/examples`.
pub(crate) fn example(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../config/examples").join(name)
}

/// The text of `limits.yaml`, with `from`, which is there once, replaced.
#[track_caller]
pub(crate) fn limits_with(from: &str, to: &str) -> String {
    let text = std::fs::read_to_string(example("limits.yaml")).unwrap();
    assert_eq!(text.matches(from).count(), 1, "{from:?} is not there once");
    text.replace(from, to)
}

/// An address that nobody listens at.
pub(crate) fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}
