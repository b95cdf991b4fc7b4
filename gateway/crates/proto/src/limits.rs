//! Every bound of this crate, with its source.

/// Request line in bytes, without its CRLF. Source: API Gateway quotas, request line and headers of a
/// regional endpoint (10,240, fixed). Crossing it is 414.
pub const REQUEST_LINE_BYTES_MAX: usize = 10_240;

/// Empty lines skipped before a request line. Source: RFC 9112 section 2.2 asks for at least one, for
/// clients that end a body with a CRLF too many; some end it with two.
pub const EMPTY_LINES_MAX: usize = 2;

/// Names, values and terminators of all fields of one head, in bytes. Source: API Gateway quotas,
/// "Total combined size of request line and header values" (10,240, fixed). Crossing it is 431.
pub const FIELDS_BYTES_MAX: usize = 10_240;

/// Fields of one head. Source: ours; a browser sends about 20, hyper's default is 100. Crossing it is
/// 431.
pub const FIELDS_COUNT_MAX: usize = 128;

/// Method in bytes. Source: ours; the longest registered method, `UPDATEREDIRECTREF`, has 17. RFC 9112
/// section 3 answers a longer one with 501.
pub const METHOD_BYTES_MAX: usize = 32;

/// Authority (`host[:port]`) in bytes. Source: RFC 1035 section 2.3.4 (255 for a name) and `:65535`.
pub const AUTHORITY_BYTES_MAX: usize = 255 + 6;

/// Digits of a `Content-Length`. Source: 2⁶³ − 1 has 19; more than that is never a length, whatever
/// zeros lead it.
pub const CONTENT_LENGTH_DIGITS_MAX: usize = 19;

/// The largest body length we count to. Source: ours; what fits a signed 64-bit integer is read alike
/// by every implementation behind us.
pub const BODY_BYTES_MAX: u64 = i64::MAX as u64;

/// While a head is at most this long it is parsed on every arrival, so that what is not HTTP at all
/// (a TLS hello, a port scan) is refused at its first bytes. Source: ours; a method and a space.
pub const EARLY_PARSE_BYTES: usize = METHOD_BYTES_MAX + 2;

/// Digits of a chunk size. Source: 16 hex digits fill 64 bits.
pub const CHUNK_SIZE_DIGITS_MAX: usize = 16;

/// One chunk-size line with its extensions, in bytes, without its CRLF. Source: ours.
pub const CHUNK_LINE_BYTES_MAX: usize = 1_024;

/// Extensions of all chunks of one body, in bytes. Source: ours; a quarter of what Node and hyper
/// settled on (16 KiB) after CVE-2023-39326 and its kin, since no client we know sends any.
pub const CHUNK_EXTENSION_BYTES_MAX: usize = 4_096;

/// Names, values and terminators of all trailers of one body, in bytes. Source: as
/// [`FIELDS_BYTES_MAX`].
pub const TRAILERS_BYTES_MAX: usize = FIELDS_BYTES_MAX;

/// Trailers of one body. Source: as [`FIELDS_COUNT_MAX`].
pub const TRAILERS_COUNT_MAX: usize = FIELDS_COUNT_MAX;

const _: () =
    assert!(HeadLimits::DEFAULT.head_bytes_max() < u32::MAX as usize, "a span is two u32");
const _: () = assert!(CHUNK_SIZE_DIGITS_MAX < CHUNK_LINE_BYTES_MAX, "a size fits its line");
const _: () = assert!(CHUNK_LINE_BYTES_MAX <= CHUNK_EXTENSION_BYTES_MAX, "one line fits the total");

/// Bounds of one head.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HeadLimits {
    /// Request line (or status line) in bytes, without its CRLF.
    pub request_line_bytes_max: usize,
    /// Names, values and terminators of all fields, in bytes.
    pub fields_bytes_max: usize,
    /// How many fields.
    pub fields_count_max: usize,
}

impl HeadLimits {
    /// The limits of this file.
    pub const DEFAULT: Self = Self {
        request_line_bytes_max: REQUEST_LINE_BYTES_MAX,
        fields_bytes_max: FIELDS_BYTES_MAX,
        fields_count_max: FIELDS_COUNT_MAX,
    };

    /// Bytes of the longest head these limits let pass: empty lines before it, the request line, the
    /// fields, and the empty line behind them. A receive buffer of this size holds every head.
    pub const fn head_bytes_max(&self) -> usize {
        2 * EMPTY_LINES_MAX + self.request_line_bytes_max + 2 + self.fields_bytes_max + 2
    }
}

impl Default for HeadLimits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Bounds of the framing of one chunked body. The payload has none here; count it where it is kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ChunkLimits {
    /// One chunk-size line in bytes, without its CRLF.
    pub line_bytes_max: usize,
    /// Extensions of all chunks, in bytes.
    pub extension_bytes_max: usize,
    /// Names, values and terminators of all trailers, in bytes.
    pub trailers_bytes_max: usize,
    /// How many trailers.
    pub trailers_count_max: usize,
}

impl ChunkLimits {
    /// The limits of this file.
    pub const DEFAULT: Self = Self {
        line_bytes_max: CHUNK_LINE_BYTES_MAX,
        extension_bytes_max: CHUNK_EXTENSION_BYTES_MAX,
        trailers_bytes_max: TRAILERS_BYTES_MAX,
        trailers_count_max: TRAILERS_COUNT_MAX,
    };
}

impl Default for ChunkLimits {
    fn default() -> Self {
        Self::DEFAULT
    }
}
