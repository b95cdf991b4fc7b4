//! Stages.

use super::Texts;
use crate::apigateway::limits::{ACCOUNT_BURST, ACCOUNT_RATE};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Stage {
    pub(crate) deployment_id: String,
    pub(crate) client_certificate_id: Option<String>,
    pub(crate) stage_name: String,
    pub(crate) description: Option<String>,
    pub(crate) cache_cluster_enabled: bool,
    pub(crate) cache_cluster_size: Option<String>,
    pub(crate) cache_cluster_status: String,
    pub(crate) method_settings: BTreeMap<String, MethodSetting>,
    pub(crate) variables: Option<Texts>,
    pub(crate) documentation_version: Option<String>,
    pub(crate) access_log_settings: Option<AccessLogSettings>,
    pub(crate) canary_settings: Option<CanarySettings>,
    pub(crate) tracing_enabled: bool,
    pub(crate) web_acl_arn: Option<String>,
    pub(crate) tags: Option<Texts>,
    pub(crate) created_date: u64,
    pub(crate) last_updated_date: u64,
    pub(crate) sequence: u64,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct AccessLogSettings {
    pub(crate) format: Option<String>,
    pub(crate) destination_arn: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct CanarySettings {
    pub(crate) percent_traffic: f64,
    pub(crate) deployment_id: Option<String>,
    pub(crate) stage_variable_overrides: Option<Texts>,
    pub(crate) use_stage_cache: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct MethodSetting {
    pub(crate) metrics_enabled: bool,
    pub(crate) logging_level: Option<String>,
    pub(crate) data_trace_enabled: bool,
    pub(crate) throttling_burst_limit: i64,
    pub(crate) throttling_rate_limit: f64,
    pub(crate) caching_enabled: bool,
    pub(crate) cache_ttl_in_seconds: i64,
    pub(crate) cache_data_encrypted: bool,
    pub(crate) require_authorization_for_cache_control: bool,
    pub(crate) unauthorized_cache_control_header_strategy: String,
}

impl Default for MethodSetting {
    /// What the first touch of a method's settings makes.
    fn default() -> Self {
        Self {
            metrics_enabled: false,
            logging_level: None,
            data_trace_enabled: false,
            throttling_burst_limit: ACCOUNT_BURST,
            throttling_rate_limit: ACCOUNT_RATE,
            caching_enabled: false,
            cache_ttl_in_seconds: 300,
            cache_data_encrypted: false,
            require_authorization_for_cache_control: true,
            unauthorized_cache_control_header_strategy: "SUCCEED_WITH_RESPONSE_HEADER".to_owned(),
        }
    }
}
