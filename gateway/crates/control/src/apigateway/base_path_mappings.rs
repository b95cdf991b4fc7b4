//! Base path mappings: the paths of a domain name that lead to stages.

use super::cx::Cx;
use super::documents::check_key_part;
use super::domain_names::{key_of, unknown_domain};
use super::patch::{self, Family, R, Rule, Set, rule};
use super::stages::unknown_stage;
use super::state::{Domain, State};
use super::types::BasePathMapping;
use super::view::{page, view};
use crate::ApiError;
use serde_json::Value;

/// The base path of a mapping without one.
const NONE: &str = "(none)";

#[derive(Default, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct CreateBasePathMapping {
    base_path: Option<String>,
    rest_api_id: String,
    stage: Option<String>,
}

pub(super) fn create_base_path_mapping(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let input: CreateBasePathMapping = cx.input()?;
    let key = key_of(cx)?;
    let mapping = BasePathMapping {
        base_path: input
            .base_path
            .filter(|path| !path.is_empty())
            .unwrap_or_else(|| NONE.to_owned()),
        rest_api_id: input.rest_api_id,
        stage: input.stage.filter(|stage| !stage.is_empty() && stage != NONE),
    };
    check_target(cx, &mapping)?;
    check_path(&cx.state.domain_names[&key], None, &mapping.base_path)?;
    put(cx, &key, mapping)
}

fn check_target(cx: &Cx<'_>, mapping: &BasePathMapping) -> Result<(), ApiError> {
    let State { apis, .. } = &*cx.state;
    let Some(api) = apis.get(&mapping.rest_api_id) else {
        let account = &cx.call.account_id;
        let text = format!("Invalid API identifier specified {account}:{}", mapping.rest_api_id);
        return Err(ApiError::not_found(text));
    };
    match mapping.stage.as_ref().is_none_or(|stage| api.stages.contains_key(stage)) {
        true => Ok(()),
        false => Err(unknown_stage()),
    }
}

/// Whether a base path is one, and free; `before` is the mapping that moves.
fn check_path(domain: &Domain, before: Option<&str>, path: &str) -> Result<(), ApiError> {
    let is_path = path == NONE
        || path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"$-_.+!*'()".contains(&byte));
    if !is_path {
        return Err(ApiError::bad_request(
            "API Gateway V1 doesn't support the slash character (/) in base path mappings. To create a multi-level \
             base path mapping, use API Gateway V2.",
        ));
    }
    check_key_part("base path", path)?;
    let mut others = domain.mappings.keys().filter(|other| Some(&***other) != before);
    if others.clone().any(|other| other == path) {
        return Err(ApiError::conflict("Base path already exists for this domain name"));
    }
    if path == NONE && others.next().is_some() {
        return Err(ApiError::conflict(
            "Only one base path mapping is allowed if the base path is empty.",
        ));
    }
    Ok(())
}

fn put(cx: &mut Cx<'_>, key: &str, mapping: BasePathMapping) -> Result<Value, ApiError> {
    cx.writes.put(format!("domainnames/{key}/basepathmappings/{}", mapping.base_path), &mapping);
    cx.writes.publish();
    let shown = view(&mapping);
    let domain = cx.state.domain_names.get_mut(key).ok_or_else(unknown_domain)?;
    domain.mappings.insert(mapping.base_path.clone(), mapping);
    Ok(shown)
}

fn mapping<'c>(cx: &'c Cx<'_>, key: &str) -> Result<&'c BasePathMapping, ApiError> {
    let path = cx.label("base_path");
    let path = if path.is_empty() { NONE.to_owned() } else { path };
    let found = cx.state.domain_names.get(key).and_then(|domain| domain.mappings.get(&path));
    found.ok_or_else(|| ApiError::not_found("Invalid base path mapping identifier specified"))
}

pub(super) fn get_base_path_mapping(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    Ok(view(mapping(cx, &key_of(cx)?)?))
}

pub(super) fn get_base_path_mappings(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let domain = &cx.state.domain_names[&key_of(cx)?];
    page(
        cx.call,
        domain.mappings.iter().map(|(path, mapping)| (path.clone(), mapping)).collect(),
        view,
    )
}

pub(super) fn delete_base_path_mapping(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let key = key_of(cx)?;
    let path = mapping(cx, &key)?.base_path.clone();
    forget(cx, &key, &path)?;
    Ok(Value::Null)
}

fn forget(cx: &mut Cx<'_>, key: &str, path: &str) -> Result<(), ApiError> {
    cx.state.domain_names.get_mut(key).ok_or_else(unknown_domain)?.mappings.remove(path);
    cx.writes.remove(format!("domainnames/{key}/basepathmappings/{path}"));
    cx.writes.publish();
    Ok(())
}

const RULES: &[Rule] = &[
    rule("/basePath", R, Set::Special),
    rule("/basepath", R, Set::Special),
    rule("/restapiId", R, Set::Special),
    rule("/stage", R, Set::Text),
];

pub(super) fn update_base_path_mapping(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let operations = cx.patch()?;
    let key = key_of(cx)?;
    let before = mapping(cx, &key)?.clone();
    let after = patch::apply(
        &before,
        Family::Listed,
        RULES,
        &operations,
        |mapping, operation, segments| {
            match (&*segments[0], operation.text()) {
                ("restapiId", id) => id.clone_into(&mut mapping.rest_api_id),
                (_, "") => NONE.clone_into(&mut mapping.base_path),
                (_, path) => path.clone_into(&mut mapping.base_path),
            }
            Ok(())
        },
    )?;
    check_target(cx, &after)?;
    check_path(&cx.state.domain_names[&key], Some(&before.base_path), &after.base_path)?;
    if after.base_path != before.base_path {
        forget(cx, &key, &before.base_path)?;
    }
    put(cx, &key, after)
}
