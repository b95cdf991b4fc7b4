//! ImportDocumentationParts: what an OpenAPI document tells people.

use super::merge::Mode;
use super::{check, fails_on_warnings};
use crate::ApiError;
use crate::apigateway::cx::Cx;
use crate::apigateway::documentation::{check_properties, checked};
use crate::apigateway::documents::api_key;
use crate::apigateway::state::{Api, State};
use crate::apigateway::types::{DocumentationLocation, DocumentationPart};
use gateway_model as model;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashSet};

pub(in crate::apigateway) fn import_documentation_parts(
    cx: &mut Cx<'_>,
) -> Result<Value, ApiError> {
    let api_id = cx.label("restapi_id");
    let mode = Mode::read(cx.call)?;
    let mut api = documentation_of(cx.state.api(&cx.call.account_id, &api_id)?);
    let unreadable = || ApiError::bad_request("Unable to build importer with provided input.");
    let document = super::document(cx.call).map_err(|_| unreadable())?;
    let imported = gateway_definition::import_documentation(document).map_err(|_| unreadable())?;
    if mode == Mode::Overwrite {
        api.documentation_parts.clear();
    }
    let mut errors = imported.errors;
    let ids = add(cx.state, &mut api, &imported.parts, &mut errors);
    check(&errors, &imported.warnings, fails_on_warnings(cx.call))?;
    if mode == Mode::Overwrite {
        cx.writes.remove_all(api_key(&api_id, "documentationparts", ""));
    }
    for id in &ids {
        let key = api_key(&api_id, "documentationparts", id);
        cx.writes.put(key, &api.documentation_parts[id]);
    }
    let kept = cx.state.api_mut(&cx.call.account_id, &api_id)?;
    kept.documentation_parts = api.documentation_parts;
    let shown = json!({ "ids": ids });
    Ok(super::with_warnings(shown, &imported.warnings))
}

/// What of an API this changes.
fn documentation_of(api: &Api) -> Api {
    Api { documentation_parts: api.documentation_parts.clone(), ..Api::default() }
}

/// Adds parts, each in the place of the one that is about the same. Says their ids, in the order given.
pub(super) fn add(
    state: &mut State,
    api: &mut Api,
    parts: &[model::DocumentationPart],
    errors: &mut Vec<String>,
) -> Vec<String> {
    let location = |part: &DocumentationPart| key(&part.location);
    let mut known: BTreeMap<Key, String> =
        api.documentation_parts.iter().map(|(id, part)| (location(part), id.clone())).collect();
    let (mut ids, mut seen) = (Vec::new(), HashSet::new());
    for part in parts {
        let given = &part.location;
        let kind = given.kind.unwrap_or(model::DocumentationPartType::Api).as_str().to_owned();
        let location = checked(DocumentationLocation {
            kind: kind.clone(),
            path: given.path.clone(),
            method: given.method.clone(),
            status_code: given.status_code.clone(),
            name: given.name.clone(),
        });
        let checked = location.and_then(|location| {
            check_properties(&part.properties)?;
            Ok(location)
        });
        let location = match checked {
            Ok(location) => location,
            Err(error) => {
                let text = format!(
                    "Unable to create documentation part of type {kind}: {}",
                    error.message
                );
                errors.push(text);
                continue;
            }
        };
        let id = known
            .get(&key(&location))
            .cloned()
            .unwrap_or_else(|| state.ids.next(6, |id| api.documentation_parts.contains_key(id)));
        known.insert(key(&location), id.clone());
        let part =
            DocumentationPart { id: id.clone(), location, properties: part.properties.clone() };
        api.documentation_parts.insert(id.clone(), part);
        if seen.insert(id.clone()) {
            ids.push(id);
        }
    }
    ids
}

type Key = (String, Option<String>, Option<String>, Option<String>, Option<String>);

fn key(location: &DocumentationLocation) -> Key {
    let DocumentationLocation { kind, path, method, status_code, name } = location.clone();
    (kind, path, method, status_code, name)
}
