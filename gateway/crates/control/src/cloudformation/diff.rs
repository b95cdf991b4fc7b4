//! What an update would change.

use std::collections::{BTreeMap, BTreeSet};

use super::types::{Action, Change, Resource};

/// The changes from one state of a stack's resources to the next, in the order in which they are made.
pub(super) fn changes(before: &[Resource], after: &[Resource]) -> Vec<Change> {
    let known: BTreeMap<&str, &Resource> =
        before.iter().map(|resource| (resource.logical_id.as_str(), resource)).collect();
    let mut changes = Vec::new();
    for resource in after {
        let Some(old) = known.get(resource.logical_id.as_str()) else {
            changes.push(change(Action::Add, resource, None, Vec::new(), false));
            continue;
        };
        let properties = differing(&old.properties, &resource.properties);
        let is_replacement =
            old.type_name != resource.type_name || old.physical_id != resource.physical_id;
        if is_replacement || !properties.is_empty() {
            let physical_id = Some(old.physical_id.clone());
            changes.push(change(Action::Modify, resource, physical_id, properties, is_replacement));
        }
    }
    let stay: BTreeSet<&str> = after.iter().map(|resource| resource.logical_id.as_str()).collect();
    // What others refer to goes last.
    for old in before.iter().rev().filter(|old| !stay.contains(old.logical_id.as_str())) {
        let physical_id = Some(old.physical_id.clone());
        changes.push(change(Action::Remove, old, physical_id, Vec::new(), false));
    }
    changes
}

fn change(
    action: Action,
    resource: &Resource,
    physical_id: Option<String>,
    properties: Vec<String>,
    is_replacement: bool,
) -> Change {
    Change {
        action,
        logical_id: resource.logical_id.clone(),
        physical_id,
        type_name: resource.type_name.clone(),
        properties,
        is_replacement,
    }
}

/// Names of the properties that differ.
fn differing(before: &serde_json::Value, after: &serde_json::Value) -> Vec<String> {
    let empty = serde_json::Map::new();
    let (old, new) = (before.as_object().unwrap_or(&empty), after.as_object().unwrap_or(&empty));
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    names.into_iter().filter(|name| old.get(*name) != new.get(*name)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::super::types::Status;
    use super::*;
    use serde_json::json;

    fn resource(logical_id: &str, physical_id: &str, properties: serde_json::Value) -> Resource {
        Resource {
            logical_id: logical_id.to_owned(),
            physical_id: physical_id.to_owned(),
            type_name: "T".to_owned(),
            properties,
            is_retained: false,
            status: Status::CreateComplete,
            reason: None,
            updated_ms: 0,
        }
    }

    #[test]
    fn changes_are_what_differs() {
        let before = [
            resource("Same", "1", json!({ "a": [1, 2] })),
            resource("Changed", "2", json!({ "a": 1, "b": 2, "c": 3 })),
            resource("Moved", "3", json!({})),
            resource("GoneFirst", "4", json!(null)),
            resource("GoneLast", "5", json!({})),
        ];
        let after = [
            resource("New", "6", json!({ "a": 1 })),
            resource("Same", "1", json!({ "a": [1, 2] })),
            resource("Changed", "2", json!({ "a": 1, "b": 3, "d": 3 })),
            resource("Moved", "7", json!({})),
        ];
        let found: Vec<_> = changes(&before, &after)
            .into_iter()
            .map(|of| {
                (of.action.as_str(), of.logical_id, of.properties.join(","), of.is_replacement)
            })
            .collect();
        let expect = |action, id: &str, properties: &str, is_replacement| {
            (action, id.to_owned(), properties.to_owned(), is_replacement)
        };
        assert_eq!(
            found,
            [
                expect("Add", "New", "", false),
                expect("Modify", "Changed", "b,c,d", false),
                expect("Modify", "Moved", "", true),
                expect("Remove", "GoneLast", "", false),
                expect("Remove", "GoneFirst", "", false),
            ]
        );
        assert!(changes(&before, &before).is_empty());
    }
}
