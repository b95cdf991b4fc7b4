//! Custom domain names.

use super::cx::Cx;
use super::documents::domain_key;
use super::patch::{self, AD, ARD, Family, R, Rule, Set, rule};
use super::rest_apis::{check_access_mode, check_security_policy};
use super::state::Domain;
use super::tags;
use super::types::{DomainName, EndpointConfiguration, MutualTls, Texts};
use super::view::{page, view, view_with_tags};
use crate::ApiError;
use serde_json::Value;
use std::collections::BTreeMap;

/// The zone of all edge names. Source: API Gateway Developer Guide, hosted zone ids.
const EDGE_ZONE: &str = "Z2FDTNDATAQYW2";
/// The zone of regional names; AWS has one for each region, of which this is us-east-1's.
const REGIONAL_ZONE: &str = "Z1UJRXOUMOOFQ8";

#[derive(Default, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct CreateDomainName {
    domain_name: String,
    certificate_name: Option<String>,
    certificate_arn: Option<String>,
    regional_certificate_name: Option<String>,
    regional_certificate_arn: Option<String>,
    endpoint_configuration: EndpointConfiguration,
    tags: Option<Texts>,
    security_policy: Option<String>,
    endpoint_access_mode: Option<String>,
    mutual_tls_authentication: Option<MutualTls>,
    ownership_verification_certificate_arn: Option<String>,
    policy: Option<String>,
    routing_mode: Option<String>,
}

pub(super) fn create_domain_name(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let input: CreateDomainName = cx.input()?;
    let name = input.domain_name;
    check_name(&name)?;
    let mut endpoint = input.endpoint_configuration;
    if endpoint.types.is_empty() {
        endpoint.types.push("EDGE".to_owned());
    }
    let is = |kind: &str| endpoint.types.iter().any(|given| given == kind);
    let (is_private, is_regional, is_edge) = (is("PRIVATE"), is("REGIONAL"), is("EDGE"));
    if is_private && (is_regional || is_edge) {
        return Err(ApiError::bad_request("A private domain name has no other endpoint type"));
    }
    if !is_private && cx.state.domain_names.contains_key(&name) {
        return Err(ApiError::bad_request("The domain name you provided already exists."));
    }
    if endpoint.ip_address_type.is_none() {
        endpoint.ip_address_type = Some(if is_private { "dualstack" } else { "ipv4" }.to_owned());
    }
    let tags = tags::checked(input.tags)?;
    let (region, account_id, now) = (&cx.call.region, &cx.call.account_id, cx.now());
    let state = &mut *cx.state;
    let id = is_private
        .then(|| state.ids.next(10, |id| state.domain_names.contains_key(&format!("{name}+{id}"))));
    let arn = match &id {
        Some(id) => format!("arn:aws:apigateway:{region}:{account_id}:/domainnames/{name}+{id}"),
        None => format!("arn:aws:apigateway:{region}::/domainnames/{name}"),
    };
    let prefix = state.ids.next(10, |_| false);
    let domain_name = DomainName {
        domain_name: name,
        domain_name_id: id,
        domain_name_arn: Some(arn),
        certificate_name: input.certificate_name,
        certificate_arn: input.certificate_arn,
        certificate_upload_date: Some(now),
        regional_domain_name: is_regional
            .then(|| format!("d-{prefix}.execute-api.{region}.amazonaws.com")),
        regional_hosted_zone_id: is_regional.then(|| REGIONAL_ZONE.to_owned()),
        regional_certificate_name: input.regional_certificate_name,
        regional_certificate_arn: input.regional_certificate_arn,
        distribution_domain_name: is_edge.then(|| format!("d{prefix}.cloudfront.net")),
        distribution_hosted_zone_id: is_edge.then(|| EDGE_ZONE.to_owned()),
        endpoint_configuration: endpoint,
        domain_name_status: "AVAILABLE".to_owned(),
        security_policy: Some(input.security_policy.unwrap_or_else(|| "TLS_1_2".to_owned())),
        endpoint_access_mode: input.endpoint_access_mode,
        tags,
        mutual_tls_authentication: input.mutual_tls_authentication,
        ownership_verification_certificate_arn: input.ownership_verification_certificate_arn,
        management_policy: None,
        policy: input.policy,
        routing_mode: input.routing_mode.unwrap_or_else(|| "BASE_PATH_MAPPING_ONLY".to_owned()),
    };
    let key = domain_key(&domain_name);
    cx.writes.put(format!("domainnames/{key}"), &domain_name);
    cx.writes.publish();
    let shown = view(&domain_name);
    state.domain_names.insert(key, Domain { domain_name, mappings: BTreeMap::new() });
    Ok(shown)
}

fn check_name(name: &str) -> Result<(), ApiError> {
    let rest = name.strip_prefix("*.").unwrap_or(name);
    let is_label = |label: &str| {
        !label.is_empty()
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    match rest.len() <= 253 && rest.contains('.') && rest.split('.').all(is_label) {
        true => Ok(()),
        false => Err(ApiError::bad_request("The domain name you provided is not valid.")),
    }
}

pub(super) fn unknown_domain() -> ApiError {
    ApiError::not_found("Invalid domain name identifier specified")
}

/// The key of the domain name that a call is about.
pub(super) fn key_of(cx: &Cx<'_>) -> Result<String, ApiError> {
    let name = cx.label("domain_name");
    let key = match cx.call.query("domainNameId") {
        Some(id) => format!("{name}+{id}"),
        None => name,
    };
    match cx.state.domain_names.contains_key(&key) {
        true => Ok(key),
        false => Err(unknown_domain()),
    }
}

pub(super) fn get_domain_name(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    Ok(view_with_tags(&cx.state.domain_names[&key_of(cx)?].domain_name))
}

pub(super) fn get_domain_names(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let domains = cx.state.domain_names.iter();
    page(cx.call, domains.map(|(key, domain)| (key.clone(), &domain.domain_name)).collect(), view)
}

pub(super) fn delete_domain_name(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let key = key_of(cx)?;
    cx.state.domain_names.remove(&key);
    cx.writes.remove(format!("domainnames/{key}"));
    cx.writes.remove_all(format!("domainnames/{key}/"));
    cx.writes.publish();
    Ok(Value::Null)
}

const RULES: &[Rule] = &[
    rule("/certificateName", ARD, Set::Text),
    rule("/certificateArn", ARD, Set::Text),
    rule("/regionalCertificateName", ARD, Set::Text),
    rule("/regionalCertificateArn", ARD, Set::Text),
    rule("/endpointConfiguration/types", AD, Set::Special),
    rule("/endpointConfiguration/types/*", R, Set::Special),
    rule("/endpointConfiguration/ipAddressType", R, Set::Special),
    rule("/endpointAccessMode", R, Set::Text),
    rule("/managementPolicy", R, Set::Text),
    rule("/policy", R, Set::Text),
    rule("/routingMode", R, Set::Special),
    rule("/securityPolicy", R, Set::Text),
    rule("/mutualTlsAuthentication/truststoreUri", ARD, Set::Text),
    rule("/mutualTlsAuthentication/truststoreVersion", ARD, Set::Text),
    rule("/ownershipVerificationCertificateArn", ARD, Set::Text),
];

pub(super) fn update_domain_name(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let operations = cx.patch()?;
    let key = key_of(cx)?;
    let prefix = cx.state.ids.next(10, |_| false);
    let region = cx.call.region.clone();
    let domain = cx.state.domain_names.get_mut(&key).ok_or_else(unknown_domain)?;
    let mut after = patch::apply(
        &domain.domain_name,
        Family::Listed,
        RULES,
        &operations,
        |domain, operation, segments| {
            let invalid = |what: &str| {
                ApiError::bad_request(format!("Invalid {what} specified: {}", operation.text()))
            };
            let value = operation.text().to_owned();
            let endpoint = &mut domain.endpoint_configuration;
            match (&*segments[0], segments.get(1).map(|segment| &**segment)) {
                ("routingMode", _) => {
                    gateway_model::RoutingMode::parse(&value)
                        .map_err(|_| invalid("routing mode"))?;
                    domain.routing_mode = value;
                }
                (_, Some("ipAddressType")) if matches!(&*value, "ipv4" | "dualstack") => {
                    endpoint.ip_address_type = Some(value);
                }
                (_, Some("types")) if matches!(&*value, "EDGE" | "REGIONAL") => {
                    match (&*operation.op, segments.get(2)) {
                        ("replace", Some(old)) => {
                            endpoint.types.retain(|kind| kind != old && *kind != value)
                        }
                        _ => endpoint.types.retain(|kind| *kind != value),
                    }
                    if operation.op != "remove" {
                        endpoint.types.push(value);
                    }
                }
                _ => return Err(invalid("endpoint configuration")),
            }
            Ok(())
        },
    )?;
    check_security_policy(after.security_policy.as_deref())?;
    check_access_mode(after.endpoint_access_mode.as_deref())?;
    settle(&mut after, &prefix, &region)?;
    cx.writes.put(format!("domainnames/{key}"), &after);
    cx.writes.publish();
    domain.domain_name = after;
    Ok(view_with_tags(&domain.domain_name))
}

/// Gives a domain name the addresses of its types, and takes those of types that it no longer has.
fn settle(domain: &mut DomainName, prefix: &str, region: &str) -> Result<(), ApiError> {
    let has = |kind: &str| domain.endpoint_configuration.types.iter().any(|given| given == kind);
    let (is_edge, is_regional) = (has("EDGE"), has("REGIONAL"));
    if domain.endpoint_configuration.types.is_empty() {
        return Err(ApiError::bad_request("A domain name needs at least one endpoint type"));
    }
    let keep =
        |old: Option<String>, has: bool, new: String| if has { old.or(Some(new)) } else { None };
    let regional = format!("d-{prefix}.execute-api.{region}.amazonaws.com");
    domain.regional_domain_name = keep(domain.regional_domain_name.take(), is_regional, regional);
    domain.regional_hosted_zone_id =
        keep(domain.regional_hosted_zone_id.take(), is_regional, REGIONAL_ZONE.to_owned());
    let edge = format!("d{prefix}.cloudfront.net");
    domain.distribution_domain_name = keep(domain.distribution_domain_name.take(), is_edge, edge);
    domain.distribution_hosted_zone_id =
        keep(domain.distribution_hosted_zone_id.take(), is_edge, EDGE_ZONE.to_owned());
    Ok(())
}
