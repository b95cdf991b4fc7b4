//! Why a plan was not run.

use std::fmt;
use std::io;

/// Why a plan was not run, or its result is not known.
#[derive(Debug)]
pub enum EngineError {
    /// The plan cannot be run as it is: what is wrong with it, and what to write instead.
    Plan(String),
    /// No thread, ring or descriptor was to be had.
    Start(io::Error),
    /// A thread of the engine ended before its part was done.
    Died,
}

impl fmt::Display for EngineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plan(problem) => f.write_str(problem),
            Self::Start(_) => f.write_str("the engine's threads cannot be started"),
            Self::Died => f.write_str("a thread of the engine ended before its part was done"),
        }
    }
}

impl std::error::Error for EngineError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Start(error) => Some(error),
            Self::Plan(_) | Self::Died => None,
        }
    }
}
