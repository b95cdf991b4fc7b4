//! Why a log group is not what was asked for.

use std::error::Error;
use std::fmt;
use std::io;

use crate::limits::{LOG_GROUPS_MAX, LOG_STREAMS_MAX};

/// Why something was not done. Nothing has changed then.
#[derive(Debug)]
pub enum LogError {
    /// There is no such group.
    NoGroup,
    /// There is such a group already.
    GroupExists,
    /// There are as many groups as may be.
    TooManyGroups,
    /// The group has no such stream.
    NoStream,
    /// The group has such a stream already.
    StreamExists,
    /// The group has as many streams as may be made.
    TooManyStreams,
    /// The disk refuses.
    Disk(io::Error),
}

impl fmt::Display for LogError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoGroup => f.write_str("there is no such log group"),
            Self::GroupExists => f.write_str("there is such a log group already"),
            Self::TooManyGroups => {
                write!(f, "there may be {LOG_GROUPS_MAX} log groups; delete one")
            }
            Self::NoStream => f.write_str("the log group has no such stream"),
            Self::StreamExists => f.write_str("the log group has such a stream already"),
            Self::TooManyStreams => {
                write!(f, "{LOG_STREAMS_MAX} streams may be made in a log group; delete one")
            }
            Self::Disk(_) => f.write_str("the disk does not take it"),
        }
    }
}

impl Error for LogError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Disk(error) => Some(error),
            _ => None,
        }
    }
}
