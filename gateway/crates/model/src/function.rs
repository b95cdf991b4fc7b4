//! Lambda functions that a definition has.

use std::path::PathBuf;

use crate::closed::closed_names;
use crate::{Place, Spanned};

/// A Lambda function (`AWS::Lambda::Function`, `AWS::Serverless::Function`).
#[derive(Clone, Debug, PartialEq)]
pub struct Function {
    /// Its name, as written or derived from the stack's and the resource's.
    pub name: Spanned<String>,
    /// The version that was published so; `None` is the function as it is now.
    pub version: Option<String>,
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
#[derive(Clone, Debug, PartialEq)]
pub struct FunctionQualifier {
    /// The function's name.
    pub function: Spanned<String>,
    /// `live`, or a version's number.
    pub qualifier: String,
    /// The [`Function::version`] that it runs. `None` runs the function as it is now, which is what those of templates do:
    /// nothing older is known of them.
    pub version: Option<String>,
    /// Where it was written.
    pub place: Place,
}

/// Who may call a function (`AWS::Lambda::Permission`).
#[derive(Clone, Debug, PartialEq)]
pub struct FunctionPermission {
    /// The function's name or ARN, possibly with a qualifier.
    pub function: Spanned<String>,
    /// `lambda:InvokeFunction`, `lambda:InvokeFunctionUrl`, or with wildcards.
    pub action: String,
    /// `apigateway.amazonaws.com`, an account, or `*`.
    pub principal: String,
    /// Glob over the caller's ARN; absent is any.
    pub source_arn: Option<Spanned<String>>,
    /// The caller's account; absent is any.
    pub source_account: Option<String>,
    /// The `AuthType` of the function URL through which the call has to come; absent is any.
    pub function_url_auth_type: Option<String>,
    /// Only calls that come through a function URL (`InvokedViaFunctionUrl`).
    pub is_via_function_url: bool,
    /// Where it was written.
    pub place: Place,
}

/// A URL of a function (`AWS::Lambda::Url`).
#[derive(Clone, Debug, PartialEq)]
pub struct FunctionUrl {
    /// The first label of its host.
    pub id: String,
    /// The function's name or ARN, without a qualifier.
    pub function: Spanned<String>,
    /// The alias that it calls; absent calls the function as it is now.
    pub qualifier: Option<String>,
    /// Who may call it.
    pub auth: FunctionUrlAuth,
    /// What pages of other origins may do with it; absent leaves that to the function.
    pub cors: Option<FunctionUrlCors>,
    /// How it answers; absent acts as `BUFFERED`.
    pub invoke_mode: Option<FunctionUrlInvokeMode>,
    /// Where it was written.
    pub place: Place,
}

closed_names! {
    /// Who may call a function URL (`AuthType`).
    pub enum FunctionUrlAuth {
        /// Everybody, if a permission says so.
        None = "NONE",
        /// Who signs.
        AwsIam = "AWS_IAM",
    }
}

closed_names! {
    /// How a function URL answers (`InvokeMode`). Here an answer is always sent when it is whole.
    pub enum FunctionUrlInvokeMode {
        /// When the answer is whole.
        Buffered = "BUFFERED",
        /// As the answer comes.
        ResponseStream = "RESPONSE_STREAM",
    }
}

/// `Cors` of a function URL. A list that is empty says nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FunctionUrlCors {
    /// `AllowCredentials`
    pub allow_credentials: bool,
    /// `AllowHeaders`
    pub allow_headers: Vec<String>,
    /// `AllowMethods`
    pub allow_methods: Vec<String>,
    /// `AllowOrigins`
    pub allow_origins: Vec<String>,
    /// `ExposeHeaders`
    pub expose_headers: Vec<String>,
    /// `MaxAge`, in seconds.
    pub max_age_seconds: Option<i64>,
}
