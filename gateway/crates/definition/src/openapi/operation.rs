//! One operation to one method: what it takes, what it answers, who may call it.

use super::cursor::Cursor;
use super::root::status_code;
use super::{Importer, Scheme, Version};
use crate::limits::NODES_MAX;
use gateway_model::{
    AuthorizationType, AuthorizerType, HttpMethod, Method, MethodResponse, PathPart, ResourceId,
    StatusCode,
};
use std::collections::BTreeMap;

const MEMBERS: [&str; 19] = [
    "tags",
    "summary",
    "description",
    "externalDocs",
    "operationId",
    "consumes",
    "produces",
    "parameters",
    "requestBody",
    "responses",
    "callbacks",
    "schemes",
    "servers",
    "deprecated",
    "security",
    "x-amazon-apigateway-auth",
    "x-amazon-apigateway-integration",
    "x-amazon-apigateway-request-validator",
    // Of HTTP APIs: it says of a route that it is the default.
    "isDefaultRoute",
];

/// What looking at a requirement costs, in values. Ours: each is looked up.
const REQUIREMENT_WEIGHT: usize = 8;

impl<'n> Importer<'_, 'n> {
    pub(super) fn method(
        &mut self,
        verb: HttpMethod,
        resource: &ResourceId,
        item: &Cursor<'n>,
        operation: &Cursor<'n>,
    ) -> Method {
        operation.expect_members(&MEMBERS);
        let mut method = Method::new(verb, operation.place().clone());
        method.operation_name = operation.plain_text("operationId");
        self.path_parameters(resource, &mut method);
        // Those of the path hold for all its operations; an operation's own come later and win.
        for parameters in [item, operation] {
            for parameter in parameters.items_of("parameters") {
                self.parameter(operation, &parameter, &mut method);
            }
        }
        if let Some(body) = operation.member("requestBody").and_then(|body| body.resolved()) {
            method.request_models.extend(self.content_models(&body));
        }
        self.responses(operation, &mut method);
        self.authorization(operation, &mut method);
        self.request_validator(operation, &mut method);
        let integration = operation.member("x-amazon-apigateway-integration");
        let path = self.api.resources.get(resource).map_or("", |resource| &resource.path);
        method.integration = integration
            .and_then(|integration| integration.resolved())
            .and_then(|integration| super::integration::read(&integration, path, verb));
        method
    }

    /// Every `{x}` of the path is required, declared or not; greedy ones are not.
    fn path_parameters(&self, resource: &ResourceId, method: &mut Method) {
        let mut at = self.api.resources.get(resource);
        while let Some(node) = at {
            if let PathPart::Parameter(name) = &node.path_part {
                method.request_parameters.insert(format!("method.request.path.{name}"), true);
            }
            at = node.parent.as_ref().and_then(|parent| self.api.resources.get(parent));
        }
    }

    fn parameter(&mut self, operation: &Cursor<'n>, written: &Cursor<'n>, method: &mut Method) {
        let Some(parameter) = written.resolved() else { return };
        if parameter.node.as_map().is_none() {
            return parameter.wrong_type("an object");
        }
        let Some(kind) = parameter.text("in") else {
            return parameter.error("a parameter without \"in\"");
        };
        if kind.value == "body" {
            let Some(schema) = parameter.member("schema") else { return };
            if let Some(model) = self.model_of(&schema) {
                let types = self.media_types(operation, "consumes").into_iter();
                method.request_models.extend(types.map(|media_type| (media_type, model.clone())));
            }
            return;
        }
        let Some(name) = parameter.plain_text("name") else {
            return parameter.error("a parameter without \"name\"");
        };
        let place = match kind.value.as_str() {
            "query" => "querystring",
            "header" => "header",
            "path" => "path",
            "cookie" | "formData" => {
                return parameter.warning(format!(
                    "REST APIs have no parameters in \"{}\"; \"{name}\" is left out",
                    kind.value
                ));
            }
            other => {
                let known = ["query", "header", "path", "cookie", "body", "formData"];
                let text = format!("a parameter cannot be in \"{other}\"");
                return parameter.error_near(text, other, known);
            }
        };
        let is_required = parameter.boolean("required").unwrap_or(false);
        method.request_parameters.insert(format!("method.request.{place}.{name}"), is_required);
    }

    fn responses(&mut self, operation: &Cursor<'n>, method: &mut Method) {
        for (key, written) in operation.members_of("responses") {
            if key.text.starts_with("x-") {
                continue;
            }
            let Some(response) = written.resolved() else { continue };
            let Ok(code) = StatusCode::parse(&key.text) else {
                written.warning(format!(
                    "a method response has a status of three digits; \"{}\" is left out",
                    key.text
                ));
                continue;
            };
            let mut read = MethodResponse {
                status_code: code,
                response_parameters: BTreeMap::new(),
                response_models: BTreeMap::new(),
                place: response.place().clone(),
            };
            for (header, _) in response.members_of("headers") {
                let name = format!("method.response.header.{}", header.text);
                read.response_parameters.insert(name, false);
            }
            match self.version {
                Version::V3 => read.response_models = self.content_models(&response),
                Version::V2 => {
                    if let Some(schema) = response.member("schema")
                        && let Some(model) = self.model_of(&schema)
                    {
                        let types = self.media_types(operation, "produces").into_iter();
                        read.response_models =
                            types.map(|media_type| (media_type, model.clone())).collect();
                    }
                }
            }
            method.method_responses.insert(code, read);
        }
    }

    /// Content types to models.
    fn content_models(&mut self, body: &Cursor<'n>) -> BTreeMap<String, String> {
        let mut models = BTreeMap::new();
        for (key, media_type) in body.members_of("content") {
            let schema = media_type.member("schema");
            if let Some(model) = schema.and_then(|schema| self.model_of(&schema)) {
                models.insert(key.text.clone(), model);
            }
        }
        models
    }

    /// Requirements of the operation, or of the document. The first authorizer that any of them names
    /// decides; an API key that any of them names is required too.
    fn authorization(&mut self, operation: &Cursor<'n>, method: &mut Method) {
        let security = operation.member("security").or_else(|| self.root.member("security"));
        if let Some(security) = security {
            method.authorization_place = security.place().clone();
            // Those of the whole document are looked at for each operation.
            if !security.charge(security.node.count(NODES_MAX).saturating_mul(REQUIREMENT_WEIGHT)) {
                return;
            }
            for requirement in security.items() {
                for (key, scopes) in requirement.members() {
                    self.requirement(&key.text, &scopes, method);
                }
            }
        }
        let Some(auth) = operation.member("x-amazon-apigateway-auth") else { return };
        let Some(kind) = auth.text("type") else { return };
        method.authorization_place = kind.place.clone();
        method.authorizer_id = None;
        method.authorization_type = match kind.value.to_ascii_uppercase().as_str() {
            "NONE" => AuthorizationType::None,
            "AWS_IAM" => AuthorizationType::AwsIam,
            other => {
                auth.error_near(
                    format!("\"{}\" is none of NONE, AWS_IAM", kind.value),
                    other,
                    ["NONE", "AWS_IAM"],
                );
                AuthorizationType::None
            }
        };
    }

    fn requirement(&mut self, scheme: &str, scopes: &Cursor<'n>, method: &mut Method) {
        let kind = self.schemes.get(scheme);
        if matches!(kind, Some(Scheme::ApiKey)) {
            method.api_key_required = true;
            return;
        }
        if method.authorization_type != AuthorizationType::None {
            return;
        }
        match kind {
            Some(Scheme::Signature) => {
                method.authorization_type = AuthorizationType::AwsIam;
                return;
            }
            Some(Scheme::Authorizer(id, kind)) => {
                method.authorizer_id = Some(id.clone());
                method.authorization_type = match kind {
                    AuthorizerType::CognitoUserPools => AuthorizationType::CognitoUserPools,
                    AuthorizerType::Token | AuthorizerType::Request => AuthorizationType::Custom,
                };
            }
            // The SAM transform writes NONE where an operation is to stay open.
            None if scheme == "NONE" => return,
            None => {
                let text = format!(
                    "no security scheme is called \"{scheme}\"; this requirement is left out"
                );
                return scopes.warning(text);
            }
            Some(Scheme::Unchecked) => {
                let text = format!(
                    "API Gateway does not check the security scheme \"{scheme}\"; it needs \
                     x-amazon-apigateway-authorizer, x-amazon-apigateway-authtype, or to be the \
                     header x-api-key"
                );
                return scopes.warning(text);
            }
            Some(Scheme::Broken | Scheme::ApiKey) => return,
        }
        let scopes = scopes.items().into_iter().filter_map(|scope| scope.as_text());
        method.authorization_scopes = scopes.map(|scope| scope.value).collect();
    }

    fn request_validator(&mut self, operation: &Cursor<'n>, method: &mut Method) {
        const NAME: &str = "x-amazon-apigateway-request-validator";
        let Some(at) = operation.member(NAME).or_else(|| self.root.member(NAME)) else { return };
        let Some(name) = at.as_text().filter(|name| !name.value.is_empty()) else { return };
        method.request_validator_id = self.validators.get(&name.value).cloned();
        if method.request_validator_id.is_none() {
            let text = format!("no request validator is called \"{}\"", name.value);
            at.error_near(text, &name.value, self.validators.keys().map(String::as_str));
        }
    }
}

/// A status that an integration's response names.
pub(super) fn response_status(response: &Cursor<'_>) -> Option<StatusCode> {
    let code = response.member("statusCode");
    if code.is_none() {
        response.error("a response of an integration without \"statusCode\"");
    }
    status_code(&code?)
}
