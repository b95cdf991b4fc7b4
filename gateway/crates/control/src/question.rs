//! What an operation asks of the data plane, which alone knows.

use std::collections::BTreeMap;
use std::pin::Pin;

use gateway_model::{Definitions, Diagnostic};

use crate::apigateway::{Asking, answer_asked};
use crate::{Answer, ApiError, Publish};

/// An answer to come. It waits for nothing that the engine does.
pub type Pending<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// One request that an operator tries, without anything being deployed.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    /// One API with one stage, and in it the one method that is tried.
    pub definitions: Definitions,
    /// The verb of the request.
    pub method: String,
    /// Its path and query, as on the request line.
    pub target: String,
    /// Its path as it was given, for the log.
    pub path: String,
    /// Its header fields.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Vec<u8>,
    /// `$context.requestId`
    pub request_id: String,
    /// Who tries, as `$context.identity` has it.
    pub caller: Caller,
    /// Further variables of `$context`, by their names.
    pub context: BTreeMap<String, String>,
}

/// Who calls an operation, as `$context.identity` of a trial has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Caller {
    /// The account.
    pub account_id: String,
    /// The ARN of the identity.
    pub user_arn: String,
    /// The id of the identity.
    pub user: String,
    /// The access key's id.
    pub access_key: String,
    /// `User-Agent`
    pub user_agent: String,
}

/// What became of a trial.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tried {
    /// The answer's status; 0 when there is none.
    pub status: u16,
    /// Its header fields, in order.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Vec<u8>,
    /// What the execution log says: milliseconds since 1970, and the text.
    pub log: Vec<(u64, String)>,
    /// Whether the gateway answered by itself.
    pub is_failure: bool,
    /// When it ended, in milliseconds since 1970.
    pub ended_unix_ms: u64,
    /// How long it took, in milliseconds.
    pub latency_ms: u64,
    /// What the authorizer's function said.
    pub decision: Option<Vec<u8>>,
    /// 200 for a decision, or the status that says why there is none.
    pub authorizer_status: Option<u16>,
}

/// Why a trial was not made.
#[derive(Debug, Clone, PartialEq)]
pub enum NotTried {
    /// The API cannot be compiled.
    Refused(Vec<Diagnostic>),
    /// The gateway is stopping, or has too much to do.
    Unavailable(String),
}

/// A question to the data plane, with what becomes of its answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Question(Box<Asking>);

impl Question {
    pub(crate) fn new(asking: Asking) -> Self {
        Self(Box::new(asking))
    }

    /// Asks. What comes back does not borrow the data plane: the engine goes on meanwhile.
    pub fn ask(self, publish: &mut impl Publish) -> Pending<Result<Answer, ApiError>> {
        answer_asked(*self.0, publish)
    }
}
