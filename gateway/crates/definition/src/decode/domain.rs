//! Domain names, base path mappings, VPC links, client certificates.

use super::object::Object;
use super::rest_api::endpoint_configuration;
use super::stage::stage_name_of;
use super::{Context, Piece};
use crate::identity::Attribute;
use gateway_model::{
    BasePathMapping, BasePathMappingId, ClientCertificate, ClientCertificateId, DomainName,
    DomainNameAccessAssociation, DomainNameKind, MutualTlsAuthentication, RestApiId, RoutingMode,
    Spanned, VpcLink, VpcLinkId,
};
use std::collections::BTreeMap;

pub(super) fn domain_name(object: &mut Object<'_>, context: &Context<'_>) -> Option<Piece> {
    let mut domain = common(object, context, DomainNameKind::Public)?;
    domain.regional_certificate_arn = object.text("RegionalCertificateArn");
    domain.ownership_verification_certificate_arn =
        object.plain_text("OwnershipVerificationCertificateArn");
    domain.mutual_tls = object.object("MutualTlsAuthentication").map(|mut tls| {
        let read = MutualTlsAuthentication {
            truststore_uri: tls.text("TruststoreUri"),
            truststore_version: tls.plain_text("TruststoreVersion"),
        };
        tls.finish();
        read
    });
    Some(Piece::DomainName(domain))
}

pub(super) fn domain_name_v2(object: &mut Object<'_>, context: &Context<'_>) -> Option<Piece> {
    let mut domain = common(object, context, DomainNameKind::Private)?;
    domain.policy = object.json("Policy");
    Some(Piece::DomainName(domain))
}

fn common(
    object: &mut Object<'_>,
    context: &Context<'_>,
    kind: DomainNameKind,
) -> Option<DomainName> {
    let name = object.required_text("DomainName");
    let arn = match context.identity.attribute("DomainNameArn") {
        Attribute::Value(arn) => arn,
        _ => String::new(),
    };
    let routing_mode = object.word("RoutingMode", RoutingMode::parse);
    let domain = DomainName {
        name: name.as_ref().map(|name| name.value.to_lowercase()).unwrap_or_default(),
        kind,
        arn,
        certificate_arn: object.text("CertificateArn"),
        regional_certificate_arn: None,
        ownership_verification_certificate_arn: None,
        endpoint: endpoint_configuration(object),
        endpoint_access_mode: object.plain_text("EndpointAccessMode"),
        mutual_tls: None,
        routing_mode: routing_mode.unwrap_or(RoutingMode::BasePathMappingOnly),
        security_policy: object.plain_text("SecurityPolicy"),
        policy: None,
        tags: object.tags("Tags"),
        place: object.place(),
    };
    if let Some(name) = name.as_ref().filter(|name| !is_domain_name(&name.value)) {
        object.error(&name.place, format!("\"{}\" is not a domain name", name.value));
    }
    Some(domain)
}

/// A host name of two labels or more; the first may be `*`.
fn is_domain_name(name: &str) -> bool {
    const NAME_CHARS_MAX: usize = 253; // RFC 1035 §2.3.4, without the root's dot
    let rest = name.strip_prefix("*.").unwrap_or(name);
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    name.len() <= NAME_CHARS_MAX && rest.split('.').all(is_label)
}

pub(super) fn base_path_mapping(object: &mut Object<'_>, context: &Context<'_>) -> Option<Piece> {
    let domain_name = object.required_text("DomainName");
    mapping(object, context, domain_name)
}

pub(super) fn base_path_mapping_v2(
    object: &mut Object<'_>,
    context: &Context<'_>,
) -> Option<Piece> {
    let arn = object.required_text("DomainNameArn");
    object.require("RestApiId");
    mapping(object, context, arn)
}

fn mapping(
    object: &mut Object<'_>,
    context: &Context<'_>,
    domain_name: Option<Spanned<String>>,
) -> Option<Piece> {
    let base_path = object.plain_text("BasePath").unwrap_or_default();
    // `(none)` is how the API itself spells the root.
    let base_path = if base_path == "(none)" { "" } else { base_path.trim_matches('/') };
    let rest_api_id = object.text("RestApiId").map(|id| RestApiId::new(&id.value));
    let stage = object.text("Stage").and_then(|name| stage_name_of(object, &name));
    Some(Piece::BasePathMapping(BasePathMapping {
        id: BasePathMappingId::new(&context.identity.reference),
        domain_name: domain_name?,
        base_path: base_path.to_owned(),
        rest_api_id,
        stage,
        place: object.place(),
    }))
}

pub(super) fn access_association(object: &mut Object<'_>, context: &Context<'_>) -> Option<Piece> {
    let source = object.required_text("AccessAssociationSource");
    let source_type = object.required_text("AccessAssociationSourceType");
    let domain_name_arn = object.required_text("DomainNameArn");
    let tags: BTreeMap<_, _> = object.tags("Tags");
    Some(Piece::DomainNameAccessAssociation(DomainNameAccessAssociation {
        arn: context.identity.reference.clone(),
        source: source?.value,
        source_type: source_type?.value,
        domain_name_arn: domain_name_arn?.value,
        tags,
        place: object.place(),
    }))
}

pub(super) fn vpc_link(object: &mut Object<'_>, context: &Context<'_>) -> Option<Piece> {
    let name = object.required_text("Name");
    let target_arns = object.plain_texts("TargetArns");
    object.require("TargetArns");
    let link = VpcLink {
        id: VpcLinkId::new(&context.identity.reference),
        name: name.map(|name| name.value).unwrap_or_default(),
        description: object.plain_text("Description"),
        target_arns,
        tags: object.tags("Tags"),
        place: object.place(),
    };
    Some(Piece::VpcLink(link))
}

pub(super) fn client_certificate(object: &mut Object<'_>, context: &Context<'_>) -> Option<Piece> {
    Some(Piece::ClientCertificate(ClientCertificate {
        id: ClientCertificateId::new(&context.identity.reference),
        description: object.plain_text("Description"),
        tags: object.tags("Tags"),
        place: object.place(),
    }))
}
