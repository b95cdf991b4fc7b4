//! Deployments and the stages that show them.

mod canary;

pub use canary::{CanaryError, CanaryPatch};

use crate::closed::closed_names;
use crate::{ClientCertificateId, DeploymentId, HttpMethod, Place, Spanned, StageName};
use std::collections::BTreeMap;
use std::fmt;

closed_names! {
    /// How much the execution log tells.
    pub enum LoggingLevel {
        /// Nothing. The default.
        Off = "OFF",
        /// Failures.
        Error = "ERROR",
        /// Everything.
        Info = "INFO",
    }
}

closed_names! {
    /// What a client gets that asks to invalidate a cached answer and may not.
    pub enum UnauthorizedCacheControlHeaderStrategy {
        /// 403.
        FailWith403 = "FAIL_WITH_403",
        /// The cached answer, with a `Warning` header. The default.
        SucceedWithResponseHeader = "SUCCEED_WITH_RESPONSE_HEADER",
        /// The cached answer.
        SucceedWithoutResponseHeader = "SUCCEED_WITHOUT_RESPONSE_HEADER",
    }
}

/// A snapshot of an API (`AWS::ApiGateway::Deployment`).
#[derive(Clone, Debug, PartialEq)]
pub struct Deployment {
    /// Its id.
    pub id: DeploymentId,
    /// Its name in the template.
    pub logical_id: String,
    /// What it is for.
    pub description: Option<String>,
    /// Makes it a canary of its stage.
    pub canary: Option<CanarySetting>,
    /// Where it was written.
    pub place: Place,
}

/// A named, reachable deployment (`AWS::ApiGateway::Stage`).
#[derive(Clone, Debug, PartialEq)]
pub struct Stage {
    /// Its name.
    pub name: StageName,
    /// The deployment that it shows.
    pub deployment: DeploymentId,
    /// What it is for.
    pub description: Option<String>,
    /// `stageVariables.NAME`.
    pub variables: BTreeMap<String, Spanned<String>>,
    /// Settings by method; `*/*` holds for all.
    pub method_settings: BTreeMap<MethodSettingKey, MethodSetting>,
    /// Where and what the access log writes.
    pub access_log: Option<AccessLogSetting>,
    /// A second deployment that takes part of the traffic.
    pub canary: Option<CanarySetting>,
    /// Its response cache.
    pub cache_cluster: CacheCluster,
    /// The certificate shown to endpoints.
    pub client_certificate_id: Option<ClientCertificateId>,
    /// Whether requests are traced.
    pub tracing_enabled: bool,
    /// The documentation that it shows.
    pub documentation_version: Option<String>,
    /// The web ACL in front of it.
    pub web_acl_arn: Option<String>,
    /// Labels.
    pub tags: BTreeMap<String, String>,
    /// Where it was written.
    pub place: Place,
}

impl Stage {
    /// A stage with nothing but its deployment.
    #[must_use]
    pub fn new(name: StageName, deployment: DeploymentId, place: Place) -> Self {
        Self {
            name,
            deployment,
            description: None,
            variables: BTreeMap::new(),
            method_settings: BTreeMap::new(),
            access_log: None,
            canary: None,
            cache_cluster: CacheCluster::default(),
            client_certificate_id: None,
            tracing_enabled: false,
            documentation_version: None,
            web_acl_arn: None,
            tags: BTreeMap::new(),
            place,
        }
    }
}

/// Which methods a setting is for. Displays as AWS's key: `*/*`, `~1pets~1{id}/GET`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MethodSettingKey {
    /// A resource's whole path; `None` is `*`, every resource.
    pub resource_path: Option<String>,
    /// A verb; `None` is `*`, every verb.
    pub http_method: Option<HttpMethod>,
}

impl MethodSettingKey {
    /// `*/*`: every method.
    pub const ALL: Self = Self { resource_path: None, http_method: None };
}

impl fmt::Display for MethodSettingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.resource_path {
            None => f.write_str("*")?,
            Some(path) => f.write_str(&path.replace('~', "~0").replace('/', "~1"))?,
        }
        write!(f, "/{}", self.http_method.map_or("*", HttpMethod::as_str))
    }
}

/// Settings of some methods; what is absent is left to the wider key, then to the default.
#[derive(Clone, Debug, PartialEq)]
pub struct MethodSetting {
    /// Whether answers are cached.
    pub caching_enabled: Option<bool>,
    /// How long an answer is kept, in seconds, up to [`crate::limits::CACHE_TTL_SECONDS_MAX`];
    /// 0 keeps none.
    pub cache_ttl_seconds: Option<u32>,
    /// Whether cached answers are encrypted at rest; they are in memory only.
    pub cache_data_encrypted: Option<bool>,
    /// Whether a client has to be authorized to invalidate a cached answer; by default it has.
    pub require_authorization_for_cache_control: Option<bool>,
    /// What a client gets that is not.
    pub unauthorized_cache_control_header_strategy: Option<UnauthorizedCacheControlHeaderStrategy>,
    /// Whether the execution log holds bodies.
    pub data_trace_enabled: Option<bool>,
    /// How much the execution log tells.
    pub logging_level: Option<LoggingLevel>,
    /// Whether metrics are kept by method.
    pub metrics_enabled: Option<bool>,
    /// The most requests at once; -1 is no limit here.
    pub throttling_burst_limit: Option<i64>,
    /// The steady rate, in requests per second; -1 is no limit here.
    pub throttling_rate_limit: Option<f64>,
    /// Where it was written.
    pub place: Place,
}

impl MethodSetting {
    /// Settings that set nothing.
    #[must_use]
    pub const fn new(place: Place) -> Self {
        Self {
            caching_enabled: None,
            cache_ttl_seconds: None,
            cache_data_encrypted: None,
            require_authorization_for_cache_control: None,
            unauthorized_cache_control_header_strategy: None,
            data_trace_enabled: None,
            logging_level: None,
            metrics_enabled: None,
            throttling_burst_limit: None,
            throttling_rate_limit: None,
            place,
        }
    }
}

/// Where and what the access log writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessLogSetting {
    /// A log group's or delivery stream's ARN.
    pub destination_arn: Option<Spanned<String>>,
    /// A line of `$context` variables.
    pub format: Option<Spanned<String>>,
}

/// A deployment that takes part of a stage's traffic.
#[derive(Clone, Debug, PartialEq)]
pub struct CanarySetting {
    /// The deployment; absent for a deployment's own canary settings, and there only.
    pub deployment: Option<DeploymentId>,
    /// Its share, 0 to 100.
    pub percent_traffic: Option<f64>,
    /// Stage variables that differ.
    pub stage_variable_overrides: BTreeMap<String, String>,
    /// Whether it shares the stage's cache.
    pub use_stage_cache: bool,
    /// Where it was written.
    pub place: Place,
}

/// A stage's response cache.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CacheCluster {
    /// Whether there is one.
    pub enabled: bool,
    /// Its size in GB, one of AWS's sizes, as text.
    pub size: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_setting_key_escapes_its_path() {
        let key = |path: Option<&str>, http_method| MethodSettingKey {
            resource_path: path.map(str::to_owned),
            http_method,
        };
        assert_eq!(MethodSettingKey::ALL.to_string(), "*/*");
        assert_eq!(key(Some("/pets/{id}"), Some(HttpMethod::Get)).to_string(), "~1pets~1{id}/GET");
        assert_eq!(key(Some("/"), None).to_string(), "~1/*");
    }
}
