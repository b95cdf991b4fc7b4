//! The responses that the gateway makes up itself.

use crate::closed::closed_names;
use crate::{ParameterMapping, Place, StatusCode, Template};

closed_names! {
    /// Why the gateway answers instead of an integration.
    pub enum GatewayResponseType {
        /// A policy or an authorizer denies.
        AccessDenied = "ACCESS_DENIED",
        /// The API's own definition fails the request.
        ApiConfigurationError = "API_CONFIGURATION_ERROR",
        /// The authorizer cannot be reached or answers nonsense.
        AuthorizerConfigurationError = "AUTHORIZER_CONFIGURATION_ERROR",
        /// The authorizer could not decide.
        AuthorizerFailure = "AUTHORIZER_FAILURE",
        /// A required request parameter is missing.
        BadRequestParameters = "BAD_REQUEST_PARAMETERS",
        /// The body does not match its model.
        BadRequestBody = "BAD_REQUEST_BODY",
        /// Every 4xx type that is not customised itself.
        Default4xx = "DEFAULT_4XX",
        /// Every 5xx type that is not customised itself.
        Default5xx = "DEFAULT_5XX",
        /// The AWS security token has expired.
        ExpiredToken = "EXPIRED_TOKEN",
        /// The integration failed.
        IntegrationFailure = "INTEGRATION_FAILURE",
        /// The integration took too long.
        IntegrationTimeout = "INTEGRATION_TIMEOUT",
        /// The API key is missing or unknown.
        InvalidApiKey = "INVALID_API_KEY",
        /// The AWS signature is wrong.
        InvalidSignature = "INVALID_SIGNATURE",
        /// No route, or a signed method without a signature.
        MissingAuthenticationToken = "MISSING_AUTHENTICATION_TOKEN",
        /// A usage plan's quota is used up.
        QuotaExceeded = "QUOTA_EXCEEDED",
        /// The body is too long. Cannot be customised.
        RequestTooLarge = "REQUEST_TOO_LARGE",
        /// The resource is gone.
        ResourceNotFound = "RESOURCE_NOT_FOUND",
        /// A throttle refuses.
        Throttled = "THROTTLED",
        /// The authorizer does not know the caller.
        Unauthorized = "UNAUTHORIZED",
        /// No template fits the content type and passing through is off.
        UnsupportedMediaType = "UNSUPPORTED_MEDIA_TYPE",
        /// The web ACL blocks.
        WafFiltered = "WAF_FILTERED",
    }
}

impl GatewayResponseType {
    /// The status when nothing else says one; the two `DEFAULT_…` types have none.
    ///
    /// Source: GetGatewayResponses.
    #[must_use]
    pub const fn default_status(self) -> Option<u16> {
        Some(match self {
            Self::Default4xx | Self::Default5xx => return None,
            Self::BadRequestParameters | Self::BadRequestBody => 400,
            Self::Unauthorized => 401,
            Self::AccessDenied
            | Self::ExpiredToken
            | Self::InvalidApiKey
            | Self::InvalidSignature
            | Self::MissingAuthenticationToken
            | Self::WafFiltered => 403,
            Self::ResourceNotFound => 404,
            Self::RequestTooLarge => 413,
            Self::UnsupportedMediaType => 415,
            Self::QuotaExceeded | Self::Throttled => 429,
            Self::ApiConfigurationError
            | Self::AuthorizerConfigurationError
            | Self::AuthorizerFailure => 500,
            Self::IntegrationFailure | Self::IntegrationTimeout => 504,
        })
    }

    /// The `DEFAULT_…` type that stands in when this type is not customised.
    ///
    /// A `DEFAULT_…` type is its own family.
    #[must_use]
    pub const fn family(self) -> Self {
        match self.default_status() {
            Some(500..) => Self::Default5xx,
            Some(_) => Self::Default4xx,
            None => self,
        }
    }
}

/// One customised gateway response (`AWS::ApiGateway::GatewayResponse`).
#[derive(Clone, Debug, PartialEq)]
pub struct GatewayResponse {
    /// Which response it replaces.
    pub response_type: GatewayResponseType,
    /// The status, when it is customised.
    pub status_code: Option<StatusCode>,
    /// `gatewayresponse.header.NAME` from an expression.
    pub response_parameters: Vec<ParameterMapping>,
    /// Content type to body, in the order written.
    pub response_templates: Vec<Template>,
    /// Where it was written.
    pub place: Place,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_but_the_two_defaults_has_a_status_of_its_family() {
        for kind in GatewayResponseType::ALL {
            assert_eq!(GatewayResponseType::parse(kind.as_str()), Ok(*kind));
            match kind.default_status() {
                None => assert_eq!(kind.family(), *kind),
                Some(400..=499) => assert_eq!(kind.family(), GatewayResponseType::Default4xx),
                Some(_) => assert_eq!(kind.family(), GatewayResponseType::Default5xx),
            }
        }
        assert_eq!(GatewayResponseType::ALL.len(), 21);
    }
}
