//! `HTTP` and `HTTP_PROXY` integrations.

use gateway_model::{Diagnostic, HttpMethod, Integration, IntegrationType, Place};

use super::context::{MethodContext, StageContext};
use super::integration::{RequestMappings, is_vpc_link, maps, passthrough};
use crate::failure::Failure;
use crate::headers::ResponseOrigin;
use crate::limits::{TIMEOUT_MS_DEFAULT, TIMEOUT_MS_MAX, TIMEOUT_MS_MIN};
use crate::plan::{Endpoint, HttpPlan, IntegrationPlan, UriPart};
use crate::source::Source;
use crate::templates::RequestTemplates;
use crate::uri::{BackendUri, Piece};

impl StageContext<'_, '_> {
    pub(super) fn http(
        &mut self,
        context: MethodContext<'_>,
        integration: &Integration,
        mappings: RequestMappings,
    ) -> IntegrationPlan {
        let is_proxy = integration.kind == IntegrationType::HttpProxy;
        let method = self.backend_method(integration);
        let timeout_ms = self.timeout_ms(integration);
        let (request_templates, responses) = if is_proxy {
            (RequestTemplates::passthrough(), self.no_responses())
        } else {
            let templates = self.templates(&integration.request_templates);
            let responses = self.responses(context, integration, ResponseOrigin::Http);
            let handling = integration.content_handling;
            (RequestTemplates::new(templates, passthrough(integration), handling), responses)
        };
        let Some(uri) = self.backend_uri(integration) else {
            return IntegrationPlan::Misconfigured(Failure::invalid_endpoint_address());
        };
        let Some(endpoint) = self.backend(integration, &uri) else {
            return IntegrationPlan::Unserved;
        };
        let Some(endpoint) = self.endpoint(endpoint) else {
            self.error(&integration.place, "more distinct backends than one stage can have");
            return IntegrationPlan::Unserved;
        };
        // A template can give a value to a placeholder that no mapping names.
        let keeps_all = request_templates.can_override();
        let needs_response_body = responses.plans().iter().any(|plan| plan.needs_response_body);
        IntegrationPlan::Http(Box::new(HttpPlan {
            proxy: is_proxy,
            endpoint,
            method,
            path: parts(&uri.path, &mappings.paths, keeps_all),
            query: parts(&uri.query, &mappings.paths, keeps_all),
            host_header: uri.host_header.into_bytes().into(),
            maps_content_type: maps(&mappings.headers, b"content-type"),
            maps_accept: maps(&mappings.headers, b"accept"),
            maps_user_agent: maps(&mappings.headers, b"user-agent"),
            maps_host: maps(&mappings.headers, b"host"),
            headers: mappings.headers,
            queries: mappings.queries,
            timeout_ms,
            request_templates,
            responses,
            needs_request_body: mappings.needs_body,
            needs_response_body,
        }))
    }

    /// The verb of the backend request; `ANY` and none are the client's.
    pub(super) fn backend_method(&mut self, integration: &Integration) -> Option<Box<[u8]>> {
        let written = integration.http_method.as_ref()?;
        match HttpMethod::parse(&written.value.to_ascii_uppercase()) {
            Ok(HttpMethod::Any) => None,
            Ok(method) => Some(method.as_str().as_bytes().into()),
            Err(error) => {
                self.error(&written.place, format!("integration method: {error}"));
                None
            }
        }
    }

    pub(super) fn timeout_ms(&mut self, integration: &Integration) -> u32 {
        let timeout_ms = integration.timeout_ms.unwrap_or(TIMEOUT_MS_DEFAULT);
        if !(TIMEOUT_MS_MIN..=TIMEOUT_MS_MAX).contains(&timeout_ms) {
            let text = format!(
                "Timeout should be between {TIMEOUT_MS_MIN} ms and {TIMEOUT_MS_DEFAULT} ms, or up to \
                 {TIMEOUT_MS_MAX} ms with a raised quota"
            );
            self.error(&integration.place, text);
        }
        timeout_ms
    }

    fn backend_uri(&mut self, integration: &Integration) -> Option<BackendUri> {
        let Some(written) = &integration.uri else {
            let text = "Invalid HTTP endpoint specified for URI: there is none";
            self.error(&integration.place, text);
            return None;
        };
        let text = self.resolve_stage_variables(&written.value);
        match BackendUri::parse(&text) {
            Ok(uri) => Some(uri),
            Err(error) => {
                let said = format!(
                    "Invalid endpoint address \"{}\" on stage {}: {error}; the method answers 500",
                    text.escape_debug(),
                    self.stage.name
                );
                self.warn(&written.place, said);
                None
            }
        }
    }

    /// What to connect to. A VPC link leads to its configured target, while the URI's host stays the name
    /// in `Host`, SNI and the certificate.
    fn backend(&mut self, integration: &Integration, uri: &BackendUri) -> Option<Endpoint> {
        let options = self.shared.options;
        let mut endpoint = Endpoint {
            tls: uri.is_tls,
            host: uri.host.as_str().into(),
            port: uri.port,
            server_name: uri.host.as_str().into(),
            insecure_skip_verification: uri.is_tls
                && (integration.insecure_skip_verification || options.insecure_skip_verification),
        };
        if is_vpc_link(integration) {
            let (id, place) = match &integration.connection_id {
                Some(written) => (self.resolve_stage_variables(&written.value), &written.place),
                None => (String::new(), &integration.place),
            };
            let Some(target) = self.shared.vpc_link(&id) else {
                self.no_vpc_link_target(&id, place);
                return None;
            };
            endpoint.host = target.host.as_str().into();
            endpoint.port = target.port.unwrap_or(uri.port);
        }
        Some(endpoint)
    }

    fn no_vpc_link_target(&mut self, id: &str, place: &Place) {
        let text = format!("VPC link \"{id}\" has no target here; the method answers 500");
        let help = "set its host:port under vpc_links in the configuration";
        self.diagnostics.push(Diagnostic::warning(place, text).with_help(help));
    }
}

/// Pieces of a URI with the sources of their placeholders; neighbouring text is one part. A placeholder without
/// a source is text, unless `keeps_all`.
pub(super) fn parts(
    pieces: &[Piece],
    mappings: &[(String, Source)],
    keeps_all: bool,
) -> Vec<UriPart> {
    let mut parts = Vec::new();
    let mut literal = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Text(text) => literal.extend_from_slice(text.as_bytes()),
            Piece::Placeholder(name) => {
                let whole = format!("{{{name}}}").into_bytes();
                let mapped = mappings.iter().find(|(mapped, _)| mapped == name);
                let source = mapped.map(|(_, source)| source.clone());
                match source.or_else(|| keeps_all.then_some(Source::Missing)) {
                    None => literal.extend_from_slice(&whole),
                    Some(source) => {
                        if !literal.is_empty() {
                            parts.push(UriPart::Literal(std::mem::take(&mut literal).into()));
                        }
                        parts.push(UriPart::Value { source, name: whole.into() });
                    }
                }
            }
        }
    }
    if !literal.is_empty() {
        parts.push(UriPart::Literal(literal.into()));
    }
    parts
}
