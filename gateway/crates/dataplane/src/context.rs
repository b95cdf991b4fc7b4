//! `$context`: one place that knows what each variable is, for logs, mappings and gateway responses.

use std::time::Duration;

use gateway_compile::Variable;
use gateway_proto::FieldName;
use gateway_rt::Moment;
use gateway_telemetry::clock::clf_time;
use gateway_telemetry::{LogRecord, ValueWriter};

use crate::connection::Peer;
use crate::ids;
use crate::request::Exchange;
use gateway_telemetry::write_decimal;

/// Takes a value, escaped for a log or plain for a wire.
pub(crate) trait Out {
    /// Whether what is written stays, where secrets have no place.
    const IS_LOG: bool;

    fn bytes(&mut self, bytes: &[u8]);
    fn number(&mut self, value: u64);

    fn millis(&mut self, span: Duration) {
        self.number(u64::try_from(span.as_millis()).unwrap_or(u64::MAX));
    }
}

impl Out for ValueWriter<'_> {
    const IS_LOG: bool = true;

    fn bytes(&mut self, bytes: &[u8]) {
        ValueWriter::bytes(self, bytes);
    }

    fn number(&mut self, value: u64) {
        self.u64(value);
    }
}

impl Out for Vec<u8> {
    const IS_LOG: bool = false;

    fn bytes(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }

    fn number(&mut self, value: u64) {
        write_decimal(value, self);
    }
}

/// The `$context` of one exchange.
pub(crate) struct Context<'x> {
    pub(crate) x: &'x Exchange,
    pub(crate) peer: &'x Peer,
    /// The present, for latencies: taken once for all variables of a line.
    pub(crate) now: Moment,
}

impl LogRecord for Context<'_> {
    fn write(&self, variable: &Variable, out: &mut ValueWriter<'_>) -> bool {
        self.value(variable, out)
    }
}

impl Context<'_> {
    /// Writes the value of `variable`; `false` when it has none.
    ///
    /// Source: "Variables for access logging for API Gateway". What belongs to a part that does
    /// not serve yet (Cognito, WAF, mutual TLS) has no value. A policy is evaluated within a
    /// millisecond: `$context.authorize.latency` is 0.
    pub(crate) fn value<O: Out>(&self, variable: &Variable, out: &mut O) -> bool {
        use Variable as V;
        let Context { x, peer, now } = self;
        let facts = &x.facts;
        let stage = x.stage.as_ref().map(|stage| &*stage.plan);
        if let Some(key) = log_only(variable).filter(|_| !O::IS_LOG) {
            let value = x.authorizer.as_ref().and_then(|decision| decision.value(key));
            return some(value.map(str::as_bytes), out);
        }
        if let Some(text) = x.trial.as_ref().and_then(|trial| trial.value(variable)) {
            return some(Some(text), out);
        }
        let text: &[u8] = match variable {
            V::RequestId => &facts.request_id,
            V::ExtendedRequestId => &facts.extended_id,
            V::IdentitySourceIp => peer.ip(),
            V::IdentityApiKey => return api_key(self.api_key(), out),
            V::IdentityApiKeyId => return some(self.api_key_id(), out),
            V::IsCanaryRequest => {
                let text: Option<&[u8]> = match stage {
                    Some(stage) if stage.is_canary => Some(b"true"),
                    Some(stage) if stage.canary.is_some() => Some(b"false"),
                    _ => None,
                };
                return some(text, out);
            }
            V::IdentityUserAgent => return some(x.known_field(FieldName::UserAgent), out),
            V::HttpMethod => x.text(x.head.method),
            V::Path => without_slash_run(x.text(x.head.target.path)),
            V::Protocol => b"HTTP/1.1",
            V::DomainName => x.head.host(x.bytes()),
            V::DomainPrefix => {
                let host = x.head.host(x.bytes());
                return some(host.split(|b| *b == b'.').next(), out);
            }
            V::RequestTime => return some(Some(&clf_time(facts.started_unix_ms / 1000)), out),
            V::RequestTimeEpoch => return number(Some(facts.started_unix_ms), out),
            V::ResponseLatency => {
                out.millis(Duration::from_micros(now.micros_since(facts.started)));
                return true;
            }
            V::ResponseLength => return number(Some(facts.sent_body_bytes), out),
            V::Status => {
                let status = u64::from(facts.status);
                return number((status != 0).then_some(status), out);
            }
            V::AccountId => return some(stage.map(|s| s.account_id.as_bytes()), out),
            V::ApiId => return some(stage.map(|s| s.api_id.as_bytes()), out),
            V::Stage => return some(stage.map(|s| s.stage.as_bytes()), out),
            V::DeploymentId => return some(stage.map(|s| s.deployment_id.as_bytes()), out),
            V::EndpointType => {
                return some(stage.map(|s| s.endpoint_type.as_str().as_bytes()), out);
            }
            V::ResourceId => return some(x.plan().map(|m| m.resource_id.as_bytes()), out),
            V::ResourcePath => return some(x.plan().map(|m| m.resource_path.as_bytes()), out),
            V::CustomDomainBasePathMatched => {
                let hosts = x.serving.as_ref().map(|serving| &serving.snapshot.hosts);
                let base = hosts.and_then(|hosts| hosts.base_path_matched(facts.base));
                return some(base.map(str::as_bytes), out);
            }
            V::ErrorMessage | V::ErrorMessageString => {
                let Some(failure) = &facts.failure else { return false };
                let quote: &[u8] = if *variable == V::ErrorMessageString { b"\"" } else { b"" };
                out.bytes(quote);
                failure.message.text(&x.problem).iter().for_each(|piece| out.bytes(piece));
                out.bytes(quote);
                return true;
            }
            V::ErrorValidationErrorString => {
                let problem = x.validation_error();
                return some((!problem.is_empty()).then_some(problem.as_bytes()), out);
            }
            V::ErrorResponseType => {
                return some(facts.failure.map(|f| f.kind.as_str().as_bytes()), out);
            }
            V::AuthorizerPrincipalId => {
                let decision = x.authorizer.as_ref();
                return some(decision.map(|d| d.principal_id.as_bytes()), out);
            }
            V::AuthorizerContext(key) => {
                let value = x.authorizer.as_ref().and_then(|decision| decision.value(key));
                return some(value.map(str::as_bytes), out);
            }
            V::AuthorizerStatus => return number(facts.authorizer.status.map(u64::from), out),
            V::AuthorizerLatency => {
                let latency = facts.authorizer.status.map(|_| facts.authorizer_latency_ms);
                return number(latency, out);
            }
            V::AuthorizerIntegrationLatency => {
                let is_asked = x.authorizer.is_some() || facts.authorizer.request_id.is_some();
                return number(is_asked.then_some(facts.authorizer_latency_ms), out);
            }
            V::AuthorizerIntegrationStatus => {
                return number(facts.authorizer.integration_status.map(u64::from), out);
            }
            V::AuthorizerRequestId => {
                return some(facts.authorizer.request_id.as_ref().map(|id| &id[..]), out);
            }
            V::AuthorizerError => return some(facts.authorizer.error.map(str::as_bytes), out),
            V::AuthorizeStatus => {
                let verdict = facts.authorizer.verdict;
                let status = verdict.map(|v| v.map_or_else(|f| f.default_status(), |()| 200));
                return number(status.map(u64::from), out);
            }
            V::AuthorizeLatency => return number(facts.authorizer.verdict.map(|_| 0), out),
            V::AuthorizeError => {
                let Some(Err(failure)) = &facts.authorizer.verdict else { return false };
                failure.message.text(&x.problem).iter().for_each(|piece| out.bytes(piece));
                return true;
            }
            V::IntegrationStatus => return number(facts.integration.status.map(u64::from), out),
            V::IntegrationServiceStatus => {
                let status = facts.integration.service_status.or(facts.integration.status);
                return number(status.map(u64::from), out);
            }
            V::IntegrationLatency => return millis(facts.integration.latency, out),
            V::IntegrationTimeToAllHeaders | V::IntegrationTimeToFirstContent => {
                return millis(facts.integration.time_to_head, out);
            }
            V::IntegrationError => return some(facts.integration.error.map(str::as_bytes), out),
            V::IntegrationRequestId => &x.backend_request_id,
            V::IntegrationResponseTransferMode => {
                return some(facts.integration.status.map(|_| &b"BUFFERED"[..]), out);
            }
            V::XrayTraceId => return some(ids::field(&x.trace, b"Root"), out),
            _ => return false,
        };
        some(Some(text), out)
    }
}

impl<'x> Context<'x> {
    /// The key that the request shows, known or not.
    fn api_key(&self) -> Option<&'x [u8]> {
        self.x.api_key(self.x.stage.as_ref()?.plan.api_key_source)
    }

    fn api_key_id(&self) -> Option<&'x [u8]> {
        let usage = &self.x.serving.as_ref()?.snapshot.usage;
        Some(usage.keys.id(self.x.facts.api_key?).as_bytes())
    }
}

/// What only a log knows of an authorizer. Elsewhere the name is that of a value which the authorizer's
/// function gave.
fn log_only(variable: &Variable) -> Option<&'static str> {
    Some(match variable {
        Variable::AuthorizerError => "error",
        Variable::AuthorizerIntegrationStatus => "integrationStatus",
        Variable::AuthorizerLatency => "latency",
        Variable::AuthorizerRequestId => "requestId",
        Variable::AuthorizerStatus => "status",
        _ => return None,
    })
}

/// A key as it is, or for a log all but its end, as API Gateway's execution log shows it. Whether
/// its access log masks keys is not documented; a log that does not cannot leak one.
fn api_key<O: Out>(key: Option<&[u8]>, out: &mut O) -> bool {
    const SHOWN: usize = 6;
    match key {
        Some(key) if O::IS_LOG => {
            let hidden = key.len().saturating_sub(SHOWN);
            // A short value is no key that anybody was given, and is hidden whole.
            let shown = if hidden < SHOWN { &[][..] } else { &key[hidden..] };
            out.bytes(b"******");
            out.bytes(shown);
            true
        }
        key => some(key, out),
    }
}

/// The path with the slashes that it starts with collapsed to one; runs further on stay. Source:
/// recorded behaviour, "Path".
fn without_slash_run(path: &[u8]) -> &[u8] {
    let run = path.iter().take_while(|byte| **byte == b'/').count();
    &path[run.saturating_sub(1)..]
}

fn some(text: Option<&[u8]>, out: &mut impl Out) -> bool {
    match text {
        Some(text) if !text.is_empty() => {
            out.bytes(text);
            true
        }
        _ => false,
    }
}

fn number(value: Option<u64>, out: &mut impl Out) -> bool {
    value.map(|value| out.number(value)).is_some()
}

fn millis(span: Option<Duration>, out: &mut impl Out) -> bool {
    span.map(|span| out.millis(span)).is_some()
}
