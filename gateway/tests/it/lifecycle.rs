//! From start to stop: reload, drain, restart, the service manager, the ops address.

mod drain;
mod drivers;
mod idle;
mod ops;
mod reload;
mod systemd;
mod threads;

use std::path::Path;

use crate::hostile::template;
use crate::support::Client;

/// The definition of the hostile suite whose `/s/mock` answers `text`.
fn answering(backend: &str, text: &str) -> String {
    template(backend).replace("application/json: ok", &format!("application/json: {text}"))
}

/// Replaces a file as editors and deployments do: at once.
pub(crate) fn replace(path: &Path, text: &str) {
    let beside = path.with_extension("next");
    std::fs::write(&beside, text).unwrap();
    std::fs::rename(&beside, path).unwrap();
}

/// The value of a metric without labels.
#[track_caller]
fn metric(ops: std::net::SocketAddr, name: &str) -> f64 {
    let response = Client::get(ops, "/metrics");
    let line = response.text().lines().find(|line| line.split(' ').next() == Some(name));
    let line = line.unwrap_or_else(|| panic!("no {name} in {}", response.text()));
    line.split(' ').nth(1).unwrap().parse().unwrap()
}
