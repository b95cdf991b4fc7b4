//! The bounds of this crate.

/// The longest stage name, in characters. Source: CreateStage, "Maximum length is 128 characters."
pub const STAGE_NAME_CHARS_MAX: usize = 128;

/// The longest time that an answer is cached, in seconds. Source: API Gateway quotas, "Cache TTL:
/// 300 seconds by default and configurable between 0 and 3600".
pub const CACHE_TTL_SECONDS_MAX: u32 = 3_600;

/// The largest share of a canary, in percent. Source: CanarySettings, percentTraffic.
pub const CANARY_PERCENT_MAX: f64 = 100.0;

/// The most usage plans of an API key. Source: API Gateway quotas, "Usage plans per API key".
pub const PLANS_PER_KEY_MAX: usize = 10;

/// The most usage plans that imported API keys name. Source: ours; API Gateway has 300.
pub const IMPORTED_PLANS_MAX: usize = 1 << 16;

/// The most bytes of all values, ids and names of imported API keys. Source: ours; offsets are 32
/// bits wide, and 60 million keys of 62 bytes fit.
pub const IMPORTED_TEXT_BYTES_MAX: usize = u32::MAX as usize;

/// The longest timeout of a function, in seconds. Source: Lambda quotas, "Function timeout: 900 seconds".
pub const FUNCTION_TIMEOUT_SECONDS_MAX: i64 = 900;

/// The least memory of a function, in MiB. Source: Lambda quotas, "128 MB to 10,240 MB".
pub const FUNCTION_MEMORY_MB_MIN: i64 = 128;
/// The most memory of a function, in MiB. See [`FUNCTION_MEMORY_MB_MIN`].
pub const FUNCTION_MEMORY_MB_MAX: i64 = 10_240;

const _: () = assert!(PLANS_PER_KEY_MAX <= u8::MAX as usize, "a count of plans fits its field");
const _: () = assert!(IMPORTED_PLANS_MAX - 1 <= u16::MAX as usize, "a plan's index fits 16 bits");
