//! Resources: the tree of paths.

use super::cx::Cx;
use super::documents::api_key;
use super::patch::{self, Family, R, Rule, Set, rule};
use super::state::{Api, unknown_resource};
use super::types::Resource;
use super::view::{page, view};
use crate::{ApiError, Call};
use gateway_model::PathPart;
use serde_json::{Map, Value, json};
use std::collections::HashMap;

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct CreateResource {
    path_part: String,
}

pub(super) fn create_resource(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let (api_id, parent_id) = (cx.label("restapi_id"), cx.label("parent_id"));
    let CreateResource { path_part } = cx.input()?;
    cx.state.resource(&api_id, &parent_id)?;
    let ids = &mut cx.state.ids;
    let api = cx.state.apis.get_mut(&api_id).ok_or_else(unknown_resource)?;
    check_place(api, None, &parent_id, &path_part)?;
    let id = ids.next(6, |id| api.resources.contains_key(id));
    let path = child_path(&api.resources[&parent_id].path, &path_part);
    let resource = Resource {
        id: id.clone(),
        parent_id: Some(parent_id),
        path_part: Some(path_part),
        path,
        ..Resource::default()
    };
    cx.writes.put(api_key(&api_id, "resources", &id), &resource);
    let shown = show(&resource, false);
    api.resources.insert(id, resource);
    Ok(shown)
}

fn child_path(parent: &str, part: &str) -> String {
    format!("{}/{part}", parent.trim_end_matches('/'))
}

/// Whether a resource may be there under this name; `resource` is the one that moves.
fn check_place(
    api: &Api,
    resource: Option<&str>,
    parent_id: &str,
    part: &str,
) -> Result<(), ApiError> {
    let parsed = PathPart::parse(part).map_err(|error| ApiError::bad_request(error.to_string()))?;
    let parent = api.resources.get(parent_id).ok_or_else(unknown_resource)?;
    if let Some(greedy) = parent.path_part.as_deref().filter(|part| part.ends_with("+}")) {
        let text =
            format!("Cannot create a child of a resource with a greedy path variable: {greedy}");
        return Err(ApiError::bad_request(text));
    }
    let siblings = api.resources.values().filter(|sibling| {
        sibling.parent_id.as_deref() == Some(parent_id) && Some(&*sibling.id) != resource
    });
    let parts: Vec<&str> = siblings.filter_map(|sibling| sibling.path_part.as_deref()).collect();
    if parts.contains(&part) {
        let text = format!("Another resource with the same parent already has this name: {part}");
        return Err(ApiError::conflict(text));
    }
    if let Some(sibling) =
        parts.iter().find(|sibling| sibling.starts_with('{')).filter(|_| parsed.is_variable())
    {
        return Err(ApiError::bad_request(format!(
            "A sibling ({sibling}) of this resource already has a variable path part -- only one is allowed"
        )));
    }
    Ok(())
}

/// A resource as it is shown: its methods by name, or whole.
fn show(resource: &Resource, embeds_methods: bool) -> Value {
    let mut shown = view(resource);
    if let Value::Object(members) = &mut shown {
        if resource.resource_methods.is_empty() {
            members.remove("resourceMethods");
        } else if !embeds_methods {
            let verbs = resource.resource_methods.keys().map(|verb| (verb.clone(), json!({})));
            members.insert("resourceMethods".to_owned(), Value::Object(Map::from_iter(verbs)));
        }
    }
    shown
}

fn embeds_methods(call: &Call) -> bool {
    call.query_all("embed").any(|embed| embed.split(',').any(|name| name == "methods"))
}

pub(super) fn get_resource(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let resource = cx.state.resource(&cx.label("restapi_id"), &cx.label("resource_id"))?;
    Ok(show(resource, embeds_methods(cx.call)))
}

pub(super) fn get_resources(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let api = cx.state.api(&cx.call.account_id, &cx.label("restapi_id"))?;
    let mut items: Vec<_> =
        api.resources.values().map(|resource| (resource.path.clone(), resource)).collect();
    items.sort_by(|one, two| one.0.cmp(&two.0));
    let embeds = embeds_methods(cx.call);
    page(cx.call, items, |resource| show(resource, embeds))
}

pub(super) fn delete_resource(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let (api_id, id) = (cx.label("restapi_id"), cx.label("resource_id"));
    if cx.state.resource(&api_id, &id)?.parent_id.is_none() {
        return Err(ApiError::bad_request("Root resource cannot be deleted"));
    }
    let api = cx.state.apis.get_mut(&api_id).ok_or_else(unknown_resource)?;
    for id in subtree(api, &id) {
        api.resources.remove(&id);
        cx.writes.remove(api_key(&api_id, "resources", &id));
    }
    Ok(Value::Null)
}

/// The ids of a resource and all below it, it first.
fn subtree(api: &Api, id: &str) -> Vec<String> {
    let mut children: HashMap<&str, Vec<&str>> = HashMap::new();
    for child in api.resources.values() {
        children.entry(child.parent_id.as_deref().unwrap_or_default()).or_default().push(&child.id);
    }
    let mut found = vec![id];
    let mut next = 0;
    while next < found.len() {
        found.extend(children.remove(found[next]).unwrap_or_default());
        next += 1;
    }
    found.into_iter().map(str::to_owned).collect()
}

const RULES: &[Rule] = &[rule("/parentId", R, Set::Text), rule("/pathPart", R, Set::Text)];

pub(super) fn update_resource(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let (api_id, id) = (cx.label("restapi_id"), cx.label("resource_id"));
    let operations = cx.patch()?;
    let before = cx.state.resource(&api_id, &id)?;
    let after = patch::apply_rules(before, Family::Listed, RULES, &operations)?;
    if before.parent_id.is_none() && after != *before {
        let name = if after.path_part.is_some() { "pathPart" } else { "parentId" };
        return Err(ApiError::bad_request(format!("Root resource cannot update its {name}.")));
    }
    if after == *before {
        return Ok(show(before, false));
    }
    let api = cx.state.apis.get_mut(&api_id).ok_or_else(unknown_resource)?;
    let parent_id = after.parent_id.clone().unwrap_or_default();
    let part = after.path_part.clone().unwrap_or_default();
    let moved = subtree(api, &id);
    if !api.resources.contains_key(&parent_id) {
        return Err(unknown_resource());
    }
    if moved.contains(&parent_id) {
        return Err(ApiError::bad_request("Resources cannot be cyclical."));
    }
    check_place(api, Some(&id), &parent_id, &part)?;
    api.resources.insert(id.clone(), after);
    // Parents come before their children.
    for moved in moved {
        let parent = api.resources[&moved].parent_id.clone().unwrap_or_default();
        let above = api.resources.get(&parent).map_or("/", |parent| &parent.path).to_owned();
        if let Some(resource) = api.resources.get_mut(&moved) {
            resource.path = child_path(&above, resource.path_part.as_deref().unwrap_or_default());
            cx.writes.put(api_key(&api_id, "resources", &moved), resource);
        }
    }
    Ok(show(&api.resources[&id], false))
}
