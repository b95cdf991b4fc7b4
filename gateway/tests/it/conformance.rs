//! The shared conformance cases, through the built binary.
//!
//! The cases lie beside the project, not in it: `GATEWAY_CONFORMANCE`, or `shared/conformance`
//! beside the checkout. What is not there is left out by name; what is there and empty fails.

mod definitions;
mod http1;

use std::path::PathBuf;

use crate::support::in_package;

/// The place of a shared case, or a note on what is left out.
pub(crate) fn data(name: &str) -> Option<PathBuf> {
    let beside = || in_package("../../shared/conformance");
    let root = std::env::var_os("GATEWAY_CONFORMANCE").map_or_else(beside, PathBuf::from);
    let path = root.join(name);
    if path.exists() {
        return Some(path);
    }
    println!("left out: {name} (set GATEWAY_CONFORMANCE to the directory of the shared cases)");
    None
}
