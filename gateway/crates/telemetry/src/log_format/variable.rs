//! The closed set of `$context` variables of REST APIs.

/// A `$context` variable that a REST API's access log can name.
///
/// Two names of one value are one variable (`$context.integrationLatency` is
/// [`Variable::IntegrationLatency`]). Names that exist only for HTTP or WebSocket APIs are not here.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Variable {
    /// `$context.authorizer.{key}`: a value of the authorizer's context, as a string.
    AuthorizerContext(Box<str>),
    /// `$context.authorizer.claims.{name}`: a claim of the Cognito token.
    AuthorizerClaim(Box<str>),
    /// `$context.accountId`: the account that owns the API.
    AccountId,
    /// `$context.apiId`: the API's id.
    ApiId,
    /// `$context.authenticate.error`: the error of the authentication phase.
    AuthenticateError,
    /// `$context.authenticate.latency`: the milliseconds of the authentication phase.
    AuthenticateLatency,
    /// `$context.authenticate.status`: the status of the authentication phase.
    AuthenticateStatus,
    /// `$context.authorize.error`: the error of the authorization phase.
    AuthorizeError,
    /// `$context.authorize.latency`: the milliseconds of the authorization phase.
    AuthorizeLatency,
    /// `$context.authorize.status`: the status of the authorization phase.
    AuthorizeStatus,
    /// `$context.authorizer.error`: the error of the authorizer.
    AuthorizerError,
    /// `$context.authorizer.integrationLatency`: the milliseconds of the authorizer's function.
    AuthorizerIntegrationLatency,
    /// `$context.authorizer.integrationStatus`: the status of the call of the authorizer's function.
    AuthorizerIntegrationStatus,
    /// `$context.authorizer.latency`: the milliseconds of the authorizer.
    AuthorizerLatency,
    /// `$context.authorizer.principalId`: the principal that the authorizer found.
    AuthorizerPrincipalId,
    /// `$context.authorizer.requestId`: the request id of the authorizer's call.
    AuthorizerRequestId,
    /// `$context.authorizer.status`: the status that the authorizer returned.
    AuthorizerStatus,
    /// `$context.cipherSuite`: the negotiated cipher suite.
    CipherSuite,
    /// `$context.customDomain.basePathMatched`: the base path mapping that matched.
    CustomDomainBasePathMatched,
    /// `$context.customDomain.routingRuleIdMatched`: the routing rule that matched.
    CustomDomainRoutingRuleIdMatched,
    /// `$context.deploymentId`: the deployment's id.
    DeploymentId,
    /// `$context.domainName`: the host that the client named.
    DomainName,
    /// `$context.domainPrefix`: the first label of the host.
    DomainPrefix,
    /// `$context.endpointType`: `EDGE`, `REGIONAL` or `PRIVATE`.
    EndpointType,
    /// `$context.error.message`: the text of the gateway's error.
    ErrorMessage,
    /// `$context.error.messageString`: the same as a quoted JSON string.
    ErrorMessageString,
    /// `$context.error.responseType`: the type of the gateway response.
    ErrorResponseType,
    /// `$context.error.validationErrorString`: what request validation found.
    ErrorValidationErrorString,
    /// `$context.extendedRequestId`: the value of `x-amz-apigw-id`.
    ExtendedRequestId,
    /// `$context.httpMethod`: the request's method.
    HttpMethod,
    /// `$context.identity.accountId`: the caller's account.
    IdentityAccountId,
    /// `$context.identity.apiKey`: the API key.
    IdentityApiKey,
    /// `$context.identity.apiKeyId`: the API key's id.
    IdentityApiKeyId,
    /// `$context.identity.caller`: the caller's principal.
    IdentityCaller,
    /// `$context.identity.clientCert.clientCertPem`: the client certificate as PEM.
    IdentityClientCertPem,
    /// `$context.identity.clientCert.issuerDN`: the client certificate's issuer.
    IdentityClientCertIssuerDn,
    /// `$context.identity.clientCert.serialNumber`: the client certificate's serial number.
    IdentityClientCertSerialNumber,
    /// `$context.identity.clientCert.subjectDN`: the client certificate's subject.
    IdentityClientCertSubjectDn,
    /// `$context.identity.clientCert.validity.notAfter`: the end of the client certificate's validity.
    IdentityClientCertNotAfter,
    /// `$context.identity.clientCert.validity.notBefore`: the start of the client certificate's validity.
    IdentityClientCertNotBefore,
    /// `$context.identity.cognitoAuthenticationProvider`: the Cognito authentication providers.
    IdentityCognitoAuthenticationProvider,
    /// `$context.identity.cognitoAuthenticationType`: `authenticated` or `unauthenticated`.
    IdentityCognitoAuthenticationType,
    /// `$context.identity.cognitoIdentityId`: the Cognito identity.
    IdentityCognitoIdentityId,
    /// `$context.identity.cognitoIdentityPoolId`: the Cognito identity pool.
    IdentityCognitoIdentityPoolId,
    /// `$context.identity.principalOrgId`: the caller's organization.
    IdentityPrincipalOrgId,
    /// `$context.identity.sourceIp`: the client's address.
    IdentitySourceIp,
    /// `$context.identity.user`: the user who called.
    IdentityUser,
    /// `$context.identity.userAgent`: the `User-Agent` header.
    IdentityUserAgent,
    /// `$context.identity.userArn`: the user's ARN.
    IdentityUserArn,
    /// `$context.identity.vpcId`: the VPC of a private call.
    IdentityVpcId,
    /// `$context.identity.vpceId`: the VPC endpoint of a private call.
    IdentityVpceId,
    /// `$context.integration.error`: the error of the integration.
    IntegrationError,
    /// `$context.integration.integrationStatus`: the status of the integration's service (Lambda: of the call).
    IntegrationServiceStatus,
    /// `$context.integration.latency`: the milliseconds of the integration.
    IntegrationLatency,
    /// `$context.integration.requestId`: the request id that the backend answered with.
    IntegrationRequestId,
    /// `$context.integration.responseTransferMode`: `BUFFERED` or `STREAMED`.
    IntegrationResponseTransferMode,
    /// `$context.integration.status`: the status that the backend returned (Lambda: that the function returned).
    IntegrationStatus,
    /// `$context.integration.timeToAllHeaders`: the milliseconds to the backend's last header.
    IntegrationTimeToAllHeaders,
    /// `$context.integration.timeToFirstContent`: the milliseconds to the backend's first content.
    IntegrationTimeToFirstContent,
    /// `$context.isCanaryRequest`: whether the canary served the request.
    IsCanaryRequest,
    /// `$context.path`: the path, with the stage.
    Path,
    /// `$context.protocol`: `HTTP/1.1`.
    Protocol,
    /// `$context.requestId`: the request's id.
    RequestId,
    /// `$context.requestTime`: the time of the request, in Common Log Format.
    RequestTime,
    /// `$context.requestTimeEpoch`: the time of the request, in milliseconds since the epoch.
    RequestTimeEpoch,
    /// `$context.resourceId`: the resource's id.
    ResourceId,
    /// `$context.resourcePath`: the resource's path template.
    ResourcePath,
    /// `$context.responseLatency`: the milliseconds of the whole request.
    ResponseLatency,
    /// `$context.responseLength`: the bytes of the response's body.
    ResponseLength,
    /// `$context.stage`: the stage's name.
    Stage,
    /// `$context.status`: the status sent to the client.
    Status,
    /// `$context.tlsVersion`: the negotiated version of TLS.
    TlsVersion,
    /// `$context.waf.error`: the error of AWS WAF.
    WafError,
    /// `$context.waf.latency`: the milliseconds of AWS WAF.
    WafLatency,
    /// `$context.waf.status`: the status of AWS WAF.
    WafStatus,
    /// `$context.wafResponseCode`: `WAF_ALLOW` or `WAF_BLOCK`.
    WafResponseCode,
    /// `$context.webaclArn`: the web ACL's ARN.
    WebaclArn,
    /// `$context.xrayTraceId`: the trace id.
    XrayTraceId,
}

impl Variable {
    /// The name after `$context.`, in its first spelling.
    pub fn name(&self) -> String {
        match self {
            Self::AuthorizerContext(key) => format!("{AUTHORIZER}{key}"),
            Self::AuthorizerClaim(name) => format!("{AUTHORIZER}{CLAIMS}{name}"),
            fixed => {
                let row = FIXED.iter().find(|(_, variable)| variable == fixed);
                row.map_or_else(String::new, |(name, _)| (*name).to_owned())
            }
        }
    }
}

/// What a name is.
pub(super) enum Lookup {
    Known(Variable),
    /// A variable, but of HTTP or WebSocket APIs only.
    OtherApiType,
    Unknown,
}

/// Finds a variable by its name after `$context.`.
pub(super) fn lookup(name: &str) -> Lookup {
    let fixed = FIXED.iter().chain(ALIASES);
    if let Some((_, variable)) = fixed.into_iter().find(|(known, _)| *known == name) {
        return Lookup::Known(variable.clone());
    }
    if OTHER_API_TYPES.contains(&name) {
        return Lookup::OtherApiType;
    }
    let Some(key) = name.strip_prefix(AUTHORIZER) else {
        return Lookup::Unknown;
    };
    let claim = key.strip_prefix(CLAIMS);
    if claim.unwrap_or(key).is_empty() || key.ends_with(['.', '-']) {
        return Lookup::Unknown;
    }
    Lookup::Known(match claim {
        Some(claim) => Variable::AuthorizerClaim(claim.into()),
        None => Variable::AuthorizerContext(key.into()),
    })
}

const AUTHORIZER: &str = "authorizer.";
const CLAIMS: &str = "claims.";

/// The variables with fixed names. Source: API Gateway Developer Guide, "Variables for access logging
/// for API Gateway".
const FIXED: &[(&str, Variable)] = &[
    ("accountId", Variable::AccountId),
    ("apiId", Variable::ApiId),
    ("authenticate.error", Variable::AuthenticateError),
    ("authenticate.latency", Variable::AuthenticateLatency),
    ("authenticate.status", Variable::AuthenticateStatus),
    ("authorize.error", Variable::AuthorizeError),
    ("authorize.latency", Variable::AuthorizeLatency),
    ("authorize.status", Variable::AuthorizeStatus),
    ("authorizer.error", Variable::AuthorizerError),
    ("authorizer.integrationLatency", Variable::AuthorizerIntegrationLatency),
    ("authorizer.integrationStatus", Variable::AuthorizerIntegrationStatus),
    ("authorizer.latency", Variable::AuthorizerLatency),
    ("authorizer.principalId", Variable::AuthorizerPrincipalId),
    ("authorizer.requestId", Variable::AuthorizerRequestId),
    ("authorizer.status", Variable::AuthorizerStatus),
    ("cipherSuite", Variable::CipherSuite),
    ("customDomain.basePathMatched", Variable::CustomDomainBasePathMatched),
    ("customDomain.routingRuleIdMatched", Variable::CustomDomainRoutingRuleIdMatched),
    ("deploymentId", Variable::DeploymentId),
    ("domainName", Variable::DomainName),
    ("domainPrefix", Variable::DomainPrefix),
    ("endpointType", Variable::EndpointType),
    ("error.message", Variable::ErrorMessage),
    ("error.messageString", Variable::ErrorMessageString),
    ("error.responseType", Variable::ErrorResponseType),
    ("error.validationErrorString", Variable::ErrorValidationErrorString),
    ("extendedRequestId", Variable::ExtendedRequestId),
    ("httpMethod", Variable::HttpMethod),
    ("identity.accountId", Variable::IdentityAccountId),
    ("identity.apiKey", Variable::IdentityApiKey),
    ("identity.apiKeyId", Variable::IdentityApiKeyId),
    ("identity.caller", Variable::IdentityCaller),
    ("identity.clientCert.clientCertPem", Variable::IdentityClientCertPem),
    ("identity.clientCert.issuerDN", Variable::IdentityClientCertIssuerDn),
    ("identity.clientCert.serialNumber", Variable::IdentityClientCertSerialNumber),
    ("identity.clientCert.subjectDN", Variable::IdentityClientCertSubjectDn),
    ("identity.clientCert.validity.notAfter", Variable::IdentityClientCertNotAfter),
    ("identity.clientCert.validity.notBefore", Variable::IdentityClientCertNotBefore),
    ("identity.cognitoAuthenticationProvider", Variable::IdentityCognitoAuthenticationProvider),
    ("identity.cognitoAuthenticationType", Variable::IdentityCognitoAuthenticationType),
    ("identity.cognitoIdentityId", Variable::IdentityCognitoIdentityId),
    ("identity.cognitoIdentityPoolId", Variable::IdentityCognitoIdentityPoolId),
    ("identity.principalOrgId", Variable::IdentityPrincipalOrgId),
    ("identity.sourceIp", Variable::IdentitySourceIp),
    ("identity.user", Variable::IdentityUser),
    ("identity.userAgent", Variable::IdentityUserAgent),
    ("identity.userArn", Variable::IdentityUserArn),
    ("identity.vpcId", Variable::IdentityVpcId),
    ("identity.vpceId", Variable::IdentityVpceId),
    ("integration.error", Variable::IntegrationError),
    ("integration.integrationStatus", Variable::IntegrationServiceStatus),
    ("integration.latency", Variable::IntegrationLatency),
    ("integration.requestId", Variable::IntegrationRequestId),
    ("integration.responseTransferMode", Variable::IntegrationResponseTransferMode),
    ("integration.status", Variable::IntegrationStatus),
    ("integration.timeToAllHeaders", Variable::IntegrationTimeToAllHeaders),
    ("integration.timeToFirstContent", Variable::IntegrationTimeToFirstContent),
    ("isCanaryRequest", Variable::IsCanaryRequest),
    ("path", Variable::Path),
    ("protocol", Variable::Protocol),
    ("requestId", Variable::RequestId),
    ("requestTime", Variable::RequestTime),
    ("requestTimeEpoch", Variable::RequestTimeEpoch),
    ("resourceId", Variable::ResourceId),
    ("resourcePath", Variable::ResourcePath),
    ("responseLatency", Variable::ResponseLatency),
    ("responseLength", Variable::ResponseLength),
    ("stage", Variable::Stage),
    ("status", Variable::Status),
    ("tlsVersion", Variable::TlsVersion),
    ("waf.error", Variable::WafError),
    ("waf.latency", Variable::WafLatency),
    ("waf.status", Variable::WafStatus),
    ("wafResponseCode", Variable::WafResponseCode),
    ("webaclArn", Variable::WebaclArn),
    ("xrayTraceId", Variable::XrayTraceId),
];

/// Second names.
const ALIASES: &[(&str, Variable)] = &[
    ("awsEndpointRequestId", Variable::IntegrationRequestId),
    ("integrationErrorMessage", Variable::IntegrationError),
    ("integrationLatency", Variable::IntegrationLatency),
    ("integrationStatus", Variable::IntegrationServiceStatus),
];

/// Variables of HTTP and WebSocket APIs.
const OTHER_API_TYPES: &[&str] = &[
    "awsEndpointRequestId2",
    "connectedAt",
    "connectionId",
    "dataProcessed",
    "eventType",
    "messageId",
    "routeKey",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_round_trip() {
        let mut names: Vec<_> = FIXED.iter().chain(ALIASES).map(|(name, _)| *name).collect();
        names.extend(OTHER_API_TYPES);
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
        for (name, variable) in FIXED {
            assert_eq!(variable.name(), *name);
            assert!(matches!(lookup(name), Lookup::Known(found) if found == *variable));
        }
    }

    #[test]
    fn authorizer_keys_are_open() {
        for name in ["authorizer.tenant", "authorizer.claims.cognito:x", "authorizer.claims"] {
            assert!(matches!(lookup(name), Lookup::Known(found) if found.name() == name), "{name}");
        }
        for name in ["authorizer", "authorizer.", "authorizer.claims.", "authorizer.x."] {
            assert!(matches!(lookup(name), Lookup::Unknown), "{name}");
        }
    }
}
