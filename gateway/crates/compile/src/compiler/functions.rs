//! The functions of all definitions: what runs here, and who may call it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use gateway_model::{Definitions, Function, FunctionCode, FunctionPermission};

use super::CompileOptions;
use crate::arn::{FunctionName, partition};
use crate::functions::{Code, FunctionPlan, FunctionTarget, Runtime};
use crate::limits::{
    FUNCTION_MEMORY_MB_DEFAULT, FUNCTION_MEMORY_MB_MAX, FUNCTION_TIMEOUT_S_DEFAULT,
    FUNCTION_TIMEOUT_S_MAX,
};
use crate::plan::Snapshot;

/// What the definitions have under a function's name.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Found {
    /// It runs here.
    Here(Arc<FunctionPlan>),
    /// It is defined and does not run here; why.
    Elsewhere(String),
    /// The function is defined, this alias or version of it is not.
    NoQualifier,
    /// No such function.
    Nothing,
}

/// A question that a stage asked of the table, with its answer. A stage keeps its plan while all of its
/// questions have the answers that they had.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Asked {
    Function(FunctionName, Found),
    /// Whether one of these callers may invoke the function.
    Permission(FunctionName, Vec<String>, bool),
}

/// All functions by name.
pub(super) struct FunctionTable<'d> {
    functions: HashMap<&'d str, Result<Arc<FunctionPlan>, String>>,
    qualifiers: HashSet<(&'d str, &'d str)>,
    permissions: HashMap<String, Vec<&'d FunctionPermission>>,
    account_id: &'d str,
}

impl<'d> FunctionTable<'d> {
    pub(super) fn new(
        definitions: &'d Definitions,
        options: &'d CompileOptions,
        previous: Option<&Snapshot>,
    ) -> Self {
        let before = plans_before(previous);
        let functions = definitions.functions.iter().map(|function| {
            let plan = plan(function, options).map(|plan| {
                let kept = before.get(&*plan.name).filter(|kept| ****kept == plan);
                kept.map_or_else(|| Arc::new(plan), |kept| Arc::clone(kept))
            });
            (function.name.value.as_str(), plan)
        });
        let qualifiers = definitions.function_qualifiers.iter();
        let qualifiers = qualifiers.map(|of| (of.function.value.as_str(), of.qualifier.as_str()));
        let mut permissions: HashMap<String, Vec<&FunctionPermission>> = HashMap::new();
        for permission in &definitions.function_permissions {
            let name = FunctionName::parse(&permission.function.value, &options.region);
            if let Some(name) = name {
                permissions.entry(name.to_string()).or_default().push(permission);
            }
        }
        Self {
            functions: functions.collect(),
            qualifiers: qualifiers.collect(),
            permissions,
            account_id: &options.account_id,
        }
    }

    /// What a name stands for.
    pub(super) fn find(&self, name: &FunctionName) -> Found {
        match self.functions.get(name.name.as_str()) {
            None => Found::Nothing,
            Some(_) if !self.has_qualifier(name) => Found::NoQualifier,
            Some(Ok(plan)) => Found::Here(Arc::clone(plan)),
            Some(Err(why)) => Found::Elsewhere(why.clone()),
        }
    }

    fn has_qualifier(&self, name: &FunctionName) -> bool {
        let qualifier = name.qualifier.as_deref();
        name.is_latest()
            || qualifier.is_some_and(|text| self.qualifiers.contains(&(name.name.as_str(), text)))
    }

    /// Whether a permission lets API Gateway invoke the function for any of these callers. As on AWS, a
    /// permission is for the function itself or for one alias or version, and covers no other.
    pub(super) fn is_permitted(&self, name: &FunctionName, callers: &[String]) -> bool {
        let key = match name.is_latest() {
            true => name.name.clone(),
            false => name.to_string(),
        };
        let permissions = self.permissions.get(&key).map_or(&[][..], Vec::as_slice);
        permissions.iter().any(|permission| {
            let source = permission.source_arn.as_ref();
            let account = permission.source_account.as_deref();
            matches!(permission.principal.as_str(), "apigateway.amazonaws.com" | "*")
                && glob(&permission.action.to_ascii_lowercase(), "lambda:invokefunction")
                && account.is_none_or(|account| account == self.account_id)
                && source
                    .is_none_or(|source| callers.iter().any(|caller| glob(&source.value, caller)))
        })
    }

    /// Whether all answers are what they were.
    pub(super) fn still_says(&self, asked: &[Asked]) -> bool {
        asked.iter().all(|asked| match asked {
            Asked::Function(name, found) => self.find(name) == *found,
            Asked::Permission(name, callers, is_permitted) => {
                self.is_permitted(name, callers) == *is_permitted
            }
        })
    }
}

/// The functions that run in the snapshot being served, by name.
fn plans_before(previous: Option<&Snapshot>) -> HashMap<&str, &Arc<FunctionPlan>> {
    let stages = previous.iter().flat_map(|snapshot| &snapshot.stages).map(|stage| &**stage);
    let mut plans = HashMap::new();
    for stage in stages {
        let canary = stage.canary.as_ref().map(|canary| &*canary.plan);
        for target in std::iter::once(stage).chain(canary).flat_map(|stage| &stage.functions) {
            if let FunctionTarget::Local(plan) = target {
                plans.insert(&*plan.name, plan);
            }
        }
    }
    plans
}

/// How a function runs here, or why it does not.
fn plan(function: &Function, options: &CompileOptions) -> Result<FunctionPlan, String> {
    let code = match &function.code {
        FunctionCode::Inline(text) => Code::Inline(text.value.as_str().into()),
        FunctionCode::Path { path, fingerprint, .. } => {
            Code::Path { path: path.clone(), fingerprint: *fingerprint }
        }
        FunctionCode::Elsewhere(written) => {
            return Err(format!("its code is not on this machine ({})", written.value));
        }
    };
    let Some(written) = &function.runtime else { return Err("it has no runtime".to_owned()) };
    let Some(runtime) = Runtime::parse(&written.value) else {
        return Err(format!("its runtime {} does not run here", written.value));
    };
    let name = function.name.value.as_str();
    let (region, account) = (options.region.as_str(), options.account_id.as_str());
    let arn = format!("arn:{}:lambda:{region}:{account}:function:{name}", partition(region));
    let timeout_s =
        function.timeout_seconds.as_ref().map_or(FUNCTION_TIMEOUT_S_DEFAULT, |s| s.value);
    let memory_mb = function.memory_mb.as_ref().map_or(FUNCTION_MEMORY_MB_DEFAULT, |mb| mb.value);
    let environment = function.environment.iter();
    // The definition's reader says what is out of range; here it only has to fit.
    Ok(FunctionPlan {
        name: name.into(),
        arn: arn.into(),
        region: region.into(),
        runtime,
        handler: function.handler.as_ref().map_or("", |handler| handler.value.as_str()).into(),
        code,
        environment: environment.map(|(k, v)| (k.as_str().into(), v.as_str().into())).collect(),
        timeout_ms: timeout_s.clamp(1, FUNCTION_TIMEOUT_S_MAX) as u32 * 1_000,
        memory_mb: memory_mb.clamp(FUNCTION_MEMORY_MB_DEFAULT, FUNCTION_MEMORY_MB_MAX) as u32,
        reserved_concurrency: function
            .reserved_concurrency
            .as_ref()
            .map(|reserved| u32::try_from(reserved.value).unwrap_or(0)),
    })
}

impl Runtime {
    /// Reads the runtimes that run here.
    pub fn parse(text: &str) -> Option<Self> {
        let is_version =
            |text: &&str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        match text {
            "provided" | "provided.al2" | "provided.al2023" => Some(Self::Provided),
            _ => {
                if let Some(version) = text.strip_prefix("python").filter(is_version) {
                    return Some(Self::Python { version: version.into() });
                }
                let version = text.strip_prefix("nodejs")?;
                // `nodejs4.3` and `nodejs22.x`.
                let version = version.strip_suffix(".x").unwrap_or(version);
                Some(version)
                    .filter(is_version)
                    .map(|version| Self::NodeJs { version: version.into() })
            }
        }
    }
}

/// Whether a pattern of `*` (any run) and `?` (any character) covers a whole text. Linear in
/// `pattern × text` at worst, without recursion.
fn glob(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t, mut star) = (0, 0, None);
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(c) if *c == '?' || *c == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    p = at + 1;
                    t = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_glob_covers_the_whole_text() {
        let arn = "arn:aws:execute-api:r:1:api/prod/GET/items/{id}";
        for (pattern, expect) in [
            ("*", true),
            ("arn:aws:execute-api:r:1:api/*", true),
            ("arn:aws:execute-api:r:1:api/prod/GET/items/*", true),
            ("arn:aws:execute-api:r:1:api/*/GET/items/{id}", true),
            ("arn:aws:execute-api:r:?:api/*/???/items*", true),
            ("arn:aws:execute-api:r:1:api/prod/GET/items", false),
            ("arn:aws:execute-api:r:1:api/prod/PUT/*", false),
            ("", false),
        ] {
            assert_eq!(glob(pattern, arn), expect, "{pattern}");
        }
        assert!(glob("", "") && glob("**", "") && !glob("?", ""));
    }

    fn slow(pattern: &[u8], text: &[u8]) -> bool {
        match (pattern.first(), text.first()) {
            (None, None) => true,
            (Some(b'*'), _) => {
                slow(&pattern[1..], text) || (!text.is_empty() && slow(pattern, &text[1..]))
            }
            (Some(b'?'), Some(_)) => slow(&pattern[1..], &text[1..]),
            (Some(a), Some(b)) if a == b => slow(&pattern[1..], &text[1..]),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn a_glob_says_what_trying_everything_says(pattern in "[ab?*]{0,8}", text in "[ab]{0,8}") {
            prop_assert_eq!(glob(&pattern, &text), slow(pattern.as_bytes(), text.as_bytes()));
        }
    }

    #[test]
    fn runtimes_that_run_here() {
        let version = |text: &str| Runtime::parse(text);
        assert_eq!(version("provided.al2023"), Some(Runtime::Provided));
        assert_eq!(version("python3.12"), Some(Runtime::Python { version: "3.12".into() }));
        assert_eq!(version("nodejs22.x"), Some(Runtime::NodeJs { version: "22".into() }));
        assert_eq!(version("nodejs8.10"), Some(Runtime::NodeJs { version: "8.10".into() }));
        for other in ["java21", "dotnet8", "ruby3.3", "go1.x", "python", "nodejs", "pythonx", ""] {
            assert_eq!(version(other), None, "{other}");
        }
    }
}
