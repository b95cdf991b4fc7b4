//! ImportRestApi and PutRestApi: an API of an OpenAPI document.
//!
//! `gateway_definition` reads the document into the model, [`parts`] makes stored documents of that, and [`merge`] lays them
//! over what there is. Cost: one look at each part, whatever the size of the API.

mod documentation;
mod merge;
pub(super) mod parts;

pub(super) use documentation::import_documentation_parts;

use super::cx::Cx;
use super::limits::IMPORT_BYTES_MAX;
use super::rest_apis;
use super::state::Api;
use super::types::{EndpointConfiguration, Resource, RestApi};
use super::view::{view, view_with_tags};
use super::{documents, tags};
use crate::{ApiError, Call};
use gateway_definition::{BasePath, ImportRequest, Imported, Options};
use gateway_model as model;
use gateway_model::Place;
use merge::Mode;
use serde_json::{Value, json};

/// What the query of an import says.
struct Query {
    mode: Mode,
    fails_on_warnings: bool,
    base_path: BasePath,
    ignores_documentation: bool,
    /// Of a new API.
    endpoint_types: Vec<String>,
}

impl Query {
    fn read(call: &Call) -> Result<Self, ApiError> {
        let bad = |name: &str, value: &str, names: &str| {
            ApiError::bad_request(format!(
                "Invalid {name} specified: {value}. Must be one of {names}"
            ))
        };
        let base_path = match parameter(call, "basepath") {
            None | Some("ignore") => BasePath::Ignore,
            Some("prepend") => BasePath::Prepend,
            Some("split") => BasePath::Split,
            Some(other) => return Err(bad("basepath", other, "ignore, prepend, split")),
        };
        let types = parameter(call, "endpointConfigurationTypes").unwrap_or_default();
        let endpoint_types: Vec<String> = types
            .split(',')
            .map(str::trim)
            .filter(|kind| !kind.is_empty())
            .map(str::to_owned)
            .collect();
        if let Some(other) =
            endpoint_types.iter().find(|kind| model::EndpointType::parse(kind).is_err())
        {
            return Err(bad("endpointConfigurationTypes", other, "EDGE, REGIONAL, PRIVATE"));
        }
        Ok(Self {
            mode: Mode::read(call)?,
            fails_on_warnings: fails_on_warnings(call),
            base_path,
            ignores_documentation: parameter(call, "ignore") == Some("documentation"),
            endpoint_types,
        })
    }
}

/// A parameter of the query; their names come in any case.
fn parameter<'c>(call: &'c Call, name: &str) -> Option<&'c str> {
    let mut found = call.query.iter().rev().filter(|(key, _)| key.eq_ignore_ascii_case(name));
    found.next().map(|(_, value)| &**value)
}

pub(super) fn fails_on_warnings(call: &Call) -> bool {
    parameter(call, "failonwarnings").is_some_and(|value| value.eq_ignore_ascii_case("true"))
}

/// The body as text, within AWS's bound.
fn document(call: &Call) -> Result<&str, ApiError> {
    if call.body.len() > IMPORT_BYTES_MAX {
        return Err(ApiError::bad_request(format!(
            "The document has {} bytes; at most {IMPORT_BYTES_MAX} can be imported",
            call.body.len()
        )));
    }
    std::str::from_utf8(&call.body).map_err(|_| unreadable())
}

fn unreadable() -> ApiError {
    ApiError::bad_request("Invalid OpenAPI input.")
}

/// The document as an API of this id.
fn read(call: &Call, query: &Query, id: &str, root: &str) -> Result<Imported, ApiError> {
    let options = Options {
        account_id: call.account_id.clone(),
        region: call.region.clone(),
        partition: partition(&call.region).to_owned(),
        ..Options::default()
    };
    let request = ImportRequest {
        document: document(call)?,
        base_path: query.base_path,
        ignores_documentation: query.ignores_documentation,
    };
    let root = model::ResourceId::new(root);
    let api = model::RestApi::new(model::RestApiId::new(id), "", root, Place::nowhere());
    gateway_definition::import_document(request, api, &options).map_err(|_| unreadable())
}

/// Source: AWS General Reference, "Amazon Resource Names": partitions.
pub(crate) fn partition(region: &str) -> &'static str {
    match region {
        _ if region.starts_with("cn-") => "aws-cn",
        _ if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}

/// All that is wrong at once, in AWS's form.
pub(super) fn check(
    errors: &[String],
    warnings: &[String],
    fails_on_warnings: bool,
) -> Result<(), ApiError> {
    let lines =
        |texts: &[String]| texts.iter().map(|text| format!("\n\t{text}")).collect::<String>();
    let mut text = String::new();
    if !errors.is_empty() {
        text = format!("Errors found during import:{}", lines(errors));
        if !warnings.is_empty() {
            text += &format!("\nAdditionally, these warnings were found:{}", lines(warnings));
        }
    } else if fails_on_warnings && !warnings.is_empty() {
        text = format!("Warnings found during import:{}", lines(warnings));
    }
    if text.is_empty() { Ok(()) } else { Err(ApiError::bad_request(text)) }
}

fn with_warnings(mut shown: Value, warnings: &[String]) -> Value {
    if let (Value::Object(members), false) = (&mut shown, warnings.is_empty()) {
        members.insert("warnings".to_owned(), json!(warnings));
    }
    shown
}

pub(super) fn import_rest_api(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let query = Query::read(cx.call)?;
    let state = &mut *cx.state;
    let root = state.ids.next(10, |_| false);
    let mut id = state.ids.next(10, |id| state.apis.contains_key(id));
    let mut imported = read(cx.call, &query, &id, &root)?;
    if let Some(custom) = imported.api.tags.get(tags::CUSTOM_ID).cloned() {
        rest_apis::check_custom_id(state, &custom)?;
        // References to models name the API.
        id = custom;
        imported = read(cx.call, &query, &id, &root)?;
    }
    let Imported { api: given, mut warnings, mut errors } = imported;
    let mut api = Api { rest_api: described(&given, &query, cx.call, root)?, ..Api::default() };
    let root = Resource {
        id: api.rest_api.root_resource_id.clone(),
        path: "/".to_owned(),
        ..Resource::default()
    };
    api.resources.insert(root.id.clone(), root);
    merge::lay_over(state, &mut api, &given, Mode::Overwrite, cx.call, &mut errors);
    sort(&mut warnings, &mut errors);
    check(&errors, &warnings, query.fails_on_warnings)?;
    let shown = with_warnings(view(&api.rest_api), &warnings);
    rest_apis::put_all(cx, &api);
    cx.state.apis.insert(id, api);
    Ok(shown)
}

/// The same text once.
fn sort(warnings: &mut Vec<String>, errors: &mut Vec<String>) {
    for texts in [warnings, errors] {
        let mut seen = std::collections::HashSet::new();
        texts.retain(|text| seen.insert(text.clone()));
    }
}

/// A document may lack a title; one that it has is a name.
fn check_title(title: &str) -> Result<(), ApiError> {
    if title.is_empty() { Ok(()) } else { rest_apis::check_name(title) }
}

/// A new API as its document describes it.
fn described(
    given: &model::RestApi,
    query: &Query,
    call: &Call,
    root: String,
) -> Result<RestApi, ApiError> {
    let mut rest_api = RestApi {
        id: given.id.to_string(),
        created_date: call.unix_ms / 1000,
        root_resource_id: root,
        api_key_source: "HEADER".to_owned(),
        ..RestApi::default()
    };
    merge::describe(&mut rest_api, given, Mode::Overwrite)?;
    check_title(&rest_api.name)?;
    let mut endpoint = std::mem::take(&mut rest_api.endpoint_configuration);
    if !query.endpoint_types.is_empty() {
        endpoint.types.clone_from(&query.endpoint_types);
    }
    rest_api.endpoint_configuration =
        rest_apis::endpoint(EndpointConfiguration { types: endpoint.types, ..endpoint }, false)?;
    rest_api.tags = tags::checked(Some(given.tags.clone()))?;
    Ok(rest_api)
}

pub(super) fn put_rest_api(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let id = cx.label("restapi_id");
    let query = Query::read(cx.call)?;
    let known = cx.state.apis.get(&id).map(|api| api.rest_api.root_resource_id.clone());
    // What is no document is refused before it is known whose it is.
    let imported = read(cx.call, &query, &id, known.as_deref().unwrap_or("root"))?;
    let mut api = cx.state.api(&cx.call.account_id, &id)?.clone();
    let Imported { api: given, mut warnings, mut errors } = imported;
    merge::describe(&mut api.rest_api, &given, query.mode)?;
    check_title(&api.rest_api.name)?;
    merge::lay_over(cx.state, &mut api, &given, query.mode, cx.call, &mut errors);
    sort(&mut warnings, &mut errors);
    check(&errors, &warnings, query.fails_on_warnings)?;
    for kind in [
        "resources",
        "models",
        "requestvalidators",
        "authorizers",
        "gatewayresponses",
        "documentationparts",
    ] {
        cx.writes.remove_all(documents::api_key(&id, kind, ""));
    }
    let shown = with_warnings(view_with_tags(&api.rest_api), &warnings);
    rest_apis::put_all(cx, &api);
    if !api.stages.is_empty() {
        cx.writes.publish();
    }
    cx.state.apis.insert(id, api);
    Ok(shown)
}
