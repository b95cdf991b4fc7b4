//! Every bound of this crate, with its source.

use gateway_proto::HeadLimits;
use gateway_rt::limits::BUF_BYTES;

/// Bytes kept free before a response from an upstream, so that our head replaces the upstream's in
/// front of the body without moving the body. Ours: what we add to a head, and renamed fields.
pub const RESPONSE_HEADROOM_BYTES: usize = 1_024;

/// Bytes kept free before a later piece of a body, for a chunk's framing: the end of the chunk
/// before, 16 digits, CRLF.
pub const CHUNK_HEADROOM_BYTES: usize = 32;

/// Bytes of an unwanted request body that are read and dropped to keep the connection. With more
/// to come the connection is closed. Source: attacks, "read-and-discard to a small cap or close".
pub const DISCARD_BYTES_MAX: u64 = 64 * 1024;

/// Payload bytes a second that a client sending a body keeps up, after a first span of the time
/// limit for one piece; waiting for the backend does not count. Source: Apache mod_reqtimeout,
/// `MinRate=500`: a byte now and then must not hold a backend's connection for days.
pub const BODY_RATE_MIN_BPS: u64 = 500;

/// Memory for a body or a head that a free exchange keeps. Ours: what is larger was for a body
/// that had to be whole, and goes back.
pub const EXCHANGE_VEC_BYTES_MAX: usize = 64 * 1024;

/// Pause after a listening socket reports an error that is not its end, in milliseconds.
/// Source: accept(2): errors of the network are to be treated like EAGAIN.
pub const ACCEPT_RETRY_MS: u64 = 100;

/// Bytes read and dropped after a last response, so that a peer still sending gets to read it
/// instead of a reset. Ours.
pub const LINGER_BYTES_MAX: usize = 256 * 1024;

/// How long that may take, in milliseconds. Ours.
pub const LINGER_MS: u64 = 2_000;

/// While draining, how long a connection that was busy a moment ago may take to send one more
/// request, in milliseconds. Ours: it is answered with `Connection: close`.
pub const DRAIN_GRACE_MS: u64 = 1_000;

/// Interim (1xx) responses of one upstream response that are skipped. Ours: more is a flood.
pub const INTERIM_RESPONSES_MAX: usize = 16;

/// Exchanges whose memory a shard keeps for the next connection that wakes. Ours.
pub const EXCHANGES_FREE_MAX: usize = 1_024;

/// A client's `x-amzn-RequestId` that we take over: the length of a UUID.
pub const REQUEST_ID_BYTES: usize = 36;

/// A trace header that is passed on, in bytes. Ours: Root, Parent, Sampled, Lineage and a Self of
/// a load balancer are about 200.
pub const TRACE_HEADER_BYTES_MAX: usize = 512;

/// Headers of a function's result. Ours: more is an attack on clients, or on the time that reading takes.
pub const REPLY_FIELDS_MAX: usize = 1_000;

/// An event, in bytes. Source: Lambda quotas, invocation payload of 6 MB each for request and response;
/// the error's text has this number.
pub const FUNCTION_EVENT_BYTES_MAX: usize = 6_291_456;

/// A function's result, in bytes. Source: as above; the error's text for responses has this number.
pub const FUNCTION_RESULT_BYTES_MAX: usize = 6_291_556;

/// Room that an event without its body is given at first. Ours: a browser's headers, twice.
pub const EVENT_HEAD_BYTES: usize = 4_096;

/// Bytes of a refusal of `Invoke` that are logged. Ours.
pub const REMOTE_ERROR_BYTES_MAX: usize = 512;

/// A cached body up to this long is copied behind its head and leaves through the ring; a longer one
/// is sent from where it lies, with a system call of its own. Ours: copying 16 KiB costs about what
/// the call does.
pub const CACHED_COPY_BYTES_MAX: usize = 16 * 1024;

/// How often a shard looks whether it holds tokens that it does not use, in milliseconds, while it
/// holds any. Source: the design, "an unused lease expires back in 10 ms"; a lease is unused after
/// half of that, and is seen within the other half.
pub const LEASE_LOOK_MS: u64 = 5;

/// Bytes of `X-Gateway-Explain-Trail`. Ours: clients and proxies take heads of 8 KiB and more.
pub const TRAIL_LINE_BYTES_MAX: usize = 4_096;

/// Resource paths that a trail names where there is no route. Source: our own; more are no help.
pub const NEAREST_COUNT_MAX: usize = 3;

/// Segments of a path, and bytes of a segment, that are looked at to find near ones. Ours.
pub const NEAREST_SEGMENTS_MAX: usize = 16;
/// See [`NEAREST_SEGMENTS_MAX`].
pub const NEAREST_SEGMENT_BYTES_MAX: usize = 64;

/// Pairs of bytes that are compared to find near paths. Ours: a few milliseconds of a shard, and
/// enough for thousands of resources.
pub const NEAREST_CELLS_MAX: usize = 1_000_000;

/// Names that a trail lists of what there is. Ours: for a reader, not for a machine.
pub const LISTED_MAX: usize = 10;

/// What one mapping template renders, in bytes. Source: API Gateway quotas, "Payload size" (10 MB); what an
/// integration gets, and what a client gets, is no more than a request may have.
pub const RENDERED_BYTES_MAX: usize = gateway_compile::limits::PAYLOAD_BYTES_MAX;

/// How long an authorizer's function may take, in milliseconds. Source: API Gateway quotas, the integration
/// timeout of REST APIs; that it holds for authorizers is not documented.
pub const AUTHORIZER_TIMEOUT_MS: u64 = 29_000;

/// The ARN of a method with the request's path, in bytes. Source: API Gateway quotas, "Method ARN length",
/// answered 414.
pub const METHOD_ARN_BYTES_MAX: usize = 1_600;

/// How much of a body is compressed or decoded before the shard's other connections have their turn, in bytes.
/// Ours: about a millisecond.
pub const CODING_SLICE_BYTES: usize = 64 * 1024;

/// The level of zlib at which responses are compressed. Source: ours; the fastest that finds most of what
/// repeats in JSON.
pub const COMPRESSION_LEVEL: u32 = 2;

/// How many times its own length a request's body may decode to, past [`INFLATION_FREE_BYTES`]. Source: ours
/// (attacks, "Decompression bomb"); JSON compresses 5 to 50 times, deflate at most 1,032 times.
pub const INFLATION_RATIO_MAX: usize = 200;

/// What any body may decode to. See [`INFLATION_RATIO_MAX`].
pub const INFLATION_FREE_BYTES: usize = 1024 * 1024;

/// Members of a gzip file in a request. Source: ours; a client that compresses in pieces sends a few, and each
/// costs a decoder.
pub const GZIP_MEMBERS_MAX: usize = 64;

const _: () = assert!(
    HeadLimits::DEFAULT.head_bytes_max() + RESPONSE_HEADROOM_BYTES < BUF_BYTES,
    "any response head fits one buffer behind the headroom"
);

/// Bytes of the header fields in a line of an execution log; the rest is cut off. Source: observability §4.1, "Truncated to
/// 1024 bytes"; the bodies that a trial shows are whole.
pub const JOURNAL_HEADERS_BYTES_MAX: usize = 1_024;

/// Bytes of a line of an execution log, the request's id included; the rest is cut off. Source: API Gateway developer guide, "Set
/// up CloudWatch logging for REST APIs", "log events larger than 1024 bytes are truncated".
pub const LOG_LINE_BYTES_MAX: usize = 1_024;

/// Seconds for an invocation that no API asks for, the wait for an environment included. Source: Lambda quotas, "Function
/// timeout", 900, and a minute to start.
pub const DIRECT_INVOCATION_S_MAX: u64 = 960;
