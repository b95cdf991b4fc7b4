//! `AWS` integrations with any service but Lambda's functions.

use gateway_model::{Diagnostic, Integration, ResponseTransferMode, Spanned};

use super::context::{MethodContext, StageContext};
use super::http::parts;
use super::integration::{RequestMappings, is_vpc_link, maps, passthrough};
use crate::arn::{ServiceCall, ServiceTarget};
use crate::failure::Failure;
use crate::headers::ResponseOrigin;
use crate::plan::{Endpoint, IntegrationPlan};
use crate::service::{JsonAction, ServicePlan, catalog};
use crate::templates::RequestTemplates;
use crate::uri::{BackendUri, Piece, split};

/// Credentials that stand for the caller's own. Source: PutIntegration, `credentials`.
const CALLER_CREDENTIALS: &str = "arn:aws:iam::*:user/*";

const CREDENTIALS_HELP: &str = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or access_key_id and \
                                secret_access_key under [aws] in the configuration";

/// Where the requests of an integration go.
struct Destination {
    endpoint: Endpoint,
    host_header: String,
    region: String,
    signing_name: String,
    /// Stands before the path.
    prefix: String,
    is_aws: bool,
}

impl StageContext<'_, '_> {
    pub(super) fn service(
        &mut self,
        context: MethodContext<'_>,
        integration: &Integration,
        mappings: RequestMappings,
        written: &Spanned<String>,
        call: &ServiceCall,
    ) -> IntegrationPlan {
        let refused = IntegrationPlan::Misconfigured(Failure::api_configuration_error());
        let method = self.service_method(integration);
        let timeout_ms = self.timeout_ms(integration);
        let templates = self.templates(&integration.request_templates);
        let responses = self.responses(context, integration, ResponseOrigin::Http);
        let can_be_called = self.can_be_called(integration, written, call);
        if mappings.is_forbidden || !can_be_called {
            return refused;
        }
        let Some(destination) = self.destination(written, call) else { return refused };
        let Destination { endpoint, host_header, region, signing_name, prefix, is_aws } =
            destination;
        let Some(endpoint) = self.endpoint(endpoint) else {
            self.error(&written.place, "more distinct backends than one stage can have");
            return IntegrationPlan::Unserved;
        };
        let (path, query) = match &call.target {
            ServiceTarget::Path(path) => split(&format!("{prefix}/{path}")),
            ServiceTarget::Action { name, query } => {
                let separator = if query.is_empty() { "" } else { "&" };
                let (path, _) = split(&format!("{prefix}/"));
                (path, split(&format!("?Action={name}{separator}{query}")).1)
            }
        };
        self.credentials(integration, written, call, is_aws);
        let json = self.json_action(integration, &mappings, written, call);
        let handling = integration.content_handling;
        let request_templates =
            RequestTemplates::new(templates, passthrough(integration), handling);
        // A template can give a value to a placeholder that no mapping names.
        let keeps_all = request_templates.can_override();
        IntegrationPlan::Service(Box::new(ServicePlan {
            service: call.service.as_str().into(),
            endpoint,
            host_header: host_header.into_bytes().into(),
            region: region.into(),
            signing_name: signing_name.into(),
            path_style: catalog::path_style(&call.service),
            is_aws,
            method,
            path: parts(&path, &mappings.paths, keeps_all),
            query: parts(&query, &mappings.paths, keeps_all),
            is_action: matches!(call.target, ServiceTarget::Action { .. }),
            json,
            headers: mappings.headers,
            queries: mappings.queries,
            timeout_ms,
            request_templates,
            responses,
            needs_request_body: mappings.needs_body,
        }))
    }

    /// The verb of the request, which API Gateway demands.
    fn service_method(&mut self, integration: &Integration) -> Option<Box<[u8]>> {
        if integration.http_method.is_none() {
            let text = "Enumeration value for HttpMethod must be non-empty";
            let diagnostic = Diagnostic::error(&integration.place, text);
            let help = "set IntegrationHttpMethod; actions are mostly called by POST";
            self.diagnostics.push(diagnostic.with_help(help));
        }
        self.backend_method(integration)
    }

    /// Says what makes every call fail.
    fn can_be_called(
        &mut self,
        integration: &Integration,
        written: &Spanned<String>,
        call: &ServiceCall,
    ) -> bool {
        let ServiceCall { service, target, .. } = call;
        let credentials = integration.credentials.as_ref();
        let wrong = if integration.response_transfer_mode == Some(ResponseTransferMode::Stream) {
            "an AWS integration does not stream its response".to_owned()
        } else if is_vpc_link(integration) {
            "an AWS integration does not go through a VPC link".to_owned()
        } else if credentials.is_some_and(|role| role.value == CALLER_CREDENTIALS) {
            "calls with the caller's credentials are not served".to_owned()
        } else if let ("s3", ServiceTarget::Action { name, .. }) = (&**service, target) {
            format!("S3 has no action {name} behind one URL")
        } else {
            return true;
        };
        let text = format!("{wrong}; the method answers 500");
        let mut diagnostic = Diagnostic::warning(&written.place, text);
        if service == "s3" && matches!(target, ServiceTarget::Action { .. }) {
            diagnostic =
                diagnostic.with_help("write s3:path/{bucket}/{key} and map both path parameters");
        }
        self.diagnostics.push(diagnostic);
        false
    }

    /// Says what calls are signed with, where that is nothing.
    fn credentials(
        &mut self,
        integration: &Integration,
        written: &Spanned<String>,
        call: &ServiceCall,
        is_aws: bool,
    ) {
        if integration.credentials.is_none() {
            let text = format!(
                "Role ARN must be specified for AWS integrations; calls of {} are signed with the gateway's own \
                 credentials here",
                call.service
            );
            let help = "set Credentials to the ARN of a role that API Gateway may assume on AWS";
            self.diagnostics.push(Diagnostic::warning(&written.place, text).with_help(help));
        }
        if self.shared.options.calls_aws {
            return;
        }
        let text = match is_aws {
            true => format!(
                "there are no credentials to sign calls of {} with; the method answers 500",
                call.service
            ),
            false => format!("there are no credentials: calls of {} are not signed", call.service),
        };
        let help = match is_aws {
            true => format!(
                "{CREDENTIALS_HELP}; or name somebody who stands in for AWS: --aws-endpoint {}=URL",
                call.service
            ),
            false => format!("{CREDENTIALS_HELP}; any will do where nobody checks them"),
        };
        self.diagnostics.push(Diagnostic::warning(&written.place, text).with_help(help));
    }

    /// What is added to an action of a service that takes JSON.
    fn json_action(
        &mut self,
        integration: &Integration,
        mappings: &RequestMappings,
        written: &Spanned<String>,
        call: &ServiceCall,
    ) -> Option<JsonAction> {
        let ServiceTarget::Action { name, .. } = &call.target else { return None };
        let action = catalog::json_action(&call.service, name);
        if action.is_some() || maps(&mappings.headers, b"x-amz-target") {
            return action;
        }
        let target = catalog::target_to_map(&call.service, name)?;
        let mentions = |text: &str| text.to_ascii_lowercase().contains("x-amz-target");
        let mut templates = integration.request_templates.iter();
        if !templates.any(|template| mentions(&template.body.value)) {
            let text = format!(
                "{} takes JSON and API Gateway does not say which action it is: the call will be refused",
                call.service
            );
            let help = format!(
                "map integration.request.header.X-Amz-Target to \"'{target}'\" and \
                 integration.request.header.Content-Type to \"'application/x-amz-json-1.1'\""
            );
            self.diagnostics.push(Diagnostic::warning(&written.place, text).with_help(help));
        }
        None
    }

    /// Where a call goes: to the operator's endpoint, or to AWS.
    fn destination(
        &mut self,
        written: &Spanned<String>,
        call: &ServiceCall,
    ) -> Option<Destination> {
        let options = self.shared.options;
        let address = catalog::address(&call.service, call.subdomain.as_deref(), &call.region);
        let own = options.aws_endpoints.of(&call.service);
        let url = own.map_or_else(|| format!("https://{}", address.host), str::to_owned);
        let uri = match BackendUri::parse(&url) {
            Ok(uri) => uri,
            Err(error) => {
                let text = format!("the endpoint {url} of {} is no URL: {error}", call.service);
                self.error(&written.place, text);
                return None;
            }
        };
        let mut prefix: String = uri.path.iter().map(Piece::literal).collect();
        prefix.truncate(prefix.trim_end_matches('/').len());
        let mut host_header = uri.host_header;
        if own.is_some()
            && let Some(subdomain) = &call.subdomain
        {
            match &*call.service {
                // Who stands in for S3 has no name for each bucket.
                "s3" => prefix = format!("{prefix}/{subdomain}"),
                // A host that is only a name to route by.
                _ => host_header = address.host,
            }
        }
        let endpoint = Endpoint {
            tls: uri.is_tls,
            host: uri.host.as_str().into(),
            port: uri.port,
            server_name: uri.host.as_str().into(),
            insecure_skip_verification: uri.is_tls && options.insecure_skip_verification,
        };
        Some(Destination {
            endpoint,
            host_header,
            region: address.region,
            signing_name: address.signing_name,
            prefix,
            is_aws: own.is_none(),
        })
    }
}
