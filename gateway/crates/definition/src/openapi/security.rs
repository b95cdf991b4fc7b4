//! Security schemes: authorizers, API keys, signatures.

use super::cursor::Cursor;
use super::{Importer, Version};
use gateway_model::{Authorizer, AuthorizerId, AuthorizerType, Spanned};

const AUTHORIZER: &str = "x-amazon-apigateway-authorizer";
const AUTHTYPE: &str = "x-amazon-apigateway-authtype";

const MEMBERS: [&str; 10] = [
    "type",
    "authorizerUri",
    "authorizerCredentials",
    "identitySource",
    "identityValidationExpression",
    "authorizerResultTtlInSeconds",
    "providerARNs",
    // Of HTTP APIs; version 1.0 is what REST APIs send.
    "authorizerPayloadFormatVersion",
    "enableSimpleResponses",
    "jwtConfiguration",
];

/// How long a decision is kept at most, in seconds. Source: CreateAuthorizer.
const TTL_SECONDS_MAX: i64 = 3_600;

impl<'n> Importer<'_, 'n> {
    fn schemes(&self) -> Option<Cursor<'n>> {
        match self.version {
            Version::V2 => self.root.member("securityDefinitions"),
            Version::V3 => self.root.member("components")?.member("securitySchemes"),
        }
    }

    /// Every scheme with an authorizer makes one, used or not.
    pub(super) fn read_security(&mut self, _: &Cursor<'n>) {
        let Some(schemes) = self.schemes() else { return };
        for (key, scheme) in schemes.members() {
            let Some(scheme) = scheme.resolved() else { continue };
            if let Some(authorizer) = scheme.member(AUTHORIZER) {
                self.authorizer(&key.text, &scheme, &authorizer);
            }
        }
    }

    fn authorizer(&mut self, name: &str, scheme: &Cursor<'n>, at: &Cursor<'n>) {
        if at.node.as_map().is_none() {
            return at.wrong_type("an object");
        }
        at.expect_members(&MEMBERS);
        if at.plain_text("type").is_some_and(|kind| kind.eq_ignore_ascii_case("jwt")) {
            return at.warning("authorizers of type jwt are for HTTP APIs and not served yet");
        }
        if at.member("type").is_none() {
            return at.error("an authorizer without \"type\"");
        }
        let Some(kind) = at.word("type", AuthorizerType::parse) else { return };
        let source = at.text("identitySource");
        // A token is in the header that the scheme names.
        let header = scheme
            .text("name")
            .filter(|_| kind != AuthorizerType::Request)
            .map(|name| Spanned::new(format!("method.request.header.{}", name.value), name.place));
        let ttl: Option<i64> = at.integer("authorizerResultTtlInSeconds");
        if ttl.is_some_and(|ttl| !(0..=TTL_SECONDS_MAX).contains(&ttl)) {
            at.error(format!(
                "Authorizer result TTL must be 0 to {TTL_SECONDS_MAX} seconds, not {}",
                ttl.unwrap_or_default()
            ));
        }
        let id = AuthorizerId::new(&self.settings.part_id(&format!("authorizer {name}")));
        let authorizer = Authorizer {
            id: id.clone(),
            name: name.to_owned(),
            kind,
            provider_arns: at.plain_texts("providerARNs"),
            auth_type: scheme
                .plain_text(AUTHTYPE)
                .or_else(|| Some(super::export::default_label(kind).to_owned())),
            authorizer_uri: at.text("authorizerUri"),
            authorizer_credentials: at.plain_text("authorizerCredentials"),
            identity_source: source.or(header),
            identity_validation_expression: at.text("identityValidationExpression"),
            result_ttl_seconds: ttl,
            place: at.place().clone(),
        };
        self.authorizers.insert(name.to_owned(), (id.clone(), kind));
        self.api.authorizers.insert(id, authorizer);
    }

    fn scheme(&self, name: &str) -> Option<Cursor<'n>> {
        self.schemes()?.member(name)?.resolved()
    }

    /// Whether a scheme asks for an API key: `x-api-key` in a header, and no extension.
    pub(super) fn is_api_key(&self, name: &str) -> bool {
        let Some(scheme) = self.scheme(name) else { return false };
        let is = |member: &str, text: &str| {
            let found = scheme.member(member).and_then(|member| member.node.scalar_text());
            found.is_some_and(|found| found.eq_ignore_ascii_case(text))
        };
        is("type", "apiKey")
            && is("in", "header")
            && is("name", "x-api-key")
            && scheme.member(AUTHORIZER).is_none()
            && scheme.member(AUTHTYPE).is_none()
    }

    /// Whether a scheme asks for a signature: `awsSigv4`. Words that begin with `aws` are reserved.
    pub(super) fn is_signed(&self, name: &str) -> bool {
        let authtype = self.scheme(name).and_then(|scheme| scheme.plain_text(AUTHTYPE));
        authtype.is_some_and(|authtype| authtype.to_ascii_lowercase().starts_with("aws"))
    }

    /// Says why a requirement has no effect.
    pub(super) fn unknown_requirement(&self, name: &str, at: &Cursor<'n>) {
        match self.scheme(name) {
            None => at.warning(format!(
                "no security scheme is called \"{name}\"; this requirement is left out"
            )),
            // That its authorizer is of no use has been said.
            Some(scheme) if scheme.member(AUTHORIZER).is_some() => {}
            Some(_) => at.warning(format!(
                "API Gateway does not check the security scheme \"{name}\"; it needs {AUTHORIZER}, \
                 {AUTHTYPE}, or to be the header x-api-key"
            )),
        }
    }
}
