//! What belongs to the account and to no API.

use super::EndpointConfiguration;
use super::Texts;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Account {
    pub(crate) cloudwatch_role_arn: Option<String>,
    pub(crate) features: Vec<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ApiKey {
    pub(crate) id: String,
    pub(crate) value: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) customer_id: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) enabled: bool,
    pub(crate) created_date: u64,
    pub(crate) last_updated_date: u64,
    pub(crate) stage_keys: Vec<String>,
    pub(crate) tags: Option<Texts>,
    pub(crate) sequence: u64,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct UsagePlan {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) api_stages: Vec<ApiStage>,
    pub(crate) throttle: Option<Throttle>,
    pub(crate) quota: Option<Quota>,
    pub(crate) product_code: Option<String>,
    pub(crate) tags: Option<Texts>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ApiStage {
    pub(crate) api_id: String,
    pub(crate) stage: String,
    pub(crate) throttle: Option<BTreeMap<String, Throttle>>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Throttle {
    pub(crate) burst_limit: Option<i64>,
    pub(crate) rate_limit: Option<f64>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Quota {
    pub(crate) limit: i64,
    pub(crate) offset: i64,
    pub(crate) period: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct UsagePlanKey {
    pub(crate) key_id: String,
    pub(crate) sequence: u64,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct DomainName {
    pub(crate) domain_name: String,
    pub(crate) domain_name_id: Option<String>,
    pub(crate) domain_name_arn: Option<String>,
    pub(crate) certificate_name: Option<String>,
    pub(crate) certificate_arn: Option<String>,
    pub(crate) certificate_upload_date: Option<u64>,
    pub(crate) regional_domain_name: Option<String>,
    pub(crate) regional_hosted_zone_id: Option<String>,
    pub(crate) regional_certificate_name: Option<String>,
    pub(crate) regional_certificate_arn: Option<String>,
    pub(crate) distribution_domain_name: Option<String>,
    pub(crate) distribution_hosted_zone_id: Option<String>,
    pub(crate) endpoint_configuration: EndpointConfiguration,
    pub(crate) domain_name_status: String,
    pub(crate) security_policy: Option<String>,
    pub(crate) endpoint_access_mode: Option<String>,
    pub(crate) tags: Option<Texts>,
    pub(crate) mutual_tls_authentication: Option<MutualTls>,
    pub(crate) ownership_verification_certificate_arn: Option<String>,
    pub(crate) management_policy: Option<String>,
    pub(crate) policy: Option<String>,
    pub(crate) routing_mode: String,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct MutualTls {
    pub(crate) truststore_uri: Option<String>,
    pub(crate) truststore_version: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct BasePathMapping {
    pub(crate) base_path: String,
    pub(crate) rest_api_id: String,
    pub(crate) stage: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct AccessAssociation {
    pub(crate) domain_name_access_association_arn: String,
    pub(crate) domain_name_arn: String,
    pub(crate) access_association_source_type: String,
    pub(crate) access_association_source: String,
    pub(crate) tags: Option<Texts>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct VpcLink {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) target_arns: Vec<String>,
    pub(crate) status: String,
    pub(crate) status_message: Option<String>,
    pub(crate) tags: Option<Texts>,
}

/// A client certificate; its private key is kept with it and never shown.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ClientCertificate {
    pub(crate) client_certificate_id: String,
    pub(crate) description: Option<String>,
    pub(crate) pem_encoded_certificate: String,
    pub(crate) private_key: String,
    pub(crate) created_date: u64,
    pub(crate) expiration_date: u64,
    pub(crate) tags: Option<Texts>,
}
