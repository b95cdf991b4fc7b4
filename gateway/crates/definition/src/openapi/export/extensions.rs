//! API Gateway's extensions of an exported document.

use super::{Exporter, Object, object, text, texts};
use gateway_model::{
    ApiKeySource, ContentHandling, DocumentationPart, Integration, IntegrationResponse, Json,
    ParameterMapping, Template,
};

impl Exporter<'_> {
    /// Those of the root.
    pub(super) fn extensions(&self, document: &mut Object) {
        let api = self.api;
        let mut set = |name: &str, value: Option<Json>| {
            document.set(&format!("x-amazon-apigateway-{name}"), value);
        };
        let is_default = api.api_key_source == ApiKeySource::Header;
        set("api-key-source", (!is_default).then(|| text(api.api_key_source.as_str())));
        let types = texts(api.binary_media_types.iter().map(String::as_str));
        set("binary-media-types", (!api.binary_media_types.is_empty()).then_some(types));
        if self.is_swagger() {
            set("endpoint-configuration", self.endpoint());
        }
        let size = api.minimum_compression_size;
        set("minimum-compression-size", size.map(|size| Json::Number(size.to_string())));
        set("security-policy", api.security_policy.as_deref().map(text));
        set("endpoint-access-mode", api.endpoint_access_mode.as_deref().map(text));
        set("policy", api.policy.as_ref().map(|policy| policy.value.clone()));
        set("request-validators", self.validators());
        set("gateway-responses", self.gateway_responses());
        set("documentation", self.documentation());
    }

    pub(super) fn endpoint(&self) -> Option<Json> {
        let (api, mut endpoint) = (self.api, Object::default());
        let is_disabled = api.disable_execute_api_endpoint;
        endpoint.set("disableExecuteApiEndpoint", is_disabled.then_some(Json::Bool(true)));
        let ids = api.endpoint.vpc_endpoint_ids.iter().map(String::as_str);
        endpoint.set_some("vpcEndpointIds", texts(ids));
        endpoint.set("ipAddressType", api.endpoint.ip_address_type.as_deref().map(text));
        (!endpoint.0.is_empty()).then(|| endpoint.finish())
    }

    fn validators(&self) -> Option<Json> {
        let mut validators = Object::default();
        let mut sorted: Vec<_> = self.api.request_validators.values().collect();
        sorted.sort_by(|a, b| a.name.cmp(&b.name));
        for validator in sorted {
            let Some(name) = &validator.name else { continue };
            let body = Json::Bool(validator.validate_request_body);
            let parameters = Json::Bool(validator.validate_request_parameters);
            let written =
                object([("validateRequestParameters", parameters), ("validateRequestBody", body)]);
            validators.set(name, written);
        }
        (!validators.0.is_empty()).then(|| validators.finish())
    }

    fn gateway_responses(&self) -> Option<Json> {
        let mut responses = Object::default();
        for (kind, response) in &self.api.gateway_responses {
            let mut written = Object::default();
            let code = response.status_code.map(|code| Json::Number(code.to_string()));
            written.set("statusCode", code);
            written.set_some("responseParameters", mappings(&response.response_parameters));
            written.set_some("responseTemplates", templates(&response.response_templates));
            responses.set(kind.as_str(), written.finish());
        }
        (!responses.0.is_empty()).then(|| responses.finish())
    }

    /// Of the version that the stage shows.
    fn documentation(&self) -> Option<Json> {
        let version = self.stage.documentation_version.as_deref()?;
        let parts = self.api.documentation_parts.iter().map(documentation_part).collect();
        Some(object([("version", text(version)), ("documentationParts", Json::Array(parts))]))
    }
}

fn documentation_part(part: &DocumentationPart) -> Json {
    let (from, mut location) = (&part.location, Object::default());
    location.set("type", from.kind.map(|kind| text(kind.as_str())));
    location.set("path", from.path.as_deref().map(text));
    location.set("method", from.method.as_deref().map(text));
    location.set("statusCode", from.status_code.as_deref().map(text));
    location.set("name", from.name.as_deref().map(text));
    let properties = crate::decode::json_of(&part.properties);
    let properties = properties.unwrap_or_else(|| text(&part.properties));
    object([("location", location.finish()), ("properties", properties)])
}

/// `x-amazon-apigateway-integration`
pub(super) fn integration(integration: &Integration) -> Json {
    let mut written = Object::default();
    let spanned = |slot: &Option<gateway_model::Spanned<String>>| {
        slot.as_ref().map(|spanned| text(&spanned.value))
    };
    let lower = |name: &str| text(&name.to_ascii_lowercase());
    written.set("type", lower(integration.kind.as_str()));
    written.set("httpMethod", spanned(&integration.http_method));
    written.set("uri", spanned(&integration.uri));
    written.set("connectionType", integration.connection_type.map(|kind| text(kind.as_str())));
    written.set("connectionId", spanned(&integration.connection_id));
    written.set("credentials", spanned(&integration.credentials));
    let responses = integration.integration_responses.iter();
    let mut by_pattern: Vec<(String, Json)> = Vec::new();
    for (pattern, response) in responses.map(integration_response) {
        // The first of a pattern is the one that is used.
        if !by_pattern.iter().any(|(known, _)| *known == pattern) {
            by_pattern.push((pattern, response));
        }
    }
    written.set_some("responses", Json::Object(by_pattern));
    written.set_some("requestParameters", mappings(&integration.request_parameters));
    written.set_some("requestTemplates", templates(&integration.request_templates));
    let behavior = integration.passthrough_behavior;
    written.set("passthroughBehavior", lower(behavior.map_or("WHEN_NO_MATCH", |b| b.as_str())));
    written.set("contentHandling", handling(integration.content_handling));
    written.set("timeoutInMillis", integration.timeout_ms.map(|ms| Json::Number(ms.to_string())));
    written.set("cacheNamespace", integration.cache_namespace.as_deref().map(text));
    let keys = integration.cache_key_parameters.iter().map(|key| key.value.as_str());
    written.set_some("cacheKeyParameters", texts(keys));
    let is_insecure = integration.insecure_skip_verification;
    let tls = || object([("insecureSkipVerification", Json::Bool(true))]);
    written.set("tlsConfig", is_insecure.then(tls));
    written.set("integrationTarget", spanned(&integration.integration_target));
    let mode = integration.response_transfer_mode;
    written.set("responseTransferMode", mode.map(|mode| text(mode.as_str())));
    written.finish()
}

fn integration_response(response: &IntegrationResponse) -> (String, Json) {
    let pattern = response.selection_pattern.as_ref().map(|pattern| pattern.value.as_str());
    let pattern = pattern.filter(|pattern| !pattern.is_empty()).unwrap_or("default");
    let mut written = Object::default();
    written.set("statusCode", text(&response.status_code.to_string()));
    written.set_some("responseParameters", mappings(&response.response_parameters));
    written.set_some("responseTemplates", templates(&response.response_templates));
    written.set("contentHandling", handling(response.content_handling));
    (pattern.to_owned(), written.finish())
}

fn handling(handling: Option<ContentHandling>) -> Option<Json> {
    handling.map(|handling| text(handling.as_str()))
}

fn mappings(mappings: &[ParameterMapping]) -> Json {
    let mappings = mappings.iter();
    Json::Object(mappings.map(|m| (m.target.value.clone(), text(&m.source.value))).collect())
}

fn templates(templates: &[Template]) -> Json {
    let templates = templates.iter();
    Json::Object(templates.map(|t| (t.content_type.clone(), text(&t.body.value))).collect())
}
