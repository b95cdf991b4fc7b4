//! Amazon CloudWatch: metrics of what is served, and those that somebody puts.
//!
//! Clients speak three protocols: smithy-rpc-v2-cbor, JSON 1.0 and query. A request of each becomes one
//! `Value`, and so does its answer before it is written.

use crate::metrics::Metrics;
use crate::wire::cbor::Value;
use crate::{Answer, ApiError, Call};

mod data;
mod evaluate;
mod expression;
mod input;
mod list;
mod output;
mod put;
mod select;
mod statistic;
mod statistics;

use input::Members;

/// What `X-Amz-Target` and the path of CBOR name the service.
const TARGET: &str = "GraniteServiceVersion20100801";

/// Answers one operation. It may take a while where much is asked for.
///
/// # Errors
/// In AWS's words.
pub fn answer(metrics: &Metrics, call: &Call) -> Result<Answer, ApiError> {
    let request = input::read(call)?;
    let input = Members::of(&request.input)?;
    let document = match &*request.operation {
        "GetMetricData" => data::get_metric_data(metrics, &input)?,
        "GetMetricStatistics" => statistics::get_metric_statistics(metrics, &input)?,
        "ListMetrics" => list::list_metrics(metrics, call, &input)?,
        "PutMetricData" => put::put_metric_data(metrics, call, &input)?,
        other => return Err(ApiError::not_implemented(&format!("{other} of CloudWatch"))),
    };
    Ok(output::write(request.protocol, &request.operation, &document, call))
}

/// 400 `InvalidParameterValue`
fn invalid(text: impl Into<String>) -> ApiError {
    ApiError::new(400, "InvalidParameterValue", text)
}

/// 400 `InvalidParameterCombination`
fn combination(text: impl Into<String>) -> ApiError {
    ApiError::new(400, "InvalidParameterCombination", text)
}

/// 400 `MissingParameter`
fn missing(name: &str) -> ApiError {
    ApiError::new(400, "MissingParameter", format!("The parameter {name} is required."))
}

/// 400 `ValidationError`
fn validation(text: impl Into<String>) -> ApiError {
    ApiError::new(400, "ValidationError", text)
}

/// Where a page begins, as a token says it.
fn offset_of(input: &Members<'_>) -> Result<usize, ApiError> {
    let Some(token) = input.text("NextToken")? else { return Ok(0) };
    token.parse().map_err(|_| {
        let text = "The value for parameter NextToken is invalid.";
        ApiError::new(400, "InvalidNextToken", text)
    })
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

/// A structure.
fn map<const N: usize>(members: [(&str, Value); N]) -> Value {
    Value::Map(members.map(|(name, value)| (name.to_owned(), value)).into())
}

#[cfg(test)]
mod tests;
