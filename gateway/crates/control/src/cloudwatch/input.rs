//! Requests of all protocols as one kind of value, and what operations take from it.

use std::collections::BTreeMap;
use std::io::Read as _;

use flate2::read::GzDecoder;

use super::{TARGET, invalid, missing};
use crate::limits::{BODY_BYTES_MAX, CBOR_DEPTH_MAX, METRIC_DIMENSIONS_MAX};
use crate::wire::cbor::{self, Value};
use crate::wire::{self, Protocol};
use crate::{ApiError, Call};

/// A request, taken apart.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) protocol: Protocol,
    pub(super) operation: String,
    pub(super) input: Value,
}

/// Reads a request of any of the three protocols.
pub(super) fn read(call: &Call) -> Result<Request, ApiError> {
    let body = body(call)?;
    let malformed = |what: &str| {
        ApiError::new(400, "SerializationException", format!("The body is no {what} document"))
    };
    if call.header("smithy-protocol") == Some("rpc-v2-cbor") {
        let operation = match call.segments()[..] {
            ["service", TARGET, "operation", operation] => operation.to_owned(),
            _ => return Err(unknown()),
        };
        let input = match &body[..] {
            [] => Value::Map(Vec::new()),
            body => cbor::read(body).ok_or_else(|| malformed("CBOR"))?,
        };
        return Ok(Request { protocol: Protocol::Cbor, operation, input });
    }
    if let Some(target) = call.header("x-amz-target") {
        let operation = target.strip_prefix(TARGET).and_then(|rest| rest.strip_prefix('.'));
        let operation = operation.ok_or_else(unknown)?.to_owned();
        let input = match &body[..] {
            [] => Value::Map(Vec::new()),
            body => of_json(serde_json::from_slice(body).map_err(|_| malformed("JSON"))?),
        };
        return Ok(Request { protocol: Protocol::AwsJson10, operation, input });
    }
    let form = std::str::from_utf8(&body).map_err(|_| malformed("form"))?;
    let mut pairs = call.query.clone();
    pairs.extend(wire::query(form.trim_end())?);
    let operation = pairs.iter().find(|(name, _)| name == "Action").map(|(_, value)| value.clone());
    let operation = operation.ok_or_else(|| {
        ApiError::new(400, "MissingAction", "No operation is named: Action is missing")
    })?;
    let input = of_form(pairs)?;
    Ok(Request { protocol: Protocol::Query, operation, input })
}

fn unknown() -> ApiError {
    let text = "The operation is not named in the path or in X-Amz-Target";
    ApiError::new(400, "UnknownOperationException", text)
}

/// Clients compress what they put when it is long.
fn body(call: &Call) -> Result<Vec<u8>, ApiError> {
    match call.header("content-encoding") {
        Some("gzip") => {}
        _ => return Ok(call.body.clone()),
    }
    let mut body = Vec::new();
    let read =
        GzDecoder::new(&call.body[..]).take(BODY_BYTES_MAX as u64 + 1).read_to_end(&mut body);
    match read {
        Ok(_) if body.len() <= BODY_BYTES_MAX => Ok(body),
        Ok(_) => {
            let text = format!("A request may have {BODY_BYTES_MAX} bytes");
            Err(ApiError::new(413, "RequestEntityTooLargeException", text))
        }
        Err(_) => Err(ApiError::new(400, "SerializationException", "The body is no gzip data")),
    }
}

fn of_json(value: serde_json::Value) -> Value {
    match value {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(value) => Value::Bool(value),
        serde_json::Value::Number(value) => Value::Number(value.as_f64().unwrap_or(f64::NAN)),
        serde_json::Value::String(text) => Value::Text(text),
        serde_json::Value::Array(values) => Value::List(values.into_iter().map(of_json).collect()),
        serde_json::Value::Object(members) => {
            Value::Map(members.into_iter().map(|(name, value)| (name, of_json(value))).collect())
        }
    }
}

#[derive(Default)]
struct Node {
    text: Option<String>,
    members: BTreeMap<String, Node>,
}

/// `A.member.1.B=c` is a list `A` of structures with a member `B`.
fn of_form(pairs: Vec<(String, String)>) -> Result<Value, ApiError> {
    let mut root = Node::default();
    for (name, value) in pairs {
        let mut node = &mut root;
        for (depth, part) in name.split('.').enumerate() {
            if depth > CBOR_DEPTH_MAX {
                return Err(invalid(format!("The parameter {name} has too many parts.")));
            }
            node = node.members.entry(part.to_owned()).or_default();
        }
        node.text.get_or_insert(value);
    }
    Ok(of_node(root))
}

fn of_node(mut node: Node) -> Value {
    if let Some(list) = node.members.remove("member") {
        let mut members: Vec<(u64, Node)> = list
            .members
            .into_iter()
            .filter_map(|(number, node)| Some((number.parse().ok()?, node)))
            .collect();
        members.sort_by_key(|(number, _)| *number);
        return Value::List(members.into_iter().map(|(_, node)| of_node(node)).collect());
    }
    match node.text {
        Some(text) if node.members.is_empty() => Value::Text(text),
        _ => {
            let members = node.members.into_iter().map(|(name, node)| (name, of_node(node)));
            Value::Map(members.collect())
        }
    }
}

/// A structure of a request, and where it stands.
#[derive(Debug)]
pub(super) struct Members<'v> {
    path: String,
    members: &'v [(String, Value)],
}

impl<'v> Members<'v> {
    /// The whole request.
    pub(super) fn of(input: &'v Value) -> Result<Self, ApiError> {
        Self::at(String::new(), input)
    }

    fn at(path: String, value: &'v Value) -> Result<Self, ApiError> {
        match value {
            Value::Map(members) => Ok(Self { path, members }),
            // The query protocol has nothing else for a structure without a member.
            Value::Text(text) if text.is_empty() => Ok(Self { path, members: &[] }),
            _ => Err(invalid(format!("The value for parameter {path} is no structure."))),
        }
    }

    /// The whole name of a member, as errors have it.
    pub(super) fn name(&self, name: &str) -> String {
        match &*self.path {
            "" => name.to_owned(),
            path => format!("{path}.{name}"),
        }
    }

    fn get(&self, name: &str) -> Option<&'v Value> {
        let member = self.members.iter().find(|(key, _)| key == name);
        member.map(|(_, value)| value).filter(|value| **value != Value::Null)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    fn wrong(&self, name: &str, value: &Value) -> ApiError {
        let shown = match value {
            Value::Text(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            _ => "given".to_owned(),
        };
        invalid(format!("The value {shown} for parameter {} is invalid.", self.name(name)))
    }

    pub(super) fn text(&self, name: &str) -> Result<Option<&'v str>, ApiError> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Text(text)) => Ok(Some(text)),
            Some(other) => Err(self.wrong(name, other)),
        }
    }

    pub(super) fn needed_text(&self, name: &str) -> Result<&'v str, ApiError> {
        let text = self.text(name)?.filter(|text| !text.is_empty());
        text.ok_or_else(|| missing(&self.name(name)))
    }

    /// A text of 1 to `max` characters.
    pub(super) fn name_of(&self, name: &str, max: usize) -> Result<Option<&'v str>, ApiError> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        match text.chars().count() {
            count if (1..=max).contains(&count) => Ok(Some(text)),
            0 => Err(invalid(format!("The parameter {} must not be empty.", self.name(name)))),
            _ => {
                let name = self.name(name);
                Err(invalid(format!(
                    "The parameter {name} must be shorter than {} characters.",
                    max + 1
                )))
            }
        }
    }

    /// A number; never one that is none.
    pub(super) fn number(&self, name: &str) -> Result<Option<f64>, ApiError> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let number = match value {
            Value::Number(number) => Some(*number),
            Value::Text(text) => text.trim().parse().ok(),
            _ => None,
        };
        let number = number.filter(|number: &f64| number.is_finite());
        number.map(Some).ok_or_else(|| self.wrong(name, value))
    }

    /// A whole number from one on.
    pub(super) fn count(&self, name: &str) -> Result<Option<u64>, ApiError> {
        let Some(number) = self.number(name)? else { return Ok(None) };
        match number >= 1.0 && number <= f64::from(u32::MAX) && number.fract() == 0.0 {
            true => Ok(Some(number as u64)),
            false => Err(self.wrong(name, &Value::Number(number))),
        }
    }

    pub(super) fn bool(&self, name: &str) -> Result<Option<bool>, ApiError> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::Bool(value)) => Ok(Some(*value)),
            Some(Value::Text(text)) if text == "true" => Ok(Some(true)),
            Some(Value::Text(text)) if text == "false" => Ok(Some(false)),
            Some(other) => Err(self.wrong(name, other)),
        }
    }

    /// A time, in milliseconds since 1970.
    pub(super) fn time(&self, name: &str) -> Result<Option<u64>, ApiError> {
        let Some(value) = self.get(name) else { return Ok(None) };
        let ms = match value {
            Value::Time(seconds) | Value::Number(seconds) => {
                let ms = (seconds * 1000.0).round();
                (ms >= 0.0 && ms < u64::MAX as f64).then_some(ms as u64)
            }
            Value::Text(text) => time_of(text),
            _ => None,
        };
        let name = self.name(name);
        ms.map(Some)
            .ok_or_else(|| invalid(format!("The parameter {name} is not a valid timestamp.")))
    }

    pub(super) fn needed_time(&self, name: &str) -> Result<u64, ApiError> {
        self.time(name)?.ok_or_else(|| missing(&self.name(name)))
    }

    fn list(&self, name: &str) -> Result<&'v [Value], ApiError> {
        match self.get(name) {
            None => Ok(&[]),
            Some(Value::List(values)) => Ok(values),
            Some(Value::Text(text)) if text.is_empty() => Ok(&[]),
            Some(other) => Err(self.wrong(name, other)),
        }
    }

    /// The structures of a list.
    pub(super) fn structures(&self, name: &str) -> Result<Vec<Members<'v>>, ApiError> {
        let values = self.list(name)?.iter().enumerate();
        let path = |index: usize| format!("{}.member.{}", self.name(name), index + 1);
        values.map(|(index, value)| Members::at(path(index), value)).collect()
    }

    pub(super) fn texts(&self, name: &str) -> Result<Vec<&'v str>, ApiError> {
        let values = self.list(name)?.iter().map(|value| match value {
            Value::Text(text) => Ok(&**text),
            other => Err(self.wrong(name, other)),
        });
        values.collect()
    }

    pub(super) fn numbers(&self, name: &str) -> Result<Vec<f64>, ApiError> {
        let values = self.list(name)?.iter().enumerate();
        let values = values.map(|(index, value)| {
            let member = format!("{name}.member.{}", index + 1);
            let one = [(member.clone(), value.clone())];
            let members = Members { path: self.path.clone(), members: &one };
            members.number(&member)?.ok_or_else(|| missing(&members.name(&member)))
        });
        values.collect()
    }

    pub(super) fn structure(&self, name: &str) -> Result<Option<Members<'v>>, ApiError> {
        let value = self.get(name).map(|value| Members::at(self.name(name), value));
        value.transpose()
    }

    /// `Dimensions`, sorted by name.
    pub(super) fn dimensions(&self) -> Result<Vec<(String, String)>, ApiError> {
        let structures = self.structures("Dimensions")?;
        if structures.len() > METRIC_DIMENSIONS_MAX {
            return Err(invalid(format!(
                "The collection {} must not have a size greater than {METRIC_DIMENSIONS_MAX}.",
                self.name("Dimensions")
            )));
        }
        let mut dimensions = Vec::new();
        for one in structures {
            let name = one.name_of("Name", 255)?.ok_or_else(|| missing(&one.name("Name")))?;
            let value = one.name_of("Value", 1_024)?.ok_or_else(|| missing(&one.name("Value")))?;
            dimensions.push((name.to_owned(), value.to_owned()));
        }
        dimensions.sort_unstable();
        Ok(dimensions)
    }
}

/// `2026-01-02T03:04:05Z`, with parts of a second, with an offset, or a day alone; in milliseconds since 1970.
fn time_of(text: &str) -> Option<u64> {
    let (date, time) = text.split_once(['T', ' ']).unwrap_or((text, "00:00:00Z"));
    let (time, offset_s) = offset(time)?;
    let (whole, fraction) = time.split_once('.').unwrap_or((time, "0"));
    if fraction.is_empty() || !fraction.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let whole = if whole.len() == 5 { format!("{whole}:00") } else { whole.to_owned() };
    let basic = format!("{date}T{whole}Z").replace(['-', ':'], "");
    let ms = crate::signature::milliseconds(&basic)?;
    let fraction_ms = format!("0.{fraction}").parse::<f64>().ok()? * 1000.0;
    (ms + fraction_ms as u64).checked_add_signed(-offset_s * 1000)
}

/// A time without its offset, and that in seconds.
fn offset(time: &str) -> Option<(&str, i64)> {
    if let Some(time) = time.strip_suffix(['Z', 'z']) {
        return Some((time, 0));
    }
    let Some(at) = time.rfind(['+', '-']) else { return Some((time, 0)) };
    let (time, zone) = time.split_at(at);
    let digits = zone[1..].replace(':', "");
    let number = |range: std::ops::Range<usize>| digits.get(range)?.parse::<i64>().ok();
    let offset_s = number(0..2)? * 3_600 + number(2..4).unwrap_or(0) * 60;
    Some((time, if zone.starts_with('-') { -offset_s } else { offset_s }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_clients_write_them() {
        let expect = Some(1_440_938_160_000);
        for text in [
            "2015-08-30T12:36:00Z",
            "2015-08-30T12:36Z",
            "2015-08-30T12:36:00",
            "2015-08-30 12:36:00Z",
            "2015-08-30T12:36:00.000Z",
            "2015-08-30T14:36:00+02:00",
            "2015-08-30T08:06:00-0430",
            "20150830T123600Z",
        ] {
            assert_eq!(time_of(text), expect, "{text}");
        }
        assert_eq!(time_of("2015-08-30T12:36:00.25Z"), Some(1_440_938_160_250));
        assert_eq!(time_of("2015-08-30"), Some(1_440_892_800_000));
        for text in
            ["", "now", "2015-13-30T12:36:00Z", "2015-08-30T12:36:00.xZ", "T", "Z", "é", "1+é"]
        {
            assert_eq!(time_of(text), None, "{text}");
        }
    }

    #[test]
    fn a_form_is_lists_and_structures() {
        let pairs =
            [("A.member.2.B", "d"), ("A.member.1.B", "c"), ("A.member.10.B", "e"), ("X", "y")];
        let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let value = of_form(pairs.into()).expect("a form");
        let members = Members::of(&value).expect("a structure");
        let texts: Vec<_> = members
            .structures("A")
            .expect("a list")
            .iter()
            .map(|one| one.needed_text("B").expect("a text"))
            .collect();
        assert_eq!((texts, members.text("X")), (vec!["c", "d", "e"], Ok(Some("y"))));
        let error = members.needed_text("Y").expect_err("it is not there");
        assert_eq!(error.message, "The parameter Y is required.");
    }
}
