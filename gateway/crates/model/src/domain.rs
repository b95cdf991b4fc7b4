//! Custom domain names, and the ways in and out of the network.

use crate::closed::closed_names;
use crate::{
    BasePathMappingId, ClientCertificateId, EndpointConfiguration, Json, Place, RestApiId, Spanned,
    StageName, VpcLinkId,
};
use std::collections::BTreeMap;

closed_names! {
    /// What picks the API of a request to a domain name.
    pub enum RoutingMode {
        /// Base path mappings. The default.
        BasePathMappingOnly = "BASE_PATH_MAPPING_ONLY",
        /// Routing rules, then base path mappings.
        RoutingRuleThenBasePathMapping = "ROUTING_RULE_THEN_BASE_PATH_MAPPING",
        /// Routing rules.
        RoutingRuleOnly = "ROUTING_RULE_ONLY",
    }
}

/// Whether a domain name is public or private.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DomainNameKind {
    /// `AWS::ApiGateway::DomainName`
    Public,
    /// `AWS::ApiGateway::DomainNameV2`
    Private,
}

/// A custom domain name (`AWS::ApiGateway::DomainName` and `DomainNameV2`).
#[derive(Clone, Debug, PartialEq)]
pub struct DomainName {
    /// The name, lower case; may start with `*.`.
    pub name: String,
    /// Whether it is public or private.
    pub kind: DomainNameKind,
    /// Its ARN.
    pub arn: String,
    /// The certificate of an edge endpoint, or of a private one.
    pub certificate_arn: Option<Spanned<String>>,
    /// The certificate of a regional endpoint.
    pub regional_certificate_arn: Option<Spanned<String>>,
    /// Proof of ownership.
    pub ownership_verification_certificate_arn: Option<String>,
    /// Where its endpoint lies.
    pub endpoint: EndpointConfiguration,
    /// `BASIC` or `STRICT` host checks.
    pub endpoint_access_mode: Option<String>,
    /// Whose client certificates are trusted.
    pub mutual_tls: Option<MutualTlsAuthentication>,
    /// What picks the API.
    pub routing_mode: RoutingMode,
    /// The TLS policy's name.
    pub security_policy: Option<String>,
    /// Who may call, for a private name.
    pub policy: Option<Spanned<Json>>,
    /// Labels.
    pub tags: BTreeMap<String, String>,
    /// Where it was written.
    pub place: Place,
}

/// Whose client certificates a domain name trusts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MutualTlsAuthentication {
    /// A bundle of certificates.
    pub truststore_uri: Option<Spanned<String>>,
    /// The bundle's version.
    pub truststore_version: Option<String>,
}

/// A path of a domain name that leads to a stage (`AWS::ApiGateway::BasePathMapping`, `…V2`).
#[derive(Clone, Debug, PartialEq)]
pub struct BasePathMapping {
    /// `domain|basePath`.
    pub id: BasePathMappingId,
    /// The domain name, or for a private one its ARN.
    pub domain_name: Spanned<String>,
    /// The first segments of the path, without slashes around; empty is the root.
    pub base_path: String,
    /// The API.
    pub rest_api_id: Option<RestApiId>,
    /// The stage; absent means the path's next segment names it.
    pub stage: Option<StageName>,
    /// Where it was written.
    pub place: Place,
}

/// A private domain name opened to a VPC endpoint
/// (`AWS::ApiGateway::DomainNameAccessAssociation`).
#[derive(Clone, Debug, PartialEq)]
pub struct DomainNameAccessAssociation {
    /// Its ARN.
    pub arn: String,
    /// The VPC endpoint.
    pub source: String,
    /// `VPCE`.
    pub source_type: String,
    /// The domain name.
    pub domain_name_arn: String,
    /// Labels.
    pub tags: BTreeMap<String, String>,
    /// Where it was written.
    pub place: Place,
}

/// A way into a VPC (`AWS::ApiGateway::VpcLink`).
#[derive(Clone, Debug, PartialEq)]
pub struct VpcLink {
    /// Its id.
    pub id: VpcLinkId,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// The load balancers that it leads to.
    pub target_arns: Vec<String>,
    /// Labels.
    pub tags: BTreeMap<String, String>,
    /// Where it was written.
    pub place: Place,
}

/// A certificate shown to endpoints (`AWS::ApiGateway::ClientCertificate`).
#[derive(Clone, Debug, PartialEq)]
pub struct ClientCertificate {
    /// Its id.
    pub id: ClientCertificateId,
    /// What it is for.
    pub description: Option<String>,
    /// Labels.
    pub tags: BTreeMap<String, String>,
    /// Where it was written.
    pub place: Place,
}
