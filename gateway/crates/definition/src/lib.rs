//! Definition text (CloudFormation, SAM, OpenAPI) to model, with a place in every diagnostic.
//!
//! The road of one template: `reader` (YAML or JSON to a tree with places) → `sam` (serverless APIs to
//! CloudFormation) → `template` (sections) →
//! `eval` (parameters, conditions, functions) with `identity` (what `Ref` and `Fn::GetAtt` say) →
//! `decode` (properties to typed pieces). The pieces of all files then meet in `assemble`, and
//! `unserved` says which of the features in use this release does not serve. `openapi` reads documents,
//! those of a template's APIs and those that are files of their own, and writes them. Beside that road,
//! [`api_keys`] reads files of API keys.
//!
//! **Architecture invariants:** no text makes [`load`] panic, and every text is bounded in time
//! and memory by `limits`; no I/O happens here but that of a reader that is given, and looks at the
//! code of functions and for documents beside templates where [`Options::reads_function_code`] allows
//! them, and for those in [`Options::buckets`]; all diagnostics of all files come out of one run.
#![forbid(unsafe_code)]

pub mod api_keys;
mod assemble;
mod decode;
mod eval;
mod files;
mod graph;
mod identity;
mod ids;
mod include;
pub mod limits;
mod nearest;
mod node;
mod objects;
mod openapi;
mod parameters;
mod reader;
mod report;
mod sam;
mod stack;
mod summary;
mod template;
mod unserved;

pub use identity::is_custom_id;
pub use openapi::BasePath;
pub use openapi::export::{ExportOptions, ExportType, export, to_yaml};
pub use openapi::imported::{
    ImportRequest, Imported, ImportedDocumentation, Unreadable, import_document,
    import_documentation,
};

pub use stack::{LoadedResource, LoadedStack};
pub use summary::{ParameterSummary, ResourceSummary, Summary, summarize};

use gateway_model::{Definitions, Diagnostic};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// One definition file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its name, as diagnostics show it. The stack is named after its stem.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// The surroundings that a template may ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Template parameters by name.
    pub parameters: BTreeMap<String, String>,
    /// `AWS::AccountId`
    pub account_id: String,
    /// `AWS::Region`
    pub region: String,
    /// `AWS::Partition`
    pub partition: String,
    /// `AWS::URLSuffix`
    pub url_suffix: String,
    /// The stack's name, instead of the file's stem.
    pub stack_name: Option<String>,
    /// Buckets by name, and the directories that stand for them: where `BodyS3Location` looks for
    /// documents. No other bucket is read.
    pub buckets: BTreeMap<String, PathBuf>,
    /// Whether the code of functions may be looked at: that it is there, and the names, sizes and times of
    /// its files. Otherwise its paths are taken as they are, and no change of it is seen.
    pub reads_function_code: bool,
    /// The stack's ARN, instead of one that is made from its name.
    pub stack_id: Option<String>,
    /// What other stacks export, by name, besides those of this run.
    pub exports: BTreeMap<String, String>,
    /// Objects by bucket and key, and the files that hold them. When it is given, the template came from elsewhere:
    /// these are all that it may read of this machine, and paths in it are errors.
    pub objects: Option<BTreeMap<(String, String), PathBuf>>,
    /// Ids of APIs, API keys and usage plans that are not of this run, and that usage plans and base path mappings may name.
    pub known: BTreeSet<String>,
    /// What function URLs look like, with `{id}` and `{region}` for theirs.
    pub function_urls: String,
}

impl Options {
    /// The function URL with this id.
    #[must_use]
    pub fn function_url(&self, id: &str) -> String {
        self.function_urls.replace("{id}", id).replace("{region}", &self.region)
    }
}

impl Default for Options {
    /// Account `000000000000` in `us-east-1` of partition `aws`.
    fn default() -> Self {
        Self {
            parameters: BTreeMap::new(),
            account_id: "000000000000".to_owned(),
            region: "us-east-1".to_owned(),
            partition: "aws".to_owned(),
            url_suffix: "amazonaws.com".to_owned(),
            stack_name: None,
            buckets: BTreeMap::new(),
            reads_function_code: false,
            stack_id: None,
            exports: BTreeMap::new(),
            objects: None,
            known: BTreeSet::new(),
            function_urls: "https://{id}.lambda-url.{region}.on.aws/".to_owned(),
        }
    }
}

/// What the files define, and what there is to say about them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Loaded {
    /// All that could be read. Use it only when no diagnostic is an error.
    pub definitions: Definitions,
    /// By file in the order given, then by place.
    pub diagnostics: Vec<Diagnostic>,
    /// Files that were read, or looked for, besides the definitions.
    pub documents: Vec<PathBuf>,
    /// What is in each stack, in the order of the files.
    pub stacks: Vec<LoadedStack>,
}

impl Loaded {
    /// Whether any diagnostic is an error.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }
}

/// Reads definition files, each a stack of its own, that may import what others export.
///
/// All diagnostics of all files come out of one call; it does not panic on any text.
#[must_use]
pub fn load(files: &[Source], options: &Options) -> Loaded {
    stack::load(files, options)
}

/// The fingerprint that [`gateway_model::FunctionCode::Path`] would have now; `None` when there is no such code.
pub fn code_fingerprint(path: &std::path::Path) -> Option<u64> {
    files::fingerprint(path).ok()
}

/// A stack's name and ARN.
#[derive(Clone, Debug)]
pub(crate) struct StackFacts {
    pub(crate) name: String,
    pub(crate) id: String,
}
