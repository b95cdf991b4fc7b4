//! Functions as the store has them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A function.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Function {
    pub(super) name: String,
    pub(super) configuration: Configuration,
    pub(super) code: Code,
    pub(super) modified_ms: u64,
    /// Changes with every change.
    pub(super) revision: u64,
    pub(super) reserved_concurrency: Option<i64>,
    pub(super) versions: Vec<Version>,
    /// By name.
    pub(super) aliases: BTreeMap<String, Alias>,
    /// Statements, those of an alias or version with its name.
    pub(super) statements: Vec<Statement>,
    pub(super) tags: BTreeMap<String, String>,
    /// Its URLs: its own under an empty text, those of aliases under their names.
    #[serde(default)]
    pub(super) urls: BTreeMap<String, Url>,
}

/// What CreateFunction and UpdateFunctionConfiguration say.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Configuration {
    pub(super) runtime: String,
    pub(super) handler: String,
    pub(super) role: String,
    pub(super) description: String,
    pub(super) timeout_seconds: i64,
    pub(super) memory_mb: i64,
    pub(super) environment: BTreeMap<String, String>,
    pub(super) architectures: Vec<String>,
    /// What has no effect here and is given back as it came, by its name: layers, tracing …
    pub(super) others: BTreeMap<String, Value>,
}

/// Where code is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Code {
    /// Name of the file among the code of functions.
    pub(super) file: String,
    pub(super) bytes: u64,
    /// In base64.
    pub(super) sha256: String,
}

/// What was published: it stays so.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Version {
    pub(super) number: u64,
    pub(super) description: String,
    pub(super) configuration: Configuration,
    pub(super) code: Code,
    pub(super) modified_ms: u64,
}

/// A name for a version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Alias {
    pub(super) version: String,
    pub(super) description: String,
    pub(super) routing: Option<Value>,
    pub(super) revision: u64,
}

/// Who may call the function.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Statement {
    pub(super) qualifier: Option<String>,
    pub(super) sid: String,
    pub(super) action: String,
    pub(super) principal: String,
    pub(super) source_arn: Option<String>,
    pub(super) source_account: Option<String>,
    #[serde(default)]
    pub(super) event_source_token: Option<String>,
    #[serde(default)]
    pub(super) principal_org_id: Option<String>,
    #[serde(default)]
    pub(super) function_url_auth_type: Option<String>,
    #[serde(default)]
    pub(super) is_via_function_url: bool,
}

/// A function URL.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Url {
    pub(super) id: String,
    pub(super) auth_type: String,
    /// As it was given, checked.
    pub(super) cors: Option<Value>,
    pub(super) invoke_mode: String,
    pub(super) created_ms: u64,
    pub(super) modified_ms: u64,
}
