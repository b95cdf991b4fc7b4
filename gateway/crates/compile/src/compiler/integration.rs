//! Integrations: which kind, and the parts that kinds share.

use gateway_model::{
    ConnectionType, Integration, IntegrationResponse, IntegrationType, PassthroughBehavior,
};

use super::context::{MethodContext, StageContext};
use super::mapping::{RequestTarget, Side};
use crate::failure::Failure;
use crate::functions::LambdaMapping;
use crate::headers::{
    RequestHeader, ResponseHeader, ResponseOrigin, request_header, response_header,
};
use crate::mock::MockTemplates;
use crate::plan::{HeaderMapping, IntegrationPlan, MockPlan, QueryMapping};
use crate::responses::{ResponsePlan, Responses};
use crate::source::Source;
use crate::templates::ResponseTemplates;

/// The request mappings of an integration, by what they set.
#[derive(Default)]
pub(super) struct RequestMappings {
    /// Name of `{name}` and its source.
    pub(super) paths: Vec<(String, Source)>,
    pub(super) queries: Vec<QueryMapping>,
    pub(super) headers: Vec<HeaderMapping>,
    /// A header is mapped that API Gateway refuses: every request fails.
    pub(super) is_forbidden: bool,
    pub(super) needs_body: bool,
}

impl IntegrationPlan {
    /// Something beside its mappings reads the request body.
    pub(super) fn need_request_body(&mut self) {
        match self {
            Self::Http(plan) => plan.needs_request_body = true,
            Self::Mock(plan) => plan.needs_request_body = true,
            Self::Lambda(plan) => match &mut plan.mapping {
                LambdaMapping::Custom(mapping) => mapping.needs_request_body = true,
                // The event has the body in any case.
                LambdaMapping::Proxy | LambdaMapping::Url => {}
            },
            Self::Service(plan) => plan.needs_request_body = true,
            Self::Misconfigured(_) | Self::Unserved => {}
        }
    }
}

impl StageContext<'_, '_> {
    pub(super) fn integration(&mut self, context: MethodContext<'_>) -> IntegrationPlan {
        let Some(integration) = &context.method.integration else {
            self.warn(&context.method.place, "method has no integration; it answers 500");
            return IntegrationPlan::Misconfigured(Failure::api_configuration_error());
        };
        let mappings = self.request_mappings(context, integration);
        match integration.kind {
            IntegrationType::Aws | IntegrationType::AwsProxy => {
                self.lambda(context, integration, mappings)
            }
            _ if mappings.is_forbidden => {
                IntegrationPlan::Misconfigured(Failure::api_configuration_error())
            }
            IntegrationType::Mock => self.mock(context, integration, mappings),
            IntegrationType::Http | IntegrationType::HttpProxy => {
                self.http(context, integration, mappings)
            }
        }
    }

    fn mock(
        &mut self,
        context: MethodContext<'_>,
        integration: &Integration,
        mappings: RequestMappings,
    ) -> IntegrationPlan {
        let templates = self.templates(&integration.request_templates);
        IntegrationPlan::Mock(Box::new(MockPlan {
            templates: MockTemplates::new(templates, passthrough(integration)),
            content_handling: integration.content_handling,
            responses: self.responses(context, integration, ResponseOrigin::Mock),
            needs_request_body: mappings.needs_body,
        }))
    }

    fn request_mappings(
        &mut self,
        context: MethodContext<'_>,
        integration: &Integration,
    ) -> RequestMappings {
        let mut mappings = RequestMappings::default();
        for mapping in &integration.request_parameters {
            let target = self.request_target(mapping);
            let source = self.source(&mapping.source, Side::Request(context));
            let (Some(target), Some(source)) = (target, source) else { continue };
            if let RequestTarget::Header(name) = target {
                match request_header(integration.kind, name.as_bytes()) {
                    RequestHeader::Sent => {}
                    RequestHeader::Dropped => continue,
                    RequestHeader::Forbidden => {
                        let text =
                            format!("API Gateway refuses to map {name}; the method answers 500");
                        self.warn(&mapping.target.place, text);
                        mappings.is_forbidden = true;
                        continue;
                    }
                }
            }
            mappings.needs_body |= source.reads_request_body();
            if source == Source::Missing {
                continue;
            }
            match target {
                RequestTarget::Path(name) => mappings.paths.push((name.to_owned(), source)),
                RequestTarget::Query(name) => {
                    let name = crate::uri::encode_query_name(name).into_bytes().into();
                    mappings.queries.push(QueryMapping { name, source });
                }
                RequestTarget::Header(name) => {
                    let is_taken = push_header(&mut mappings.headers, name.as_bytes(), source);
                    if is_taken {
                        let text =
                            format!("header {name} is mapped twice; the first mapping stands");
                        self.warn(&mapping.target.place, text);
                    }
                }
            }
        }
        mappings
    }

    /// The integration responses of a non-proxy integration.
    pub(super) fn responses(
        &mut self,
        context: MethodContext<'_>,
        integration: &Integration,
        origin: ResponseOrigin,
    ) -> Responses {
        let all = &integration.integration_responses;
        if all.len() > crate::limits::RESPONSES_MAX {
            let text = format!("more than {} integration responses", crate::limits::RESPONSES_MAX);
            self.error(&integration.place, text);
            return self.no_responses();
        }
        let selection = self.selection(all);
        let plans = all.iter().map(|response| self.response(context, response, origin)).collect();
        Responses::new(selection, plans)
    }

    /// What a proxy has, which never asks.
    pub(super) fn no_responses(&mut self) -> Responses {
        Responses::new(self.selection(&[]), Vec::new())
    }

    fn response(
        &mut self,
        context: MethodContext<'_>,
        response: &IntegrationResponse,
        origin: ResponseOrigin,
    ) -> ResponsePlan {
        const PREFIX: &str = "method.response.header.";
        let status = response.status_code.as_u16();
        let promised = context.method.method_responses.get(&response.status_code);
        let mut headers = Vec::new();
        for mapping in &response.response_parameters {
            let name = self.header_target(mapping, PREFIX);
            let source = self.source(&mapping.source, Side::Response);
            let (Some(name), Some(source)) = (name, source) else { continue };
            let is_declared = promised.is_none_or(|promised| {
                promised.response_parameters.contains_key(&mapping.target.value)
            });
            if !is_declared {
                self.undeclared_target(mapping, status);
                continue;
            }
            if source == Source::Missing {
                continue;
            }
            let name = match response_header(origin, name.as_bytes()) {
                ResponseHeader::Sent => name,
                ResponseHeader::Remapped(remapped) => remapped,
                ResponseHeader::Removed => continue,
            };
            if push_header(&mut headers, name.as_bytes(), source) {
                let text = format!("header {name} is mapped twice; the first mapping stands");
                self.warn(&mapping.target.place, text);
            }
        }
        let templates = self.templates(&response.response_templates);
        ResponsePlan {
            outcome: self.outcome(response, promised.is_some()),
            maps_content_type: maps(&headers, b"content-type"),
            needs_response_body: headers.iter().any(|header| header.source.reads_response_body()),
            headers,
            templates: ResponseTemplates::new(templates),
            content_handling: response.content_handling,
            origin,
        }
    }

    fn outcome(
        &mut self,
        response: &IntegrationResponse,
        is_promised: bool,
    ) -> Result<u16, Failure> {
        let status = response.status_code.as_u16();
        let wrong = if !is_promised {
            format!(
                "output mapping refers to an invalid method response: {status}; it answers 500 until the \
                 method has a response {status}"
            )
        } else if status < 200 {
            format!("{status} cannot end a response; it answers 500")
        } else {
            return Ok(status);
        };
        self.warn(&response.place, wrong);
        Err(Failure::api_configuration_error())
    }

    fn undeclared_target(&mut self, mapping: &gateway_model::ParameterMapping, status: u16) {
        let target = &mapping.target;
        let text = format!(
            "Invalid mapping expression specified: Validation Result: warnings : [], errors : [Invalid \
             mapping expression parameter specified: {}]",
            target.value
        );
        let help =
            format!("declare it in the ResponseParameters of the method's response {status}");
        self.diagnostics
            .push(gateway_model::Diagnostic::error(&target.place, text).with_help(help));
    }
}

pub(super) fn passthrough(integration: &Integration) -> PassthroughBehavior {
    integration.passthrough_behavior.unwrap_or(PassthroughBehavior::WhenNoMatch)
}

pub(super) fn is_vpc_link(integration: &Integration) -> bool {
    integration.connection_type == Some(ConnectionType::VpcLink)
}

/// Whether a header of this name, in lower case, is mapped.
pub(super) fn maps(headers: &[HeaderMapping], name: &[u8]) -> bool {
    headers.iter().any(|header| header.name.eq_ignore_ascii_case(name))
}

/// Adds a mapping unless one of that name is there; a second `Host` or `Content-Type` would let two
/// readers of one message disagree. Tells whether it was there.
pub(super) fn push_header(headers: &mut Vec<HeaderMapping>, name: &[u8], source: Source) -> bool {
    let is_taken = maps(headers, name);
    if !is_taken {
        headers.push(HeaderMapping { name: name.into(), source });
    }
    is_taken
}
