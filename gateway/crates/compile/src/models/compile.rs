//! From what people wrote to [`ModelSchema`]s, with every problem at its place.

use std::collections::BTreeMap;
use std::sync::Arc;

use gateway_model::{Diagnostic, Json, Model, Place, RestApi};
use jsonschema::{Draft, PatternOptions, Registry, ValidationError};
use serde_json::Value;

use super::ModelSchema;
use super::references::{self, model_url};
use crate::limits::{MODEL_BYTES_MAX, MODEL_DEPTH_MAX, SCHEMA_PATTERN_BYTES_MAX};

/// The models of one API.
#[derive(Debug, Default)]
pub(crate) struct ApiModels {
    by_name: BTreeMap<String, Option<Arc<ModelSchema>>>,
    problems: BTreeMap<String, Vec<Diagnostic>>,
}

impl ApiModels {
    /// Compiles all models of an API.
    pub(crate) fn compile(api: &RestApi) -> Self {
        let mut made = Self::default();
        let mut documents = BTreeMap::new();
        for model in api.models.values() {
            let schema = model.schema.as_ref().map(|schema| &schema.value);
            let problems = schema.map(|schema| unfit(api, model, schema)).unwrap_or_default();
            match schema {
                _ if !problems.is_empty() => {
                    made.problems.insert(model.name.clone(), problems);
                }
                Some(schema) => {
                    documents.insert(model.name.as_str(), value(schema));
                }
                None => {}
            }
            made.by_name.insert(model.name.clone(), None);
        }
        let registry = match registry(api, &documents) {
            Ok(registry) => registry,
            Err(error) => {
                for name in documents.keys() {
                    let model = &api.models[*name];
                    let said =
                        Diagnostic::error(place(model), format!("model \"{name}\": {error}"));
                    made.problems.insert((*name).to_owned(), vec![said]);
                }
                return made;
            }
        };
        for (name, document) in &documents {
            match build(&registry, &model_url(api.id.as_str(), name), document) {
                Ok(schema) => {
                    made.by_name.insert((*name).to_owned(), Some(Arc::new(schema)));
                }
                Err(error) => {
                    let said = rejected(&api.models[*name], &error);
                    made.problems.insert((*name).to_owned(), vec![said]);
                }
            }
        }
        made
    }

    /// A model by name: `None` when there is no such model; inside, `None` when it accepts everything.
    pub(crate) fn get(&self, name: &str) -> Option<Option<&Arc<ModelSchema>>> {
        match self.by_name.get(name) {
            Some(schema) => Some(schema.as_ref()),
            // What CreateRestApi puts into every API.
            None if matches!(name, "Empty" | "Error") => Some(None),
            None => None,
        }
    }

    /// What is wrong with a model.
    pub(crate) fn problems_of(&self, name: &str) -> &[Diagnostic] {
        self.problems.get(name).map_or(&[], Vec::as_slice)
    }

    /// What is wrong with models that none of these methods validates with, as warnings.
    pub(crate) fn unused_problems(&self, is_used: impl Fn(&str) -> bool) -> Vec<Diagnostic> {
        let unused = self.problems.iter().filter(|(name, _)| !is_used(name));
        unused
            .flat_map(|(_, problems)| problems)
            .map(|problem| Diagnostic {
                help: problem.help.clone(),
                ..Diagnostic::warning(&problem.place, problem.text.clone())
            })
            .collect()
    }
}

/// Whether a model of an API can be served, by itself and with those that it refers to.
///
/// # Errors
/// What is wrong with it, in one line.
pub fn check_model(api: &RestApi, name: &str) -> Result<(), String> {
    match ApiModels::compile(api).problems_of(name) {
        [] => Ok(()),
        [first, ..] => Err(first.text.clone()),
    }
}

fn place(model: &Model) -> &Place {
    model.schema.as_ref().map_or(&model.place, |schema| &schema.place)
}

/// What a schema is refused for before it is compiled.
fn unfit(api: &RestApi, model: &Model, schema: &Json) -> Vec<Diagnostic> {
    let (name, place) = (&model.name, place(model));
    let len = schema.to_string().len();
    if len > MODEL_BYTES_MAX {
        let text =
            format!("model \"{name}\" has {len} bytes, at most {MODEL_BYTES_MAX} are allowed");
        return vec![Diagnostic::error(place, text)];
    }
    if depth(schema) > MODEL_DEPTH_MAX {
        let text = format!("model \"{name}\" nests more than {MODEL_DEPTH_MAX} levels");
        return vec![Diagnostic::error(place, text)];
    }
    if !matches!(schema, Json::Object(_)) {
        let text = format!("model \"{name}\": a schema is a JSON object");
        return vec![Diagnostic::error(place, text)];
    }
    let has = |name: &str| api.models.get(name).is_some_and(|model| model.schema.is_some());
    let bad = references::check(schema, api.id.as_str(), has);
    bad.into_iter()
        .map(|bad| {
            let text = format!("model \"{name}\", at {}: {}", bad.pointer, bad.text);
            Diagnostic::error(place, text).with_help(bad.help)
        })
        .collect()
}

fn depth(value: &Json) -> usize {
    match value {
        Json::Array(items) => 1 + items.iter().map(depth).max().unwrap_or_default(),
        Json::Object(members) => {
            1 + members.iter().map(|(_, v)| depth(v)).max().unwrap_or_default()
        }
        _ => 0,
    }
}

fn value(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(digits) => digits.parse().map_or(Value::Null, Value::Number),
        Json::String(text) => Value::String(text.clone()),
        Json::Array(items) => Value::Array(items.iter().map(value).collect()),
        Json::Object(members) => Value::Object(
            members.iter().map(|(name, member)| (name.clone(), value(member))).collect(),
        ),
    }
}

fn registry<'v>(
    api: &RestApi,
    documents: &'v BTreeMap<&str, Value>,
) -> Result<Registry<'v>, jsonschema::ReferencingError> {
    let mut builder = Registry::new().draft(Draft::Draft4);
    for (name, document) in documents {
        builder = builder.add(model_url(api.id.as_str(), name), document)?;
    }
    builder.prepare()
}

/// Compiles one schema. Whatever it does not find in the registry does not exist.
pub(super) fn build(
    registry: &Registry<'_>,
    url: &str,
    document: &Value,
) -> Result<ModelSchema, ValidationError<'static>> {
    let patterns = PatternOptions::regex().size_limit(SCHEMA_PATTERN_BYTES_MAX);
    let validator = jsonschema::options_for::<super::Bodies>()
        .with_draft(Draft::Draft4)
        .offline()
        .with_registry(registry)
        .with_base_uri(url)
        .with_pattern_options(patterns)
        .should_validate_formats(true)
        .build(document)?;
    Ok(ModelSchema { validator })
}

fn rejected(model: &Model, error: &ValidationError<'_>) -> Diagnostic {
    let pointer = error.instance_path().as_str();
    let at = if pointer.is_empty() { String::new() } else { format!(", at {pointer}") };
    let text = format!("model \"{}\"{at}: {error}", model.name);
    Diagnostic::error(place(model), text).with_help("models are JSON Schema of draft 4")
}
