//! Log groups of stacks, which are made, changed and deleted with them.

use std::collections::BTreeMap;

use gateway_store::LogError;

use super::Cx;
use super::types::Resource;
use crate::logs::is_retention;

pub(super) const LOG_GROUP: &str = "AWS::Logs::LogGroup";

/// Makes the log groups of a stack as its template has them. One that is there already is taken over: what a stack does may
/// have to be done twice. Says whose fault it is that it cannot.
pub(super) fn make(
    cx: &Cx<'_>,
    before: &[Resource],
    after: &[Resource],
) -> Option<(String, String)> {
    after.iter().filter(|resource| resource.type_name == LOG_GROUP).find_map(|resource| {
        let old = before.iter().find(|old| old.physical_id == resource.physical_id);
        let blamed = |reason: String| (resource.logical_id.clone(), reason);
        make_one(cx, old, resource).err().map(blamed)
    })
}

fn make_one(cx: &Cx<'_>, old: Option<&Resource>, resource: &Resource) -> Result<(), String> {
    let logs = &cx.surroundings.logs;
    let name = &resource.physical_id;
    let days = retention(resource)?;
    let refused = |error: LogError| format!("{name}: {error}");
    match logs.create_group(name, cx.call.unix_ms, BTreeMap::new()) {
        Ok(()) | Err(LogError::GroupExists) => {}
        Err(error) => return Err(refused(error)),
    }
    let there = logs.group(name).ok_or_else(|| refused(LogError::NoGroup))?;
    if there.retention_days != days {
        logs.set_retention(name, days).map_err(refused)?;
    }
    let (tags, old_tags) = (tags(resource), old.map(tags).unwrap_or_default());
    if tags != old_tags || !tags.iter().all(|(key, value)| there.tags.get(key) == Some(value)) {
        let change = |there: &mut BTreeMap<String, String>| {
            there.retain(|key, _| !old_tags.contains_key(key));
            there.extend(tags);
        };
        logs.change_tags(name, change).map_err(refused)?;
    }
    Ok(())
}

/// Deletes the groups that an update put others in the place of.
pub(super) fn clean_up(cx: &Cx<'_>, before: &[Resource], after: &[Resource]) {
    let groups = before.iter().filter(|resource| resource.type_name == LOG_GROUP);
    for old in groups.filter(|old| !old.is_retained) {
        let new = after.iter().find(|new| new.logical_id == old.logical_id);
        if new.is_some_and(|new| new.physical_id != old.physical_id) {
            delete(cx, old);
        }
    }
}

/// Deletes a group; one that is gone is no harm.
pub(super) fn delete(cx: &Cx<'_>, resource: &Resource) {
    match cx.surroundings.logs.delete_group(&resource.physical_id) {
        Ok(()) | Err(LogError::NoGroup) => {}
        Err(error) => {
            tracing::error!(group = resource.physical_id, %error, "A stack's log group stays");
        }
    }
}

fn retention(resource: &Resource) -> Result<Option<u32>, String> {
    let value = &resource.properties["RetentionInDays"];
    let days = value.as_u64().or_else(|| value.as_str()?.parse().ok());
    match days {
        None if value.is_null() => Ok(None),
        Some(days) if is_retention(days) => Ok(u32::try_from(days).ok()),
        _ => Err(format!(
            "RetentionInDays: {value} is not a number of days that CloudWatch Logs has"
        )),
    }
}

fn tags(resource: &Resource) -> BTreeMap<String, String> {
    let tags = resource.properties["Tags"].as_array().into_iter().flatten();
    let tags = tags.filter_map(|tag| {
        Some((tag["Key"].as_str()?.to_owned(), tag["Value"].as_str()?.to_owned()))
    });
    tags.collect()
}
