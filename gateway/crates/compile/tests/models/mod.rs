//! A method that validates its body, and its schema.

use std::sync::Arc;

use gateway_compile::{CompileOptions, ModelSchema, compile};
use gateway_model::{
    Definitions, DeploymentId, HttpMethod, Integration, IntegrationType, Json, Method, Model,
    ModelId, Place, RequestValidator, RequestValidatorId, ResourceId, RestApi, RestApiId, Spanned,
    Stage, StageName,
};

/// The schema, as a method's plan has it after compilation.
pub(crate) fn schema(text: &str) -> Arc<ModelSchema> {
    let root = ResourceId::new("root");
    let mut api = RestApi::new(RestApiId::new("abc"), "A", root.clone(), Place::nowhere());
    let model = Model {
        id: ModelId::new("M"),
        name: "M".to_owned(),
        content_type: "application/json".to_owned(),
        description: None,
        schema: Some(Spanned::new(
            json(&serde_json::from_str(text).expect("JSON")),
            Place::nowhere(),
        )),
        place: Place::nowhere(),
    };
    api.models.insert("M".to_owned(), model);
    let id = RequestValidatorId::new("v");
    let validator = RequestValidator {
        id: id.clone(),
        name: None,
        validate_request_body: true,
        validate_request_parameters: false,
        place: Place::nowhere(),
    };
    api.request_validators.insert(id.clone(), validator);
    let mut method = Method::new(HttpMethod::Post, Place::nowhere());
    method.integration = Some(Integration::new(IntegrationType::Mock, Place::nowhere()));
    method.request_validator_id = Some(id);
    method.request_models.insert("application/json".to_owned(), "M".to_owned());
    api.resources.get_mut(&root).expect("the root").methods.insert(HttpMethod::Post, method);
    let name = StageName::parse("s").expect("a name");
    let stage = Stage::new(name.clone(), DeploymentId::new("d"), Place::nowhere());
    api.stages.insert(name, stage);
    let definitions = Definitions { apis: vec![api.into()], ..Definitions::default() };
    let compiled = compile(&definitions, &CompileOptions::default(), None);
    let snapshot = compiled.snapshot.unwrap_or_else(|| panic!("{:?}", compiled.diagnostics));
    let validation = snapshot.stages[0].methods[0].validation.as_ref().expect("a validator");
    let schema = validation.models.of_request(None).expect("a model").as_ref().expect("a schema");
    Arc::clone(schema)
}

fn json(value: &serde_json::Value) -> Json {
    use serde_json::Value;
    match value {
        Value::Null => Json::Null,
        Value::Bool(value) => Json::Bool(*value),
        Value::Number(digits) => Json::Number(digits.to_string()),
        Value::String(text) => Json::String(text.clone()),
        Value::Array(items) => Json::Array(items.iter().map(json).collect()),
        Value::Object(members) => {
            Json::Object(members.iter().map(|(name, value)| (name.clone(), json(value))).collect())
        }
    }
}
