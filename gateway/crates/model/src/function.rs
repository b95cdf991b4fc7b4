//! Lambda functions that a definition has.

use std::path::PathBuf;

use crate::{Place, Spanned};

/// A Lambda function (`AWS::Lambda::Function`, `AWS::Serverless::Function`).
#[derive(Clone, Debug, PartialEq)]
pub struct Function {
    /// Its name, as written or derived from the stack's and the resource's.
    pub name: Spanned<String>,
    /// Its runtime, e.g. `python3.12`, as written.
    pub runtime: Option<Spanned<String>>,
    /// What the runtime calls, e.g. `app.handler`.
    pub handler: Option<Spanned<String>>,
    /// What it runs.
    pub code: FunctionCode,
    /// Environment variables of its own, in the order written.
    pub environment: Vec<(String, String)>,
    /// How long an invocation may take, in seconds; absent acts as 3.
    pub timeout_seconds: Option<Spanned<i64>>,
    /// Its memory in MiB; absent acts as 128.
    pub memory_mb: Option<Spanned<i64>>,
    /// How many environments it may have at once (`ReservedConcurrentExecutions`).
    pub reserved_concurrency: Option<Spanned<i64>>,
    /// Where it was written.
    pub place: Place,
}

/// Where a function's code is.
#[derive(Clone, Debug, PartialEq)]
pub enum FunctionCode {
    /// The text itself (`ZipFile`).
    Inline(Spanned<String>),
    /// A directory or a zip file on this machine.
    Path {
        /// As it was written.
        written: Spanned<String>,
        /// Resolved against the definition's directory.
        path: PathBuf,
        /// Changes when a file of it does: of paths, sizes and modification times.
        fingerprint: u64,
    },
    /// In a bucket, in an image, or not given: the function cannot run here. Says what was written.
    Elsewhere(Spanned<String>),
}

/// A name for a version of a function (`AWS::Lambda::Alias`, `AWS::Lambda::Version`).
///
/// All of them run the code that the definition has: nothing older is known.
#[derive(Clone, Debug, PartialEq)]
pub struct FunctionQualifier {
    /// The function's name.
    pub function: Spanned<String>,
    /// `live`, or a version's number.
    pub qualifier: String,
    /// Where it was written.
    pub place: Place,
}

/// Who may call a function (`AWS::Lambda::Permission`).
#[derive(Clone, Debug, PartialEq)]
pub struct FunctionPermission {
    /// The function's name or ARN, possibly with a qualifier.
    pub function: Spanned<String>,
    /// `lambda:InvokeFunction`, or with wildcards.
    pub action: String,
    /// `apigateway.amazonaws.com`, an account, or `*`.
    pub principal: String,
    /// Glob over the caller's ARN; absent is any.
    pub source_arn: Option<Spanned<String>>,
    /// The caller's account; absent is any.
    pub source_account: Option<String>,
    /// Where it was written.
    pub place: Place,
}
