//! Security schemes: authorizers, API keys, signatures.

use super::cursor::Cursor;
use super::{Importer, Scheme, Version};
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
        for (key, written) in schemes.members() {
            let Some(scheme) = written.resolved() else { continue };
            let kind = if let Some(authorizer) = scheme.member(AUTHORIZER) {
                self.authorizer(&key.text, &scheme, &authorizer).unwrap_or(Scheme::Broken)
            } else if is_signed(&scheme) {
                Scheme::Signature
            } else if is_api_key(&scheme) {
                Scheme::ApiKey
            } else {
                Scheme::Unchecked
            };
            self.schemes.insert(&key.text, kind);
        }
    }

    fn authorizer(&mut self, name: &str, scheme: &Cursor<'n>, at: &Cursor<'n>) -> Option<Scheme> {
        if at.node.as_map().is_none() {
            at.wrong_type("an object");
            return None;
        }
        at.expect_members(&MEMBERS);
        if at.plain_text("type").is_some_and(|kind| kind.eq_ignore_ascii_case("jwt")) {
            at.warning("authorizers of type jwt are for HTTP APIs and not served yet");
            return None;
        }
        if at.member("type").is_none() {
            at.error("an authorizer without \"type\"");
            return None;
        }
        let kind = at.word("type", AuthorizerType::parse)?;
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
        self.api.authorizers.insert(id.clone(), authorizer);
        Some(Scheme::Authorizer(id, kind))
    }
}

/// Whether a scheme asks for an API key: `x-api-key` in a header.
fn is_api_key(scheme: &Cursor<'_>) -> bool {
    let is = |member: &str, text: &str| {
        let found = scheme.member(member).and_then(|member| member.node.scalar_text());
        found.is_some_and(|found| found.eq_ignore_ascii_case(text))
    };
    is("type", "apiKey")
        && is("in", "header")
        && is("name", "x-api-key")
        && scheme.member(AUTHTYPE).is_none()
}

/// Whether a scheme asks for a signature: `awsSigv4`. Words that begin with `aws` are reserved.
fn is_signed(scheme: &Cursor<'_>) -> bool {
    let authtype = scheme.plain_text(AUTHTYPE);
    authtype.is_some_and(|authtype| authtype.to_ascii_lowercase().starts_with("aws"))
}
