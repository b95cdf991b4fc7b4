//! Keys, plans, names, links and certificates of files.

use crate::apigateway::import::parts::{filled_map, text};
use crate::apigateway::types::{
    AccessAssociation, ApiKey, ApiStage, BasePathMapping, ClientCertificate, DomainName,
    EndpointConfiguration, MutualTls, Quota, Throttle, UsagePlan, VpcLink,
};
use gateway_model as model;

/// A key. The value of one without is made when it is compiled, and known to the data plane alone.
pub(super) fn api_key(given: &model::ApiKey, unix_s: u64, sequence: u64) -> ApiKey {
    let stage = |key: &model::StageKey| {
        let name = key.stage_name.as_ref()?;
        Some(format!("{}/{}", key.rest_api_id, name.as_str()))
    };
    ApiKey {
        id: given.id.to_string(),
        value: given.value.clone(),
        name: Some(given.name.clone()).filter(|name| !name.is_empty()),
        customer_id: given.customer_id.clone(),
        description: given.description.clone(),
        enabled: given.enabled,
        created_date: unix_s,
        last_updated_date: unix_s,
        stage_keys: given.stage_keys.iter().filter_map(stage).collect(),
        tags: filled_map(given.tags.clone()),
        sequence,
    }
}

fn throttle(given: &model::ThrottleSettings) -> Throttle {
    Throttle { burst_limit: given.burst_limit, rate_limit: given.rate_limit }
}

pub(super) fn usage_plan(given: &model::UsagePlan) -> UsagePlan {
    let stage = |stage: &model::ApiStage| {
        let limits = stage.throttle.iter();
        ApiStage {
            api_id: stage.rest_api_id.to_string(),
            stage: stage.stage.as_str().to_owned(),
            throttle: filled_map(
                limits.map(|(method, limit)| (method.clone(), throttle(limit))).collect(),
            ),
        }
    };
    UsagePlan {
        id: given.id.to_string(),
        name: given.name.clone(),
        description: given.description.clone(),
        api_stages: given.api_stages.iter().map(stage).collect(),
        throttle: given.throttle.as_ref().map(throttle),
        quota: given.quota.as_ref().map(|quota| Quota {
            limit: quota.limit.unwrap_or_default(),
            offset: quota.offset.unwrap_or_default(),
            period: quota.period.map(|period| period.as_str().to_owned()),
        }),
        product_code: None,
        tags: filled_map(given.tags.clone()),
    }
}

/// A domain name; a private one has its id in its ARN, behind a `+`.
pub(super) fn domain_name(
    given: &model::DomainName,
    endpoint: EndpointConfiguration,
) -> DomainName {
    let id = given.arn.rsplit_once('+').map(|(_, id)| id.to_owned());
    let is_private = given.kind == model::DomainNameKind::Private;
    DomainName {
        domain_name: given.name.clone(),
        domain_name_id: id.filter(|_| is_private),
        domain_name_arn: Some(given.arn.clone()).filter(|arn| !arn.is_empty()),
        certificate_arn: text(&given.certificate_arn),
        regional_certificate_arn: text(&given.regional_certificate_arn),
        endpoint_configuration: endpoint,
        domain_name_status: "AVAILABLE".to_owned(),
        security_policy: given.security_policy.clone(),
        endpoint_access_mode: given.endpoint_access_mode.clone(),
        tags: filled_map(given.tags.clone()),
        mutual_tls_authentication: given.mutual_tls.as_ref().map(|tls| MutualTls {
            truststore_uri: text(&tls.truststore_uri),
            truststore_version: tls.truststore_version.clone(),
        }),
        ownership_verification_certificate_arn: given
            .ownership_verification_certificate_arn
            .clone(),
        policy: given.policy.as_ref().map(|policy| policy.value.to_string()),
        routing_mode: given.routing_mode.as_str().to_owned(),
        ..DomainName::default()
    }
}

/// A mapping; one without an API answers nobody, and AWS shows none such.
pub(super) fn base_path_mapping(given: &model::BasePathMapping) -> Option<BasePathMapping> {
    let base_path = given.base_path.trim_matches('/');
    Some(BasePathMapping {
        base_path: if base_path.is_empty() { "(none)" } else { base_path }.to_owned(),
        rest_api_id: given.rest_api_id.as_ref()?.to_string(),
        stage: given.stage.as_ref().map(|stage| stage.as_str().to_owned()),
    })
}

pub(super) fn association(given: &model::DomainNameAccessAssociation) -> AccessAssociation {
    AccessAssociation {
        domain_name_access_association_arn: given.arn.clone(),
        domain_name_arn: given.domain_name_arn.clone(),
        access_association_source_type: given.source_type.clone(),
        access_association_source: given.source.clone(),
        tags: filled_map(given.tags.clone()),
    }
}

pub(super) fn vpc_link(given: &model::VpcLink) -> VpcLink {
    VpcLink {
        id: given.id.to_string(),
        name: given.name.clone(),
        description: given.description.clone(),
        target_arns: given.target_arns.clone(),
        status: "AVAILABLE".to_owned(),
        status_message: Some("Your vpc link is ready for use".to_owned()),
        tags: filled_map(given.tags.clone()),
    }
}

pub(super) fn client_certificate(
    given: &model::ClientCertificate,
    unix_s: u64,
) -> ClientCertificate {
    ClientCertificate {
        client_certificate_id: given.id.to_string(),
        description: given.description.clone(),
        created_date: unix_s,
        tags: filled_map(given.tags.clone()),
        ..ClientCertificate::default()
    }
}
