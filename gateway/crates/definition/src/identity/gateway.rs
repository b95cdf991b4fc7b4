//! API Gateway's own types. Source: definition-formats §2 and §3.

use super::{Identity, Rest, Subject};
use crate::limits::{API_ID_CHARS, CUSTOM_ID_BYTES_MAX, PART_ID_CHARS};
use crate::node::Node;
use gateway_model::Place;

/// The hosted zone of every edge endpoint. Source: CloudFormation user guide, DomainName.
const DISTRIBUTION_HOSTED_ZONE: &str = "Z2FDTNDATAQYW2";
/// A stand-in for the hosted zone of regional endpoints.
const REGIONAL_HOSTED_ZONE: &str = "Z1UJRXOUMOOFQ8";
/// The tag or metadata member that gives an API its id.
const CUSTOM_ID: &str = "_custom_id_";

pub(super) fn identify(subject: &Subject<'_, '_>) -> Option<Identity> {
    let type_name = subject.resource.type_name;
    match type_name.strip_prefix("AWS::ApiGateway::") {
        Some(name) => version_1(subject, name),
        None => version_2(subject, type_name.strip_prefix("AWS::ApiGatewayV2::")?),
    }
}

fn version_1(subject: &Subject<'_, '_>, name: &str) -> Option<Identity> {
    let text = |property: &str| subject.text(property);
    let part = || subject.id(PART_ID_CHARS);
    Some(match name {
        "RestApi" => {
            let id = custom_id(subject).unwrap_or_else(|| subject.id(API_ID_CHARS));
            let root = subject.role("root", PART_ID_CHARS);
            strict(id.clone(), vec![("RestApiId", id), ("RootResourceId", root)])
        }
        "Resource" => with_id(part(), "ResourceId"),
        "Deployment" => with_id(part(), "DeploymentId"),
        "Authorizer" => with_id(part(), "AuthorizerId"),
        "RequestValidator" => with_id(part(), "RequestValidatorId"),
        "DocumentationPart" => with_id(part(), "DocumentationPartId"),
        "ApiKey" => with_id(subject.id(API_ID_CHARS), "APIKeyId"),
        "UsagePlan" => with_id(part(), "Id"),
        "ClientCertificate" => with_id(part(), "ClientCertificateId"),
        "VpcLink" => with_id(part(), "VpcLinkId"),
        "Account" => with_id(subject.generated_name(), "Id"),
        "GatewayResponse" => with_id(part(), "Id"),
        "Stage" => strict(text("StageName").unwrap_or_else(part), vec![]),
        "Model" => strict(text("Name").unwrap_or_else(|| alphanumeric_name(subject)), vec![]),
        "Method" => strict(subject.generated_name(), vec![]),
        "UsagePlanKey" => {
            let (key, plan) = (text("KeyId"), text("UsagePlanId"));
            with_id(format!("{}:{}", key.unwrap_or_default(), plan.unwrap_or_default()), "Id")
        }
        "DocumentationVersion" => {
            let (version, api) = (text("DocumentationVersion"), text("RestApiId"));
            let pair = format!("{}|{}", version.unwrap_or_default(), api.unwrap_or_default());
            strict(pair, vec![])
        }
        "BasePathMapping" => {
            let (domain, path) = (text("DomainName"), text("BasePath"));
            let pair = format!("{}|{}", domain.unwrap_or_default(), path.unwrap_or_default());
            strict(pair, vec![])
        }
        "BasePathMappingV2" => with_id(arn(subject, "/domainnames/mappings"), "BasePathMappingArn"),
        "DomainName" => {
            let domain = text("DomainName").unwrap_or_else(part).to_lowercase();
            let options = subject.evaluator.options;
            let host = format!("d-{}", subject.role("host", API_ID_CHARS));
            let (region, suffix) = (&options.region, &options.url_suffix);
            let own_arn = domain_arn(subject, &domain);
            let attributes = vec![
                ("DistributionDomainName", format!("{host}.cloudfront.net")),
                ("DistributionHostedZoneId", DISTRIBUTION_HOSTED_ZONE.to_owned()),
                ("RegionalDomainName", format!("{host}.execute-api.{region}.{suffix}")),
                ("RegionalHostedZoneId", REGIONAL_HOSTED_ZONE.to_owned()),
                ("DomainNameArn", own_arn),
            ];
            strict(domain, attributes)
        }
        "DomainNameV2" => {
            let domain = text("DomainName").unwrap_or_else(part).to_lowercase();
            let id = part();
            let own_arn = format!("{}+{id}", domain_arn(subject, &domain));
            strict(own_arn.clone(), vec![("DomainNameArn", own_arn), ("DomainNameId", id)])
        }
        "DomainNameAccessAssociation" => {
            let own_arn = arn(subject, "/domainnameaccessassociations");
            with_id(own_arn, "DomainNameAccessAssociationArn")
        }
        _ => return None,
    })
}

/// Resources of HTTP and WebSocket APIs are not served yet, and yet other resources name them.
fn version_2(subject: &Subject<'_, '_>, name: &str) -> Option<Identity> {
    let part = || subject.id(PART_ID_CHARS);
    let options = subject.evaluator.options;
    Some(match name {
        "Api" => {
            let id = subject.id(API_ID_CHARS);
            let scheme = match subject.text("ProtocolType").as_deref() {
                Some("WEBSOCKET") => "wss",
                _ => "https",
            };
            let (region, suffix) = (&options.region, &options.url_suffix);
            let endpoint = format!("{scheme}://{id}.execute-api.{region}.{suffix}");
            let (partition, account) = (&options.partition, &options.account_id);
            let execute = format!("arn:{partition}:execute-api:{region}:{account}:{id}");
            let attributes =
                vec![("ApiId", id.clone()), ("ApiEndpoint", endpoint), ("ExecuteApiArn", execute)];
            strict(id, attributes)
        }
        "Stage" => strict(subject.text("StageName").unwrap_or_else(part), vec![]),
        "DomainName" => {
            let domain = subject.text("DomainName").unwrap_or_else(part).to_lowercase();
            let host = format!("d-{}", subject.role("host", API_ID_CHARS));
            let (region, suffix) = (&options.region, &options.url_suffix);
            let attributes = vec![
                ("RegionalDomainName", format!("{host}.execute-api.{region}.{suffix}")),
                ("RegionalHostedZoneId", REGIONAL_HOSTED_ZONE.to_owned()),
                ("DomainNameArn", domain_arn(subject, &domain)),
            ];
            strict(domain, attributes)
        }
        "ApiMapping" => with_id(part(), "ApiMappingId"),
        "Authorizer" => with_id(part(), "AuthorizerId"),
        "Deployment" => with_id(part(), "DeploymentId"),
        "Integration" => with_id(part(), "IntegrationId"),
        "IntegrationResponse" => with_id(part(), "IntegrationResponseId"),
        "Model" => with_id(part(), "ModelId"),
        "Route" => with_id(part(), "RouteId"),
        "RouteResponse" => with_id(part(), "RouteResponseId"),
        "VpcLink" => with_id(part(), "VpcLinkId"),
        "ApiGatewayManagedOverrides" => with_id(part(), "Id"),
        "RoutingRule" => {
            let own_arn = arn(subject, "/routingrules");
            strict(own_arn.clone(), vec![("RoutingRuleArn", own_arn), ("RoutingRuleId", part())])
        }
        "PortalProduct" => {
            let own_arn = arn(subject, "/portalproducts");
            let attributes = vec![
                ("PortalProductArn", own_arn.clone()),
                ("PortalProductId", part()),
                ("LastModified", String::new()),
            ];
            strict(own_arn, attributes)
        }
        _ => return None,
    })
}

fn strict(reference: String, attributes: Vec<(&'static str, String)>) -> Identity {
    Identity { reference, attributes, rest: Rest::Mistake }
}

fn with_id(id: String, attribute: &'static str) -> Identity {
    strict(id.clone(), vec![(attribute, id)])
}

fn arn(subject: &Subject<'_, '_>, path: &str) -> String {
    let options = subject.evaluator.options;
    let (partition, region, account) = (&options.partition, &options.region, &options.account_id);
    let id = subject.id(API_ID_CHARS);
    format!("arn:{partition}:apigateway:{region}:{account}:{path}/{id}")
}

fn domain_arn(subject: &Subject<'_, '_>, domain: &str) -> String {
    let options = subject.evaluator.options;
    let (partition, region) = (&options.partition, &options.region);
    format!("arn:{partition}:apigateway:{region}::/domainnames/{domain}")
}

/// Model names are alphanumeric.
fn alphanumeric_name(subject: &Subject<'_, '_>) -> String {
    subject.generated_name().replace('-', "")
}

/// The id that a tag or the metadata asks for, if it can be one.
fn custom_id(subject: &Subject<'_, '_>) -> Option<String> {
    wanted_id(subject).and_then(|(id, _)| is_custom_id(&id).then_some(id))
}

/// The id that is asked for, and where.
fn wanted_id(subject: &Subject<'_, '_>) -> Option<(String, Place)> {
    let evaluate = |node: &Node| {
        let value = subject.evaluator.value(node)?;
        value.scalar_text().map(|text| (text, node.place.clone()))
    };
    let metadata = subject.resource.metadata.and_then(|metadata| metadata.member(CUSTOM_ID));
    if let Some(node) = metadata {
        return evaluate(node);
    }
    let tags = subject.evaluator.value(subject.resource.properties?.member("Tags")?)?;
    let tag = tags
        .as_seq()?
        .iter()
        .find(|tag| tag.member("Key").and_then(Node::as_str) == Some(CUSTOM_ID))?;
    let value = tag.member("Value")?;
    value.scalar_text().map(|text| (text, value.place.clone()))
}

/// Whether an API may have this id: 1 to 63 of a-z, 0-9 and inner hyphens.
///
/// An id becomes a label of a host name, and host names do not tell upper from lower case.
#[must_use]
pub fn is_custom_id(id: &str) -> bool {
    let is_letter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (1..=CUSTOM_ID_BYTES_MAX).contains(&id.len())
        && id.bytes().all(is_letter)
        && !id.starts_with('-')
        && !id.ends_with('-')
}

/// Reports a custom id that cannot be one.
pub(super) fn check_custom_id(subject: &Subject<'_, '_>) {
    if let Some((id, place)) = wanted_id(subject)
        && !is_custom_id(&id)
    {
        let text = format!("\"{id}\" cannot be an API's id: 1 to 63 of a-z, 0-9 and inner hyphens");
        subject.evaluator.error(&place, text);
    }
}
