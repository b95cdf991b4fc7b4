//! The events that functions get: `AWS_PROXY` with payload format 1.0, both kinds of authorizers, and function URLs.
//!
//! Source: recorded behaviour, "Lambda proxy", "Event (payload format 1.0)", and for authorizers "Event
//! documents". Members stand in the order in which API Gateway writes them. Written straight into bytes:
//! what a client sent is read in place and escaped once.
//!
//! Choices where nothing is recorded: query parameters stand in the order in which they came, stage
//! variables in the order of their names; where a header comes in two spellings, the first one names both;
//! context of an authorizer that is named like the two members of our own is left out.

use gateway_compile::hosts::Base;
use gateway_compile::{Admission, ApiKeySource, MethodPlan, StagePlan, Variable};
use gateway_proto::{FieldName, is_name};
use gateway_rt::Moment;
use gateway_telemetry::clock::clf_time;
use gateway_telemetry::write_decimal;

use crate::connection::Peer;
use crate::context::Context;
use crate::request::{Exchange, is_dropped_at_the_door};
use crate::trial::Trying;
use crate::upstream_head::is_sigv4;
use crate::values::decode_query;

pub(crate) mod base64;
mod function_url;
pub(crate) mod json;
mod multimap;

pub(crate) use function_url::function_url;
use multimap::{Empty, Entry, Multimap};

/// Appends the event of an `AWS_PROXY` integration. The request's body is whole, its trace header is made.
///
/// `is_binary` says whether the request's media type is binary, so that the body goes as base64.
pub(crate) fn proxy(
    x: &Exchange,
    peer: &Peer,
    stage: &StagePlan,
    method: &MethodPlan,
    is_binary: bool,
    out: &mut Vec<u8>,
) {
    let event = Event { x, peer, stage, method, reader: Reader::Integration };
    out.extend_from_slice(b"{\"resource\":");
    event.write_request(out);
    out.extend_from_slice(b",\"body\":");
    let body = x.body_prefix();
    if body.is_empty() {
        out.extend_from_slice(b"null");
    } else if is_binary {
        out.push(b'"');
        base64::encode(body, out);
        out.push(b'"');
    } else {
        json::string(body, out);
    }
    // Nothing of an empty body is encoded.
    let is_encoded = is_binary && !body.is_empty();
    out.extend_from_slice(b",\"isBase64Encoded\":");
    out.extend_from_slice(if is_encoded { b"true}" } else { b"false}" });
}

/// Appends the event of a `REQUEST` authorizer. The request's trace header is made.
pub(crate) fn request_authorizer(
    x: &Exchange,
    peer: &Peer,
    stage: &StagePlan,
    method: &MethodPlan,
    method_arn: &[u8],
    out: &mut Vec<u8>,
) {
    let event = Event { x, peer, stage, method, reader: Reader::Authorizer };
    out.extend_from_slice(b"{\"type\":\"REQUEST\",\"methodArn\":");
    json::string(method_arn, out);
    out.extend_from_slice(b",\"resource\":");
    event.write_request(out);
    out.push(b'}');
}

/// Appends the event of a `TOKEN` authorizer.
pub(crate) fn token_authorizer(method_arn: &[u8], token: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"type\":\"TOKEN\",\"methodArn\":");
    json::string(method_arn, out);
    out.extend_from_slice(b",\"authorizationToken\":");
    json::string(token, out);
    out.push(b'}');
}

/// The request's path as events have it: without the stage, with the base path of a custom domain, and the
/// slashes that it starts with as one.
pub(crate) fn path(x: &Exchange) -> &[u8] {
    let path = match x.facts.base {
        Base::Default => x.resource_path(),
        Base::Domain(_) => x.text(x.head.target.path),
    };
    let run = path.iter().take_while(|byte| **byte == b'/').count();
    if run == 0 { if path.is_empty() { b"/" } else { path } } else { &path[run - 1..] }
}

/// The request's verb: the one that routed.
pub(crate) fn verb(x: &Exchange) -> &str {
    x.facts.method.as_str()
}

/// The header fields of a request as those behind the gateway see them, in the order of the wire; those that the
/// gateway adds come last. `forwarded_for` is what [`Exchange::write_forwarded_for`] writes. A signature is for the
/// gateway, and not for an integration.
pub(crate) fn each_header<'e>(
    x: &'e Exchange,
    peer: &'e Peer,
    forwarded_for: &'e [u8],
    hides_signature: bool,
    mut each: impl FnMut(&'e [u8], &'e [u8]),
) {
    for field in &x.head.fields {
        let (mut name, value) = (x.text(field.name), x.text(field.value));
        match field.known {
            known if is_dropped_at_the_door(known) => continue,
            FieldName::XForwardedFor | FieldName::XForwardedPort | FieldName::XForwardedProto => {
                continue;
            }
            FieldName::Authorization if hides_signature && is_sigv4(value) => continue,
            FieldName::Authorization => name = b"Authorization",
            FieldName::Host => name = b"Host",
            FieldName::UserAgent => name = b"User-Agent",
            FieldName::Other if name.len() == 15 && is_name(name, b"x-amzn-trace-id") => continue,
            _ => {}
        }
        each(name, value);
    }
    if !x.trace.is_empty() {
        each(b"X-Amzn-Trace-Id", &x.trace);
    }
    each(b"X-Forwarded-For", forwarded_for);
    each(b"X-Forwarded-Port", peer.port());
    each(b"X-Forwarded-Proto", Peer::PROTO);
}

/// Whom an event is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reader {
    Integration,
    Authorizer,
}

struct Event<'x> {
    x: &'x Exchange,
    peer: &'x Peer,
    stage: &'x StagePlan,
    method: &'x MethodPlan,
    reader: Reader,
}

impl Event<'_> {
    /// From the value of `resource` to `requestContext`, which both kinds of readers get.
    fn write_request(&self, out: &mut Vec<u8>) {
        let empty = match self.reader {
            Reader::Integration => Empty::Null,
            Reader::Authorizer => Empty::Object,
        };
        json::string(self.method.resource_path.as_bytes(), out);
        member("path", path(self.x), out);
        member("httpMethod", verb(self.x).as_bytes(), out);
        self.write_headers(empty, out);
        self.write_query(empty, out);
        self.write_path_parameters(empty, out);
        self.write_stage_variables(empty, out);
        out.extend_from_slice(b",\"requestContext\":");
        self.write_context(out);
    }

    fn write_headers(&self, empty: Empty, out: &mut Vec<u8>) {
        let x = self.x;
        let mut forwarded_for = Vec::with_capacity(64);
        x.write_forwarded_for(self.peer, &mut forwarded_for);
        let mut entries = Vec::with_capacity(x.head.fields.len() + 4);
        let hides_signature = self.reader == Reader::Integration;
        each_header(x, self.peer, &forwarded_for, hides_signature, |name, value| {
            entries.push(Entry { name, value });
        });
        let headers = Multimap::headers(entries);
        out.extend_from_slice(b",\"headers\":");
        headers.write_last(empty, out);
        out.extend_from_slice(b",\"multiValueHeaders\":");
        headers.write_all(empty, out);
    }

    fn write_query(&self, empty: Empty, out: &mut Vec<u8>) {
        let (decoded, spans) = query_spans(self.x.text(self.x.head.target.query));
        let entry = |(start, middle, end): (usize, usize, usize)| Entry {
            name: &decoded[start..middle],
            value: &decoded[middle..end],
        };
        let parameters = Multimap::parameters(spans.into_iter().map(entry).collect());
        out.extend_from_slice(b",\"queryStringParameters\":");
        parameters.write_last(empty, out);
        out.extend_from_slice(b",\"multiValueQueryStringParameters\":");
        parameters.write_all(empty, out);
    }

    fn write_path_parameters(&self, empty: Empty, out: &mut Vec<u8>) {
        let path = self.x.resource_path();
        let names = self.method.path_params.iter().enumerate();
        let parameters = names.map(|(index, name)| {
            let value = self.x.params.value(path, index as u8).unwrap_or_default();
            (name.as_bytes(), value)
        });
        out.extend_from_slice(b",\"pathParameters\":");
        write_map(parameters, empty, out);
    }

    fn write_stage_variables(&self, empty: Empty, out: &mut Vec<u8>) {
        let variables = self.stage.stage_variables.iter();
        out.extend_from_slice(b",\"stageVariables\":");
        write_map(variables.map(|(name, value)| (name.as_bytes(), value.as_bytes())), empty, out);
    }

    fn write_context(&self, out: &mut Vec<u8>) {
        let Self { x, stage, method, .. } = self;
        let facts = &x.facts;
        out.extend_from_slice(b"{\"resourceId\":");
        json::string(method.resource_id.as_bytes(), out);
        if self.reader == Reader::Integration {
            self.write_authorizer(out);
        }
        member("resourcePath", method.resource_path.as_bytes(), out);
        if let Some(name) = &method.operation_name {
            member("operationName", name.as_bytes(), out);
        }
        member("httpMethod", verb(x).as_bytes(), out);
        member("extendedRequestId", &facts.extended_id, out);
        member("requestTime", &clf_time(facts.started_unix_ms / 1_000), out);
        out.extend_from_slice(b",\"path\":");
        self.quoted_variable(&Variable::Path, out);
        member("accountId", stage.account_id.as_bytes(), out);
        out.extend_from_slice(b",\"protocol\":\"HTTP/1.1\"");
        member("stage", stage.stage.as_bytes(), out);
        let host = x.head.host(x.bytes());
        member("domainPrefix", host.split(|byte| *byte == b'.').next().unwrap_or_default(), out);
        out.extend_from_slice(b",\"requestTimeEpoch\":");
        write_decimal(facts.started_unix_ms, out);
        member("requestId", &facts.request_id, out);
        out.extend_from_slice(b",\"identity\":");
        self.write_identity(out);
        member("domainName", host, out);
        member("deploymentId", stage.deployment_id.as_bytes(), out);
        member("apiId", stage.api_id.as_bytes(), out);
        out.push(b'}');
    }

    /// What the authorizer said, if one was asked.
    fn write_authorizer(&self, out: &mut Vec<u8>) {
        let Some(decision) = &self.x.authorizer else { return };
        out.extend_from_slice(b",\"authorizer\":{");
        for (name, value) in &decision.context {
            if name != "principalId" && name != "integrationLatency" {
                json::string(name.as_bytes(), out);
                out.push(b':');
                json::string(value.as_bytes(), out);
                out.push(b',');
            }
        }
        json::key("principalId", out);
        json::string(decision.principal_id.as_bytes(), out);
        out.extend_from_slice(b",\"integrationLatency\":");
        write_decimal(self.x.facts.authorizer_latency_ms, out);
        out.push(b'}');
    }

    /// With an API key the members stand in another order, as captured events have them.
    fn write_identity(&self, out: &mut Vec<u8>) {
        if let Some(trial) = &self.x.trial {
            return self.write_who_tries(trial, out);
        }
        if self.shows_api_key() {
            out.extend_from_slice(
                b"{\"cognitoIdentityPoolId\":null,\"cognitoIdentityId\":null,\"apiKey\":",
            );
            self.write_api_key(out);
            out.extend_from_slice(
                b",\"principalOrgId\":null,\"cognitoAuthenticationType\":null,\"userArn\":null,\
                \"apiKeyId\":",
            );
            self.write_api_key_id(out);
            out.extend_from_slice(b",\"userAgent\":");
            self.write_user_agent(out);
            out.extend_from_slice(b",\"accountId\":null,\"caller\":null");
            member("sourceIp", self.peer.ip(), out);
            out.extend_from_slice(
                b",\"accessKey\":null,\"cognitoAuthenticationProvider\":null,\"user\":null}",
            );
        } else {
            out.extend_from_slice(
                b"{\"cognitoIdentityPoolId\":null,\"accountId\":null,\"cognitoIdentityId\":null,\
                \"caller\":null",
            );
            member("sourceIp", self.peer.ip(), out);
            out.extend_from_slice(
                b",\"principalOrgId\":null,\"accessKey\":null,\"cognitoAuthenticationType\":null,\
                \"cognitoAuthenticationProvider\":null,\"userArn\":null,\"userAgent\":",
            );
            self.write_user_agent(out);
            out.extend_from_slice(b",\"user\":null}");
        }
    }

    /// Who tries a method, in the order of an identity with an API key.
    fn write_who_tries(&self, trial: &Trying, out: &mut Vec<u8>) {
        use Variable as V;
        out.extend_from_slice(b"{\"cognitoIdentityPoolId\":null,\"cognitoIdentityId\":null");
        let value = |variable| trial.value(&variable).unwrap_or_default();
        member("apiKey", value(V::IdentityApiKey), out);
        out.extend_from_slice(b",\"principalOrgId\":null,\"cognitoAuthenticationType\":null");
        member("userArn", value(V::IdentityUserArn), out);
        member("apiKeyId", value(V::IdentityApiKeyId), out);
        member("userAgent", value(V::IdentityUserAgent), out);
        member("accountId", value(V::IdentityAccountId), out);
        member("caller", value(V::IdentityCaller), out);
        member("sourceIp", self.peer.ip(), out);
        member("accessKey", trial.access_key(), out);
        out.extend_from_slice(b",\"cognitoAuthenticationProvider\":null");
        member("user", value(V::IdentityUser), out);
        out.push(b'}');
    }

    fn write_user_agent(&self, out: &mut Vec<u8>) {
        match self.x.known_field(FieldName::UserAgent) {
            Some(value) => json::string(value, out),
            None => out.extend_from_slice(b"null"),
        }
    }

    /// An integration sees the key that the method asks for; an authorizer one that is known, before
    /// anything is said of it.
    fn shows_api_key(&self) -> bool {
        match self.reader {
            Reader::Integration => self.method.api_key_required,
            Reader::Authorizer => self.header_key_id().is_some(),
        }
    }

    fn write_api_key(&self, out: &mut Vec<u8>) {
        match (self.reader, self.x.known_field(FieldName::XApiKey)) {
            (Reader::Authorizer, Some(value)) => json::string(value, out),
            _ => self.quoted_variable(&Variable::IdentityApiKey, out),
        }
    }

    fn write_api_key_id(&self, out: &mut Vec<u8>) {
        match (self.reader, self.header_key_id()) {
            (Reader::Authorizer, Some(id)) => json::string(id, out),
            _ => self.quoted_variable(&Variable::IdentityApiKeyId, out),
        }
    }

    /// The id of the key in the header, if it is a known one that the API takes from there.
    fn header_key_id(&self) -> Option<&[u8]> {
        if !matches!(self.stage.api_key_source, ApiKeySource::Header) {
            return None;
        }
        let value = self.x.known_field(FieldName::XApiKey)?;
        let usage = &self.x.serving.as_ref()?.snapshot.usage;
        let key = match usage.admit(value, self.x.facts.stage) {
            Admission::Unknown => return None,
            Admission::Known(key) | Admission::Member { key, .. } => key,
        };
        Some(usage.keys.id(key).as_bytes())
    }

    /// The value of a `$context` variable, `null` when it has none.
    fn quoted_variable(&self, variable: &Variable, out: &mut Vec<u8>) {
        let context = Context { x: self.x, peer: self.peer, now: Moment::NEVER };
        let mut value = Vec::new();
        match context.value(variable, &mut value) {
            true => json::string(&value, out),
            false => out.extend_from_slice(b"null"),
        }
    }
}

/// The parameters of a query: their decoded text, and of each where its name starts and ends, and where its value ends.
fn query_spans(query: &[u8]) -> (Vec<u8>, Vec<(usize, usize, usize)>) {
    let mut decoded = Vec::with_capacity(query.len());
    let mut spans = Vec::new();
    let pairs = query.split(|byte| matches!(byte, b'&' | b';'));
    for pair in pairs.filter(|pair| !pair.is_empty()) {
        let name_len = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
        let start = decoded.len();
        decode_query(&pair[..name_len], &mut decoded);
        let middle = decoded.len();
        decode_query(pair.get(name_len + 1..).unwrap_or_default(), &mut decoded);
        spans.push((start, middle, decoded.len()));
    }
    (decoded, spans)
}

/// Appends `,"name":"value"`.
fn member(name: &str, value: &[u8], out: &mut Vec<u8>) {
    out.push(b',');
    json::key(name, out);
    json::string(value, out);
}

fn write_map<'m>(
    entries: impl Iterator<Item = (&'m [u8], &'m [u8])>,
    empty: Empty,
    out: &mut Vec<u8>,
) {
    let mut before = b'{';
    for (name, value) in entries {
        out.push(before);
        before = b',';
        json::string(name, out);
        out.push(b':');
        json::string(value, out);
    }
    if before == b'{' {
        out.extend_from_slice(empty.text());
    } else {
        out.push(b'}');
    }
}

#[cfg(test)]
mod tests;
