//! Gateway responses: whose customisation applies, and their templates in parts.

use std::sync::Arc;

use gateway_model::{Diagnostic, GatewayResponse, GatewayResponseType};
use gateway_telemetry::Variable;

use super::context::StageContext;
use super::integration::push_header;
use super::mapping::{Side, context_variable};
use crate::expression::{is_name, is_name_byte};
use crate::gateway_responses::{
    GatewayBody, GatewayResponsePlan, GatewayResponses, GatewayTemplate, TextPart,
};
use crate::headers::{ResponseHeader, ResponseOrigin, response_header};
use crate::limits::TEMPLATE_BYTES_MAX;
use crate::source::Source;

/// The gateway responses of a stage; without any customisation the one that all stages share.
pub(super) fn compile(cx: &mut StageContext<'_, '_>) -> Arc<GatewayResponses> {
    let api = cx.api;
    if api.gateway_responses.is_empty() {
        return Arc::clone(&cx.shared.built_in);
    }
    let built_in = Arc::new(GatewayResponsePlan::default());
    let own: Vec<(GatewayResponseType, Arc<GatewayResponsePlan>)> = api
        .gateway_responses
        .iter()
        .map(|(kind, response)| (*kind, Arc::new(plan(cx, response))))
        .collect();
    let find = |kind: GatewayResponseType| {
        own.iter().find(|(known, _)| *known == kind).map(|(_, plan)| Arc::clone(plan))
    };
    let by_type = std::array::from_fn(|index| {
        let kind = GatewayResponseType::ALL[index];
        debug_assert_eq!(kind as usize, index);
        find(kind).or_else(|| find(kind.family())).unwrap_or_else(|| Arc::clone(&built_in))
    });
    Arc::new(GatewayResponses::new(by_type))
}

fn plan(cx: &mut StageContext<'_, '_>, response: &GatewayResponse) -> GatewayResponsePlan {
    if response.response_type == GatewayResponseType::RequestTooLarge {
        cx.diagnostics.push(
            Diagnostic::warning(&response.place, "REQUEST_TOO_LARGE cannot be customised")
                .with_help("remove it: API Gateway answers 413 in its own words"),
        );
    }
    let status = response.status_code.map(|status| status.as_u16());
    if let Some(status @ ..200) = status {
        cx.error(&response.place, format!("{status} cannot end a response"));
    }
    let body = if response.response_templates.is_empty() {
        GatewayBody::Default
    } else {
        let templates = response.response_templates.iter();
        GatewayBody::Templates(templates.map(|template| text_template(cx, template)).collect())
    };
    GatewayResponsePlan { status, headers: headers(cx, response), body }
}

fn headers(
    cx: &mut StageContext<'_, '_>,
    response: &GatewayResponse,
) -> Vec<crate::plan::HeaderMapping> {
    let mut headers = Vec::new();
    for mapping in &response.response_parameters {
        let name = cx.header_target(mapping, "gatewayresponse.header.");
        let source = cx.source(&mapping.source, Side::Gateway);
        let (Some(name), Some(source)) = (name, source) else { continue };
        if source == Source::Missing {
            continue;
        }
        let name = match response_header(ResponseOrigin::Mock, name.as_bytes()) {
            ResponseHeader::Sent => name,
            ResponseHeader::Remapped(remapped) => remapped,
            ResponseHeader::Removed => continue,
        };
        if push_header(&mut headers, name.as_bytes(), source) {
            let text = format!("header {name} is mapped twice; the first mapping stands");
            cx.warn(&mapping.target.place, text);
        }
    }
    headers
}

fn text_template(
    cx: &mut StageContext<'_, '_>,
    template: &gateway_model::Template,
) -> GatewayTemplate {
    let content_type = template.content_type.as_str();
    let text = template.body.value.as_str();
    if content_type.is_empty() || content_type.contains(|c: char| c.is_control()) {
        cx.error(&template.body.place, "the content type of a gateway response is no header value");
    }
    if text.len() > TEMPLATE_BYTES_MAX {
        cx.error(
            &template.body.place,
            format!("template has {} bytes, at most {TEMPLATE_BYTES_MAX} are allowed", text.len()),
        );
    }
    let mut parts = Parts::default();
    let mut rest = text;
    while let Some(at) = rest.find(['$', 'm']) {
        let (before, token) = rest.split_at(at);
        parts.text(before);
        rest = match part(cx, token) {
            Some((part, len)) => {
                parts.push(part);
                &token[len..]
            }
            None => {
                parts.text(&token[..1]);
                &token[1..]
            }
        };
    }
    parts.text(rest);
    GatewayTemplate { content_type: content_type.as_bytes().into(), parts: parts.finish() }
}

/// The token at the start of `text` with its length, if there is one.
fn part(cx: &mut StageContext<'_, '_>, text: &str) -> Option<(TextPart, usize)> {
    let (dollar, rest) = match text.strip_prefix('$') {
        Some(rest) => (1, rest),
        None => (0, text),
    };
    let run = |prefix: &str| {
        let after = rest.strip_prefix(prefix)?;
        let len = after.bytes().position(|b| !is_name_byte(b) || b == b'$').unwrap_or(after.len());
        let name = after[..len].trim_end_matches(['.', '-']);
        is_name(name).then_some((name, dollar + prefix.len()))
    };
    if dollar == 1 {
        if let Some((name, start)) = run("context.") {
            return Some(context_part(name, start));
        }
        if let Some((name, start)) = run("stageVariables.") {
            let value = cx.stage_variable(name).unwrap_or_default();
            return Some((TextPart::Literal(value.as_bytes().into()), start + name.len()));
        }
    }
    type Make = fn(&str) -> Source;
    const REQUEST: [(&str, Make); 3] = [
        ("method.request.path.", |name| Source::PathName(name.into())),
        ("method.request.querystring.", |name| Source::Query(name.as_bytes().into())),
        ("method.request.header.", |name| Source::Header(name.as_bytes().into())),
    ];
    REQUEST.into_iter().find_map(|(prefix, make)| {
        let (name, start) = run(prefix)?;
        Some((TextPart::Source(make(name)), start + name.len()))
    })
}

/// The longest variable that `name` starts with; what follows it is text. An unknown one writes nothing.
fn context_part(name: &str, start: usize) -> (TextPart, usize) {
    let ends = name.match_indices(['.', '-']).map(|(at, _)| at);
    let mut ends: Vec<usize> = ends.chain([name.len()]).collect();
    ends.reverse();
    for end in ends {
        let part = match context_variable(&name[..end]) {
            None => continue,
            Some(Variable::ErrorMessage) => TextPart::ErrorMessage,
            Some(Variable::ErrorMessageString) => TextPart::ErrorMessageString,
            Some(Variable::ErrorResponseType) => TextPart::ResponseType,
            Some(Variable::ErrorValidationErrorString) => TextPart::ValidationErrorString,
            Some(variable) => TextPart::Context(variable),
        };
        return (part, start + end);
    }
    (TextPart::Literal(Box::default()), start + name.len())
}

/// Parts with neighbouring text joined.
#[derive(Default)]
struct Parts {
    parts: Vec<TextPart>,
    text: Vec<u8>,
}

impl Parts {
    fn text(&mut self, text: &str) {
        self.text.extend_from_slice(text.as_bytes());
    }

    fn push(&mut self, part: TextPart) {
        match part {
            TextPart::Literal(text) => self.text.extend_from_slice(&text),
            part => {
                self.end_text();
                self.parts.push(part);
            }
        }
    }

    fn end_text(&mut self) {
        if !self.text.is_empty() {
            self.parts.push(TextPart::Literal(std::mem::take(&mut self.text).into()));
        }
    }

    fn finish(mut self) -> Vec<TextPart> {
        self.end_text();
        self.parts
    }
}
