//! What a scenario is: requests, users, load, limits.

use std::time::Duration;

use loadgen_report::threshold::Threshold;

use crate::template::Template;

/// What is sent to a target, by whom, and how much of it. Right by construction: see [`Scenario::parse`].
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// What reports call it.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// The requests; at least one, with names of their own.
    pub requests: Vec<Request>,
    /// The kinds of users; at least one.
    pub users: Vec<UserKind>,
    /// How much, and for how long.
    pub load: Load,
    /// An answer that takes longer is an error.
    pub timeout: Duration,
    /// What the run is judged by.
    pub thresholds: Vec<Threshold>,
    /// What sends the requests, unless the command line says.
    pub engine: Engine,
}

/// What sends the requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Engine {
    /// goose: users with think times, credentials, slow clients.
    #[default]
    Goose,
    /// The io_uring engine: fixed requests, as many as the machine can send.
    Uring,
}

/// One kind of request.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// What reports call it: `GET /orders` where the scenario gives no name.
    pub name: String,
    /// Method, in capitals.
    pub method: String,
    /// Path below the target's, starting with a slash.
    pub path: Template,
    /// Names and values of the query, not yet encoded.
    pub query: Vec<(String, Template)>,
    /// Names in lower case, and values.
    pub headers: Vec<(String, Template)>,
    /// The body.
    pub body: Body,
    /// Statuses that are no error.
    pub expect: Expect,
    /// How often it is sent, relative to the others of its users.
    pub weight: u32,
}

/// A request's body.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Body {
    /// None.
    #[default]
    None,
    /// Text with variables.
    Text(Template),
    /// A file's bytes, as they are.
    Bytes(Vec<u8>),
}

/// Statuses that are expected, as inclusive ranges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expect(pub(crate) Vec<(u16, u16)>);

impl Default for Expect {
    /// 2xx and 3xx.
    fn default() -> Self {
        Self(vec![(200, 399)])
    }
}

impl Expect {
    /// Whether `status` is no error.
    #[must_use]
    pub fn has(&self, status: u16) -> bool {
        self.0.iter().any(|(from, to)| (*from..=*to).contains(&status))
    }
}

/// Users that behave alike.
#[derive(Clone, Debug, PartialEq)]
pub struct UserKind {
    /// What reports call it.
    pub name: String,
    /// How many of the users are of this kind, relative to the others.
    pub weight: u32,
    /// Shortest and longest time between an answer and the next request.
    pub think: Option<(Duration, Duration)>,
    /// How the next step is chosen.
    pub order: Order,
    /// Indices of [`Scenario::requests`]; at least one.
    pub steps: Vec<usize>,
    /// Credentials, taken in turn.
    pub auth: Auth,
    /// How slow its connections are.
    pub slow: Slow,
}

/// How a user chooses its next step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// By the requests' weights, at random.
    #[default]
    Random,
    /// As listed, then from the start.
    Sequence,
}

/// Credentials of a kind of users; each user takes one of each list, in turn.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Auth {
    /// Values of `x-api-key`.
    pub api_keys: Vec<String>,
    /// Tokens of `authorization: Bearer`.
    pub bearer_tokens: Vec<String>,
}

impl Auth {
    /// Whether there are none.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.api_keys.is_empty() && self.bearer_tokens.is_empty()
    }
}

/// How slow a user's connections are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Slow {
    /// How bodies trickle to the target.
    pub send: Option<Pace>,
    /// How answers are read.
    pub receive: Option<Pace>,
}

/// So many bytes at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Bytes at a time; at least one.
    pub bytes: usize,
    /// Time between them.
    pub every: Duration,
}

/// How much load, and for how long.
#[derive(Clone, Debug, PartialEq)]
pub enum Load {
    /// The closed model: so many users, each with one request at a time.
    Users(Vec<UserStage>),
    /// The open model: requests at their intended times, however slow the answers.
    Arrivals(Arrivals),
}

/// A part of a closed load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UserStage {
    /// Users at its start.
    pub from: usize,
    /// Users at its end; in between they come or go evenly.
    pub to: usize,
    /// How long it lasts.
    pub lasts: Duration,
}

/// An open load.
#[derive(Clone, Debug, PartialEq)]
pub struct Arrivals {
    /// Rates, one after the other.
    pub steps: Vec<RateStep>,
    /// Requests beside those of the rate, all at once.
    pub burst: Option<Burst>,
    /// Requests in flight at most; what is due beyond them waits, and its latency counts the wait.
    pub users_max: usize,
}

/// A part of an open load.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RateStep {
    /// Requests per second at its start.
    pub from_rps: f64,
    /// Requests per second at its end; in between the rate changes evenly.
    pub to_rps: f64,
    /// How long it lasts.
    pub lasts: Duration,
}

/// Requests that are due at the same moment, again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Burst {
    /// How many.
    pub count: u64,
    /// Time between two bursts; the first is after it.
    pub every: Duration,
}

impl Load {
    /// How long it lasts.
    #[must_use]
    pub fn lasts(&self) -> Duration {
        match self {
            Self::Users(stages) => stages.iter().map(|stage| stage.lasts).sum(),
            Self::Arrivals(arrivals) => arrivals.steps.iter().map(|step| step.lasts).sum(),
        }
    }

    /// Highest rate, in requests per second; `None` where answers decide it. A burst counts as its share of a second.
    #[must_use]
    pub fn peak_rps(&self) -> Option<f64> {
        let Self::Arrivals(arrivals) = self else { return None };
        let rates = arrivals.steps.iter().flat_map(|step| [step.from_rps, step.to_rps]);
        let bursts = arrivals.burst.map_or(0.0, |burst| burst.count as f64);
        Some(rates.fold(0.0, f64::max) + bursts)
    }

    /// Requests in flight at most.
    #[must_use]
    pub fn users_max(&self) -> usize {
        match self {
            Self::Users(stages) => {
                stages.iter().map(|stage| stage.from.max(stage.to)).max().unwrap_or(0)
            }
            Self::Arrivals(arrivals) => arrivals.users_max,
        }
    }
}
