//! Every bound of the control plane, with its source.

/// Connections served at once; for one more, the one that has waited longest for its request goes. Source: our own; a fleet
/// of build jobs.
pub const CONNECTIONS_MAX: usize = 256;

/// Milliseconds between two looks for a place when all are taken by who is being answered. Source: our own.
pub const PLACE_PAUSE_MS: u64 = 100;

/// Bytes of a request's head. Source: our own; four times the largest signed request of a client with session
/// token (8 KiB).
pub const HEAD_BYTES_MAX: usize = 32 * 1024;

/// Seconds for a request's head: from connecting on, and then from its first byte on. Source: our own; a head is some
/// packets.
pub const HEAD_SECONDS_MAX: u64 = 10;

/// Seconds of silence between two requests. Source: our own; longer than the pools of AWS's clients keep a connection that
/// they still use.
pub const IDLE_SECONDS_MAX: u64 = 60;

/// Bytes of a request's body. Source: API Gateway's limit on an imported document is 6 MB; twice that, as for
/// definition files.
pub const BODY_BYTES_MAX: usize = 12 * 1024 * 1024;

/// Bytes of all bodies that are held at once. Source: our own; who comes then waits.
pub const BODIES_BYTES_MAX: usize = 64 * 1024 * 1024;
const _: () = assert!(BODIES_BYTES_MAX >= BODY_BYTES_MAX, "one body fits");
const _: () = assert!(BODIES_BYTES_MAX / 1024 < u32::MAX as usize, "counted in KiB by a semaphore");

/// Seconds for a request's body, the wait for room included. Source: our own; 12 MiB at 400 KiB/s.
pub const BODY_SECONDS_MAX: u64 = 30;

/// Pause after a failed accept (out of descriptors), in milliseconds. Source: our own.
pub const ACCEPT_PAUSE_MS: u64 = 100;

/// Calls that wait for their turn. Source: each connection has one at a time.
pub const CALLS_MAX: usize = CONNECTIONS_MAX;

/// Calls that share one sync of the disk. Source: all that can wait.
pub const BATCH_CALLS_MAX: usize = CALLS_MAX;

/// Milliseconds by which a client's clock may differ. Source: IAM User Guide, "a request must reach AWS within
/// five minutes of the time stamp in the request".
pub const CLOCK_SKEW_MS_MAX: u64 = 5 * 60 * 1000;

/// Seconds that a presigned request may live. Source: Amazon S3, `X-Amz-Expires`, seven days.
pub const EXPIRES_SECONDS_MAX: u64 = 604_800;

/// Bytes of the file of admin credentials. Source: our own; it has three lines.
pub const CREDENTIALS_FILE_BYTES_MAX: u64 = 64 * 1024;

/// Seconds that temporary credentials live. Source: STS API Reference, `AssumeRole`, 900 to 43,200.
pub const SESSION_SECONDS_MIN: u64 = 900;
/// Source: as [`SESSION_SECONDS_MIN`].
pub const SESSION_SECONDS_MAX: u64 = 43_200;
/// Source: STS API Reference, `GetSessionToken`, 900 to 129,600.
pub const SESSION_TOKEN_SECONDS_MAX: u64 = 129_600;
/// Source: STS API Reference, `AssumeRole`, default.
pub const ASSUMED_SECONDS_DEFAULT: u64 = 3_600;
/// Source: STS API Reference, `GetSessionToken`, default.
pub const SESSION_TOKEN_SECONDS_DEFAULT: u64 = 43_200;
/// Characters of a role's session name. Source: STS API Reference, `RoleSessionName`, 2 to 64.
pub const SESSION_NAME_CHARS_MAX: usize = 64;

/// Bytes of an object, whole or in parts. Source: our own; the largest artifact of a function is 250 MB unpacked, four times
/// that.
pub const OBJECT_BYTES_MAX: u64 = 1024 * 1024 * 1024;
/// Seconds for an object's body. Source: our own; the largest at 1.7 MiB/s.
pub const OBJECT_SECONDS_MAX: u64 = 600;
/// Bytes of an object that are read at once for an answer. Source: our own.
pub const FILE_FRAME_BYTES: usize = 64 * 1024;
/// Bytes of a line of the chunked coding, trailers included. Source: our own; the longest trailer is a checksum of 88.
pub const CHUNK_LINE_BYTES_MAX: usize = 1024;
/// Bytes of a document that Amazon S3 takes. Source: our own; DeleteObjects with 1,000 keys of 1,024 bytes.
pub const S3_DOCUMENT_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Bytes of a setting of a bucket. Source: Amazon S3 User Guide, bucket policies, 20 KB; the largest of them.
pub const S3_SETTING_BYTES_MAX: usize = 20 * 1024;
/// Bytes of an object's key. Source: Amazon S3 User Guide, "Object key naming guidelines".
pub const S3_KEY_BYTES_MAX: usize = 1_024;
/// Keys of one answer, and of one DeleteObjects. Source: Amazon S3 API Reference, ListObjectsV2 and DeleteObjects.
pub const S3_LIST_MAX: usize = 1_000;
/// Buckets of an account. Source: Amazon S3 User Guide, "Bucket quotas", before they were raised.
pub const BUCKETS_MAX: usize = 100;
/// Objects of all buckets. Source: our own; the facts of each take some 500 bytes of memory.
pub const OBJECTS_MAX: usize = 100_000;
/// Unfinished multipart uploads of a bucket. Source: our own; a part is a file.
pub const UPLOADS_MAX: usize = 100;
/// The highest number of a part. Source: Amazon S3 User Guide, "Amazon S3 multipart upload limits".
pub const PARTS_MAX: u32 = 10_000;

/// Stacks that are there. Source: CloudFormation User Guide, "CloudFormation quotas".
pub const STACKS_MAX: usize = 2_000;
/// Deleted stacks that are remembered. Source: our own; AWS remembers them for 90 days.
pub const DELETED_STACKS_MAX: usize = 100;
/// Events of a stack that are remembered; older ones go. Source: our own; AWS remembers them for 90 days.
pub const STACK_EVENTS_MAX: usize = 2_000;
/// Change sets of a stack. Source: our own; the oldest goes.
pub const CHANGE_SETS_MAX: usize = 20;
/// Characters of a stack's or a change set's name. Source: CloudFormation API Reference, CreateStack, 1 to 128.
pub const STACK_NAME_CHARS_MAX: usize = 128;
/// Bytes of a template, wherever it comes from. Source: CloudFormation User Guide, "CloudFormation quotas", 1 MB in a bucket.
/// (The 51,200 bytes of one in a request are checked by clients.)
pub const TEMPLATE_BYTES_MAX: usize = 1024 * 1024;
/// Bytes of a stack policy. Source: CloudFormation API Reference, SetStackPolicy, 1 to 16,384.
pub const STACK_POLICY_BYTES_MAX: usize = 16_384;
/// Roles of an account. Source: IAM User Guide, "IAM and AWS STS quotas", default.
pub const ROLES_MAX: usize = 1_000;
/// Characters of a role's name. Source: IAM API Reference, CreateRole, 1 to 64.
pub const ROLE_NAME_CHARS_MAX: usize = 64;
/// Bytes of a policy. Source: IAM User Guide, "IAM and AWS STS quotas", the largest of roles: 10,240 of inline policies.
pub const IAM_POLICY_BYTES_MAX: usize = 10_240;

/// Files and directories of a function's zip file. Source: as many as `gateway-functions` unpacks.
pub const FUNCTION_FILES_MAX: usize = 200_000;
/// Functions of one page. Source: Lambda API Reference, ListFunctions, "maximum of 50 items in each response".
pub const FUNCTIONS_OF_PAGE_MAX: usize = 50;
/// What a page may be asked for. Source: Lambda API Reference, ListFunctions, `MaxItems`, 1 to 10,000.
pub const MAX_ITEMS_MAX: usize = 10_000;
/// Bytes of a function's zip file, and of what is in it. Source: Lambda Developer Guide, "Lambda quotas", 250 MB unpacked.
pub const FUNCTION_CODE_BYTES_MAX: u64 = 250 * 1024 * 1024;
/// Bytes of a function's environment variables. Source: Lambda Developer Guide, "Lambda quotas", 4 KB.
pub const FUNCTION_ENVIRONMENT_BYTES_MAX: usize = 4 * 1024;
/// Characters of a function's name. Source: Lambda API Reference, CreateFunction, 1 to 64.
pub const FUNCTION_NAME_CHARS_MAX: usize = 64;
/// Functions that are made by hand. Source: our own.
pub const FUNCTIONS_MAX: usize = 1_000;
/// Statements of a function's policy. Source: Lambda Developer Guide, "Lambda quotas", 20 KB of some 200 bytes each.
pub const FUNCTION_STATEMENTS_MAX: usize = 100;
/// Versions of a function; the oldest goes. Source: our own.
pub const FUNCTION_VERSIONS_MAX: usize = 100;
/// Aliases of a function. Source: our own.
pub const FUNCTION_ALIASES_MAX: usize = 100;
/// Methods in the `Cors` of a function URL. Source: Lambda API Reference, Cors, as the next four.
pub const FUNCTION_URL_CORS_METHODS_MAX: usize = 6;
/// Names in `AllowHeaders` or `ExposeHeaders` of a function URL.
pub const FUNCTION_URL_CORS_HEADERS_MAX: usize = 100;
/// Origins in the `Cors` of a function URL.
pub const FUNCTION_URL_CORS_ORIGINS_MAX: usize = 100;
/// `MaxAge` in the `Cors` of a function URL.
pub const FUNCTION_URL_MAX_AGE_SECONDS_MAX: i64 = 86_400;
/// Function URLs on a page. Source: Lambda API Reference, ListFunctionUrlConfigs, `MaxItems`, "a maximum of 50".
pub const FUNCTION_URLS_PAGE_MAX: usize = 50;
/// Tags of a resource. Source: AWS Tagging, 50.
pub const TAGS_MAX: usize = 50;
/// Bytes of an event, and of a result. Source: Lambda Developer Guide, "Lambda quotas", synchronous invocations, 6 MB.
pub const INVOKE_PAYLOAD_BYTES_MAX: usize = 6 * 1024 * 1024;

/// Minutes for which metrics are kept. Source: CloudWatch User Guide, "Metrics retention": data points with a period of 60
/// seconds are available for 15 days.
pub const METRIC_MINUTES_MAX: u32 = 15 * 24 * 60;
/// Bytes of memory for the metrics of all minutes; the oldest go. Source: our own; a busy series takes some 500 bytes a minute,
/// so that six are kept for the whole time, and sixty for a day and a half. An idle series takes nothing.
pub const METRIC_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Series of metrics that have a value in any minute that is kept; further ones are left out, and the log says so. Source: our
/// own; a hundred APIs with a hundred methods each that have metrics of their own.
pub const METRIC_SERIES_MAX: usize = 10_000;
/// Bytes of memory for the names of those series; further ones are left out as well. Source: our own; 1,600 for each.
pub const METRIC_NAMES_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Rows of metrics that wait for the end of their minute; then they are kept before it. Source: our own.
pub const METRIC_OPEN_ROWS_MAX: usize = 2_000;
/// Rows of one record of a minute. Source: our own; a row has up to 60 KB.
pub const METRIC_RECORD_ROWS_MAX: usize = 100;
/// Parts of the values that somebody put for a minute; of more there are no percentiles. Source: our own; 150 values, which one
/// datum may have, six times.
pub const METRIC_SPREAD_PARTS_MAX: usize = 1_000;

/// Data points of one GetMetricStatistics. Source: CloudWatch API Reference, GetMetricStatistics.
pub const METRIC_STATISTICS_POINTS_MAX: u64 = 1_440;
/// Data points of one GetMetricData, and how many one page has by default. Source: CloudWatch API Reference, GetMetricData.
pub const METRIC_DATA_POINTS_MAX: u64 = 100_800;
/// Queries of one GetMetricData. Source: CloudWatch API Reference, GetMetricData.
pub const METRIC_QUERIES_MAX: usize = 500;
/// Values that one GetMetricData computes, in all of its queries and the steps of their expressions. Source: our own; the data
/// points of an answer ten times.
pub const METRIC_VALUES_MAX: usize = 10 * METRIC_DATA_POINTS_MAX as usize;
/// Characters of an expression. Source: CloudWatch API Reference, MetricDataQuery, 1 to 2,048.
pub const METRIC_EXPRESSION_CHARS_MAX: usize = 2_048;
/// Parentheses and functions inside each other, and expressions that name each other. Source: our own.
pub const METRIC_EXPRESSION_DEPTH_MAX: usize = 32;
/// Metrics on a page of ListMetrics. Source: CloudWatch API Reference, ListMetrics.
pub const METRIC_LIST_MAX: usize = 500;
/// Dimensions of a metric. Source: CloudWatch API Reference, Dimension.
pub const METRIC_DIMENSIONS_MAX: usize = 30;
/// Metrics of one PutMetricData. Source: CloudWatch API Reference, PutMetricData.
pub const METRIC_DATUMS_MAX: usize = 1_000;
/// Values of one datum. Source: CloudWatch API Reference, MetricDatum, `Values`.
pub const METRIC_DATUM_VALUES_MAX: usize = 150;
/// Milliseconds into the past that a datum may lie. Source: CloudWatch API Reference, PutMetricData, two weeks.
pub const METRIC_PAST_MS_MAX: u64 = 14 * 24 * 3_600_000;
/// Milliseconds into the future that a datum may lie. Source: as before, two hours.
pub const METRIC_FUTURE_MS_MAX: u64 = 2 * 3_600_000;
/// Structures inside each other in a document of CBOR. Source: our own; an operation of CloudWatch has seven.
pub const CBOR_DEPTH_MAX: usize = 32;
/// Log groups and streams of one answer. Source: CloudWatch Logs API Reference, DescribeLogGroups and DescribeLogStreams.
pub const LOG_LIST_MAX: usize = 50;
/// Log events of one answer, and of one PutLogEvents. Source: CloudWatch Logs API Reference, GetLogEvents.
pub const LOG_EVENTS_MAX: usize = 10_000;
/// Bytes of the log events of one answer, and of one PutLogEvents. Source: CloudWatch Logs API Reference, "up to 1 MB" and
/// "The maximum batch size is 1,048,576 bytes".
pub const LOG_EVENTS_BYTES_MAX: usize = 1_048_576;
/// What an event counts beside its message. Source: CloudWatch Logs API Reference, PutLogEvents, "plus 26 bytes".
pub const LOG_EVENT_OVERHEAD_BYTES: usize = 26;
/// Log events that one answer looks at; the next page goes on. Source: our own; some 10 ms, with a regular expression 100 ms.
pub const LOG_SCANNED_MAX: usize = 100_000;
/// Log events that are looked at while those who write wait. Source: our own; well below a millisecond.
pub const LOG_CHUNK_MAX: usize = 2_000;
/// Characters of a log group's or stream's name. Source: CloudWatch Logs API Reference, CreateLogGroup, 1 to 512.
pub const LOG_NAME_CHARS_MAX: usize = 512;
/// Names of streams in one FilterLogEvents. Source: CloudWatch Logs API Reference.
pub const LOG_STREAM_NAMES_MAX: usize = 100;
/// How far ahead an event may be, in milliseconds. Source: CloudWatch Logs API Reference, PutLogEvents, two hours.
pub const LOG_EVENT_AHEAD_MS_MAX: u64 = 2 * 60 * 60 * 1000;
/// How old an event may be, in milliseconds. Source: CloudWatch Logs API Reference, PutLogEvents, 14 days.
pub const LOG_EVENT_AGE_MS_MAX: u64 = 14 * 24 * 60 * 60 * 1000;
/// How far apart the events of one PutLogEvents may be, in milliseconds. Source: CloudWatch Logs API Reference, 24 hours.
pub const LOG_BATCH_SPAN_MS_MAX: u64 = 24 * 60 * 60 * 1000;

/// Characters of a filter pattern. Source: CloudWatch Logs API Reference, FilterLogEvents, 0 to 1,024.
pub const FILTER_PATTERN_CHARS_MAX: usize = 1_024;
/// Parentheses in each other in a filter pattern. Source: our own; each is a call.
pub const FILTER_DEPTH_MAX: usize = 20;
/// Regular expressions in a filter pattern. Source: CloudWatch Logs User Guide, "Filter pattern syntax", 2.
pub const FILTER_REGEXES_MAX: usize = 2;
/// Memory of a compiled regular expression, bytes. Source: our own.
pub const FILTER_REGEX_BYTES_MAX: usize = 1 << 20;
