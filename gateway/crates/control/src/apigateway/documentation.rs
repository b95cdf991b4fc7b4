//! Documentation parts, and versions of them.

use super::cx::Cx;
use super::documents::{api_key, check_key_part};
use super::patch::{self, Family, R, Rule, Set, rule};
use super::types::{DocumentationLocation, DocumentationPart, DocumentationVersion};
use super::view::{page, view};
use crate::ApiError;
use serde_json::Value;

#[derive(serde::Deserialize)]
struct CreateDocumentationPart {
    location: DocumentationLocation,
    properties: String,
}

pub(super) fn create_documentation_part(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let api_id = cx.label("restapi_id");
    let CreateDocumentationPart { location, properties } = cx.input()?;
    cx.state.api(&cx.call.account_id, &api_id)?;
    check_properties(&properties)?;
    let location = checked(location)?;
    let ids = &mut cx.state.ids;
    let api = cx.state.apis.entry(api_id.clone()).or_default();
    if api.documentation_parts.values().any(|part| part.location == location) {
        return Err(ApiError::conflict(
            "Documentation part already exists for the specified location",
        ));
    }
    let id = ids.next(6, |id| api.documentation_parts.contains_key(id));
    let part = DocumentationPart { id: id.clone(), location, properties };
    cx.writes.put(api_key(&api_id, "documentationparts", &id), &part);
    let shown = view(&part);
    api.documentation_parts.insert(id, part);
    Ok(shown)
}

pub(super) fn check_properties(properties: &str) -> Result<(), ApiError> {
    match serde_json::from_str::<Value>(properties) {
        Ok(Value::Object(members)) if !members.is_empty() => Ok(()),
        _ => Err(ApiError::bad_request(
            "Documentation part properties must be a non-empty JSON object",
        )),
    }
}

/// A location with the fields that its type has, and the defaults of those.
pub(super) fn checked(given: DocumentationLocation) -> Result<DocumentationLocation, ApiError> {
    let (path, method, status, name) = match &*given.kind {
        "API" => (false, false, false, false),
        "RESOURCE" => (true, false, false, false),
        "METHOD" | "REQUEST_BODY" => (true, true, false, false),
        "QUERY_PARAMETER" | "REQUEST_HEADER" | "PATH_PARAMETER" => (true, true, false, true),
        "RESPONSE" | "RESPONSE_BODY" => (true, true, true, false),
        "RESPONSE_HEADER" => (true, true, true, true),
        _ => (false, false, false, true),
    };
    let needs_name =
        matches!(&*given.kind, "REQUEST_HEADER" | "PATH_PARAMETER" | "RESPONSE_HEADER");
    if needs_name && given.name.is_none() {
        return Err(ApiError::bad_request(format!(
            "A documentation location of type {} needs a name",
            given.kind
        )));
    }
    let field = |has: bool, value: Option<String>, default: Option<&str>| match (has, value) {
        (true, value) => Ok(value.or_else(|| default.map(str::to_owned))),
        (false, None) => Ok(None),
        (false, Some(value)) => Err(ApiError::bad_request(format!(
            "Invalid documentation location: a part of type {} has no such field, but got '{value}'",
            given.kind
        ))),
    };
    Ok(DocumentationLocation {
        path: field(path, given.path, Some("/"))?,
        method: field(method, given.method, Some("*"))?,
        status_code: field(status, given.status_code, Some("*"))?,
        name: field(name, given.name, None)?,
        kind: given.kind,
    })
}

fn part<'c>(cx: &'c Cx<'_>) -> Result<&'c DocumentationPart, ApiError> {
    let api = cx.state.apis.get(&cx.label("restapi_id"));
    api.and_then(|api| api.documentation_parts.get(&cx.label("part_id")))
        .ok_or_else(|| ApiError::not_found("Invalid Documentation part identifier specified"))
}

pub(super) fn get_documentation_part(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    Ok(view(part(cx)?))
}

pub(super) fn get_documentation_parts(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let call = cx.call;
    let api = cx.state.api(&call.account_id, &cx.label("restapi_id"))?;
    let fits =
        |wanted: Option<&str>, has: Option<&str>| wanted.is_none_or(|wanted| has == Some(wanted));
    let parts = api.documentation_parts.iter().filter(|(_, part)| {
        let location = &part.location;
        fits(call.query("type"), Some(&location.kind))
            && fits(call.query("name"), location.name.as_deref())
            && fits(call.query("path"), location.path.as_deref())
            // All that can be listed here is documented.
            && call.query("locationStatus") != Some("UNDOCUMENTED")
    });
    // By what they are about.
    let key = |id: &String, part: &DocumentationPart| {
        let DocumentationLocation { kind, path, method, status_code, name } = &part.location;
        let fields = [path, method, status_code, name];
        let fields = fields.map(|field| field.as_deref().unwrap_or_default());
        format!("{kind}\u{1}{}\u{1}{id}", fields.join("\u{1}"))
    };
    let mut items: Vec<_> = parts.map(|(id, part)| (key(id, part), part)).collect();
    items.sort_by(|one, two| one.0.cmp(&two.0));
    page(call, items, view)
}

pub(super) fn delete_documentation_part(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let api_id = cx.label("restapi_id");
    cx.state.api(&cx.call.account_id, &api_id)?;
    let id = part(cx)?.id.clone();
    cx.state.api_mut(&cx.call.account_id, &api_id)?.documentation_parts.remove(&id);
    cx.writes.remove(api_key(&api_id, "documentationparts", &id));
    Ok(Value::Null)
}

const PART_RULES: &[Rule] = &[rule("/properties", R, Set::Verbatim)];

pub(super) fn update_documentation_part(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let api_id = cx.label("restapi_id");
    let operations = cx.patch()?;
    let after = patch::apply_rules(part(cx)?, Family::Listed, PART_RULES, &operations)?;
    check_properties(&after.properties)?;
    cx.writes.put(api_key(&api_id, "documentationparts", &after.id), &after);
    let shown = view(&after);
    cx.state
        .api_mut(&cx.call.account_id, &api_id)?
        .documentation_parts
        .insert(after.id.clone(), after);
    Ok(shown)
}

#[derive(Default, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct CreateDocumentationVersion {
    documentation_version: String,
    stage_name: Option<String>,
    description: Option<String>,
}

pub(super) fn create_documentation_version(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let api_id = cx.label("restapi_id");
    let input: CreateDocumentationVersion = cx.input()?;
    let now = cx.now();
    let api = cx.state.api_mut(&cx.call.account_id, &api_id)?;
    let name = input.documentation_version;
    if name.is_empty() {
        return Err(ApiError::bad_request("Documentation version cannot be empty"));
    }
    check_key_part("documentation version", &name)?;
    if api.documentation_versions.contains_key(&name) {
        return Err(ApiError::conflict(format!("Documentation version already exists: {name}")));
    }
    if let Some(stage_name) = input.stage_name.filter(|stage| !stage.is_empty()) {
        let stage = api.stages.get_mut(&stage_name).ok_or_else(super::stages::unknown_stage)?;
        stage.documentation_version = Some(name.clone());
        cx.writes.put(api_key(&api_id, "stages", &stage_name), stage);
    }
    let version = DocumentationVersion {
        version: name.clone(),
        created_date: now,
        description: input.description.filter(|text| !text.is_empty()),
        parts: api.documentation_parts.values().cloned().collect(),
    };
    cx.writes.put(api_key(&api_id, "documentationversions", &name), &version);
    let shown = show(&version);
    api.documentation_versions.insert(name, version);
    Ok(shown)
}

fn show(version: &DocumentationVersion) -> Value {
    let mut shown = view(version);
    if let Value::Object(members) = &mut shown {
        members.remove("parts");
    }
    shown
}

fn version<'c>(cx: &'c Cx<'_>) -> Result<&'c DocumentationVersion, ApiError> {
    let api = cx.state.api(&cx.call.account_id, &cx.label("restapi_id"))?;
    let found = api.documentation_versions.get(&cx.label("doc_version"));
    found.ok_or_else(|| ApiError::not_found("Invalid Documentation version specified"))
}

pub(super) fn get_documentation_version(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    Ok(show(version(cx)?))
}

pub(super) fn get_documentation_versions(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let api = cx.state.api(&cx.call.account_id, &cx.label("restapi_id"))?;
    page(
        cx.call,
        api.documentation_versions.iter().map(|(name, version)| (name.clone(), version)).collect(),
        show,
    )
}

pub(super) fn delete_documentation_version(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let api_id = cx.label("restapi_id");
    let name = version(cx)?.version.clone();
    cx.state.api_mut(&cx.call.account_id, &api_id)?.documentation_versions.remove(&name);
    cx.writes.remove(api_key(&api_id, "documentationversions", &name));
    Ok(Value::Null)
}

const VERSION_RULES: &[Rule] = &[rule("/description", R, Set::Text)];

pub(super) fn update_documentation_version(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let api_id = cx.label("restapi_id");
    let operations = cx.patch()?;
    let after = patch::apply_rules(version(cx)?, Family::Listed, VERSION_RULES, &operations)?;
    cx.writes.put(api_key(&api_id, "documentationversions", &after.version), &after);
    let shown = show(&after);
    cx.state
        .api_mut(&cx.call.account_id, &api_id)?
        .documentation_versions
        .insert(after.version.clone(), after);
    Ok(shown)
}
