//! The bounds of this crate. A definition is a file that somebody hands us; none of its bytes may
//! cost more than these allow.

/// The longest file, in bytes. Source: ours. CloudFormation takes 1 MB; a file need not travel to
/// AWS, and 10,000 methods in one template are some 10 MB.
pub const FILE_BYTES_MAX: usize = 32 * 1024 * 1024;

/// The deepest nesting of lists and objects. Source: ours; real templates stay below 40.
pub const NESTING_MAX: usize = 96;

/// The most values in one file, aliases expanded. Source: ours; a value of a file of
/// [`FILE_BYTES_MAX`] bytes takes some 20 bytes of text.
pub const NODES_MAX: usize = 1_500_000;

/// The most values that the aliases of one file may stand for. Source: ours; templates use them for a few
/// hundred, and an alias of aliases is a bomb (attacks, "YAML/OpenAPI bombs").
pub const ALIASED_NODES_MAX: usize = 150_000;

/// The most work of evaluating one stack: values made, plus bytes of text made. Source: ours; it
/// stops text that doubles at every step.
pub const EVALUATION_UNITS_MAX: usize = 128 * 1024 * 1024;

/// The longest chain of `$ref`s that lead to one another, of an OpenAPI document. Source: ours.
pub const REFERENCE_CHAIN_MAX: usize = 32;

/// The most parts of a path of an OpenAPI document. Source: ours; each is a resource that holds its
/// whole path.
pub const PATH_PARTS_MAX: usize = 128;

/// The most files that the `AWS::Include`s of one template add, and each counts as often as it is included. Source: ours; all of
/// them together may have [`FILE_BYTES_MAX`] bytes.
pub const INCLUDES_MAX: usize = 256;

/// The longest description of a template. Source: CloudFormation User Guide, "Template description".
pub const DESCRIPTION_BYTES_MAX: usize = 1_024;

/// The longest chain of conditions that refer to one another. Source: ours.
pub const CONDITION_CHAIN_MAX: usize = 64;

/// The most diagnostics of one file; one more says that there are more. Source: ours.
pub const DIAGNOSTICS_MAX: usize = 1_000;

/// The most subnets of one `Fn::Cidr`. Source: CloudFormation, "count: 1 to 256".
pub const CIDR_COUNT_MAX: u32 = 256;

/// The longest custom id, in bytes: it is one label of a host name. Source: RFC 1035 §2.3.4.
pub const CUSTOM_ID_BYTES_MAX: usize = 63;

/// The largest compiled pattern of a parameter, in bytes. Source: ours.
pub const PATTERN_BYTES_MAX: usize = 1024 * 1024;

/// The length of a REST API's id. Source: ids that API Gateway makes.
pub const API_ID_CHARS: usize = 10;

/// The length of the ids of what belongs to an API. Source: ids that API Gateway makes.
pub const PART_ID_CHARS: usize = 6;

/// The length of the suffix of a generated physical id. Source: CloudFormation.
pub const PHYSICAL_SUFFIX_CHARS: usize = 12;

/// The shortest and the longest value of an API key, in characters. Source: CreateApiKey, "API Key
/// value should be at least 20 characters", "exceeds maximum size of 128 characters".
pub const KEY_VALUE_CHARS_MIN: usize = 20;
/// See [`KEY_VALUE_CHARS_MIN`].
pub const KEY_VALUE_CHARS_MAX: usize = 128;

/// The longest name of an API key, in characters. Source: CreateApiKey, "Invalid API Key name, can
/// be at most 1024 characters."
pub const KEY_NAME_CHARS_MAX: usize = 1_024;

/// The longest id that a key file gives, in characters. Source: ours; API Gateway's have ten.
pub const KEY_ID_CHARS_MAX: usize = 64;

/// The longest row of a key file, in bytes. Source: ours; a name, a value and ten plans take less
/// than 8 KiB, and descriptions may be longer.
pub const ROW_BYTES_MAX: usize = 64 * 1024;

/// The most cells of a row of a key file, less one. Source: ours; six columns mean something.
pub const ROW_CELLS_MAX: usize = 256;

/// The longest name of a function, in characters. Source: CreateFunction, "the limit is 64 characters".
pub const FUNCTION_NAME_CHARS_MAX: usize = 64;

/// The longest handler, in characters. Source: CreateFunction, `Handler`.
pub const HANDLER_CHARS_MAX: usize = 128;

/// The longest inline code, in bytes. Source: AWS::Lambda::Function Code, `ZipFile`, "4 MB".
pub const INLINE_CODE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// The most bytes of a function's environment variables. Source: Lambda quotas, "4 KB, for all environment
/// variables associated with the function, in aggregate".
pub const ENVIRONMENT_BYTES_MAX: usize = 4 * 1024;

/// The most files of a function's code. Source: ours; each costs a look at every reload, and node modules
/// of large functions are some 10,000.
pub const CODE_FILES_MAX: usize = 20_000;

/// The deepest nesting of directories of a function's code. Source: ours.
pub const CODE_DEPTH_MAX: usize = 64;

const _: () = assert!(NODES_MAX < EVALUATION_UNITS_MAX, "a whole file can be evaluated once");
