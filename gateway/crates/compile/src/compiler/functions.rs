//! The functions of all definitions: what runs here, and who may call it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use gateway_model::{Definitions, Function, FunctionCode, FunctionPermission};

use super::CompileOptions;
use crate::arn::{FunctionName, partition};
use crate::functions::{Code, FunctionPlan, Runtime};
use crate::limits::{
    FUNCTION_MEMORY_MB_DEFAULT, FUNCTION_MEMORY_MB_MAX, FUNCTION_TIMEOUT_S_DEFAULT,
    FUNCTION_TIMEOUT_S_MAX,
};
use crate::plan::Snapshot;

/// What the definitions have under a function's name.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// Whether everybody may call the function through its URL.
    Public(FunctionName, bool),
}

/// A function's name, and the version that is meant; `None` is the function as it is now.
type Named<'d> = (&'d str, Option<&'d str>);

/// All functions, with the versions that were published of them.
pub(super) struct FunctionTable<'d> {
    functions: HashMap<Named<'d>, Result<Arc<FunctionPlan>, String>>,
    /// The version that an alias or a number stands for; `None` is the function as it is now.
    qualifiers: HashMap<(&'d str, &'d str), Option<&'d str>>,
    permissions: HashMap<String, Permissions<'d>>,
    /// What everybody may call through a function URL.
    public: HashSet<String>,
}

/// Who may invoke one function, or one alias or version of it: globs over callers' ARNs.
#[derive(Default)]
struct Permissions<'d> {
    /// Without wildcards.
    exact: HashSet<&'d str>,
    /// With wildcards, by all that comes before the first `/`; most name one API there.
    by_api: HashMap<&'d str, Vec<&'d str>>,
    /// With wildcards before the first `/`, or without a `/`.
    others: Vec<&'d str>,
}

impl<'d> Permissions<'d> {
    fn add(&mut self, glob: &'d str) {
        let before = glob.split_once('/').map(|(api, _)| api);
        match before.filter(|api| !api.contains(['*', '?'])) {
            _ if !glob.contains(['*', '?']) => {
                self.exact.insert(glob);
            }
            Some(api) => self.by_api.entry(api).or_default().push(glob),
            None => self.others.push(glob),
        }
    }

    fn cover(&self, caller: &str) -> bool {
        let api = caller.split_once('/').and_then(|(api, _)| self.by_api.get(api));
        let mut globs = api.into_iter().flatten().chain(&self.others);
        self.exact.contains(caller) || globs.any(|pattern| glob(pattern, caller))
    }
}

impl<'d> FunctionTable<'d> {
    pub(super) fn new(
        definitions: &'d Definitions,
        options: &'d CompileOptions,
        previous: Option<&Snapshot>,
    ) -> Self {
        let before = plans_before(previous);
        let functions = definitions.functions.iter().map(|function| {
            let (name, version) = (function.name.value.as_str(), function.version.as_deref());
            let plan = plan(function, options).map(|plan| {
                let key = FunctionPlan::key(name, version);
                let kept = before.get(key.as_str()).filter(|kept| ****kept == plan);
                kept.map_or_else(|| Arc::new(plan), |kept| Arc::clone(kept))
            });
            ((name, version), plan)
        });
        let qualifiers = definitions.function_qualifiers.iter();
        let qualifiers = qualifiers
            .map(|of| ((of.function.value.as_str(), of.qualifier.as_str()), of.version.as_deref()));
        let mut permissions: HashMap<String, Permissions<'_>> = HashMap::new();
        let all = definitions.function_permissions.iter();
        let public = all.clone().filter(|permission| is_public(permission));
        let public = public.filter_map(|permission| {
            FunctionName::parse(&permission.function.value, &options.region)
        });
        let public = public.map(|name| name.to_string()).collect();
        for permission in all.filter(|permission| is_for_us(permission, &options.account_id)) {
            let name = FunctionName::parse(&permission.function.value, &options.region);
            if let Some(name) = name {
                let source = permission.source_arn.as_ref().map_or("*", |source| &source.value);
                permissions.entry(name.to_string()).or_default().add(source);
            }
        }
        let (functions, qualifiers) = (functions.collect(), qualifiers.collect());
        Self { functions, qualifiers, permissions, public }
    }

    /// All that run here, by [`FunctionPlan::key`].
    pub(super) fn plans(&self) -> BTreeMap<Box<str>, Arc<FunctionPlan>> {
        let plans = self.functions.iter();
        let plans = plans.filter_map(|(key, plan)| Some((key, plan.as_ref().ok()?)));
        plans
            .map(|((name, version), plan)| {
                (FunctionPlan::key(name, *version).into(), Arc::clone(plan))
            })
            .collect()
    }

    /// What a name stands for.
    pub(super) fn find(&self, name: &FunctionName) -> Found {
        let function = name.name.as_str();
        if !self.functions.contains_key(&(function, None)) {
            return Found::Nothing;
        }
        let plan = self.version(name).and_then(|of| self.functions.get(&(function, of)));
        match plan {
            None => Found::NoQualifier,
            Some(Ok(plan)) => Found::Here(Arc::clone(plan)),
            Some(Err(why)) => Found::Elsewhere(why.clone()),
        }
    }

    /// The version that a name runs, if there is its qualifier; `Some(None)` is the function as it is now.
    fn version(&self, name: &FunctionName) -> Option<Option<&'d str>> {
        match name.qualifier.as_deref().filter(|_| !name.is_latest()) {
            None => Some(None),
            Some(qualifier) => self.qualifiers.get(&(name.name.as_str(), qualifier)).copied(),
        }
    }

    /// Whether a permission lets everybody call the function, or this alias of it, through its URL.
    pub(super) fn is_public(&self, name: &FunctionName) -> bool {
        self.public.contains(&unqualified_if_latest(name))
    }

    /// Whether a permission lets API Gateway invoke the function for any of these callers. As on AWS, a
    /// permission is for the function itself or for one alias or version, and covers no other.
    pub(super) fn is_permitted(&self, name: &FunctionName, callers: &[String]) -> bool {
        let permissions = self.permissions.get(&unqualified_if_latest(name));
        permissions.is_some_and(|of| callers.iter().any(|caller| of.cover(caller)))
    }

    /// Whether all answers are what they were.
    pub(super) fn still_says(&self, asked: &[Asked]) -> bool {
        asked.iter().all(|asked| match asked {
            Asked::Function(name, found) => self.find(name) == *found,
            Asked::Public(name, is_public) => self.is_public(name) == *is_public,
            Asked::Permission(name, callers, is_permitted) => {
                self.is_permitted(name, callers) == *is_permitted
            }
        })
    }
}

/// As permissions name it.
fn unqualified_if_latest(name: &FunctionName) -> String {
    match name.is_latest() {
        true => name.name.clone(),
        false => name.to_string(),
    }
}

/// Whether a permission lets everybody call a function through a URL with `AuthType` `NONE`. Calls from a network have no
/// source of which a permission could speak.
fn is_public(permission: &FunctionPermission) -> bool {
    let auth = permission.function_url_auth_type.as_deref();
    permission.principal == "*"
        && glob(&permission.action.to_ascii_lowercase(), "lambda:invokefunctionurl")
        && auth.is_none_or(|auth| auth == "NONE")
        && permission.source_arn.is_none()
        && permission.source_account.is_none()
}

/// Whether a permission lets the API Gateway of this account invoke something.
fn is_for_us(permission: &FunctionPermission, account_id: &str) -> bool {
    let is_for_urls = permission.is_via_function_url || permission.function_url_auth_type.is_some();
    !is_for_urls
        && matches!(permission.principal.as_str(), "apigateway.amazonaws.com" | "*")
        && glob(&permission.action.to_ascii_lowercase(), "lambda:invokefunction")
        && permission.source_account.as_deref().is_none_or(|account| account == account_id)
}

/// The functions that run in the snapshot being served, by [`FunctionPlan::key`].
fn plans_before(previous: Option<&Snapshot>) -> HashMap<&str, &Arc<FunctionPlan>> {
    let plans = previous.iter().flat_map(|snapshot| &snapshot.functions);
    plans.map(|(name, plan)| (&**name, plan)).collect()
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
    let version = function.version.as_deref();
    let key = FunctionPlan::key(name, version);
    let arn = format!("arn:{}:lambda:{region}:{account}:function:{key}", partition(region));
    let timeout_s =
        function.timeout_seconds.as_ref().map_or(FUNCTION_TIMEOUT_S_DEFAULT, |s| s.value);
    let memory_mb = function.memory_mb.as_ref().map_or(FUNCTION_MEMORY_MB_DEFAULT, |mb| mb.value);
    let environment = function.environment.iter();
    // The definition's reader says what is out of range; here it only has to fit.
    Ok(FunctionPlan {
        name: name.into(),
        version: version.unwrap_or("$LATEST").into(),
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
    let (pattern, bytes) = (pattern.as_bytes(), text.as_bytes());
    let after = |at: usize| at + text[at..].chars().next().map_or(1, char::len_utf8);
    let (mut p, mut t, mut star) = (0, 0, None);
    while t < bytes.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(b'?') => {
                p += 1;
                t = after(t);
            }
            Some(b) if *b == bytes[t] => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((at, from)) => {
                    let from = after(from);
                    star = Some((at, from));
                    (p, t) = (at + 1, from);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|b| *b == b'*')
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

    fn slow(pattern: &[char], text: &[char]) -> bool {
        match (pattern.first(), text.first()) {
            (None, None) => true,
            (Some('*'), _) => {
                slow(&pattern[1..], text) || (!text.is_empty() && slow(pattern, &text[1..]))
            }
            (Some('?'), Some(_)) => slow(&pattern[1..], &text[1..]),
            (Some(a), Some(b)) if a == b => slow(&pattern[1..], &text[1..]),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn a_glob_says_what_trying_everything_says(pattern in "[aé€?*]{0,8}", text in "[aé€]{0,8}") {
            let chars = |text: &str| text.chars().collect::<Vec<_>>();
            prop_assert_eq!(glob(&pattern, &text), slow(&chars(&pattern), &chars(&text)));
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
