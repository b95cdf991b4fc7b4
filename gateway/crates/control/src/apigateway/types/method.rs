//! Methods and integrations.

use super::Texts;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Method {
    pub(crate) http_method: String,
    pub(crate) authorization_type: String,
    pub(crate) authorizer_id: Option<String>,
    pub(crate) api_key_required: bool,
    pub(crate) request_validator_id: Option<String>,
    pub(crate) operation_name: Option<String>,
    pub(crate) request_parameters: Option<BTreeMap<String, bool>>,
    pub(crate) request_models: Option<Texts>,
    pub(crate) method_responses: Option<BTreeMap<String, MethodResponse>>,
    pub(crate) method_integration: Option<Integration>,
    pub(crate) authorization_scopes: Option<Vec<String>>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct MethodResponse {
    pub(crate) status_code: String,
    pub(crate) response_parameters: Option<BTreeMap<String, bool>>,
    pub(crate) response_models: Option<Texts>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Integration {
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) http_method: Option<String>,
    pub(crate) uri: Option<String>,
    pub(crate) connection_type: Option<String>,
    pub(crate) connection_id: Option<String>,
    pub(crate) credentials: Option<String>,
    pub(crate) request_parameters: Option<Texts>,
    pub(crate) request_templates: Option<BTreeMap<String, Option<String>>>,
    pub(crate) passthrough_behavior: Option<String>,
    pub(crate) content_handling: Option<String>,
    pub(crate) timeout_in_millis: Option<i64>,
    pub(crate) cache_namespace: Option<String>,
    pub(crate) cache_key_parameters: Vec<String>,
    pub(crate) integration_responses: Option<BTreeMap<String, IntegrationResponse>>,
    pub(crate) tls_config: Option<TlsConfig>,
    pub(crate) response_transfer_mode: Option<String>,
    pub(crate) integration_target: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct TlsConfig {
    pub(crate) insecure_skip_verification: bool,
}

/// A template that was put empty is kept, and shown, as `null`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct IntegrationResponse {
    pub(crate) status_code: String,
    pub(crate) selection_pattern: Option<String>,
    pub(crate) response_parameters: Option<Texts>,
    pub(crate) response_templates: Option<BTreeMap<String, Option<String>>>,
    pub(crate) content_handling: Option<String>,
}
