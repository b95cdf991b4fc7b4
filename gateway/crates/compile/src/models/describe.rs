//! `$context.error.validationErrorString`: problems in the words that API Gateway's validator has for them.

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{ValidationError, Validator};
use serde_json::Value;

use super::document::{Bodies, Document, Extent};
use crate::limits::{
    DESCRIBED_DEPTH_MAX, DESCRIBED_VALUES_MAX, PROBLEMS_MAX, PROBLEMS_TEXT_BYTES_MAX,
};

/// All problems of a body, `[…, …]`. Those of a large or deep body are not told one by one: each failing
/// value is a problem of its own, and each alternative of a recursive schema has problems of its own.
pub(super) fn problems(
    validator: &Validator<Bodies>,
    document: &Document<'_>,
    extent: Extent,
) -> String {
    if extent.values > DESCRIBED_VALUES_MAX || extent.depth > DESCRIBED_DEPTH_MAX {
        return "[instance failed to match the schema]".to_owned();
    }
    let mut said: Vec<String> = Vec::new();
    let mut errors: Vec<ValidationError<'_>> = validator.iter_errors(document).collect();
    errors.truncate(PROBLEMS_MAX);
    let mut at = 0;
    while at < errors.len() {
        let error = &errors[at];
        if let ValidationErrorKind::Required { .. } = error.kind() {
            // One for each name here, one for each object there.
            let of_this = |other: &&ValidationError<'_>| {
                matches!(other.kind(), ValidationErrorKind::Required { .. })
                    && other.instance_path() == error.instance_path()
                    && other.schema_path() == error.schema_path()
            };
            let count = errors[at..].iter().take_while(of_this).count();
            said.push(missing(&errors[at..at + count]));
            at += count;
        } else if let ValidationErrorKind::FalseSchema = error.kind() {
            // `additionalProperties: false` where the schema names no properties: it allows none.
            said.push(not_allowed(document.names_at(error.instance_path().as_str()).into_iter()));
            at += 1;
        } else {
            said.push(text(error));
            at += 1;
        }
    }
    let mut all = format!("[{}]", said.join(", "));
    if all.len() > PROBLEMS_TEXT_BYTES_MAX {
        let mut end = PROBLEMS_TEXT_BYTES_MAX;
        while !all.is_char_boundary(end) {
            end -= 1;
        }
        all.truncate(end);
        all.push_str("…]");
    }
    all
}

fn missing(errors: &[ValidationError<'_>]) -> String {
    let mut names: Vec<String> = errors
        .iter()
        .filter_map(|error| match error.kind() {
            ValidationErrorKind::Required { property } => Some(property.to_string()),
            _ => None,
        })
        .collect();
    names.sort();
    format!("object has missing required properties ([{}])", names.join(","))
}

fn not_allowed<'n>(names: impl Iterator<Item = &'n str>) -> String {
    let names: Vec<_> = names.map(|name| Value::from(name).to_string()).collect();
    let names = names.join(",");
    format!("object instance has properties which are not allowed by the schema: [{names}]")
}

fn text(error: &ValidationError<'_>) -> String {
    use ValidationErrorKind as Kind;
    let instance = error.instance().as_ref();
    let len = || match instance {
        Value::String(text) => text.chars().count(),
        Value::Array(items) => items.len(),
        Value::Object(members) => members.len(),
        _ => 0,
    };
    let accepted = |context: &[Vec<_>]| context.iter().filter(|errors| errors.is_empty()).count();
    match error.kind() {
        Kind::Type { kind } => {
            let allowed = match kind {
                TypeKind::Single(one) => format!("\"{one}\""),
                TypeKind::Multiple(several) => {
                    let mut names: Vec<_> =
                        several.iter().map(|one| format!("\"{one}\"")).collect();
                    names.sort();
                    names.join(",")
                }
            };
            let found = type_of(instance);
            format!(
                "instance type ({found}) does not match any allowed primitive type (allowed: [{allowed}])"
            )
        }
        Kind::Enum { options } => {
            format!("instance value ({instance}) not found in enum (possible values: {options})")
        }
        Kind::AdditionalProperties { unexpected } => {
            not_allowed(unexpected.iter().map(String::as_str))
        }
        Kind::AdditionalItems { limit } => {
            format!("array must not have more than {limit} elements (found {})", len())
        }
        Kind::Minimum { limit } => format!(
            "numeric instance is lower than the required minimum (minimum: {limit}, found: {instance})"
        ),
        Kind::Maximum { limit } => format!(
            "numeric instance is greater than the required maximum (maximum: {limit}, found: {instance})"
        ),
        Kind::ExclusiveMinimum { limit } => {
            format!("numeric instance is not strictly greater than the required minimum {limit}")
        }
        Kind::ExclusiveMaximum { limit } => {
            format!("numeric instance is not strictly lower than the required maximum {limit}")
        }
        Kind::MultipleOf { multiple_of } => {
            format!("remainder of division is not zero ({instance} / {multiple_of})")
        }
        Kind::MinLength { limit } => {
            format!("string {instance} is too short (length: {}, required minimum: {limit})", len())
        }
        Kind::MaxLength { limit } => {
            format!("string {instance} is too long (length: {}, maximum allowed: {limit})", len())
        }
        Kind::Pattern { pattern } => {
            format!("ECMA 262 regex \"{pattern}\" does not match input string {instance}")
        }
        Kind::Format { format } => {
            format!("string {instance} is invalid against requested format \"{format}\"")
        }
        Kind::MinItems { limit } => format!(
            "array is too short: must have at least {limit} elements but instance has {} elements",
            len()
        ),
        Kind::MaxItems { limit } => format!(
            "array is too long: must have at most {limit} elements but instance has {} elements",
            len()
        ),
        Kind::UniqueItems => "array must not contain duplicate elements".to_owned(),
        Kind::MinProperties { limit } => format!(
            "object has too few properties (found {} but schema requires at least {limit})",
            len()
        ),
        Kind::MaxProperties { limit } => format!(
            "object has too many properties (found {} but schema requires at most {limit})",
            len()
        ),
        Kind::AnyOf { context } => {
            let count = context.len();
            format!("instance failed to match at least one required schema among {count}")
        }
        Kind::OneOfNotValid { context } => {
            format!(
                "instance failed to match exactly one schema (matched 0 out of {})",
                context.len()
            )
        }
        Kind::OneOfMultipleValid { context } => format!(
            "instance failed to match exactly one schema (matched {} out of {})",
            accepted(context),
            context.len()
        ),
        Kind::Not { .. } => "instance matched a schema which it should not have".to_owned(),
        _ => error.to_string(),
    }
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(digits) if digits.to_string().contains(['.', 'e', 'E']) => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
