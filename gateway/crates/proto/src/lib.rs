//! HTTP/1.0 and HTTP/1.1 framing as pure state machines: bytes in, events out.
//!
//! The crate does no I/O, never asks the time, and knows nothing of API Gateway. A caller owns the
//! receive buffer and asks three questions of it, on either side of the proxy:
//!
//! ```text
//!  downstream bytes ─▶ HeadScanner ─▶ RequestHead::parse ─▶ BodyLength ─▶ bytes, or ChunkedDecoder
//!    upstream bytes ────────────────▶ ResponseHead::parse ─▶ ResponseBody ─▶ bytes, or ChunkedDecoder
//! ```
//!
//! # Strictness
//!
//! **Architecture invariant:** what two parsers might read differently is refused, never repaired. A
//! request that passes has one framing, one authority and one path, and the path that routes is the
//! path that is forwarded. Each refusal has a status and a kebab-case reason
//! ([`RequestError::status`](h1::RequestError::status), [`reason`](h1::RequestError::reason)); the only
//! safe thing after one is to answer, close, and forward nothing. What is refused though RFC 9112
//! would let it pass:
//!
//! - `Transfer-Encoding` with `Content-Length`, repeated (however alike), with any coding but
//!   `chunked`, or with a tab or trailing space around it;
//! - bare LF, folded lines, white space around chunk sizes and extensions;
//! - dot segments in any spelling, bytes outside RFC 3986 in a path, a decoded path that is not UTF-8;
//! - an absolute-form target whose authority is not `Host`; user information; percent-encoding or a
//!   comma in a host; `CONNECT`; versions other than 1.0 and 1.1;
//! - a `Connection` field that names a field which routes, frames or authenticates.
//!
//! Deliberately let pass: any token as a method, `Content-Length` with leading zeros, obs-text in
//! values, two empty lines before a request, unknown `Connection` options (ignored: they strip
//! nothing), `X_Y` beside `X-Y` (two different fields). An `Expect` other than `100-continue` is 417.
//!
//! # Splits
//!
//! Lines are judged in order, each when its end is there, so the outcome never depends on how the
//! bytes were split. `tests/properties.rs` holds us to it, and `tests/conformance.rs` lists by name
//! each case of llhttp's that we answer differently.
//!
//! # Cost
//!
//! A head is read once, left to right: one `memchr` for the line, one for the colon, a table look-up
//! per byte of the name, 16 bytes at a time of the value. Names are recognised by length and one letter,
//! then compared once. Spans are offsets, fields go to a vector that is kept, nothing is copied, and
//! nothing is allocated once the vector has grown (`tests/allocations.rs`). `examples/head_cost.rs`
//! prints what it costs on the machine at hand. `httparse` would leave us to look again at every byte
//! it passed (bare LF, white space, control bytes), so it is the oracle of a property test instead.
//!
//! # Example
//!
//! ```
//! use gateway_proto::HeadLimits;
//! use gateway_proto::h1::{BodyLength, Parsed, RequestHead};
//!
//! let buf = b"GET /pets?limit=3 HTTP/1.1\r\nHost: api.example.com\r\n\r\n";
//! let mut head = RequestHead::new();
//! assert_eq!(head.parse(buf, &HeadLimits::DEFAULT), Ok(Parsed::Complete));
//! assert_eq!(head.target.path.of(buf), b"/pets");
//! assert_eq!(head.host(buf), b"api.example.com");
//! assert_eq!(head.body, BodyLength::None);
//! assert_eq!(head.len, buf.len());
//! ```
#![forbid(unsafe_code)]

pub mod field;
pub mod h1;
pub mod limits;
pub mod span;

mod bytes;

pub use field::{Field, FieldName, is_name};
pub use limits::{ChunkLimits, HeadLimits};
pub use span::Span;
