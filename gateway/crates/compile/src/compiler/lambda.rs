//! `AWS_PROXY` integrations, and `AWS` integrations with a function.

use gateway_model::{Diagnostic, Integration, IntegrationType, ResponseTransferMode, Spanned};

use super::context::{MethodContext, StageContext};
use super::functions::{Asked, Found};
use super::integration::{RequestMappings, passthrough};
use crate::arn::{FunctionName, Invocation, ServiceCall, ServiceUri, partition};
use crate::failure::Failure;
use crate::functions::{
    CustomMapping, FunctionIndex, FunctionTarget, LambdaMapping, LambdaPlan, RemoteFunction,
};
use crate::headers::ResponseOrigin;
use crate::plan::{Endpoint, IntegrationPlan};
use crate::service::catalog::address;
use crate::templates::RequestTemplates;
use crate::uri::{BackendUri, Piece, encode_query_name};

/// Who wants a function invoked, for diagnostics.
#[derive(Clone, Copy)]
pub(super) enum Caller {
    Method,
    Authorizer,
}

impl Caller {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Method => "the method answers 500",
            Self::Authorizer => "every method with this authorizer answers 500",
        }
    }
}

/// What the URI of an integration or an authorizer means on a stage.
pub(super) enum Invokes {
    Function(Invocation),
    /// Another service.
    Other(ServiceCall),
    /// Nothing that can be called; that has been said.
    Nothing,
}

const NO_FUNCTION_HELP: &str =
    "write arn:aws:apigateway:REGION:lambda:path/2015-03-31/functions/FUNCTION_ARN/invocations";

impl StageContext<'_, '_> {
    pub(super) fn lambda(
        &mut self,
        context: MethodContext<'_>,
        integration: &Integration,
        mappings: RequestMappings,
    ) -> IntegrationPlan {
        let is_proxy = integration.kind == IntegrationType::AwsProxy;
        let Some(written) = &integration.uri else {
            self.error(&integration.place, "Invalid ARN specified in the request: there is none");
            return IntegrationPlan::Unserved;
        };
        let invocation = match self.invokes(written, Caller::Method) {
            Invokes::Function(invocation) => invocation,
            Invokes::Other(_) if is_proxy => {
                let text = "Integrations of type 'AWS_PROXY' currently only supports Lambda function and \
                            Firehose stream invocations.";
                let diagnostic = Diagnostic::error(&written.place, text);
                self.diagnostics.push(diagnostic.with_help(NO_FUNCTION_HELP));
                return IntegrationPlan::Unserved;
            }
            Invokes::Other(call) => {
                return self.service(context, integration, mappings, written, &call);
            }
            Invokes::Nothing => {
                return IntegrationPlan::Misconfigured(Failure::api_configuration_error());
            }
        };
        let timeout_ms = self.timeout_ms(integration);
        let is_post = self.is_post(integration);
        let mapping = match is_proxy {
            true => LambdaMapping::Proxy,
            false => self.custom(context, integration, &mappings),
        };
        if mappings.is_forbidden {
            return IntegrationPlan::Misconfigured(Failure::api_configuration_error());
        }
        let streams = integration.response_transfer_mode == Some(ResponseTransferMode::Stream);
        if invocation.is_streaming || streams {
            let text = "response streaming is not served yet; the method answers 500";
            self.warn(&written.place, text);
            return IntegrationPlan::Misconfigured(Failure::api_configuration_error());
        }
        let name = &invocation.function;
        let is_permitted =
            integration.credentials.is_some() || self.may_call(context, name, written);
        if !is_post || !is_permitted {
            return IntegrationPlan::Misconfigured(Failure::integration_failure(500));
        }
        match self.function(name, written, Caller::Method) {
            Some(function) => {
                IntegrationPlan::Lambda(Box::new(LambdaPlan { function, timeout_ms, mapping }))
            }
            None => IntegrationPlan::Unserved,
        }
    }

    fn custom(
        &mut self,
        context: MethodContext<'_>,
        integration: &Integration,
        mappings: &RequestMappings,
    ) -> LambdaMapping {
        let templates = self.templates(&integration.request_templates);
        LambdaMapping::Custom(Box::new(CustomMapping {
            request_templates: RequestTemplates::new(
                templates,
                passthrough(integration),
                integration.content_handling,
            ),
            headers: mappings.headers.clone(),
            responses: self.responses(context, integration, ResponseOrigin::Http),
            needs_request_body: mappings.needs_body,
        }))
    }

    /// Lambda takes invocations by `POST` only.
    fn is_post(&mut self, integration: &Integration) -> bool {
        let Some(written) = &integration.http_method else {
            let text = "Enumeration value for HttpMethod must be non-empty";
            let diagnostic = Diagnostic::error(&integration.place, text);
            self.diagnostics.push(diagnostic.with_help("set IntegrationHttpMethod to POST"));
            return true;
        };
        let is_post = written.value.eq_ignore_ascii_case("POST");
        if !is_post {
            let text = format!(
                "a function is invoked by POST, not {}; the method answers 500",
                written.value
            );
            let diagnostic = Diagnostic::warning(&written.place, text);
            self.diagnostics.push(diagnostic.with_help("set IntegrationHttpMethod to POST"));
        }
        is_post
    }

    /// What a URI invokes. A URI with stage variables is held against each stage's values; one without is
    /// an error when it is wrong.
    pub(super) fn invokes(&mut self, written: &Spanned<String>, caller: Caller) -> Invokes {
        let text = self.resolve_stage_variables(&written.value);
        match ServiceUri::parse(&text) {
            Ok(ServiceUri::Lambda(invocation)) => Invokes::Function(invocation),
            Ok(ServiceUri::Other(call)) => Invokes::Other(call),
            Err(error) if text == written.value => {
                let diagnostic = Diagnostic::error(&written.place, format!("{error}: {text}"));
                self.diagnostics.push(diagnostic.with_help(NO_FUNCTION_HELP));
                Invokes::Nothing
            }
            Err(error) => {
                let said = format!(
                    "{error}: \"{}\" on stage {}; {}",
                    text.escape_debug(),
                    self.stage.name,
                    caller.as_str()
                );
                self.warn(&written.place, said);
                Invokes::Nothing
            }
        }
    }

    /// The index of what answers for a function. `None` when the stage has too many, which has been
    /// reported.
    pub(super) fn function(
        &mut self,
        name: &FunctionName,
        written: &Spanned<String>,
        caller: Caller,
    ) -> Option<FunctionIndex> {
        let target = match self.find_function(name) {
            Found::Here(plan) => FunctionTarget::Local(plan),
            Found::NoQualifier => {
                let qualifier = name.qualifier.as_deref().unwrap_or_default();
                let text = format!(
                    "function {} has no alias or version {qualifier} here; {}",
                    name.name,
                    caller.as_str()
                );
                let help = match qualifier.bytes().all(|b| b.is_ascii_digit()) {
                    true => "define it as an AWS::Lambda::Version, or name an alias".to_owned(),
                    false => format!("define an AWS::Lambda::Alias with the Name {qualifier}"),
                };
                self.diagnostics.push(Diagnostic::warning(&written.place, text).with_help(help));
                FunctionTarget::Missing
            }
            Found::Elsewhere(why) => {
                let why = format!("function {} cannot run here: {why}", name.name);
                self.remote(name, written, caller, &why)?
            }
            Found::Nothing => {
                let why = format!("function {} is not defined here", name.name);
                self.remote(name, written, caller, &why)?
            }
        };
        let index = self.function_index(target);
        if index.is_none() {
            self.error(&written.place, "more distinct functions than one stage can have");
        }
        index
    }

    /// Somebody else who runs the function, if there is one.
    fn remote(
        &mut self,
        name: &FunctionName,
        written: &Spanned<String>,
        caller: Caller,
        why: &str,
    ) -> Option<FunctionTarget> {
        let options = self.shared.options;
        let url = match options.aws_endpoints.of("lambda") {
            Some(url) => url.to_owned(),
            None if options.calls_aws => {
                format!("https://{}", address("lambda", None, &name.region).host)
            }
            None => {
                let text = format!("{why}; {}", caller.as_str());
                let help = "define it as an AWS::Lambda::Function with its code on this machine, or name \
                            somebody who runs it: --aws-endpoint lambda=URL";
                self.diagnostics.push(Diagnostic::warning(&written.place, text).with_help(help));
                return Some(FunctionTarget::Missing);
            }
        };
        let uri = match BackendUri::parse(&url) {
            Ok(uri) => uri,
            Err(error) => {
                let text = format!("the endpoint {url} of Lambda is no URL: {error}");
                self.error(&written.place, text);
                return Some(FunctionTarget::Missing);
            }
        };
        let endpoint = self.endpoint(Endpoint {
            tls: uri.is_tls,
            host: uri.host.as_str().into(),
            port: uri.port,
            server_name: uri.host.as_str().into(),
            insecure_skip_verification: uri.is_tls && options.insecure_skip_verification,
        });
        let Some(endpoint) = endpoint else {
            self.error(&written.place, "more distinct backends than one stage can have");
            return None;
        };
        let prefix: String = uri.path.iter().map(Piece::literal).collect();
        let function = encode_query_name(&name.to_text());
        let path =
            format!("{}/2015-03-31/functions/{function}/invocations", prefix.trim_end_matches('/'));
        Some(FunctionTarget::Remote(RemoteFunction {
            endpoint,
            path: path.into(),
            host_header: uri.host_header.into_bytes().into(),
            region: name.region.as_str().into(),
        }))
    }

    /// Whether API Gateway may invoke a function of the definitions for a method, or the operator lets it.
    fn may_call(
        &mut self,
        context: MethodContext<'_>,
        name: &FunctionName,
        written: &Spanned<String>,
    ) -> bool {
        let options = self.shared.options;
        let (region, account) = (&options.region, &options.account_id);
        let stage =
            format!("arn:{}:execute-api:{region}:{account}:{}", partition(region), self.api.id);
        let path = context.resource_path;
        let verb = context.method.http_method;
        // A permission for any verb of a method for all verbs is one.
        let verbs: Vec<&str> = match verb {
            gateway_model::HttpMethod::Any => gateway_model::HttpMethod::NAMES.to_vec(),
            verb => vec![verb.as_str()],
        };
        let callers =
            verbs.iter().map(|verb| format!("{stage}/{}/{verb}{path}", self.stage.name)).collect();
        self.is_permitted(name, callers, written, Caller::Method)
    }

    /// Says when no permission of a function covers any of these callers.
    pub(super) fn is_permitted(
        &mut self,
        name: &FunctionName,
        callers: Vec<String>,
        written: &Spanned<String>,
        caller: Caller,
    ) -> bool {
        if matches!(self.find_function(name), Found::Nothing | Found::NoQualifier) {
            return true; // somebody else's function has permissions of its own
        }
        let is_permitted = self.shared.functions.is_permitted(name, &callers);
        if !is_permitted {
            let is_enforced = self.shared.options.enforce_permissions;
            let where_ = if is_enforced { "" } else { "on AWS " };
            let text = format!(
                "API Gateway has no permission to invoke {name}; {where_}{}",
                caller.as_str()
            );
            let wanted = callers.last().map_or("", String::as_str);
            let help = format!("add an AWS::Lambda::Permission whose SourceArn covers {wanted}");
            self.diagnostics.push(Diagnostic::warning(&written.place, text).with_help(help));
        }
        self.asked.push(Asked::Permission(name.clone(), callers, is_permitted));
        is_permitted || !self.shared.options.enforce_permissions
    }
}
