//! Tags of groups, by ARN and, as before, by name.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Cx, Result, invalid, refused};
use crate::ApiError;
use crate::limits::TAGS_MAX;

/// The group whose tags a request is about.
fn group<'c>(cx: &'c Cx<'_>) -> Result<&'c str> {
    match cx.text("resourceArn")? {
        Some(arn) if arn.starts_with("arn:") => Ok(cx.name_of(arn)),
        Some(other) => Err(invalid(format!("{other} is no ARN"))),
        None if cx.text("logGroupName")?.is_some() => cx.group_name(),
        None => cx.required("resourceArn"),
    }
}

/// The tags of a request, with those that are there within what may be.
pub(super) fn check_tags(
    cx: &Cx<'_>,
    there: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>> {
    let wrong = || ApiError::new(400, "SerializationException", "tags is not a map of strings");
    let given = cx.input.get("tags").and_then(Value::as_object).ok_or_else(wrong)?;
    let mut tags = BTreeMap::new();
    for (key, value) in given {
        tags.insert(key.clone(), value.as_str().ok_or_else(wrong)?.to_owned());
    }
    let new = tags.keys().filter(|key| !there.contains_key(*key)).count();
    if there.len() + new > TAGS_MAX {
        let text = format!("A log group may have {TAGS_MAX} tags");
        return Err(ApiError::new(400, "TooManyTagsException", text));
    }
    Ok(tags)
}

/// `TagResource`, `TagLogGroup`
pub(super) fn tag(cx: &Cx<'_>) -> Result<Value> {
    let group = group(cx)?;
    let tags = check_tags(cx, &cx.known_group(group)?.tags)?;
    cx.logs.change_tags(group, |there| there.extend(tags)).map_err(refused)?;
    Ok(Value::Null)
}

/// `UntagResource`, `UntagLogGroup`
pub(super) fn untag(cx: &Cx<'_>) -> Result<Value> {
    let group = group(cx)?;
    let keys = match cx.texts("tagKeys")? {
        Some(keys) => keys,
        None => cx.texts("tags")?.unwrap_or_default(),
    };
    let change = |there: &mut BTreeMap<String, String>| {
        there.retain(|key, _| !keys.contains(&key.as_str()));
    };
    cx.logs.change_tags(group, change).map_err(refused)?;
    Ok(Value::Null)
}

/// `ListTagsForResource`, `ListTagsLogGroup`
pub(super) fn list(cx: &Cx<'_>) -> Result<Value> {
    Ok(json!({ "tags": cx.known_group(group(cx)?)?.tags }))
}
