//! REST APIs and their parts.

use super::{Method, Texts};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct RestApi {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) created_date: u64,
    pub(crate) version: Option<String>,
    pub(crate) binary_media_types: Option<Vec<String>>,
    pub(crate) minimum_compression_size: Option<i64>,
    pub(crate) api_key_source: String,
    pub(crate) endpoint_configuration: EndpointConfiguration,
    pub(crate) policy: Option<String>,
    pub(crate) tags: Option<Texts>,
    pub(crate) disable_execute_api_endpoint: bool,
    pub(crate) root_resource_id: String,
    pub(crate) security_policy: Option<String>,
    pub(crate) endpoint_access_mode: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct EndpointConfiguration {
    pub(crate) types: Vec<String>,
    pub(crate) ip_address_type: Option<String>,
    pub(crate) vpc_endpoint_ids: Option<Vec<String>>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Resource {
    pub(crate) id: String,
    pub(crate) parent_id: Option<String>,
    pub(crate) path_part: Option<String>,
    pub(crate) path: String,
    pub(crate) resource_methods: BTreeMap<String, Method>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Model {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) schema: String,
    pub(crate) content_type: String,
    pub(crate) sequence: u64,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct RequestValidator {
    pub(crate) id: String,
    pub(crate) name: Option<String>,
    pub(crate) validate_request_body: bool,
    pub(crate) validate_request_parameters: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Authorizer {
    pub(crate) id: String,
    pub(crate) name: String,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    #[serde(rename = "providerARNs")]
    pub(crate) provider_arns: Option<Vec<String>>,
    pub(crate) auth_type: Option<String>,
    pub(crate) authorizer_uri: Option<String>,
    pub(crate) authorizer_credentials: Option<String>,
    pub(crate) identity_source: Option<String>,
    pub(crate) identity_validation_expression: Option<String>,
    pub(crate) authorizer_result_ttl_in_seconds: Option<i64>,
}

/// A customised gateway response: all three parts are its own.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct GatewayResponse {
    pub(crate) response_type: String,
    pub(crate) status_code: Option<String>,
    pub(crate) response_parameters: Texts,
    pub(crate) response_templates: Texts,
    pub(crate) default_response: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct DocumentationPart {
    pub(crate) id: String,
    pub(crate) location: DocumentationLocation,
    pub(crate) properties: String,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct DocumentationLocation {
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) path: Option<String>,
    pub(crate) method: Option<String>,
    pub(crate) status_code: Option<String>,
    pub(crate) name: Option<String>,
}

/// A snapshot of the documentation; `parts` are what it holds, which only exports show.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct DocumentationVersion {
    pub(crate) version: String,
    pub(crate) created_date: u64,
    pub(crate) description: Option<String>,
    pub(crate) parts: Vec<DocumentationPart>,
}

/// A deployment with what it has frozen.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Deployment {
    pub(crate) id: String,
    pub(crate) description: Option<String>,
    pub(crate) created_date: u64,
    pub(crate) sequence: u64,
    pub(crate) snapshot: Snapshot,
}

/// What of an API a deployment freezes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Snapshot {
    pub(crate) binary_media_types: Option<Vec<String>>,
    pub(crate) minimum_compression_size: Option<i64>,
    pub(crate) api_key_source: String,
    pub(crate) policy: Option<String>,
    pub(crate) version: Option<String>,
    pub(crate) resources: Vec<Resource>,
    pub(crate) models: Vec<Model>,
    pub(crate) request_validators: Vec<RequestValidator>,
    pub(crate) authorizers: Vec<Authorizer>,
    pub(crate) gateway_responses: Vec<GatewayResponse>,
}
