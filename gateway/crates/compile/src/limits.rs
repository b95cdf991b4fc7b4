//! Every bound of this crate, with its source.

/// Variable path parts (`{name}`, `{proxy+}`) on one resource path.
///
/// Source: ours. API Gateway has no figure of its own; a resource path that used one more would not fit
/// its 300-resource tree in practice. The spans live on the stack of each exchange.
pub const PATH_PARAMS_MAX: usize = 32;

/// Levels of a resource tree. Source: API Gateway quotas, "Resources per API" (300): a chain of all of
/// them is the deepest tree.
pub const TREE_DEPTH_MAX: usize = 300;

/// Longest request path in bytes that routing looks at; a span of a path parameter is a `u16`.
/// Source: API Gateway quotas, "Total combined size of request line and header values" (10,240, fixed).
pub const PATH_BYTES_MAX: usize = 10_240;
const _: () = assert!(PATH_BYTES_MAX <= u16::MAX as usize, "a span of a path fits two u16");

/// Payload of a request in bytes. Source: API Gateway quotas, "Payload size" (10 MB, fixed);
/// the recorded error text says 10485760.
pub const PAYLOAD_BYTES_MAX: usize = 10 * 1024 * 1024;

/// The largest request of a function URL, in bytes. Source: Lambda quotas, "Invocation payload (request and response)", 6 MB for
/// synchronous calls.
pub const FUNCTION_URL_BYTES_MAX: usize = 6 * 1024 * 1024;

/// How long a function URL waits for its function, in ms: the longest that a function may take ([`FUNCTION_TIMEOUT_S_MAX`]),
/// and a minute for an environment. Ours: the function's own timeout is what ends it.
pub const FUNCTION_URL_TIMEOUT_MS: u32 = (FUNCTION_TIMEOUT_S_MAX as u32 + 60) * 1_000;

/// Shortest integration timeout in milliseconds. Source: API Gateway quotas, "Integration timeout".
pub const TIMEOUT_MS_MIN: u32 = 50;

/// Longest integration timeout of a buffered response in milliseconds, and the default.
/// Source: API Gateway quotas, "Integration timeout" (50 milliseconds to 29 seconds).
pub const TIMEOUT_MS_DEFAULT: u32 = 29_000;

/// Longest integration timeout at all in milliseconds. Source: API Gateway Developer Guide, response
/// streaming (15 minutes); regional quotas may raise the buffered limit up to it.
pub const TIMEOUT_MS_MAX: u32 = 900_000;

/// Size of one mapping template in bytes. Source: API Gateway quotas, "Mapping template size" (300 KB).
pub const TEMPLATE_BYTES_MAX: usize = 300 * 1024;

/// Nesting that the lenient JSON reader follows before it refuses a document.
/// Source: ours; bounds the reader's own stack. API Gateway's figure is not published.
pub const JSON_DEPTH_MAX: usize = 128;

/// Steps of one body path (`method.request.body.a.b[0]`). Source: ours; an expression is short.
pub const BODY_PATH_STEPS_MAX: usize = 64;

/// Status codes that a selection table covers: 100 to 599. Source: RFC 9110, section 15, and the
/// integer range that API Gateway accepts for an integration response.
pub const STATUS_MIN: u16 = 100;
/// Last status of the selection table. See [`STATUS_MIN`].
pub const STATUS_MAX: u16 = 599;

/// Integration responses of one method. Source: API Gateway takes one a status code, and there are 500
/// of them (100 to 599).
pub const RESPONSES_MAX: usize = 500;
const _: () = assert!(RESPONSES_MAX <= u16::MAX as usize, "a choice is a u16");

/// Compiled size of one selection pattern in bytes. Source: ours; a pattern is written by the API's
/// owner, yet `(a{1000}){1000}` must not take the memory of all stages.
pub const PATTERN_BYTES_MAX: usize = 1 << 20;

/// Distinct backends of one stage. Source: an `EndpointIndex` is a `u16`; API Gateway allows 300
/// resources × 7 methods on an API.
pub const ENDPOINTS_MAX: usize = 65_535;
const _: () = assert!(300 * 7 <= ENDPOINTS_MAX);

/// Rate of a limit that names only a burst, in requests per second. Source: API Gateway quotas, "Throttle
/// quota per account" (10,000), which a method setting has when only its burst was patched.
pub const RATE_RPS_DEFAULT: f64 = 10_000.0;

/// Burst of a limit that names only a rate. Source: as [`RATE_RPS_DEFAULT`] (5,000).
pub const BURST_DEFAULT: i64 = 5_000;

/// How long a response is cached in seconds, unless a setting says otherwise. Source: UpdateStage,
/// `cacheTtlInSeconds`.
pub const CACHE_TTL_S_DEFAULT: u32 = 300;

/// A GB of a cache cluster in bytes.
const CACHE_GB: f64 = 1_073_741_824.0;

/// Sizes of a cache cluster and their bytes. Source: CreateStage, `cacheClusterSize`.
pub const CACHE_SIZES: [(&str, u64); 8] = [
    ("0.5", (0.5 * CACHE_GB) as u64),
    ("1.6", (1.6 * CACHE_GB) as u64),
    ("6.1", (6.1 * CACHE_GB) as u64),
    ("13.5", (13.5 * CACHE_GB) as u64),
    ("28.4", (28.4 * CACHE_GB) as u64),
    ("58.2", (58.2 * CACHE_GB) as u64),
    ("118", (118.0 * CACHE_GB) as u64),
    ("237", (237.0 * CACHE_GB) as u64),
];

/// Size of a cache cluster that names none. Source: the smallest; API Gateway requires one to be named.
pub const CACHE_SIZE_DEFAULT: &str = "0.5";

/// Memory of all stage caches together in bytes, unless the operator says otherwise. Source: ours; the
/// smallest cache cluster.
pub const CACHE_BYTES_MAX_DEFAULT: u64 = 512 * 1024 * 1024;

/// Usage plans of all definitions. Source: a membership names its plan in a `u16`; API Gateway quotas,
/// "Usage plans per account" (300).
pub const USAGE_PLANS_MAX: usize = 65_535;

/// Method throttles of one plan. Source: a plan names them in a `u16`; API Gateway allows 20 a stage.
pub const PLAN_METHODS_MAX: usize = 65_535;

/// Length of an API key's value in characters. Source: CreateApiKey, "API Key value should be at least 20
/// characters".
pub const KEY_VALUE_CHARS_MIN: usize = 20;

/// See [`KEY_VALUE_CHARS_MIN`]. Source: CreateApiKey, "API Key value exceeds maximum size of 128
/// characters".
pub const KEY_VALUE_CHARS_MAX: usize = 128;

/// Problems of one kind that are told one by one; of the others only the count. Source: ours; a file of a
/// million keys can have a million problems.
pub const TOLD_MAX: usize = 20;

/// Length of a function's name, or of a qualifier, in characters. Source: Lambda API reference, a function
/// name has 64 characters, an alias 128, and what `Invoke` takes may be longer by an ARN.
pub const FUNCTION_NAME_CHARS_MAX: usize = 140;

/// Distinct functions of one stage. Source: a `FunctionIndex` is a `u16`; API Gateway allows 300 resources
/// × 7 methods and 10 authorizers on an API.
pub const FUNCTIONS_MAX: usize = 65_535;
const _: () = assert!(300 * 7 + AUTHORIZERS_MAX <= FUNCTIONS_MAX);

/// Authorizers of one API. Source: API Gateway quotas, "Authorizers per API" (10).
pub const AUTHORIZERS_MAX: usize = 10;

/// Longest time that an authorizer's decision is kept, in seconds. Source: CreateAuthorizer,
/// `authorizerResultTtlInSeconds`, "The maximum value is 3600".
pub const AUTHORIZER_TTL_S_MAX: i64 = 3_600;

/// How long a decision is kept in seconds, unless the authorizer says otherwise. Source: as
/// [`AUTHORIZER_TTL_S_MAX`], "If this parameter is not set, the default value is 300".
pub const AUTHORIZER_TTL_S_DEFAULT: i64 = 300;

/// How long an invocation may take in seconds, unless the function says otherwise. Source: CreateFunction,
/// `Timeout`, "The default is 3 seconds. The maximum allowed value is 900 seconds."
pub const FUNCTION_TIMEOUT_S_DEFAULT: i64 = 3;
/// See [`FUNCTION_TIMEOUT_S_DEFAULT`].
pub const FUNCTION_TIMEOUT_S_MAX: i64 = 900;

/// Memory of a function in MiB, unless it says otherwise. Source: CreateFunction, `MemorySize`, "The default
/// value is 128 MB".
pub const FUNCTION_MEMORY_MB_DEFAULT: i64 = 128;
/// Most memory of a function in MiB. Source: Lambda quotas, "Memory: 128 MB to 10,240 MB".
pub const FUNCTION_MEMORY_MB_MAX: i64 = 10_240;

/// Size of one model's schema in bytes. Source: API Gateway quotas, "Maximum model size" (400 KB).
pub const MODEL_BYTES_MAX: usize = 400 * 1024;

/// Nesting of one model's schema. Source: ours; bounds the stack of its compilation.
pub const MODEL_DEPTH_MAX: usize = 64;

/// Compiled size of one `pattern` of a schema in bytes. Source: as [`PATTERN_BYTES_MAX`].
pub const SCHEMA_PATTERN_BYTES_MAX: usize = PATTERN_BYTES_MAX;

/// Nesting of a request's body that is validated. Source: ours; the stack of one validation is bounded by it.
pub const BODY_DEPTH_MAX: usize = 128;

/// Values of a request's body that is validated. Source: ours. A value takes 32 bytes and a member 56, so
/// that a body takes at most 16 MiB, growing included, however few bytes its values have.
pub const BODY_VALUES_MAX: usize = 131_072;

/// Values of a body whose problems are told one by one. Source: ours; each may have a problem.
pub const DESCRIBED_VALUES_MAX: usize = 4_096;

/// Nesting of a body whose problems are told one by one. Source: ours. What alternatives of a recursive
/// schema have to say multiplies with each level, which deciding alone does not.
pub const DESCRIBED_DEPTH_MAX: usize = 8;

/// Problems of one body that are told. Source: ours.
pub const PROBLEMS_MAX: usize = 32;

/// Length of the text about all problems of a body in bytes. Source: ours; it goes into a response and into
/// an access log.
pub const PROBLEMS_TEXT_BYTES_MAX: usize = 4_096;

/// Parameters of one method that are required. Source: ours; a request's head of 10,240 bytes has no more
/// names than this, and what is missing is put in order.
pub const REQUIRED_PARAMETERS_MAX: usize = 1_024;
