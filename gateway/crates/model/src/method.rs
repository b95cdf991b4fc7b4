//! One verb of one resource.

use crate::closed::closed_names;
use crate::{AuthorizerId, HttpMethod, Integration, Place, RequestValidatorId, StatusCode};
use std::collections::BTreeMap;

closed_names! {
    /// What a caller must show.
    pub enum AuthorizationType {
        /// Nothing.
        None = "NONE",
        /// A SigV4 signature.
        AwsIam = "AWS_IAM",
        /// What a Lambda authorizer asks for.
        Custom = "CUSTOM",
        /// A token of a Cognito user pool.
        CognitoUserPools = "COGNITO_USER_POOLS",
    }
}

/// A method (`AWS::ApiGateway::Method`): what a caller sends and gets, and what answers.
#[derive(Clone, Debug, PartialEq)]
pub struct Method {
    /// Its verb.
    pub http_method: HttpMethod,
    /// What a caller must show.
    pub authorization_type: AuthorizationType,
    /// The authorizer, for `CUSTOM` and `COGNITO_USER_POOLS`.
    pub authorizer_id: Option<AuthorizerId>,
    /// Scopes of which the caller's token must have one.
    pub authorization_scopes: Vec<String>,
    /// Whether a caller must send an API key of a usage plan.
    pub api_key_required: bool,
    /// A name for generated clients.
    pub operation_name: Option<String>,
    /// `method.request.header.X` and so on, to whether it is required.
    pub request_parameters: BTreeMap<String, bool>,
    /// Content type to model name.
    pub request_models: BTreeMap<String, String>,
    /// What is checked before the integration is called.
    pub request_validator_id: Option<RequestValidatorId>,
    /// What answers; without one the method answers 500.
    pub integration: Option<Integration>,
    /// The responses that integration responses may refer to.
    pub method_responses: BTreeMap<StatusCode, MethodResponse>,
    /// Where the authorization type was written, or the method's own place.
    pub authorization_place: Place,
    /// Where it was written.
    pub place: Place,
}

impl Method {
    /// An open method with no integration.
    #[must_use]
    pub fn new(http_method: HttpMethod, place: Place) -> Self {
        Self {
            http_method,
            authorization_type: AuthorizationType::None,
            authorizer_id: None,
            authorization_scopes: Vec::new(),
            api_key_required: false,
            operation_name: None,
            request_parameters: BTreeMap::new(),
            request_models: BTreeMap::new(),
            request_validator_id: None,
            integration: None,
            method_responses: BTreeMap::new(),
            authorization_place: place.clone(),
            place,
        }
    }
}

/// What a method promises for one status.
#[derive(Clone, Debug, PartialEq)]
pub struct MethodResponse {
    /// The status.
    pub status_code: StatusCode,
    /// `method.response.header.X`, to whether it is required.
    pub response_parameters: BTreeMap<String, bool>,
    /// Content type to model name.
    pub response_models: BTreeMap<String, String>,
    /// Where it was written.
    pub place: Place,
}
