//! Keys, plans, names, links and certificates.

use super::rest_api::{endpoint, json};
use crate::apigateway::state::{Domain, Plan};
use crate::apigateway::types;
use gateway_model as model;
use gateway_model::{Place, Spanned};

/// A key; what its value is, is never absent here.
pub(super) fn api_key(given: &types::ApiKey) -> model::ApiKey {
    let stage_keys = given.stage_keys.iter().filter_map(|key| key.split_once('/'));
    model::ApiKey {
        id: model::ApiKeyId::new(&given.id),
        name: given.name.clone().unwrap_or_default(),
        value: given.value.clone(),
        enabled: given.enabled,
        description: given.description.clone(),
        customer_id: given.customer_id.clone(),
        generate_distinct_id: true,
        stage_keys: stage_keys
            .map(|(api, stage)| model::StageKey {
                rest_api_id: model::RestApiId::new(api),
                stage_name: model::StageName::parse(stage).ok(),
            })
            .collect(),
        tags: given.tags.clone().unwrap_or_default(),
        place: Place::nowhere(),
    }
}

fn throttle(given: &types::Throttle) -> model::ThrottleSettings {
    model::ThrottleSettings { burst_limit: given.burst_limit, rate_limit: given.rate_limit }
}

/// A plan; `None` when it names a stage that cannot exist.
pub(super) fn usage_plan(given: &types::UsagePlan) -> Option<model::UsagePlan> {
    let stages = given.api_stages.iter().map(|stage| {
        let limits = stage.throttle.iter().flatten();
        Some(model::ApiStage {
            rest_api_id: model::RestApiId::new(&stage.api_id),
            stage: model::StageName::parse(&stage.stage).ok()?,
            throttle: limits.map(|(method, limit)| (method.clone(), throttle(limit))).collect(),
            place: Place::nowhere(),
        })
    });
    Some(model::UsagePlan {
        id: model::UsagePlanId::new(&given.id),
        name: given.name.clone(),
        description: given.description.clone(),
        api_stages: stages.collect::<Option<_>>()?,
        quota: given.quota.as_ref().map(|quota| model::QuotaSettings {
            limit: Some(quota.limit),
            offset: Some(quota.offset),
            period: quota
                .period
                .as_deref()
                .and_then(|period| model::QuotaPeriod::parse(period).ok()),
        }),
        throttle: given.throttle.as_ref().map(throttle),
        tags: given.tags.clone().unwrap_or_default(),
        place: Place::nowhere(),
    })
}

pub(super) fn usage_plan_keys(plan: &Plan) -> Vec<model::UsagePlanKey> {
    let keys = plan.keys.keys().map(|key| model::UsagePlanKey {
        key_id: model::ApiKeyId::new(key),
        usage_plan_id: model::UsagePlanId::new(&plan.usage_plan.id),
        place: Place::nowhere(),
    });
    keys.collect()
}

pub(super) fn domain_name(given: &types::DomainName) -> model::DomainName {
    let text = |text: &Option<String>| text.clone().map(Spanned::nowhere);
    let kind = match given.domain_name_id {
        Some(_) => model::DomainNameKind::Private,
        None => model::DomainNameKind::Public,
    };
    model::DomainName {
        name: given.domain_name.to_lowercase(),
        kind,
        arn: given.domain_name_arn.clone().unwrap_or_default(),
        certificate_arn: text(&given.certificate_arn),
        regional_certificate_arn: text(&given.regional_certificate_arn),
        ownership_verification_certificate_arn: given
            .ownership_verification_certificate_arn
            .clone(),
        endpoint: endpoint(&given.endpoint_configuration).unwrap_or_default(),
        endpoint_access_mode: given.endpoint_access_mode.clone(),
        mutual_tls: given.mutual_tls_authentication.as_ref().map(|tls| {
            model::MutualTlsAuthentication {
                truststore_uri: text(&tls.truststore_uri),
                truststore_version: tls.truststore_version.clone(),
            }
        }),
        routing_mode: model::RoutingMode::parse(&given.routing_mode)
            .unwrap_or(model::RoutingMode::BasePathMappingOnly),
        security_policy: given.security_policy.clone(),
        policy: given.policy.as_deref().map(json),
        tags: given.tags.clone().unwrap_or_default(),
        place: Place::nowhere(),
    }
}

pub(super) fn base_path_mappings(domain: &Domain) -> Vec<model::BasePathMapping> {
    let given = &domain.domain_name;
    // A private domain name is named by its ARN, since several may share the name.
    let named = match given.domain_name_id {
        Some(_) => given.domain_name_arn.clone().unwrap_or_default(),
        None => given.domain_name.to_lowercase(),
    };
    let mappings = domain.mappings.values().map(|mapping| model::BasePathMapping {
        id: model::BasePathMappingId::new(&format!("{}|{}", given.domain_name, mapping.base_path)),
        domain_name: Spanned::nowhere(named.clone()),
        base_path: if mapping.base_path == "(none)" {
            String::new()
        } else {
            mapping.base_path.clone()
        },
        rest_api_id: Some(model::RestApiId::new(&mapping.rest_api_id)),
        stage: mapping.stage.as_deref().and_then(|stage| model::StageName::parse(stage).ok()),
        place: Place::nowhere(),
    });
    mappings.collect()
}

pub(super) fn association(given: &types::AccessAssociation) -> model::DomainNameAccessAssociation {
    model::DomainNameAccessAssociation {
        arn: given.domain_name_access_association_arn.clone(),
        source: given.access_association_source.clone(),
        source_type: given.access_association_source_type.clone(),
        domain_name_arn: given.domain_name_arn.clone(),
        tags: given.tags.clone().unwrap_or_default(),
        place: Place::nowhere(),
    }
}

pub(super) fn vpc_link(given: &types::VpcLink) -> model::VpcLink {
    model::VpcLink {
        id: model::VpcLinkId::new(&given.id),
        name: given.name.clone(),
        description: given.description.clone(),
        target_arns: given.target_arns.clone(),
        tags: given.tags.clone().unwrap_or_default(),
        place: Place::nowhere(),
    }
}

pub(super) fn client_certificate(given: &types::ClientCertificate) -> model::ClientCertificate {
    model::ClientCertificate {
        id: model::ClientCertificateId::new(&given.client_certificate_id),
        description: given.description.clone(),
        tags: given.tags.clone().unwrap_or_default(),
        place: Place::nowhere(),
    }
}
