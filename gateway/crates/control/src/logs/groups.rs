//! Groups.

use std::collections::BTreeMap;

use gateway_store::LogGroup;
use serde_json::{Value, json};

use super::input::not_of;
use super::tags::check_tags;
use super::{Cx, Result, group_arn, invalid, refused};
use crate::limits::LOG_LIST_MAX;

/// Days that a group may keep its events. Source: CloudWatch Logs API Reference, PutRetentionPolicy.
const RETENTION_DAYS: [u64; 22] = [
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
];

/// Whether a group may keep its events for so many days.
pub(crate) fn is_retention(days: u64) -> bool {
    RETENTION_DAYS.contains(&days)
}

/// The one class of groups here.
const CLASS: &str = "STANDARD";

/// `CreateLogGroup`
pub(super) fn create(cx: &Cx<'_>) -> Result<Value> {
    let name = cx.group_name()?;
    match cx.text("logGroupClass")? {
        None | Some(CLASS) => {}
        Some(class @ ("INFREQUENT_ACCESS" | "DELIVERY")) => {
            return Err(invalid(format!("Log groups of class {class} are not served here")));
        }
        Some(other) => {
            return Err(not_of(other, "logGroupClass", "STANDARD, INFREQUENT_ACCESS, DELIVERY"));
        }
    }
    if cx.text("kmsKeyId")?.is_some() {
        return Err(invalid("kmsKeyId: log groups are not encrypted here"));
    }
    if cx.flag("deletionProtectionEnabled")? {
        return Err(invalid("deletionProtectionEnabled: log groups are not protected here"));
    }
    let tags = match cx.input.get("tags") {
        Some(_) => check_tags(cx, &BTreeMap::new())?,
        None => BTreeMap::new(),
    };
    cx.logs.create_group(name, cx.call.unix_ms, tags).map_err(refused)?;
    Ok(Value::Null)
}

/// `DeleteLogGroup`
pub(super) fn delete(cx: &Cx<'_>) -> Result<Value> {
    cx.logs.delete_group(cx.group_name()?).map_err(refused)?;
    Ok(Value::Null)
}

/// `PutRetentionPolicy`
pub(super) fn put_retention(cx: &Cx<'_>) -> Result<Value> {
    let name = cx.group_name()?;
    let days = cx.number("retentionInDays")?;
    let known = days.filter(|days| is_retention(*days));
    let Some(days) = known.and_then(|days| u32::try_from(days).ok()) else {
        let given = days.map_or_else(|| "null".to_owned(), |days| days.to_string());
        let values = RETENTION_DAYS.map(|days| days.to_string()).join(", ");
        return Err(not_of(&given, "retentionInDays", &values));
    };
    cx.logs.set_retention(name, Some(days)).map_err(refused)?;
    Ok(Value::Null)
}

/// `DeleteRetentionPolicy`
pub(super) fn delete_retention(cx: &Cx<'_>) -> Result<Value> {
    cx.logs.set_retention(cx.group_name()?, None).map_err(refused)?;
    Ok(Value::Null)
}

/// `DescribeLogGroups`
pub(super) fn describe(cx: &Cx<'_>) -> Result<Value> {
    let limit = cx.limit(LOG_LIST_MAX)?;
    let (prefix, pattern) = (cx.text("logGroupNamePrefix")?, cx.text("logGroupNamePattern")?);
    if prefix.is_some() && pattern.is_some() {
        return Err(invalid(
            "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.",
        ));
    }
    let names = cx.texts("logGroupIdentifiers")?;
    let names: Option<Vec<&str>> =
        names.map(|names| names.into_iter().map(|name| cx.name_of(name)).collect());
    let accounts = cx.texts("accountIdentifiers")?;
    let is_ours = accounts.is_none_or(|accounts| accounts.contains(&cx.call.account_id.as_str()));
    let class = cx.text("logGroupClass")?;
    // The name of the last group of the page before.
    let after = cx.text("nextToken")?;
    let is_wanted = |group: &LogGroup| {
        is_ours
            && class.is_none_or(|class| class == CLASS)
            && prefix.is_none_or(|prefix| group.name.starts_with(prefix))
            && pattern.is_none_or(|pattern| group.name.contains(pattern))
            && names.as_ref().is_none_or(|names| names.contains(&group.name.as_str()))
            && after.is_none_or(|after| group.name.as_str() > after)
    };
    let mut groups = cx.logs.groups();
    groups.retain(is_wanted);
    let is_more = groups.len() > limit;
    groups.truncate(limit);
    let shown: Vec<_> = groups.iter().map(|group| view(cx, group)).collect();
    let mut document = json!({ "logGroups": shown });
    if let Some(last) = groups.last().filter(|_| is_more) {
        document["nextToken"] = json!(last.name);
    }
    Ok(document)
}

fn view(cx: &Cx<'_>, group: &LogGroup) -> Value {
    let arn = group_arn(cx.call, &group.name);
    let mut view = json!({
        "logGroupName": group.name,
        "creationTime": group.created_ms,
        "metricFilterCount": 0,
        "arn": format!("{arn}:*"),
        "storedBytes": group.bytes,
        "logGroupClass": CLASS,
        "logGroupArn": arn,
    });
    if let Some(days) = group.retention_days {
        view["retentionInDays"] = json!(days);
    }
    view
}
