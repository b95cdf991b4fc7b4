//! Who may call: authorizers of a REST API.

use crate::closed::closed_names;
use crate::{AuthorizerId, Place, Spanned};

closed_names! {
    /// How an authorizer decides.
    pub enum AuthorizerType {
        /// A Lambda function that sees one token.
        Token = "TOKEN",
        /// A Lambda function that sees the request.
        Request = "REQUEST",
        /// A JSON web token of a Cognito user pool.
        CognitoUserPools = "COGNITO_USER_POOLS",
    }
}

/// An authorizer (`AWS::ApiGateway::Authorizer`).
#[derive(Clone, Debug, PartialEq)]
pub struct Authorizer {
    /// Its id.
    pub id: AuthorizerId,
    /// Its name.
    pub name: String,
    /// How it decides.
    pub kind: AuthorizerType,
    /// The user pools' ARNs, for [`AuthorizerType::CognitoUserPools`].
    pub provider_arns: Vec<String>,
    /// A free label, used in exports only.
    pub auth_type: Option<String>,
    /// The invocation URI of the function.
    pub authorizer_uri: Option<Spanned<String>>,
    /// The role that calls the function.
    pub authorizer_credentials: Option<String>,
    /// Mapping expressions, comma separated, that name the identity.
    pub identity_source: Option<Spanned<String>>,
    /// A regular expression that the token must match.
    pub identity_validation_expression: Option<Spanned<String>>,
    /// How long a decision is kept, in seconds; absent acts as 300.
    pub result_ttl_seconds: Option<i64>,
    /// Where it was written.
    pub place: Place,
}
