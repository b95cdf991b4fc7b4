//! CloudWatch Logs: groups, streams and events, over the process's own log store.
//!
//! Operations run beside the engine: nothing of theirs is among its documents, and the store has its own lock. What an operation
//! changes is in the store, and on the disk, when it is answered.
//!
//! Source: observability §5; CloudWatch Logs API Reference.

use gateway_store::{LogError, LogStore};
use serde_json::{Map, Value, json};

use crate::{Answer, ApiError, Call};

mod events;
mod filter;
mod groups;
mod input;
mod pattern;
mod position;
mod put;
mod streams;
mod tags;

pub(crate) use groups::is_retention;
pub use pattern::{Malformed, Pattern};

type Result<T> = std::result::Result<T, ApiError>;

/// What stands before an operation's name in `X-Amz-Target`.
const TARGET: &str = "Logs_20140328.";

/// A call, and what it is about.
struct Cx<'c> {
    logs: &'c LogStore,
    call: &'c Call,
    input: Map<String, Value>,
}

/// Carries out one operation.
pub(crate) fn answer(logs: &LogStore, call: &Call) -> Result<Answer> {
    let target = call.header("x-amz-target").unwrap_or_default();
    let operation = target.strip_prefix(TARGET).unwrap_or_default();
    let input = match serde_json::from_slice(&call.body) {
        Ok(Value::Object(input)) => input,
        _ if call.body.is_empty() => Map::new(),
        _ => {
            let text = "The body is no JSON document";
            return Err(ApiError::new(400, "SerializationException", text));
        }
    };
    let cx = Cx { logs, call, input };
    let document = match operation {
        "CreateLogGroup" => groups::create(&cx),
        "DeleteLogGroup" => groups::delete(&cx),
        "DescribeLogGroups" => groups::describe(&cx),
        "PutRetentionPolicy" => groups::put_retention(&cx),
        "DeleteRetentionPolicy" => groups::delete_retention(&cx),
        "CreateLogStream" => streams::create(&cx),
        "DeleteLogStream" => streams::delete(&cx),
        "DescribeLogStreams" => streams::describe(&cx),
        "PutLogEvents" => put::put(&cx),
        "GetLogEvents" => events::get(&cx),
        "FilterLogEvents" => filter::filter(&cx),
        "TagResource" | "TagLogGroup" => tags::tag(&cx),
        "UntagResource" | "UntagLogGroup" => tags::untag(&cx),
        "ListTagsForResource" | "ListTagsLogGroup" => tags::list(&cx),
        "" => {
            let text = "The operation is not named in X-Amz-Target";
            return Err(ApiError::new(400, "UnknownOperationException", text));
        }
        other => return Err(ApiError::not_implemented(&format!("{other} of CloudWatch Logs"))),
    }?;
    // What has no result has an empty body on AWS.
    let mut answer = match document {
        Value::Null => Answer { body: Vec::new(), ..Answer::json(200, &json!({})) },
        document => Answer::json(200, &document),
    };
    answer.content_type = Some("application/x-amz-json-1.1");
    Ok(answer)
}

/// The ARN of a group, without the `:*` that stands for its streams.
fn group_arn(call: &Call, name: &str) -> String {
    let partition = crate::apigateway::partition(&call.region);
    format!("arn:{partition}:logs:{}:{}:log-group:{name}", call.region, call.account_id)
}

/// A store's refusal, in AWS's words.
fn refused(error: LogError) -> ApiError {
    let (code, text) = match error {
        LogError::NoGroup => {
            ("ResourceNotFoundException", "The specified log group does not exist.")
        }
        LogError::NoStream => {
            ("ResourceNotFoundException", "The specified log stream does not exist.")
        }
        LogError::GroupExists => {
            ("ResourceAlreadyExistsException", "The specified log group already exists")
        }
        LogError::StreamExists => {
            ("ResourceAlreadyExistsException", "The specified log stream already exists")
        }
        LogError::TooManyGroups | LogError::TooManyStreams => {
            return ApiError::new(400, "LimitExceededException", limit_text(&error));
        }
        LogError::Disk(source) => {
            tracing::error!(%source, "A log group cannot be written");
            let text = format!("The disk does not take it: {source}");
            return ApiError::new(503, "ServiceUnavailableException", text);
        }
    };
    ApiError::new(400, code, text)
}

fn limit_text(error: &LogError) -> String {
    format!("Resource limit exceeded: {error}.")
}

fn invalid(text: impl Into<String>) -> ApiError {
    ApiError::new(400, "InvalidParameterException", text)
}
