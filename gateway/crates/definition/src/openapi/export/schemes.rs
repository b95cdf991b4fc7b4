//! Security schemes of an exported document.

use super::{ExportOptions, Object, text, texts};
use gateway_model::{AuthorizationType, Authorizer, AuthorizerType, Json, RestApi};

/// The names of the two schemes that no authorizer makes.
pub(super) struct Schemes {
    pub(super) api_key: String,
    pub(super) signature: String,
}

impl Schemes {
    /// `api_key` and `sigv4`, or the next name that no authorizer has.
    pub(super) fn of(api: &RestApi) -> Self {
        let free = |name: &str| {
            let mut name = name.to_owned();
            while api.authorizers.values().any(|authorizer| authorizer.name == name) {
                name.push('_');
            }
            name
        };
        Self { api_key: free("api_key"), signature: free("sigv4") }
    }

    pub(super) fn write(&self, api: &RestApi, options: &ExportOptions) -> Json {
        let methods = || api.resources.values().flat_map(|resource| resource.methods.values());
        let mut schemes = Vec::new();
        if methods().any(|method| method.api_key_required) {
            schemes.push((self.api_key.clone(), scheme("x-api-key").finish()));
        }
        if methods().any(|method| method.authorization_type == AuthorizationType::AwsIam) {
            let mut signature = scheme("Authorization");
            signature.set("x-amazon-apigateway-authtype", text("awsSigv4"));
            schemes.push((self.signature.clone(), signature.finish()));
        }
        for authorizer in api.authorizers.values() {
            let written = of_authorizer(authorizer, options.authorizers || options.apigateway);
            schemes.push((authorizer.name.clone(), written));
        }
        schemes.sort_by(|(a, _), (b, _)| a.cmp(b));
        Json::Object(schemes)
    }
}

/// All schemes are API keys to OpenAPI.
fn scheme(header: &str) -> Object {
    let mut scheme = Object::default();
    scheme.set("type", text("apiKey"));
    scheme.set("name", text(header));
    scheme.set("in", text("header"));
    scheme
}

fn of_authorizer(authorizer: &Authorizer, is_whole: bool) -> Json {
    let source = authorizer.identity_source.as_ref().map(|source| source.value.as_str());
    // A token's header is the scheme's; of a request there may be several.
    let is_request = authorizer.kind == AuthorizerType::Request;
    let header = source.and_then(|source| source.strip_prefix("method.request.header."));
    let header = header.filter(|_| !is_request);
    let mut written = scheme(header.unwrap_or("Unused"));
    let label = authorizer.auth_type.as_deref().unwrap_or_else(|| default_label(authorizer.kind));
    written.set("x-amazon-apigateway-authtype", text(label));
    if !is_whole {
        return written.finish();
    }
    let mut extension = Object::default();
    extension.set("type", text(&authorizer.kind.as_str().to_ascii_lowercase()));
    let uri = authorizer.authorizer_uri.as_ref();
    extension.set("authorizerUri", uri.map(|uri| text(&uri.value)));
    let credentials = authorizer.authorizer_credentials.as_deref();
    extension.set("authorizerCredentials", credentials.map(text));
    extension.set("identitySource", source.filter(|_| header.is_none()).map(text));
    let expression = authorizer.identity_validation_expression.as_ref();
    extension.set("identityValidationExpression", expression.map(|e| text(&e.value)));
    let ttl = authorizer.result_ttl_seconds;
    extension
        .set("authorizerResultTtlInSeconds", ttl.map(|seconds| Json::Number(seconds.to_string())));
    extension.set_some("providerARNs", texts(authorizer.provider_arns.iter().map(String::as_str)));
    written.set("x-amazon-apigateway-authorizer", extension.finish());
    written.finish()
}

/// What an authorizer without a label has. Source: control-plane §7.8.
pub(crate) const fn default_label(kind: AuthorizerType) -> &'static str {
    match kind {
        AuthorizerType::Token | AuthorizerType::Request => "custom",
        AuthorizerType::CognitoUserPools => "cognito_user_pools",
    }
}
