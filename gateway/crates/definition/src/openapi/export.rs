//! Writing an API as API Gateway exports it.
//!
//! Source: control-plane §9 and its recorded exports. What a definition file does not know, the time
//! of the deployment, is not made up: a document whose API has no version has the deployment's id
//! there.

mod documentation;
mod extensions;
mod schemes;
mod yaml;

pub use yaml::to_yaml;

pub(super) use schemes::default_label;

use gateway_model::{AuthorizationType, Json, Method, MethodResponse, RestApi, Stage, StatusCode};
use std::collections::{BTreeMap, BTreeSet};

/// What references to models begin with. Source: CreateModel.
pub(crate) const MODELS_URL: &str = "https://apigateway.amazonaws.com/restapis/";

/// Which OpenAPI is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ExportType {
    /// OpenAPI 3.0.1
    #[default]
    Oas30,
    /// Swagger 2.0
    Swagger,
}

/// What an export holds besides the interface.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExportOptions {
    /// Which OpenAPI is written.
    pub export_type: ExportType,
    /// `x-amazon-apigateway-integration` of each operation.
    pub integrations: bool,
    /// `x-amazon-apigateway-authorizer` of each security scheme.
    pub authorizers: bool,
    /// All of API Gateway's extensions.
    pub apigateway: bool,
    /// The region of the host that is named.
    pub region: String,
    /// The end of the host that is named.
    pub url_suffix: String,
}

/// Writes an API as one of its stages shows it.
#[must_use]
pub fn export(api: &RestApi, stage: &Stage, options: &ExportOptions) -> Json {
    let exporter = Exporter { api, stage, options, schemes: schemes::Schemes::of(api) };
    let mut document = exporter.document();
    if stage.documentation_version.is_some() && !options.apigateway {
        documentation::merge(&mut document, &api.documentation_parts);
    }
    document
}

struct Exporter<'e> {
    api: &'e RestApi,
    stage: &'e Stage,
    options: &'e ExportOptions,
    schemes: schemes::Schemes,
}

/// An object that is being written.
#[derive(Default)]
struct Object(Vec<(String, Json)>);

impl Object {
    fn set(&mut self, name: &str, value: impl Into<Option<Json>>) {
        if let Some(value) = value.into() {
            self.0.push((name.to_owned(), value));
        }
    }

    /// Leaves out what is empty.
    fn set_some(&mut self, name: &str, value: Json) {
        let is_empty = match &value {
            Json::Object(members) => members.is_empty(),
            Json::Array(items) => items.is_empty(),
            _ => false,
        };
        self.set(name, (!is_empty).then_some(value));
    }

    fn finish(self) -> Json {
        Json::Object(self.0)
    }
}

fn text(text: &str) -> Json {
    Json::String(text.to_owned())
}

fn texts<'t>(texts: impl IntoIterator<Item = &'t str>) -> Json {
    Json::Array(texts.into_iter().map(text).collect())
}

fn object<const N: usize>(members: [(&str, Json); N]) -> Json {
    Json::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

impl Exporter<'_> {
    fn is_swagger(&self) -> bool {
        self.options.export_type == ExportType::Swagger
    }

    fn document(&self) -> Json {
        let mut document = Object::default();
        match self.options.export_type {
            ExportType::Swagger => document.set("swagger", text("2.0")),
            ExportType::Oas30 => document.set("openapi", text("3.0.1")),
        }
        let mut info = Object::default();
        info.set("title", text(&self.api.name));
        info.set("description", self.api.description.as_deref().map(text));
        let version = self.api.version.as_deref().unwrap_or(self.stage.deployment.as_str());
        info.set("version", text(version));
        document.set("info", info.finish());
        self.servers(&mut document);
        if self.options.apigateway {
            let tag = |(name, value): (&String, &String)| {
                object([("name", text(name)), ("x-amazon-apigateway-tag-value", text(value))])
            };
            document.set_some("tags", Json::Array(self.api.tags.iter().map(tag).collect()));
        }
        document.set("paths", self.paths());
        self.components(&mut document);
        if self.options.apigateway {
            self.extensions(&mut document);
        }
        document.finish()
    }

    fn servers(&self, document: &mut Object) {
        let (id, region, suffix) = (&self.api.id, &self.options.region, &self.options.url_suffix);
        let host = format!("{id}.execute-api.{region}.{suffix}");
        let stage = self.stage.name.as_str();
        if self.is_swagger() {
            document.set("host", text(&host));
            document.set("basePath", text(&format!("/{stage}")));
            document.set("schemes", texts(["https"]));
            return;
        }
        let mut server = Object::default();
        server.set("url", text(&format!("https://{host}/{{basePath}}")));
        let variable = object([("default", text(stage))]);
        server.set("variables", object([("basePath", variable)]));
        if self.options.apigateway {
            server.set("x-amazon-apigateway-endpoint-configuration", self.endpoint());
        }
        document.set("servers", Json::Array(vec![server.finish()]));
    }

    fn components(&self, document: &mut Object) {
        let models = Json::Object(
            self.api
                .models
                .values()
                .filter_map(|model| {
                    let schema = model.schema.as_ref()?;
                    Some((model.name.clone(), self.schema(&schema.value)))
                })
                .collect(),
        );
        let schemes = self.schemes.write(self.api, self.options);
        if self.is_swagger() {
            document.set_some("definitions", models);
            document.set_some("securityDefinitions", schemes);
            return;
        }
        let mut components = Object::default();
        components.set_some("schemas", models);
        components.set_some("securitySchemes", schemes);
        document.set("components", components.finish());
    }

    /// A schema whose references are the document's.
    fn schema(&self, schema: &Json) -> Json {
        match schema {
            Json::Object(members) => Json::Object(
                members
                    .iter()
                    .map(|(name, value)| {
                        let model = value.as_str().filter(|_| name == "$ref").and_then(model_name);
                        let value = match model {
                            Some(model) => text(&self.model_reference(model)),
                            None => self.schema(value),
                        };
                        (name.clone(), value)
                    })
                    .collect(),
            ),
            Json::Array(items) => Json::Array(items.iter().map(|item| self.schema(item)).collect()),
            other => other.clone(),
        }
    }

    fn model_reference(&self, model: &str) -> String {
        if self.is_swagger() {
            format!("#/definitions/{model}")
        } else {
            format!("#/components/schemas/{model}")
        }
    }

    fn reference(&self, model: &str) -> Json {
        object([("$ref", text(&self.model_reference(model)))])
    }

    fn paths(&self) -> Json {
        let mut by_path = BTreeMap::new();
        for resource in self.api.resources.values().filter(|r| !r.methods.is_empty()) {
            let mut item = Object::default();
            for (verb, method) in &resource.methods {
                let name = match verb {
                    gateway_model::HttpMethod::Any => "x-amazon-apigateway-any-method".to_owned(),
                    verb => verb.as_str().to_ascii_lowercase(),
                };
                item.set(&name, self.operation(method));
            }
            by_path.insert(resource.path.clone(), item.finish());
        }
        Json::Object(by_path.into_iter().collect())
    }

    fn operation(&self, method: &Method) -> Json {
        let mut operation = Object::default();
        operation.set("operationId", method.operation_name.as_deref().map(text));
        if self.is_swagger() {
            let (consumes, produces) = media_types(method);
            operation.set_some("consumes", texts(consumes));
            operation.set_some("produces", texts(produces));
        }
        operation.set_some("parameters", self.parameters(method));
        if !self.is_swagger() && !method.request_models.is_empty() {
            let body = object([
                ("content", self.content(&method.request_models)),
                ("required", Json::Bool(true)),
            ]);
            operation.set("requestBody", body);
        }
        let responses = method.method_responses.iter();
        let responses = responses
            .map(|(code, response)| (code.to_string(), self.response(*code, response)))
            .collect();
        operation.set("responses", Json::Object(responses));
        operation.set_some("security", self.security(method));
        if self.options.apigateway {
            operation.set("x-amazon-apigateway-request-validator", self.validator(method));
        }
        if self.options.integrations || self.options.apigateway {
            let integration = method.integration.as_ref();
            operation
                .set("x-amazon-apigateway-integration", integration.map(extensions::integration));
        }
        operation.finish()
    }

    fn parameters(&self, method: &Method) -> Json {
        let mut parameters = Vec::new();
        for (name, is_required) in in_javas_order(&method.request_parameters) {
            let Some(rest) = name.strip_prefix("method.request.") else { continue };
            let Some((place, name)) = rest.split_once('.') else { continue };
            let place = match place {
                "querystring" | "multivaluequerystring" => "query",
                "multivalueheader" => "header",
                other => other,
            };
            let mut parameter = Object::default();
            parameter.set("name", text(name));
            parameter.set("in", text(place));
            if self.is_swagger() {
                parameter.set("required", Json::Bool(*is_required));
                parameter.set("type", text("string"));
            } else {
                parameter.set("required", is_required.then_some(Json::Bool(true)));
                parameter.set("schema", object([("type", text("string"))]));
            }
            parameters.push(parameter.finish());
        }
        // Swagger has one body, whatever its content type.
        if let Some(model) = method.request_models.values().next().filter(|_| self.is_swagger()) {
            parameters.push(object([
                ("in", text("body")),
                ("name", text(model)),
                ("required", Json::Bool(true)),
                ("schema", self.reference(model)),
            ]));
        }
        Json::Array(parameters)
    }

    fn content(&self, models: &BTreeMap<String, String>) -> Json {
        Json::Object(
            models
                .iter()
                .map(|(media_type, model)| {
                    (media_type.clone(), object([("schema", self.reference(model))]))
                })
                .collect(),
        )
    }

    fn response(&self, code: StatusCode, response: &MethodResponse) -> Json {
        let mut written = Object::default();
        written.set("description", text(&format!("{code} response")));
        if let Some(model) = response.response_models.values().next().filter(|_| self.is_swagger())
        {
            written.set("schema", self.reference(model));
        }
        let mut headers = Object::default();
        for name in response.response_parameters.keys() {
            let Some(header) = name.strip_prefix("method.response.header.") else { continue };
            let kind = object([("type", text("string"))]);
            headers.set(header, if self.is_swagger() { kind } else { object([("schema", kind)]) });
        }
        written.set_some("headers", headers.finish());
        if !self.is_swagger() {
            written.set("content", self.content(&response.response_models));
        }
        written.finish()
    }

    fn security(&self, method: &Method) -> Json {
        let mut requirement = Object::default();
        if method.authorization_type == AuthorizationType::AwsIam {
            requirement.set(&self.schemes.signature, Json::Array(Vec::new()));
        }
        let authorizer = method.authorizer_id.as_ref().and_then(|id| self.api.authorizers.get(id));
        if let Some(authorizer) = authorizer {
            let scopes = method.authorization_scopes.iter().map(String::as_str);
            requirement.set(&authorizer.name, texts(scopes));
        }
        if method.api_key_required {
            requirement.set(&self.schemes.api_key, Json::Array(Vec::new()));
        }
        match requirement.finish() {
            Json::Object(members) if members.is_empty() => Json::Array(Vec::new()),
            requirement => Json::Array(vec![requirement]),
        }
    }

    fn validator(&self, method: &Method) -> Option<Json> {
        let id = method.request_validator_id.as_ref()?;
        self.api.request_validators.get(id)?.name.as_deref().map(text)
    }
}

/// Parameters in the order of a hash map of Java, which is how API Gateway writes them: by their buckets, of which there
/// are 16, or twice that while more than three quarters would be taken.
fn in_javas_order(parameters: &BTreeMap<String, bool>) -> Vec<(&String, &bool)> {
    let mut buckets = 16_usize;
    while parameters.len() * 4 > buckets * 3 {
        buckets *= 2;
    }
    let bucket = |name: &str| {
        let hash = name
            .encode_utf16()
            .fold(0_u32, |hash, unit| hash.wrapping_mul(31).wrapping_add(u32::from(unit)));
        (hash ^ (hash >> 16)) as usize & (buckets - 1)
    };
    let mut sorted: Vec<_> = parameters.iter().collect();
    sorted.sort_by_key(|(name, _)| bucket(name));
    sorted
}

/// What an operation takes and gives: by its models and its templates.
fn media_types(method: &Method) -> (BTreeSet<&str>, BTreeSet<&str>) {
    let mut consumes: BTreeSet<&str> = method.request_models.keys().map(String::as_str).collect();
    let responses = method.method_responses.values();
    let mut produces: BTreeSet<&str> = responses
        .flat_map(|response| response.response_models.keys().map(String::as_str))
        .collect();
    if let Some(integration) = &method.integration {
        let templates = integration.request_templates.iter();
        consumes.extend(templates.map(|template| template.content_type.as_str()));
        let responses = integration.integration_responses.iter();
        let templates = responses.flat_map(|response| &response.response_templates);
        produces.extend(templates.map(|template| template.content_type.as_str()));
    }
    (consumes, produces)
}

/// The model that a reference of a stored schema names.
fn model_name(reference: &str) -> Option<&str> {
    let (_, name) = reference.strip_prefix(MODELS_URL)?.split_once("/models/")?;
    Some(name)
}
