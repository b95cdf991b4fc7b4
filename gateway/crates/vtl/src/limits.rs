//! Every bound of the template language, with its source.

/// Passes of one `#foreach`; the next never happens, silently. Source: API Gateway sets Velocity's `directive.foreach.maxloops`
/// to it (recorded).
pub(crate) const FOREACH_PASSES_MAX: u32 = 1000;

/// How deep expressions, references and directives may nest in a template's text. Velocity's parser ends with a stack
/// overflow at some thousand levels; ours must fit the stack of a shard's thread, a debug build included.
pub(crate) const NESTING_MAX: u32 = 100;

/// Bytes of a template. Source: API Gateway's quota, "mapping template size" 300 KB.
pub const TEMPLATE_BYTES_MAX: usize = 300 * 1024;

/// What one render may spend. When something is spent, the render fails with a [`RenderError`](crate::RenderError).
#[derive(Clone, Debug)]
pub struct Limits {
    /// Statements, references, operations and passes of loops, and what methods do for each element they look at.
    pub steps_max: u64,
    /// How deep evaluation may nest: `#define`d blocks that call each other, and values in values.
    pub depth_max: u32,
    /// Bytes of output.
    pub output_bytes_max: usize,
    /// Bytes that strings, lists and maps made by the template may hold at once, beside what the body takes.
    pub value_bytes_max: usize,
}

impl Default for Limits {
    /// One million steps take some 40 ms; the output is API Gateway's largest payload (10 MB); output and values together stay
    /// below 16 MiB.
    fn default() -> Self {
        Self {
            steps_max: 1_000_000,
            depth_max: 64,
            output_bytes_max: 10 * 1024 * 1024,
            value_bytes_max: 4 * 1024 * 1024,
        }
    }
}

/// Up to this many bytes output grows by doubling.
pub(crate) const OUTPUT_DOUBLED_MAX: usize = 1024 * 1024;

/// Bytes that a compiled regular expression may take. The `regex` crate's own default is ten times that, for one expression.
pub(crate) const REGEX_BYTES_MAX: usize = 1024 * 1024;

/// How often a search with lookaround or back references may go back, and what the attempt costs in steps. Each is tried after the one
/// before was not enough; a thousand take some 20 µs.
pub(crate) const BACKTRACKS_MAX: [(usize, u64); 3] =
    [(1_000, 500), (30_000, 20_000), (500_000, 400_000)];

/// Regular expressions made while rendering that one render keeps.
pub(crate) const REGEXES_KEPT_MAX: usize = 16;

/// How deep a `#define`d block goes into itself. Source: Velocity's default of `directive.define.max.depth`.
pub(crate) const DEFINE_DEPTH_MAX: u32 = 2;

/// How much text is copied or looked at for one step.
pub(crate) const BYTES_PER_STEP: usize = 64;

/// What a value takes in a list or map, in bytes, roughly.
pub(crate) const VALUE_BYTES: usize = 48;

/// What compiling a regular expression costs in steps.
pub(crate) const REGEX_STEPS: u64 = 2_000;

/// How deep a JSON document may nest. Source: json-smart's own limit.
pub(crate) const DOCUMENT_DEPTH_MAX: usize = 400;

/// How many characters a number of a document may have. Source: json-smart's own limit; reading an integer takes quadratic time.
pub(crate) const NUMBER_LEN_MAX: usize = 1000;

/// How many bytes a document may take in memory: all that a bomb of small values gets. That is some 4 MB of ordinary records, 260,000
/// numbers, or all of a body of long texts.
pub(crate) const DOCUMENT_BYTES_MAX: usize = 16 * 1024 * 1024;

/// How long a JSONPath may be, in bytes. Ours: templates have paths of some hundred.
pub(crate) const PATH_BYTES_MAX: usize = 8 * 1024;

/// How deep filters and their parentheses may nest in a path. Ours: nobody writes three.
pub(crate) const PATH_NESTING_MAX: usize = 32;

/// How many values one evaluation of a path may look at: some 20 ms.
pub(crate) const VISITS_MAX: u64 = 500_000;

/// How deep a deep scan goes, and a comparison. Deeper than any document that is read; a template can make values that contain
/// themselves.
pub(crate) const SCAN_DEPTH_MAX: usize = 512;
const _: () = assert!(SCAN_DEPTH_MAX > DOCUMENT_DEPTH_MAX, "every document can be scanned");

/// How many steps a pattern with lookaround or back references in a filter may take on one text.
pub(crate) const PATTERN_STEPS_MAX: usize = 100_000;
