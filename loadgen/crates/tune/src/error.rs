//! Why nothing was found.

use std::fmt;

use loadgen_engine::EngineError;

/// Why nothing was found.
#[derive(Debug)]
pub enum TuneError {
    /// A setting that cannot be: which, and what to write instead.
    Setting(String),
    /// The engine refused.
    Engine(EngineError),
    /// Nothing was answered at all; what became of the requests instead.
    Silent(String),
    /// Requests are answered, none with an expected status; what the statuses were.
    Refused(String),
}

impl fmt::Display for TuneError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Setting(problem) => f.write_str(problem),
            Self::Engine(_) => f.write_str("the engine did not run the plan"),
            Self::Silent(instead) => {
                write!(
                    f,
                    "no request was answered ({instead}); is the target listening, and its certificate trusted \
                     if it has one?"
                )
            }
            Self::Refused(statuses) => {
                write!(f, "no answer had an expected status ({statuses}); look at one with curl -i")
            }
        }
    }
}

impl std::error::Error for TuneError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Engine(error) => Some(error),
            Self::Setting(_) | Self::Silent(_) | Self::Refused(_) => None,
        }
    }
}

impl From<EngineError> for TuneError {
    fn from(error: EngineError) -> Self {
        Self::Engine(error)
    }
}
