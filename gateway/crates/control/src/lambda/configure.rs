//! What functions are configured to be.

use gateway_compile::RESERVED_VARIABLES;
use gateway_model::limits::{
    FUNCTION_MEMORY_MB_MAX, FUNCTION_MEMORY_MB_MIN, FUNCTION_TIMEOUT_SECONDS_MAX,
};
use serde_json::{Value, json};

use super::names::RUNTIMES;
use super::types::{Configuration, Function};
use super::{Cx, Lambda, Result, invalid, view};
use crate::limits::FUNCTION_ENVIRONMENT_BYTES_MAX;
use crate::{Answer, ApiError};

/// Source: Lambda API Reference, CreateFunction, `Timeout`.
pub(super) const TIMEOUT_DEFAULT: i64 = 3;
/// Source: Lambda API Reference, CreateFunction, `MemorySize`.
pub(super) const MEMORY_DEFAULT: i64 = 128;

/// What is given back and has no effect here.
const OTHERS: [&str; 11] = [
    "DeadLetterConfig",
    "EphemeralStorage",
    "FileSystemConfigs",
    "ImageConfigResponse",
    "KMSKeyArn",
    "Layers",
    "LoggingConfig",
    "RuntimeVersionConfig",
    "SnapStart",
    "TracingConfig",
    "VpcConfig",
];

/// Takes what an input has into a configuration.
pub(super) fn apply(input: &Value, configuration: &mut Configuration) -> Result<()> {
    let text = |name: &str| input.get(name).and_then(Value::as_str).map(str::to_owned);
    let texts = [
        ("Runtime", &mut configuration.runtime),
        ("Handler", &mut configuration.handler),
        ("Role", &mut configuration.role),
        ("Description", &mut configuration.description),
    ];
    for (name, member) in texts {
        if let Some(value) = text(name) {
            *member = value;
        }
    }
    check_runtime(input)?;
    if let Some(seconds) = integer(input, "Timeout", 1..=FUNCTION_TIMEOUT_SECONDS_MAX)? {
        configuration.timeout_seconds = seconds;
    }
    let memory = FUNCTION_MEMORY_MB_MIN..=FUNCTION_MEMORY_MB_MAX;
    if let Some(mb) = integer(input, "MemorySize", memory)? {
        configuration.memory_mb = mb;
    }
    if let Some(variables) = input["Environment"].get("Variables") {
        let pairs = variables.as_object().into_iter().flatten();
        let pairs =
            pairs.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
        configuration.environment = pairs.collect();
        let names = configuration.environment.keys().map(String::as_str);
        let reserved: Vec<&str> = names.filter(|name| RESERVED_VARIABLES.contains(name)).collect();
        if !reserved.is_empty() {
            return Err(invalid(format!(
                "Lambda was unable to configure your environment variables because the environment variables you have \
                 provided contains reserved keys that are currently not supported for modification. Reserved keys used \
                 in this request: {}",
                reserved.join(", ")
            )));
        }
        let environment = configuration.environment.iter();
        let bytes: usize = environment.map(|(name, value)| name.len() + value.len()).sum();
        if bytes > FUNCTION_ENVIRONMENT_BYTES_MAX {
            return Err(invalid(format!(
                "Lambda was unable to configure your environment variables because the environment variables you have \
                 provided exceeded the {FUNCTION_ENVIRONMENT_BYTES_MAX} limit."
            )));
        }
    }
    if let Some(architectures) = input["Architectures"].as_array() {
        let texts = architectures.iter().filter_map(Value::as_str);
        configuration.architectures = texts.map(str::to_owned).collect();
    }
    for name in OTHERS {
        if let Some(value) = input.get(name).filter(|value| !value.is_null()) {
            configuration.others.insert(name.to_owned(), value.clone());
        }
    }
    Ok(())
}

/// Refuses a runtime that Lambda does not know; one that it knows and that does not run here is kept.
fn check_runtime(input: &Value) -> Result<()> {
    match input["Runtime"].as_str() {
        Some(runtime) if !RUNTIMES.contains(&runtime) => Err(invalid(format!(
            "Value {runtime} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: [{}] or be \
             a valid ARN",
            RUNTIMES.join(", ")
        ))),
        _ => Ok(()),
    }
}

fn integer(input: &Value, name: &str, range: std::ops::RangeInclusive<i64>) -> Result<Option<i64>> {
    let Some(value) = input.get(name).filter(|value| !value.is_null()) else { return Ok(None) };
    let found = value.as_i64().filter(|value| range.contains(value));
    found.map(Some).ok_or_else(|| {
        let mut member = name.to_owned();
        member[..1].make_ascii_lowercase();
        ApiError::validation(format!(
            "1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: Member must be \
             between {} and {}",
            range.start(),
            range.end()
        ))
    })
}

/// Refuses a change of something else than what the client saw.
pub(super) fn check_revision(cx: &Cx<'_>, function: &Function) -> Result<()> {
    let given = cx.input["RevisionId"].as_str().or_else(|| cx.call.query("RevisionId"));
    let is_same =
        given.is_none_or(|given| given == view::revision_id(&function.name, function.revision));
    match is_same {
        true => Ok(()),
        false => {
            let text = "The Revision Id provided does not match the latest Revision Id. Call the \
                        GetFunction/GetAlias API to retrieve the latest Revision Id";
            Err(ApiError::new(412, "PreconditionFailedException", text))
        }
    }
}

/// `UpdateFunctionConfiguration`
pub(super) fn update(lambda: &mut Lambda, cx: &mut Cx<'_>, name: &str) -> Result<Answer> {
    let mut function = lambda.own(cx, name)?.clone();
    check_revision(cx, &function)?;
    apply(&cx.input, &mut function.configuration)?;
    function.modified_ms = cx.call.unix_ms;
    function.revision += 1;
    let shown = view::latest(cx.call, &function);
    lambda.put(cx, function);
    Ok(Answer::json(200, &shown))
}

/// `PutFunctionConcurrency`
pub(super) fn put_concurrency(lambda: &mut Lambda, cx: &mut Cx<'_>, name: &str) -> Result<Answer> {
    let mut function = lambda.own(cx, name)?.clone();
    let member = "ReservedConcurrentExecutions";
    let count = integer(&cx.input, member, 0..=i64::from(i32::MAX))?;
    let count = count.ok_or_else(|| invalid(format!("{member} must be given")))?;
    function.reserved_concurrency = Some(count);
    lambda.put(cx, function);
    Ok(Answer::json(200, &json!({ member: count })))
}

/// `GetFunctionConcurrency`
pub(super) fn concurrency(lambda: &Lambda, cx: &Cx<'_>, name: &str) -> Result<Answer> {
    let function = lambda.own(cx, name)?;
    Ok(Answer::json(
        200,
        &match function.reserved_concurrency {
            Some(count) => json!({ "ReservedConcurrentExecutions": count }),
            None => json!({}),
        },
    ))
}

/// `DeleteFunctionConcurrency`
pub(super) fn delete_concurrency(
    lambda: &mut Lambda,
    cx: &mut Cx<'_>,
    name: &str,
) -> Result<Answer> {
    let mut function = lambda.own(cx, name)?.clone();
    function.reserved_concurrency = None;
    lambda.put(cx, function);
    Ok(Answer::empty(204))
}
