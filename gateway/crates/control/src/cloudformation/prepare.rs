//! A template with its parameters, read as far as it can be before the data plane sees it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{SHA256, digest};
use gateway_definition::{LoadedResource, LoadedStack, Options, Source};
use gateway_model::{Definitions, Diagnostic, FunctionCode, Json};

use super::types::{Artifact, Output, Resource, SourceText, Status};
use crate::ApiError;
use crate::dispatch::surroundings::Surroundings;
use crate::s3::make_directory;
use crate::wire::hex;

/// What a template comes to.
pub(super) struct Prepared {
    pub(super) definitions: Definitions,
    pub(super) stack: LoadedStack,
    /// What is wrong with properties of resources.
    pub(super) problems: Vec<Diagnostic>,
    /// Objects that it uses: bucket, key and file.
    used: Vec<(String, String, PathBuf)>,
}

/// Which stack it is for, and what others export.
pub(super) struct For<'s> {
    pub(super) name: &'s str,
    pub(super) id: &'s str,
    pub(super) region: &'s str,
    pub(super) exports: BTreeMap<String, String>,
    /// Ids of APIs, keys and plans beside it.
    pub(super) known: BTreeSet<String>,
    /// Objects that were kept for it; none takes those that the buckets have now.
    pub(super) artifacts: Option<&'s [Artifact]>,
}

/// Texts of what is wrong with a template before any resource is made: AWS refuses these at once.
const AT_ONCE: [&str; 14] = [
    "Template format error",
    "Template error",
    "Template validation error",
    "Invalid template",
    "Parameters: [",
    "Parameter '",
    "Every ",
    "Circular dependency between",
    "Unable to fetch parameters",
    "No export named",
    "the file ",
    "unknown member",
    "no transform named",
    "evaluation makes",
];

/// Reads a template.
///
/// # Errors
/// What keeps it from being a template at all; what is wrong with properties comes with the answer.
pub(super) fn prepare(
    text: &SourceText,
    of: &For<'_>,
    surroundings: &Surroundings,
) -> Result<Prepared, ApiError> {
    let objects: BTreeMap<(String, String), PathBuf> = match of.artifacts {
        None => surroundings.buckets.all(),
        Some(artifacts) => {
            let files = artifacts
                .iter()
                .map(|of| ((of.bucket.clone(), of.key.clone()), surroundings.code.join(&of.file)));
            files.collect()
        }
    };
    let options = Options {
        parameters: text.parameters.iter().cloned().collect(),
        account_id: surroundings.account_id.clone(),
        region: of.region.to_owned(),
        stack_name: Some(of.name.to_owned()),
        stack_id: Some(of.id.to_owned()),
        exports: of.exports.clone(),
        known: of.known.clone(),
        objects: Some(objects),
        reads_function_code: true,
        function_urls: surroundings.function_urls.clone(),
        ..Options::default()
    };
    let source = Source { name: of.name.to_owned(), text: text.template.clone() };
    let mut loaded = gateway_definition::load(&[source], &options);
    let problems: Vec<_> = loaded.diagnostics.into_iter().filter(Diagnostic::is_error).collect();
    let at_once = problems.iter().filter(|problem| is_at_once(problem)).map(told);
    let at_once: Vec<String> = at_once.collect();
    if !at_once.is_empty() {
        return Err(invalid(at_once.join("; ")));
    }
    let stack = loaded.stacks.pop().unwrap_or_default();
    if problems.is_empty() && stack.resources.is_empty() {
        let text = "Template format error: At least one Resources member must be defined.";
        return Err(invalid(text));
    }
    let objects = options.objects.unwrap_or_default();
    let mut wanted: BTreeSet<&Path> = loaded.documents.iter().map(PathBuf::as_path).collect();
    for function in &loaded.definitions.functions {
        if let FunctionCode::Path { path, .. } = &function.code {
            wanted.insert(path);
        }
    }
    let used = objects.iter().filter(|(_, path)| wanted.contains(path.as_path()));
    let used = used.map(|((bucket, key), path)| (bucket.clone(), key.clone(), path.clone()));
    let used = used.collect();
    Ok(Prepared { used, definitions: loaded.definitions, stack, problems })
}

/// Before a resource is looked at: no resource is to blame.
fn is_at_once(problem: &Diagnostic) -> bool {
    AT_ONCE.iter().any(|text| problem.text.starts_with(text)) || problem.place.line == 0
}

/// A problem as stack events have it.
pub(super) fn told(problem: &Diagnostic) -> String {
    // What helps there is for who has files.
    let is_of_files = ["No export named", "Unable to fetch parameters"]
        .iter()
        .any(|text| problem.text.starts_with(text));
    let help = problem.help.as_ref().filter(|_| !is_of_files);
    let help = help.map_or_else(String::new, |help| format!("; {help}"));
    match problem.place.line {
        0 => format!("{}{help}", problem.text),
        line => format!("{}{help} (line {line}, column {})", problem.text, problem.place.col),
    }
}

pub(super) fn invalid(text: impl Into<String>) -> ApiError {
    ApiError::new(400, "ValidationError", text)
}

impl Prepared {
    /// Keeps copies of the objects that are used, which outlive those in the buckets.
    pub(super) fn keep(&mut self, code: &Path) -> Result<Vec<Artifact>, ApiError> {
        let failed = |error: std::io::Error| {
            tracing::error!(%error, directory = %code.display(), "Artifact not kept");
            let text = "An artifact could not be kept; the gateway's log says why";
            ApiError::new(500, "InternalFailure", text)
        };
        let mut artifacts = Vec::new();
        for (bucket, key, path) in &self.used {
            // Data files have names that are never used again.
            let name = path.file_name().unwrap_or_default();
            let hash = digest(&SHA256, name.as_encoded_bytes());
            let file = format!("{}.zip", hex(&hash.as_ref()[..16]));
            let own = code.join(&file);
            if !own.exists() && *path != own {
                make_directory(code).map_err(failed)?;
                if fs::hard_link(path, &own).is_err() {
                    fs::copy(path, &own).map_err(failed)?;
                }
            }
            for function in &mut self.definitions.functions {
                if let FunctionCode::Path { path: of, .. } = &mut function.code
                    && of == path
                {
                    of.clone_from(&own);
                }
            }
            artifacts.push(Artifact { bucket: bucket.clone(), key: key.clone(), file });
        }
        Ok(artifacts)
    }

    /// What it puts out.
    pub(super) fn outputs(&self) -> Vec<Output> {
        let outputs = self.stack.outputs.iter().map(|output| Output {
            key: output.key.clone(),
            value: output.value.clone(),
            description: output.description.clone(),
            export: output.export_name.clone(),
        });
        outputs.collect()
    }

    /// Its resources, each after what it refers to; functions of the serverless transform as what it makes of them.
    pub(super) fn resources(&self, unix_ms: u64) -> Vec<Resource> {
        let mut resources = Vec::new();
        for loaded in &self.stack.resources {
            let properties = value(&loaded.properties);
            if loaded.type_name != "AWS::Serverless::Function" {
                resources.push(resource(loaded, &loaded.type_name, properties, unix_ms));
                continue;
            }
            if properties.get("Role").is_none() {
                let mut role = resource(loaded, "AWS::IAM::Role", serde_json::Value::Null, unix_ms);
                role.logical_id.push_str("Role");
                role.physical_id = format!("{}-role", loaded.physical_id);
                resources.push(role);
            }
            resources.push(resource(loaded, "AWS::Lambda::Function", properties, unix_ms));
        }
        resources
    }

    /// The resource that a problem is about: the one that begins nearest before it.
    pub(super) fn blamed(&self, problem: &Diagnostic) -> Option<&LoadedResource> {
        let place = &problem.place;
        let before = self.stack.resources.iter().filter(|resource| {
            resource.place.file == place.file
                && (resource.place.line, resource.place.col) <= (place.line, place.col)
        });
        before.max_by_key(|resource| (resource.place.line, resource.place.col))
    }
}

fn resource(
    loaded: &LoadedResource,
    type_name: &str,
    properties: serde_json::Value,
    unix_ms: u64,
) -> Resource {
    Resource {
        logical_id: loaded.logical_id.clone(),
        physical_id: loaded.physical_id.clone(),
        type_name: type_name.to_owned(),
        properties,
        is_retained: loaded.is_retained,
        status: Status::CreateComplete,
        reason: None,
        updated_ms: unix_ms,
    }
}

/// The store's twin of a value.
fn value(json: &Json) -> serde_json::Value {
    serde_json::from_str(&json.to_string()).unwrap_or_default()
}
