//! Documents as AWS shows them: unset members are left out, collections come in pages.

use super::limits::{PAGE_DEFAULT, PAGE_MAX};
use crate::{ApiError, Call};
use serde::Serialize;
use serde_json::{Map, Value, json};

/// Members that this crate keeps and AWS does not show.
const HIDDEN: &[&str] = &["sequence"];
/// Maps whose keys are the user's own: what is in them is shown as it is.
const USERS_OWN: &[&str] = &[
    "requestModels",
    "requestParameters",
    "requestTemplates",
    "responseModels",
    "responseParameters",
    "responseTemplates",
    "stageVariableOverrides",
    "tags",
    "variables",
];

/// A document without its unset members.
pub(super) fn view(document: &impl Serialize) -> Value {
    let mut value = serde_json::to_value(document).expect("documents have string keys only");
    prune(&mut value);
    value
}

/// [`view`] with `tags` shown although they are empty, as AWS does for Get and Update of most resources.
pub(super) fn view_with_tags(document: &impl Serialize) -> Value {
    let mut value = view(document);
    if let Value::Object(members) = &mut value {
        members.entry("tags").or_insert_with(|| json!({}));
    }
    value
}

fn prune(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|name, value| !value.is_null() && !HIDDEN.contains(&&**name));
            for (name, value) in members.iter_mut() {
                if !USERS_OWN.contains(&&**name) {
                    prune(value);
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(prune),
        _ => {}
    }
}

/// One page of a collection: `items` are in order of their keys, which name places between pages.
pub(super) fn page<T>(
    call: &Call,
    items: Vec<(String, T)>,
    view: impl Fn(T) -> Value,
) -> Result<Value, ApiError> {
    let limit = call.query("limit").map(|text| {
        let invalid = || ApiError::bad_request(format!("Invalid limit specified: {text}"));
        text.parse::<i64>().map_err(|_| invalid())
    });
    // One that lets nothing through acts as if there were none.
    let limit = limit.transpose()?.and_then(|limit| usize::try_from(limit).ok());
    let limit = limit.filter(|limit| *limit > 0).unwrap_or(PAGE_DEFAULT).min(PAGE_MAX);
    let after = call.query("position").map(decode).transpose()?;
    let mut rest =
        items.into_iter().filter(|(key, _)| after.as_ref().is_none_or(|after| key > after));
    let mut shown = Vec::new();
    let mut last = None;
    for (key, item) in rest.by_ref().take(limit) {
        shown.push(view(item));
        last = Some(key);
    }
    let mut document = Map::from_iter([("item".to_owned(), Value::Array(shown))]);
    if let (Some(last), true) = (last, rest.next().is_some()) {
        document.insert("position".to_owned(), Value::String(encode(&last)));
    }
    Ok(Value::Object(document))
}

/// A key that sorts what was made last first.
pub(super) fn newest_first(sequence: u64) -> String {
    format!("{:020}", u64::MAX - sequence)
}

fn encode(key: &str) -> String {
    key.bytes().map(|byte| format!("{byte:02x}")).collect()
}

fn decode(position: &str) -> Result<String, ApiError> {
    let invalid = || ApiError::bad_request("Invalid position specified");
    let pairs = position.as_bytes().chunks(2);
    let bytes = pairs.map(|pair| {
        let pair = std::str::from_utf8(pair).ok().filter(|pair| pair.len() == 2);
        pair.and_then(|pair| u8::from_str_radix(pair, 16).ok()).ok_or_else(invalid)
    });
    String::from_utf8(bytes.collect::<Result<_, _>>()?).map_err(|_| invalid())
}
