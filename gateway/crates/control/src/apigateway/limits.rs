//! The bounds of this module.

/// Items on a page when the caller does not say. Source: API Gateway API Reference, `limit`.
pub(super) const PAGE_DEFAULT: usize = 25;
/// The most items on a page. Source: API Gateway API Reference, `limit`.
pub(super) const PAGE_MAX: usize = 500;

/// The most tags of a resource. Source: API Gateway Developer Guide, "Tag restrictions".
pub(super) const TAGS_MAX: usize = 50;
/// The longest key of a tag, in characters. Source: as [`TAGS_MAX`].
pub(super) const TAG_KEY_CHARS_MAX: usize = 128;
/// The longest value of a tag, in characters. Source: as [`TAGS_MAX`].
pub(super) const TAG_VALUE_CHARS_MAX: usize = 256;

/// The longest name of an API. Source: as [`KEY_NAME_CHARS_MAX`], for API Gateway's documents say nothing of it.
pub(super) const API_NAME_CHARS_MAX: usize = 1024;

/// The longest name that is part of a document's key: of a model, a version of the documentation or a base path. Source: our
/// own, as [`API_NAME_CHARS_MAX`].
pub(super) const KEY_PART_BYTES_MAX: usize = 1024;

/// The largest `minimumCompressionSize`, in bytes. Source: CreateRestApi, "between 0 and 10485760".
pub(super) const COMPRESSION_SIZE_MAX: i64 = 10_485_760;

/// The shortest timeout of an integration, in milliseconds. Source: API Gateway quotas, "Integration timeout".
pub(super) const TIMEOUT_MS_MIN: i64 = 50;
/// The longest timeout of an integration, in milliseconds. Source: as [`TIMEOUT_MS_MIN`].
pub(super) const TIMEOUT_MS_MAX: i64 = 29_000;

/// The shortest value of an API key. Source: CreateApiKey's answer to a shorter one.
pub(super) const KEY_VALUE_CHARS_MIN: usize = 20;
/// The longest value of an API key. Source: CreateApiKey's answer to a longer one.
pub(super) const KEY_VALUE_CHARS_MAX: usize = 128;
/// The length of a value that is made here. Source: values as API Gateway makes them.
pub(super) const KEY_VALUE_CHARS: usize = 40;
/// The longest name of an API key. Source: CreateApiKey's answer to a longer one.
pub(super) const KEY_NAME_CHARS_MAX: usize = 1024;
/// The longest description of an API key. Source: UpdateApiKey's answer to one of 125,001 characters.
pub(super) const KEY_DESCRIPTION_CHARS_MAX: usize = 125_000;

/// The longest that an answer or a decision is kept, in seconds. Source: API Gateway quotas, "Cache TTL".
pub(super) const TTL_SECONDS_MAX: i64 = 3600;

/// The account's burst limit, in requests. Source: API Gateway quotas, "Throttle quota per account".
pub(super) const ACCOUNT_BURST: i64 = 5000;
/// The account's rate limit, in requests per second. Source: as [`ACCOUNT_BURST`].
pub(super) const ACCOUNT_RATE: f64 = 10_000.0;

/// The largest document that is imported, in bytes. Source: ImportRestApi, "The maximum size of the API definition file is 6MB".
pub(super) const IMPORT_BYTES_MAX: usize = 6 * 1024 * 1024;
const _: () = assert!(IMPORT_BYTES_MAX < crate::limits::BODY_BYTES_MAX, "it is read whole");

/// The largest body of a request that is tried, in bytes. Source: API Gateway quotas, "Payload size", 10 MB.
pub(super) const TRIAL_BODY_BYTES_MAX: usize = 10 * 1024 * 1024;
const _: () = assert!(TRIAL_BODY_BYTES_MAX < crate::limits::BODY_BYTES_MAX, "it is refused here");

/// How long a client certificate holds, in seconds. Source: GenerateClientCertificate, 365 days.
pub(super) const CERTIFICATE_SECONDS: u64 = 365 * 86_400;

/// How deep a model's template goes. Source: our own; schemas that refer to themselves have no end.
pub(super) const TEMPLATE_DEPTH_MAX: usize = 16;

/// The most rows of a file of API keys. Source: API Gateway quotas, "API keys per account per Region", 10,000.
pub(super) const KEY_ROWS_MAX: usize = 10_000;
