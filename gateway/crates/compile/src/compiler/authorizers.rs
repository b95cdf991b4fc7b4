//! Lambda authorizers of an API, and which methods they guard.

use std::sync::Arc;

use gateway_auth::decisions::DecisionCache;
use gateway_model::{AuthorizationType, Authorizer, AuthorizerType, Diagnostic, Method, Spanned};

use super::context::StageContext;
use super::lambda::{Caller, Invokes};
use super::mapping::context_variable;
use crate::arn::partition;
use crate::expression::{Expression, RequestPart};
use crate::functions::{
    AuthorizerIndex, AuthorizerPlan, FunctionIndex, FunctionTarget, Identity, TokenPattern,
};
use crate::limits::{AUTHORIZER_TTL_S_DEFAULT, AUTHORIZER_TTL_S_MAX, AUTHORIZERS_MAX};
use crate::plan::{Access, StagePlan};
use crate::source::Source;

/// What API Gateway says of a method that names no authorizer, or one that is not there.
const NO_AUTHORIZER: &str = "Invalid authorizer ID specified. Setting the authorization type to CUSTOM or \
                             COGNITO_USER_POOLS requires a valid authorizer.";

impl StageContext<'_, '_> {
    /// Compiles the API's Lambda authorizers, used or not, so that what is wrong with one is said.
    ///
    /// `before` is the same stage, or the same canary, of the snapshot being served: decisions are kept
    /// from there. A stage and its canary keep decisions of their own, because stage variables may name
    /// different functions.
    pub(super) fn compile_authorizers(&mut self, before: Option<&StagePlan>) {
        let api = self.api;
        if api.authorizers.len() > AUTHORIZERS_MAX {
            let text = format!(
                "Maximum number of Authorizers for this API has been reached: an API has at most \
                 {AUTHORIZERS_MAX}"
            );
            self.error(&api.place, text);
            return;
        }
        for authorizer in api.authorizers.values() {
            if let Some(plan) = self.authorizer(authorizer, before) {
                let index = AuthorizerIndex(self.authorizers.len() as u16);
                self.authorizer_index.insert(authorizer.id.clone(), index);
                self.authorizers.push(plan);
            }
        }
    }

    /// Who may call a method.
    pub(super) fn access(&mut self, method: &Method) -> Access {
        match method.authorization_type {
            AuthorizationType::None => return Access::Open,
            AuthorizationType::AwsIam => return Access::IamUnserved,
            AuthorizationType::Custom | AuthorizationType::CognitoUserPools => {}
        }
        let id = method.authorizer_id.as_ref();
        let Some(authorizer) = id.and_then(|id| self.api.authorizers.get(id)) else {
            let diagnostic = Diagnostic::error(&method.authorization_place, NO_AUTHORIZER);
            let help = "set AuthorizerId to an AWS::ApiGateway::Authorizer of the same API";
            self.diagnostics.push(diagnostic.with_help(help));
            return Access::AuthorizerUnserved;
        };
        let is_custom = method.authorization_type == AuthorizationType::Custom;
        let is_lambda = authorizer.kind != AuthorizerType::CognitoUserPools;
        match self.authorizer_index.get(&authorizer.id) {
            Some(index) if is_custom && is_lambda => Access::Authorizer(*index),
            _ => Access::AuthorizerUnserved,
        }
    }

    fn authorizer(
        &mut self,
        authorizer: &Authorizer,
        before: Option<&StagePlan>,
    ) -> Option<AuthorizerPlan> {
        let ttl_s = self.ttl_s(authorizer);
        let identity = match authorizer.kind {
            AuthorizerType::CognitoUserPools => return None,
            AuthorizerType::Token => self.token_identity(authorizer),
            AuthorizerType::Request => self.request_identity(authorizer, ttl_s),
        };
        let function = self.authorizer_function(authorizer);
        let (identity, function) = (identity?, function?);
        let ttl_ms = ttl_s.unsigned_abs() * 1_000;
        let decisions = before.and_then(|before| {
            let target = &self.functions[usize::from(function.0)];
            kept(before, authorizer, &identity, target, ttl_ms)
        });
        Some(AuthorizerPlan {
            id: authorizer.id.as_str().into(),
            name: authorizer.name.as_str().into(),
            identity,
            function,
            ttl_ms,
            decisions: decisions.unwrap_or_default(),
        })
    }

    fn ttl_s(&mut self, authorizer: &Authorizer) -> i64 {
        let ttl_s = authorizer.result_ttl_seconds.unwrap_or(AUTHORIZER_TTL_S_DEFAULT);
        if !(0..=AUTHORIZER_TTL_S_MAX).contains(&ttl_s) {
            let text = format!(
                "authorizer {}: AuthorizerResultTtlInSeconds must be between 0 and \
                 {AUTHORIZER_TTL_S_MAX}, not {ttl_s}",
                authorizer.name
            );
            self.error(&authorizer.place, text);
        }
        ttl_s.clamp(0, AUTHORIZER_TTL_S_MAX)
    }

    fn authorizer_function(&mut self, authorizer: &Authorizer) -> Option<FunctionIndex> {
        let Some(written) = &authorizer.authorizer_uri else {
            let text = format!(
                "authorizer {}: a {} authorizer needs an AuthorizerUri",
                authorizer.name, authorizer.kind
            );
            self.error(&authorizer.place, text);
            return None;
        };
        let invocation = match self.invokes(written, Caller::Authorizer) {
            Invokes::Function(invocation) if !invocation.is_streaming => invocation,
            Invokes::Function(_) | Invokes::Other(_) => {
                let text = format!("Invalid Authorizer URI: {}", written.value);
                let help = "an authorizer invokes a function: \
                            …:lambda:path/2015-03-31/functions/FUNCTION_ARN/invocations";
                self.diagnostics.push(Diagnostic::error(&written.place, text).with_help(help));
                return None;
            }
            Invokes::Nothing => return self.function_index(FunctionTarget::Missing),
        };
        let name = &invocation.function;
        if authorizer.authorizer_credentials.is_none() {
            let options = self.shared.options;
            let (region, account) = (&options.region, &options.account_id);
            let caller = format!(
                "arn:{}:execute-api:{region}:{account}:{}/authorizers/{}",
                partition(region),
                self.api.id,
                authorizer.id
            );
            if !self.is_permitted(name, vec![caller], written, Caller::Authorizer) {
                return self.function_index(FunctionTarget::Missing);
            }
        }
        self.function(name, written, Caller::Authorizer)
    }

    /// The one header of a `TOKEN` authorizer.
    fn token_identity(&mut self, authorizer: &Authorizer) -> Option<Identity> {
        let header =
            authorizer.identity_source.as_ref().and_then(|written| {
                match Expression::parse(written.value.trim()) {
                    Ok(Expression::Request(RequestPart::Header, name)) => Some(name),
                    _ => None,
                }
            });
        let pattern = match &authorizer.identity_validation_expression {
            Some(written) if !written.value.is_empty() => {
                Some(self.token_pattern(authorizer, written)?)
            }
            _ => None,
        };
        let Some(header) = header else {
            let place = authorizer.identity_source.as_ref().map_or(&authorizer.place, |s| &s.place);
            let given = authorizer.identity_source.as_ref().map_or("nothing", |s| &s.value);
            let text = format!(
                "authorizer {}: the IdentitySource of a TOKEN authorizer is exactly one header, not {given}",
                authorizer.name
            );
            let help = "write method.request.header.NAME";
            self.diagnostics.push(Diagnostic::error(place, text).with_help(help));
            return None;
        };
        Some(Identity::Token { header: header.into_bytes().into(), validation: pattern })
    }

    fn token_pattern(
        &mut self,
        authorizer: &Authorizer,
        written: &Spanned<String>,
    ) -> Option<TokenPattern> {
        match TokenPattern::parse(&written.value) {
            Ok(pattern) => Some(pattern),
            Err(why) => {
                let text = format!(
                    "authorizer {}: IdentityValidationExpression \"{}\" is not served: {why}",
                    authorizer.name, written.value
                );
                let help = "expressions are matched in linear time, so look-around, back-references and \
                            possessive quantifiers are not there; write it without them";
                self.diagnostics.push(Diagnostic::error(&written.place, text).with_help(help));
                None
            }
        }
    }

    /// The values that identify the caller to a `REQUEST` authorizer.
    fn request_identity(&mut self, authorizer: &Authorizer, ttl_s: i64) -> Option<Identity> {
        let written = authorizer.identity_source.as_ref().filter(|s| !s.value.trim().is_empty());
        let Some(written) = written else {
            if ttl_s > 0 {
                let text = format!(
                    "authorizer {}: a REQUEST authorizer whose decisions are kept needs an IdentitySource",
                    authorizer.name
                );
                let help =
                    "name what identifies the caller, or set AuthorizerResultTtlInSeconds to 0";
                self.diagnostics.push(Diagnostic::error(&authorizer.place, text).with_help(help));
                return None;
            }
            return Some(Identity::Request(Vec::new()));
        };
        let sources: Vec<Option<Source>> = written
            .value
            .split(',')
            .map(|expression| self.identity_source(authorizer, expression.trim(), written))
            .collect();
        sources.into_iter().collect::<Option<Vec<Source>>>().map(Identity::Request)
    }

    fn identity_source(
        &mut self,
        authorizer: &Authorizer,
        expression: &str,
        written: &Spanned<String>,
    ) -> Option<Source> {
        let source = match Expression::parse(expression) {
            Ok(Expression::Request(RequestPart::Header, name)) => {
                Some(Source::Header(name.into_bytes().into()))
            }
            Ok(Expression::Request(RequestPart::Query, name)) => {
                Some(Source::Query(name.into_bytes().into()))
            }
            Ok(Expression::StageVariable(name)) => Some(match self.stage_variable(&name) {
                Some(value) if !value.is_empty() => Source::Literal(value.as_bytes().into()),
                _ => Source::Missing,
            }),
            Ok(Expression::Context(name)) => context_variable(&name).map(Source::Context),
            _ => None,
        };
        if source.is_none() {
            let text = format!(
                "authorizer {}: Invalid identity source specified: {expression}",
                authorizer.name
            );
            let help = "write method.request.header.NAME, method.request.querystring.NAME, \
                        stageVariables.NAME or context.NAME, with commas between";
            self.diagnostics.push(Diagnostic::error(&written.place, text).with_help(help));
        } else if source == Some(Source::Missing) {
            let text = format!(
                "authorizer {}: stage {} has no value for {expression}, so every caller is answered 401",
                authorizer.name, self.stage.name
            );
            self.warn(&written.place, text);
        }
        source
    }
}

impl TokenPattern {
    /// Compiles a Java regular expression that has to match a whole token.
    ///
    /// # Errors
    /// One line that says what the engine lacks.
    pub fn parse(text: &str) -> Result<Self, String> {
        crate::pattern::whole(text).map(Self)
    }
}

impl PartialEq for TokenPattern {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

/// The decisions of an authorizer that is what it was: its kind, its identity sources, its function with
/// all that the function is started from, and how long decisions are kept.
fn kept(
    before: &StagePlan,
    authorizer: &Authorizer,
    identity: &Identity,
    function: &FunctionTarget,
    ttl_ms: u64,
) -> Option<Arc<DecisionCache>> {
    let plan = before.authorizers.iter().find(|plan| *plan.id == *authorizer.id.as_str())?;
    let is_same = plan.identity == *identity
        && plan.ttl_ms == ttl_ms
        && before.function(plan.function) == function;
    is_same.then(|| Arc::clone(&plan.decisions))
}
