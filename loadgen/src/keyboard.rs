//! Ctrl-C: the first ends the run and leaves its report, the second ends the process.

use anyhow::Context;
use loadgen_engine::Stop;

use crate::cli::{EXIT_OK, EXIT_STOPPED};

/// What Ctrl-C stops from now on.
///
/// # Errors
/// When the system lets nobody catch it.
pub(crate) fn stop() -> anyhow::Result<Stop> {
    let stop = Stop::default();
    let stopped = stop.clone();
    let caught = ctrlc::set_handler(move || {
        if stopped.is_stopped() {
            std::process::exit(EXIT_STOPPED.into());
        }
        stopped.stop();
    });
    caught.context("Ctrl-C cannot be caught")?;
    Ok(stop)
}

/// The exit status of a run that may have been stopped: what held until then is not all that was asked for.
pub(crate) fn status(is_stopped: bool, status: u8) -> u8 {
    if is_stopped && status == EXIT_OK { EXIT_STOPPED } else { status }
}
