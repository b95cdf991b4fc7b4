//! Numbers of functions that run here. Who runs them counts; the registry asks when it is asked.

use std::fmt;

use crate::encode::Encoder;
use crate::names::{self, Metric};

/// The numbers of one function.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FunctionNumbers {
    /// Its name.
    pub function: String,
    /// Environments that are starting.
    pub starting: u64,
    /// Environments that nobody uses.
    pub idle: u64,
    /// Environments with an invocation.
    pub busy: u64,
    /// Invocations that wait.
    pub waiting: u64,
    /// Invocations given to an environment.
    pub invocations: u64,
    /// Of these, those that failed.
    pub errors: u64,
    /// Invocations and starts that took too long.
    pub timeouts: u64,
    /// Invocations that found no environment.
    pub throttles: u64,
    /// Environments started.
    pub cold_starts: u64,
}

/// Who knows the numbers.
pub(crate) struct FunctionSource(pub(crate) Box<dyn Fn() -> Vec<FunctionNumbers> + Send + Sync>);

impl fmt::Debug for FunctionSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FunctionSource")
    }
}

/// Writes the numbers, one sample a function.
pub(crate) fn render(encoder: &mut Encoder, all: &[FunctionNumbers]) {
    encoder.family(&names::FUNCTION_ENVIRONMENTS);
    for numbers in all {
        let states =
            [("starting", numbers.starting), ("idle", numbers.idle), ("busy", numbers.busy)];
        for (state, count) in states {
            encoder.sample(&names::FUNCTION_ENVIRONMENTS, &[&*numbers.function, state], count);
        }
    }
    let mut each = |metric: &'static Metric, value: fn(&FunctionNumbers) -> u64| {
        encoder.family(metric);
        for numbers in all {
            encoder.sample(metric, &[&*numbers.function], value(numbers));
        }
    };
    each(&names::FUNCTION_WAITING, |numbers| numbers.waiting);
    each(&names::FUNCTION_INVOCATIONS, |numbers| numbers.invocations);
    each(&names::FUNCTION_ERRORS, |numbers| numbers.errors);
    each(&names::FUNCTION_TIMEOUTS, |numbers| numbers.timeouts);
    each(&names::FUNCTION_THROTTLES, |numbers| numbers.throttles);
    each(&names::FUNCTION_COLD_STARTS, |numbers| numbers.cold_starts);
}
