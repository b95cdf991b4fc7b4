//! What AWS's framework checks before an operation sees its input: JSON types, required members, enumerations.

use super::inputs::Field;
use super::routes::Found;
use crate::{ApiError, Call};
use serde_json::{Map, Value};

/// What a member is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    Text,
    Flag,
    /// Of 32 bits: AWS's model has no longer ones.
    Integer,
    Double,
    /// One of the names, in the order in which AWS prints them.
    OneOf(&'static [&'static str]),
    List(&'static Kind),
    Map(&'static Kind),
    Struct(&'static [Field]),
}

/// The body of a call, checked; `null` members are left out.
pub(super) fn read_input(found: &Found, call: &Call) -> Result<Map<String, Value>, ApiError> {
    let operation = found.operation;
    let mut errors = Vec::new();
    let mut body = Map::new();
    if !operation.input.is_empty() {
        let value = match call.body.is_empty() {
            true => Value::Object(Map::new()),
            false => serde_json::from_slice(&call.body)
                .map_err(|_| serialization("Could not parse request body into json"))?,
        };
        let Value::Object(members) = value else {
            return Err(serialization("Unexpected token at the start of the document"));
        };
        let name = operation.name;
        let prefix = format!("{}{}Input", name[..1].to_lowercase(), &name[1..]);
        body = read_struct(operation.input, members, &prefix, &mut errors)?;
    }
    check_labels(found, &mut errors);
    match errors.as_slice() {
        [] => Ok(body),
        [one] => Err(ApiError::validation(format!("1 validation error detected: {one}"))),
        many => Err(ApiError::validation(format!(
            "{} validation errors detected: {}",
            many.len(),
            many.join("; ")
        ))),
    }
}

fn check_labels(found: &Found, errors: &mut Vec<String>) {
    for (name, value) in &found.labels {
        match *name {
            "status_code" if !is_status(value) => errors.push(format!(
                "Value '{value}' at 'statusCode' failed to satisfy constraint: Member must satisfy regular expression pattern: [1-5]\\d\\d"
            )),
            "response_type" => check_name(value, super::inputs::RESPONSE_TYPES, "responseType", errors),
            _ => {}
        }
    }
}

fn is_status(text: &str) -> bool {
    matches!(text.as_bytes(), [b'1'..=b'5', b'0'..=b'9', b'0'..=b'9'])
}

fn check_name(value: &str, names: &[&str], path: &str, errors: &mut Vec<String>) {
    if !names.contains(&value) {
        let names = names.join(", ");
        errors.push(format!("Value '{value}' at '{path}' failed to satisfy constraint: Member must satisfy enum value set: [{names}]"));
    }
}

fn read_struct(
    fields: &'static [Field],
    mut members: Map<String, Value>,
    path: &str,
    errors: &mut Vec<String>,
) -> Result<Map<String, Value>, ApiError> {
    let mut read = Map::new();
    for field in fields {
        let at = format!("{path}.{}", field.name);
        match members.remove(field.name) {
            None | Some(Value::Null) if field.is_required => {
                errors.push(format!(
                    "Value null at '{at}' failed to satisfy constraint: Member must not be null"
                ));
            }
            None | Some(Value::Null) => {}
            Some(value) => {
                read.insert(field.name.to_owned(), read_value(field.kind, value, &at, errors)?);
            }
        }
    }
    Ok(read)
}

fn read_value(
    kind: Kind,
    value: Value,
    path: &str,
    errors: &mut Vec<String>,
) -> Result<Value, ApiError> {
    match (kind, value) {
        (Kind::Text, value @ Value::String(_)) | (Kind::Flag, value @ Value::Bool(_)) => Ok(value),
        (Kind::Integer, Value::Number(number))
            if number.as_i64().is_some_and(|number| i32::try_from(number).is_ok()) =>
        {
            Ok(Value::Number(number))
        }
        (Kind::Double, Value::Number(number))
            if number.as_f64().is_some_and(|number: f64| number.is_finite()) =>
        {
            Ok(Value::Number(number))
        }
        (Kind::OneOf(names), Value::String(text)) => {
            check_name(&text, names, path, errors);
            Ok(Value::String(text))
        }
        (Kind::List(item), Value::Array(values)) => read_list(*item, values, path, errors),
        (Kind::Map(item), Value::Object(members)) => {
            let mut read = Map::new();
            for (name, value) in members {
                let value = match value {
                    Value::Null => Value::Null,
                    value => read_value(*item, value, &format!("{path}.{name}.member"), errors)?,
                };
                read.insert(name, value);
            }
            Ok(Value::Object(read))
        }
        (Kind::Struct(fields), Value::Object(members)) => {
            read_struct(fields, members, path, errors).map(Value::Object)
        }
        (kind, value) => Err(serialization(&mismatch(kind, &value))),
    }
}

fn read_list(
    item: Kind,
    values: Vec<Value>,
    path: &str,
    errors: &mut Vec<String>,
) -> Result<Value, ApiError> {
    if let Kind::OneOf(names) = item {
        let texts: Vec<&str> = values.iter().filter_map(Value::as_str).collect();
        if texts.iter().any(|text| !names.contains(text)) {
            let (texts, names) = (texts.join(", "), names.join(", "));
            errors.push(format!(
                "Value '[{texts}]' at '{path}' failed to satisfy constraint: Member must satisfy constraint: \
                 [Member must satisfy enum value set: [{names}]]"
            ));
            return Ok(Value::Array(values));
        }
    }
    let mut read = Vec::new();
    for (index, value) in values.into_iter().enumerate() {
        read.push(read_value(item, value, &format!("{path}.{}.member", index + 1), errors)?);
    }
    Ok(Value::Array(read))
}

/// AWS's own words for a value that does not fit, which name Java's types.
fn mismatch(kind: Kind, value: &Value) -> String {
    let found = match value {
        Value::Bool(_) => "class java.lang.Boolean",
        Value::Number(_) => "class com.amazon.coral.value.json.numbers.TruncatingBigNumber",
        Value::String(_) => "class java.lang.String",
        Value::Array(_) => return "Start of list found where not expected".to_owned(),
        Value::Object(_) => {
            return "Start of structure or map found where not expected.".to_owned();
        }
        Value::Null => return "Null value found where not expected".to_owned(),
    };
    let wanted = match kind {
        Kind::Text | Kind::OneOf(_) => "an String",
        Kind::Flag => "a Boolean",
        Kind::Integer => "an Integer",
        Kind::Double => "a Double",
        Kind::List(_) => "a List",
        Kind::Map(_) | Kind::Struct(_) => "a Map",
    };
    format!("{found} can not be converted to {wanted}")
}

fn serialization(text: &str) -> ApiError {
    ApiError::new(400, "SerializationException", text)
}
