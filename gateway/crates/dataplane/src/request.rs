//! What is known of a request so far.
//!
//! One [`Exchange`] serves all requests of a connection while it is busy; everything in it is
//! written over for the next, so that its vectors keep their memory.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use gateway_auth::decisions::Decision;
use gateway_auth::keys::KeyIndex;
use gateway_compile::hosts::Base;
use gateway_compile::{
    ApiKeySource, Failure, MethodIndex, MethodPlan, PathParams, RequestMethod, StageIndex,
};
use gateway_proto::h1::{BodyLength, HeadScanner, RequestHead, ResponseHead};
use gateway_proto::{Field, FieldName, HeadLimits, Span, is_name};
use gateway_rt::{Buf, Moment};
use gateway_vtl::Overrides;

use crate::body::Body;
use crate::cached::Storing;
use crate::connection::Peer;
use crate::ids;
use crate::journal::Journal;
use crate::limits::EXCHANGE_VEC_BYTES_MAX;
use crate::rate::RateFacts;
use crate::shard::{Serving, Shard, ShardStage};
use crate::transform::Transform;
use crate::trial::Trying;

/// One request and its answer, as far as they are known.
pub(crate) struct Exchange {
    /// Holds the head in place for the whole exchange, with the body's first bytes behind it.
    /// Taken only while it is lent to a receive.
    pub(crate) rx: Option<Buf>,
    pub(crate) head: RequestHead,
    pub(crate) scanner: HeadScanner,
    pub(crate) body: Body,
    /// The upstream's head, in the buffer of [`crate::relay`].
    pub(crate) upstream: ResponseHead,
    /// A head being written, ours or the integration's.
    pub(crate) out: Vec<u8>,
    /// A body that had to be whole: see [`crate::http`].
    pub(crate) request_body: Vec<u8>,
    pub(crate) response_body: Vec<u8>,
    /// What templates made; see [`crate::transform`].
    pub(crate) transform: Transform,
    /// `X-Amzn-Trace-Id` for the backend; empty for a request that calls none.
    pub(crate) trace: Vec<u8>,
    /// The client's.
    client_trace: Option<Span>,
    /// `x-amzn-requestid` of the backend's answer.
    pub(crate) backend_request_id: Vec<u8>,
    /// See [`crate::cached`]. Before, what identifies the caller to the authorizer.
    pub(crate) cache_key: Vec<u8>,
    /// The ARN that an authorizer's policy is about; see [`crate::authorizer`].
    pub(crate) arn: Vec<u8>,
    /// The value of `X-Gateway-Explain-Trail`; empty for a request that did not ask for it.
    pub(crate) explanation: String,
    /// What is wrong with the request: names of missing parameters, or the problems of its body.
    pub(crate) problem: String,
    /// Where the integration's answer is to be kept.
    pub(crate) storing: Option<Box<Storing>>,
    /// What a Lambda authorizer said of the caller; `None` where none was asked.
    pub(crate) authorizer: Option<Arc<Decision>>,
    pub(crate) facts: Facts,
    pub(crate) serving: Option<Rc<Serving>>,
    pub(crate) stage: Option<Rc<ShardStage>>,
    pub(crate) params: PathParams,
    /// What is written of the exchange, where somebody wants to read it.
    pub(crate) journal: Option<Box<Journal>>,
    /// What there is to a request that an operator tries.
    pub(crate) trial: Option<Box<Trying>>,
}

/// Facts that start anew with each request.
#[derive(Clone, Copy)]
pub(crate) struct Facts {
    pub(crate) started: Moment,
    /// When an integration's answer was sent.
    pub(crate) ended: Option<Moment>,
    pub(crate) started_unix_ms: u64,
    pub(crate) request_id: [u8; 36],
    pub(crate) extended_id: [u8; 16],
    /// The method that routes: the request's, or the one that `X-HTTP-Method-Override` names.
    pub(crate) method: RequestMethod,
    /// Where the resource path starts in the request's path.
    pub(crate) path_offset: usize,
    pub(crate) base: Base,
    /// The stage; its canary has the same index.
    pub(crate) stage: StageIndex,
    /// The API key that came with the request, if it is known.
    pub(crate) api_key: Option<KeyIndex>,
    /// How long the authorizer took, 0 for a decision that was kept; see [`Exchange::authorizer`].
    pub(crate) authorizer_latency_ms: u64,
    pub(crate) authorizer: AuthorizerFacts,
    /// What `RateLimit-*` fields say, if they are wanted.
    pub(crate) rate: Option<RateFacts>,
    /// The client's wish for a fresh response was not granted, and it is told so.
    pub(crate) cache_warning: bool,
    /// What the backend sent has a content coding; known only where responses are compressed.
    pub(crate) is_coded: bool,
    pub(crate) plan: Option<MethodIndex>,
    /// Whether the connection may serve another request after this one.
    pub(crate) keep_alive: bool,
    /// Status sent to the client; 0 before a head was sent.
    pub(crate) status: u16,
    /// Body bytes sent to the client.
    pub(crate) sent_body_bytes: u64,
    pub(crate) failure: Option<Failure>,
    pub(crate) integration: IntegrationFacts,
}

/// What is known of the authorizer's part.
#[derive(Clone, Copy, Default)]
pub(crate) struct AuthorizerFacts {
    /// Whether there is a decision: 200, or the status that says why not.
    pub(crate) status: Option<u16>,
    /// Of the function's call; `None` where none was made for this request.
    pub(crate) integration_status: Option<u16>,
    /// Of the function's call.
    pub(crate) request_id: Option<[u8; 36]>,
    /// Why there is no decision.
    pub(crate) error: Option<&'static str>,
    /// What the decision's policy says of the request.
    pub(crate) verdict: Option<Result<(), Failure>>,
}

/// What is known of the integration's call.
#[derive(Clone, Copy, Default)]
pub(crate) struct IntegrationFacts {
    pub(crate) started: Option<Moment>,
    pub(crate) latency: Option<Duration>,
    pub(crate) time_to_head: Option<Duration>,
    /// The backend's status.
    pub(crate) status: Option<u16>,
    /// The status of the service that calls the backend, where there is one between: Lambda.
    pub(crate) service_status: Option<u16>,
    pub(crate) error: Option<&'static str>,
}

impl Default for Exchange {
    fn default() -> Self {
        Self {
            rx: None,
            head: RequestHead::new(),
            scanner: HeadScanner::new(HeadLimits::DEFAULT),
            body: Body::default(),
            upstream: ResponseHead::new(),
            out: Vec::with_capacity(4096),
            request_body: Vec::new(),
            response_body: Vec::new(),
            transform: Transform::default(),
            trace: Vec::with_capacity(128),
            client_trace: None,
            backend_request_id: Vec::with_capacity(64),
            cache_key: Vec::with_capacity(256),
            arn: Vec::new(),
            explanation: String::new(),
            problem: String::new(),
            storing: None,
            authorizer: None,
            facts: Facts::new(),
            serving: None,
            stage: None,
            params: PathParams::default(),
            journal: None,
            trial: None,
        }
    }
}

impl Facts {
    const fn new() -> Self {
        Self {
            started: Moment::NEVER,
            ended: None,
            started_unix_ms: 0,
            request_id: [b'0'; 36],
            extended_id: [b'='; 16],
            method: RequestMethod::Other,
            path_offset: 0,
            base: Base::Default,
            stage: StageIndex(0),
            api_key: None,
            authorizer_latency_ms: 0,
            authorizer: AuthorizerFacts {
                status: None,
                integration_status: None,
                request_id: None,
                error: None,
                verdict: None,
            },
            rate: None,
            cache_warning: false,
            is_coded: false,
            plan: None,
            keep_alive: false,
            status: 0,
            sent_body_bytes: 0,
            failure: None,
            integration: IntegrationFacts {
                started: None,
                latency: None,
                time_to_head: None,
                status: None,
                service_status: None,
                error: None,
            },
        }
    }
}

impl Exchange {
    /// The bytes of the request's head; every span of [`Exchange::head`] refers to them.
    #[inline]
    pub(crate) fn bytes(&self) -> &[u8] {
        self.rx.as_ref().map_or(&[], Buf::filled)
    }

    #[inline]
    pub(crate) fn text(&self, span: Span) -> &[u8] {
        span.of(self.bytes())
    }

    /// Starts with a head that was just parsed.
    pub(crate) fn begin(&mut self, shard: &Shard, now: Moment) {
        self.facts = Facts::new();
        let unix_ms = gateway_rt::clock::unix_ms();
        let (request_id, trace) = self.client_ids();
        // Nothing of the request before may decide about this one.
        self.stage = None;
        self.authorizer = None;
        if self.trial.is_none() {
            self.journal = None;
        }
        self.explanation.clear();
        self.problem.clear();
        self.transform.overrides = Overrides::default();
        self.facts.started = now;
        self.facts.started_unix_ms = unix_ms;
        self.facts.request_id = request_id.unwrap_or_else(|| ids::uuid(&shard.random));
        self.facts.extended_id = ids::extended_request_id(&shard.random);
        self.facts.keep_alive = self.head.keep_alive && !shard.gate.is_closed();
        self.facts.method = RequestMethod::parse(self.text(self.head.method));
        if let Some(field) = self.head.field(FieldName::XHttpMethodOverride) {
            // Source: the developer guide, "X-HTTP-Method-Override replaces the method".
            self.facts.method = RequestMethod::parse(self.text(field.value));
        }
        self.trace.clear();
        self.backend_request_id.clear();
        self.client_trace = trace;
    }

    /// Makes the trace header for a backend or a function, which only they have use for. The same for all
    /// that a request calls.
    pub(crate) fn make_trace(&mut self, shard: &Shard) {
        if !self.trace.is_empty() {
            return;
        }
        let bytes = self.rx.as_ref().map_or(&[][..], Buf::filled);
        let client = self.client_trace.map(|span| span.of(bytes));
        let unix_seconds = self.facts.started_unix_ms / 1000;
        ids::trace_header(client, &shard.random, unix_seconds, &mut self.trace);
    }

    /// Starts with what turned out to be no request: there is nothing to look at.
    pub(crate) fn begin_refused(&mut self, shard: &Shard) {
        self.facts = Facts::new();
        self.facts.started = Moment::now();
        self.facts.started_unix_ms = gateway_rt::clock::unix_ms();
        self.facts.request_id = ids::uuid(&shard.random);
        self.facts.extended_id = ids::extended_request_id(&shard.random);
        self.head =
            RequestHead { fields: std::mem::take(&mut self.head.fields), ..RequestHead::new() };
        self.head.fields.clear();
        self.body = Body::default();
        self.stage = None;
        self.authorizer = None;
        self.serving = None;
        self.explanation.clear();
        self.problem.clear();
        self.trace.clear();
    }

    /// Gives back memory that only an unusually large message needed.
    pub(crate) fn shrink(&mut self) {
        let vecs = [
            &mut self.out,
            &mut self.request_body,
            &mut self.response_body,
            &mut self.cache_key,
            &mut self.transform.body,
        ];
        for bytes in vecs {
            if bytes.capacity() > EXCHANGE_VEC_BYTES_MAX {
                *bytes = Vec::new();
            }
        }
    }

    /// Whether the request has no body at all, not even an empty one.
    pub(crate) fn body_is_absent(&self) -> bool {
        self.head.body == BodyLength::None
    }

    /// The request id that the client brings, if it is a UUID, and its trace header.
    fn client_ids(&self) -> (Option<[u8; 36]>, Option<Span>) {
        let (mut request_id, mut trace) = (None, None);
        for field in self.head.fields.iter().filter(|f| f.known == FieldName::Other) {
            let name = self.text(field.name);
            if name.len() < 15 || name[0] | 0x20 != b'x' {
                continue;
            }
            if is_name(name, b"x-amzn-requestid") {
                let value = self.text(field.value);
                request_id = value.try_into().ok().filter(|id: &[u8; 36]| ids::is_uuid(id));
            } else if is_name(name, b"x-amzn-trace-id")
                && field.value.len() <= crate::limits::TRACE_HEADER_BYTES_MAX
            {
                trace = Some(field.value);
            }
        }
        (request_id, trace)
    }

    /// The resource path: what follows the stage.
    pub(crate) fn resource_path(&self) -> &[u8] {
        &self.text(self.head.target.path)[self.facts.path_offset..]
    }

    /// The method's plan, once it is found.
    pub(crate) fn plan(&self) -> Option<&MethodPlan> {
        Some(self.stage.as_ref()?.plan.method(self.facts.plan?))
    }

    /// Whether it came by a function URL.
    pub(crate) fn is_function_url(&self) -> bool {
        self.stage.as_ref().is_some_and(|stage| stage.plan.function_url.is_some())
    }

    /// Whether the client asks with HEAD: the head is answered, the body is not.
    pub(crate) fn is_head(&self) -> bool {
        self.text(self.head.method) == b"HEAD"
    }

    /// The value of the last field with this well-known name.
    pub(crate) fn known_field(&self, known: FieldName) -> Option<&[u8]> {
        let field = self.head.fields.iter().rev().find(|f| f.known == known)?;
        Some(self.text(field.value))
    }

    /// The API key that the request shows, known or not.
    pub(crate) fn api_key(&self, source: ApiKeySource) -> Option<&[u8]> {
        match source {
            ApiKeySource::Header => self.known_field(FieldName::XApiKey),
            ApiKeySource::Authorizer => {
                let key = self.authorizer.as_ref()?.usage_identifier_key.as_ref();
                key.map(|key| key.as_bytes())
            }
        }
    }

    /// The fields that mappings and logs may see: what is dropped at the door is not there.
    pub(crate) fn visible_fields(&self) -> impl DoubleEndedIterator<Item = &Field> {
        self.head.fields.iter().filter(|f| !is_dropped_at_the_door(f.known))
    }

    /// `$context.error.validationErrorString`; empty where the body was not refused.
    pub(crate) fn validation_error(&self) -> &str {
        let kind = self.facts.failure.map(|failure| failure.kind);
        let is_of_body = kind == Some(gateway_compile::GatewayResponseType::BadRequestBody);
        if is_of_body { &self.problem } else { "" }
    }

    /// Time since the request began.
    pub(crate) fn age(&self, now: Moment) -> Duration {
        Duration::from_micros(now.micros_since(self.facts.started))
    }

    /// The client's address as `X-Forwarded-For` takes it on.
    pub(crate) fn write_forwarded_for(&self, peer: &Peer, out: &mut Vec<u8>) {
        let mut is_first = true;
        for field in self.head.fields.iter().filter(|f| f.known == FieldName::XForwardedFor) {
            if !is_first {
                out.extend_from_slice(b", ");
            }
            out.extend_from_slice(self.text(field.value));
            is_first = false;
        }
        if !is_first {
            out.extend_from_slice(b", ");
        }
        out.extend_from_slice(peer.ip());
    }
}

/// Source: recorded behaviour, "Headers, what survives into the gateway". The three names after them
/// are hop-by-hop (RFC 9110 section 7.6.1), the override has done its work, and an operator's secret
/// is nobody else's.
#[inline]
pub(crate) const fn is_dropped_at_the_door(name: FieldName) -> bool {
    matches!(
        name,
        FieldName::Connection
            | FieldName::ContentLength
            | FieldName::ContentMd5
            | FieldName::Expect
            | FieldName::MaxForwards
            | FieldName::ProxyAuthenticate
            | FieldName::Server
            | FieldName::Te
            | FieldName::Trailer
            | FieldName::TransferEncoding
            | FieldName::Upgrade
            | FieldName::WwwAuthenticate
            | FieldName::KeepAlive
            | FieldName::ProxyConnection
            | FieldName::ProxyAuthorization
            | FieldName::XHttpMethodOverride
            | FieldName::XGatewayExplain
    )
}
