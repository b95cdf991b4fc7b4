//! Models: schemas of bodies.

use super::cx::Cx;
use super::documents::{api_key, check_key_part};
use super::fit;
use super::patch::{self, Family, R, Rule, Set, rule};
use super::state::Api;
use super::types::{Model, Texts};
use super::view::{page, view};
use crate::ApiError;
use serde_json::Value;

#[derive(Default, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct CreateModel {
    name: String,
    description: Option<String>,
    schema: Option<String>,
    content_type: String,
}

pub(super) fn create_model(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let api_id = cx.label("restapi_id");
    let input: CreateModel = cx.input()?;
    let api = cx.state.api(&cx.call.account_id, &api_id)?;
    if input.name.is_empty() {
        return Err(ApiError::bad_request("Model name must be non-empty"));
    }
    if !input.name.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(ApiError::bad_request(format!(
            "Model name must be alphanumeric: {}",
            input.name
        )));
    }
    check_key_part("model name", &input.name)?;
    if api.models.contains_key(&input.name) {
        return Err(ApiError::conflict("Model name already exists for this REST API"));
    }
    let schema = input.schema.unwrap_or_default();
    check_schema(&schema, &input.content_type)?;
    let sequence = cx.state.next_sequence();
    let ids = &mut cx.state.ids;
    let api = cx.state.apis.entry(api_id.clone()).or_default();
    let id = ids.next(6, |id| api.models.values().any(|model| model.id == id));
    let model = Model {
        id,
        name: input.name.clone(),
        description: input.description.filter(|text| !text.is_empty()),
        schema,
        content_type: input.content_type,
        sequence,
    };
    if is_json(&model.content_type) {
        fit::check_schema(api, &model)?;
    }
    cx.writes.put(api_key(&api_id, "models", &input.name), &model);
    let shown = view(&model);
    api.models.insert(input.name, model);
    Ok(shown)
}

fn check_schema(schema: &str, content_type: &str) -> Result<(), ApiError> {
    let empty = "Model schema must have at least 1 property or array items defined";
    if schema.trim().is_empty() {
        return Err(ApiError::bad_request(empty));
    }
    // Other types are kept as they are; nothing can be checked against them.
    if !is_json(content_type) {
        return Ok(());
    }
    let invalid = |error: &str| {
        ApiError::bad_request(format!(
            "Invalid model specified: Validation Result: warnings : [], errors : [{error}]"
        ))
    };
    match serde_json::from_str::<Value>(schema) {
        Ok(Value::Object(members)) if members.is_empty() => Err(ApiError::bad_request(empty)),
        Ok(schema @ Value::Object(_)) if has_foreign_reference(&schema) => {
            Err(invalid("Model reference must be in canonical form"))
        }
        Ok(Value::Object(_)) => Ok(()),
        _ => Err(invalid("Invalid model schema specified")),
    }
}

fn is_json(content_type: &str) -> bool {
    content_type.contains("json")
}

/// Whether a `$ref` leads neither into the schema nor to a model by its URL.
fn has_foreign_reference(schema: &Value) -> bool {
    match schema {
        Value::Object(members) => members.iter().any(|(name, value)| match value.as_str() {
            Some(target) if name == "$ref" => {
                !target.starts_with("#")
                    && !target.starts_with("https://apigateway.amazonaws.com/restapis/")
            }
            _ => has_foreign_reference(value),
        }),
        Value::Array(items) => items.iter().any(has_foreign_reference),
        _ => false,
    }
}

fn unknown_model(name: &str) -> ApiError {
    ApiError::not_found(format!("Invalid model name specified: {name}"))
}

pub(super) fn model<'c>(cx: &'c Cx<'_>) -> Result<&'c Model, ApiError> {
    let name = cx.label("model_name");
    let api = cx.state.apis.get(&cx.label("restapi_id"));
    api.and_then(|api| api.models.get(&name)).ok_or_else(|| unknown_model(&name))
}

pub(super) fn get_model(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let model = model(cx)?;
    if cx.call.query("flatten") != Some("true") {
        return Ok(view(model));
    }
    let api = &cx.state.apis[&cx.label("restapi_id")];
    let mut schema = serde_json::from_str(&model.schema).unwrap_or(Value::Null);
    flatten(api, &mut schema, &mut vec![model.name.clone()]);
    Ok(view(&Model { schema: schema.to_string(), ..model.clone() }))
}

/// Puts models in the place of references to them; one that leads back to itself stays.
pub(super) fn flatten(api: &Api, schema: &mut Value, above: &mut Vec<String>) {
    let target = schema
        .get("$ref")
        .and_then(Value::as_str)
        .and_then(|target| target.rsplit_once("/models/"));
    if let Some(name) = target.map(|(_, name)| name.to_owned()).filter(|name| !above.contains(name))
    {
        let found =
            api.models.get(&name).and_then(|model| serde_json::from_str(&model.schema).ok());
        if let Some(found) = found {
            *schema = found;
            above.push(name);
            flatten(api, schema, above);
            above.pop();
        }
        return;
    }
    match schema {
        Value::Object(members) => {
            members.values_mut().for_each(|member| flatten(api, member, above))
        }
        Value::Array(items) => items.iter_mut().for_each(|item| flatten(api, item, above)),
        _ => {}
    }
}

pub(super) fn get_models(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let api = cx.state.api(&cx.call.account_id, &cx.label("restapi_id"))?;
    let models = api.models.values();
    // As they were made.
    let mut items: Vec<_> =
        models.map(|model| (format!("{:020}{}", model.sequence, model.name), model)).collect();
    items.sort_by(|one, two| one.0.cmp(&two.0));
    page(cx.call, items, view)
}

pub(super) fn delete_model(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let api_id = cx.label("restapi_id");
    let name = model(cx)?.name.clone();
    check_unused(&cx.state.apis[&api_id], &name)?;
    cx.state.api_mut(&cx.call.account_id, &api_id)?.models.remove(&name);
    cx.writes.remove(api_key(&api_id, "models", &name));
    Ok(Value::Null)
}

fn check_unused(api: &Api, name: &str) -> Result<(), ApiError> {
    let names = |models: &Option<Texts>| models.iter().flatten().any(|(_, model)| model == name);
    let mut resources: Vec<_> = api.resources.values().collect();
    // The root is named last, as AWS has it.
    resources.sort_by(|one, two| two.path.cmp(&one.path));
    for resource in resources {
        for (verb, method) in &resource.resource_methods {
            let mut responses = method.method_responses.iter().flatten();
            let place = match () {
                () if names(&method.request_models) => "request",
                () if responses.any(|(_, response)| names(&response.response_models)) => "response",
                () => continue,
            };
            // The root resource has two slashes: AWS's own.
            let path = &resource.path;
            return Err(ApiError::conflict(format!(
                "Cannot delete model '{name}', is referenced in method {place}: {path}/{verb}"
            )));
        }
    }
    let url = format!("/restapis/{}/models/{name}\"", api.rest_api.id);
    match api.models.values().find(|model| model.name != name && model.schema.contains(&url)) {
        Some(model) => Err(ApiError::conflict(format!(
            "Cannot delete model '{name}', is referenced in model: {}",
            model.name
        ))),
        None => Ok(()),
    }
}

const RULES: &[Rule] = &[rule("/description", R, Set::Text), rule("/schema", R, Set::Verbatim)];

pub(super) fn update_model(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let api_id = cx.label("restapi_id");
    let operations = cx.patch()?;
    let after = patch::apply_rules(model(cx)?, Family::Listed, RULES, &operations)?;
    if operations.iter().any(|operation| operation.path.as_deref() == Some("/schema")) {
        check_schema(&after.schema, &after.content_type)?;
        if is_json(&after.content_type) {
            fit::check_schema(cx.state.api(&cx.call.account_id, &api_id)?, &after)?;
        }
    }
    cx.writes.put(api_key(&api_id, "models", &after.name), &after);
    let shown = view(&after);
    cx.state.api_mut(&cx.call.account_id, &api_id)?.models.insert(after.name.clone(), after);
    Ok(shown)
}
