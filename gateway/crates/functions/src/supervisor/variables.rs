//! The environment variables of a function.
//!
//! Source: Lambda Developer Guide, "Using Lambda environment variables", "Defined runtime environment variables".

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::Path;

use gateway_compile::{FunctionPlan, RESERVED_VARIABLES, Runtime};

use crate::runtimes;

/// What variables are made of.
pub(super) struct Given<'g> {
    pub(super) plan: &'g FunctionPlan,
    pub(super) runtime_api: SocketAddr,
    pub(super) task_root: &'g Path,
    pub(super) runtime_directory: &'g Path,
    pub(super) log_group: &'g str,
    pub(super) log_stream: &'g str,
    /// The operator's, for every function.
    pub(super) operator: &'g [(String, String)],
}

/// All variables, and the names of those of the function's own that are not taken.
pub(super) fn variables(given: &Given<'_>) -> (Vec<(OsString, OsString)>, Vec<Box<str>>) {
    let mut all = Variables(Vec::new());
    defaults(given, &mut all);
    given.operator.iter().for_each(|(name, value)| all.set(name, value));
    let mut refused = Vec::new();
    for (name, value) in &given.plan.environment {
        if RESERVED_VARIABLES.contains(&&**name) || !is_name(name) || value.contains('\0') {
            refused.push(name.clone());
        } else {
            all.set(name, &**value);
        }
    }
    (all.0, refused)
}

fn defaults(given: &Given<'_>, all: &mut Variables) {
    let plan = given.plan;
    let (root, runtime) = (given.task_root.display(), given.runtime_directory.display());
    all.set("_HANDLER", &*plan.handler);
    all.set("AWS_LAMBDA_RUNTIME_API", given.runtime_api.to_string());
    all.set("LAMBDA_TASK_ROOT", given.task_root);
    all.set("LAMBDA_RUNTIME_DIR", given.runtime_directory);
    all.set("AWS_REGION", &*plan.region);
    all.set("AWS_DEFAULT_REGION", &*plan.region);
    all.set("AWS_LAMBDA_FUNCTION_NAME", &*plan.name);
    all.set("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", plan.memory_mb.to_string());
    all.set("AWS_LAMBDA_FUNCTION_VERSION", &*plan.version);
    all.set("AWS_LAMBDA_LOG_GROUP_NAME", given.log_group);
    all.set("AWS_LAMBDA_LOG_STREAM_NAME", given.log_stream);
    all.set("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand");
    all.set("LANG", "en_US.UTF-8");
    all.set("PATH", "/usr/local/bin:/usr/bin/:/bin:/opt/bin");
    let libraries = format!("/lib64:/usr/lib64:{runtime}:{runtime}/lib:{root}:{root}/lib:/opt/lib");
    all.set("LD_LIBRARY_PATH", libraries);
    all.set("TZ", ":UTC");
    // What runs its own bootstrap gets no AWS_EXECUTION_ENV.
    let execution = format!("AWS_Lambda_{}", runtimes::name(&plan.runtime));
    match &plan.runtime {
        Runtime::Provided => {}
        Runtime::Python { .. } => {
            all.set("AWS_EXECUTION_ENV", execution);
            all.set("PYTHONPATH", given.runtime_directory);
        }
        Runtime::NodeJs { version } => {
            all.set("AWS_EXECUTION_ENV", execution);
            let version = version.trim_end_matches(".x");
            let modules = "/opt/nodejs/node_modules";
            all.set(
                "NODE_PATH",
                format!("/opt/nodejs/node{version}/node_modules:{modules}:{runtime}/node_modules"),
            );
        }
    }
}

/// Source: Lambda API, `Environment`, `[a-zA-Z]([a-zA-Z0-9_])+`, here with what POSIX permits beside.
fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(['=', '\0'])
}

struct Variables(Vec<(OsString, OsString)>);

impl Variables {
    fn set(&mut self, name: &str, value: impl Into<OsString>) {
        let value = value.into();
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some(known) => known.1 = value,
            None => self.0.push((name.into(), value)),
        }
    }
}
