//! `Body` and `BodyS3Location`: documents that an API is imported from.

use super::Context;
use super::object::Object;
use crate::limits::FILE_BYTES_MAX;
use crate::node::{Kind, Node};
use crate::openapi::{self, BasePath, Import};
use crate::reader;
use crate::report::Report;
use crate::sam::LOCAL_BUCKET;
use gateway_model::{EndpointType, ImportMode, ImportSource, Place, RestApi, S3Location, Spanned};
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

/// What a template says of an import.
pub(super) struct Source {
    document: Option<Node>,
    location: Option<Spanned<S3Location>>,
    mode: Option<ImportMode>,
    fail_on_warnings: bool,
    parameters: BTreeMap<String, String>,
    /// Where the parameters were written.
    place: Place,
}

impl Source {
    pub(super) fn read(object: &mut Object<'_>, context: &Context<'_>) -> Option<Self> {
        let document = object.node("Body").and_then(|body| document(object, body, context));
        let location = object.object("BodyS3Location").map(|mut location| {
            let read = S3Location {
                bucket: location.plain_text("Bucket"),
                key: location.plain_text("Key"),
                etag: location.plain_text("ETag"),
                version: location.plain_text("Version"),
            };
            let place = location.place();
            location.finish();
            Spanned::new(read, place)
        });
        if !object.is_absent("Body") && location.is_some() {
            let place = object.place_of("BodyS3Location");
            object.error(&place, "only one of Body and BodyS3Location can be given");
        }
        let source = Self {
            mode: object.word("Mode", ImportMode::parse),
            fail_on_warnings: object.boolean("FailOnWarnings").unwrap_or(false),
            parameters: object.text_map("Parameters"),
            place: object.place_of("Parameters"),
            document,
            location,
        };
        let is_import = !object.is_absent("Body") || source.location.is_some();
        is_import.then_some(source)
    }

    /// Lays the document over the API. What cannot be read stays to be imported.
    pub(super) fn import(mut self, api: &mut RestApi, context: &Context<'_>) {
        let document = match (self.document.take(), &self.location) {
            (Some(document), _) => document,
            (None, Some(location)) => match fetch(location, context) {
                Some(document) => document,
                None => {
                    api.import = Some(ImportSource {
                        body: None,
                        body_s3_location: self.location.map(|location| location.value),
                        mode: self.mode,
                        fail_on_warnings: self.fail_on_warnings,
                        parameters: self.parameters,
                    });
                    return;
                }
            },
            (None, None) => return,
        };
        let parameter = |name: &str| {
            let found = self.parameters.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.as_str())
        };
        let base_path = match parameter("basepath") {
            None | Some("ignore") => BasePath::Ignore,
            Some("prepend") => BasePath::Prepend,
            Some("split") => BasePath::Split,
            Some(other) => {
                let text = format!("basepath is ignore, prepend or split, not {other}");
                context.report.error(&self.place, text);
                BasePath::Ignore
            }
        };
        if let Some(types) = parameter("endpointConfigurationTypes")
            && api.endpoint.types.is_empty()
        {
            match EndpointType::parse(types) {
                Ok(kind) => api.endpoint.types.push(kind),
                Err(unknown) => {
                    context
                        .report
                        .error(&self.place, format!("endpointConfigurationTypes: {unknown}"));
                }
            }
        }
        let is_true = |name: &str| parameter(name).is_some_and(|value| value == "true");
        let settings = Import {
            stack: context.stack,
            logical_id: context.logical_id,
            options: context.options,
            base_path,
            fail_on_warnings: self.fail_on_warnings || is_true("failonwarnings"),
            ignores_documentation: parameter("ignore") == Some("documentation"),
            derives_documentation: false,
        };
        openapi::import(&document, api, &settings, context.report);
    }
}

/// An object, or a text that holds one.
fn document(object: &Object<'_>, body: &Node, context: &Context<'_>) -> Option<Node> {
    match &body.kind {
        Kind::Map(_) => Some(body.clone()),
        Kind::String(text) => {
            let attempt = Report::default();
            let read = reader::read(&Arc::from("Body"), text, &attempt);
            for found in attempt.into_sorted() {
                let text = format!("Body, line {}: {}", found.place.line, found.text);
                context.report.error(&body.place, text);
            }
            read.map(|node| node.moved_to(&body.place))
        }
        _ => {
            let kind = body.kind_name();
            let text = format!("Value of property Body must be of type Json, not {kind}");
            object.error(&body.place, text);
            None
        }
    }
}

/// The document that a bucket has, where the bucket is a directory.
fn fetch(location: &Spanned<S3Location>, context: &Context<'_>) -> Option<Node> {
    let bucket = location.bucket.as_deref()?;
    let key = location.key.as_deref()?;
    if let Some(objects) = &context.options.objects
        && !objects.contains_key(&(bucket.to_owned(), key.to_owned()))
    {
        let text = format!("Unable to get the object s3://{bucket}/{key}: there is none here");
        context.report.error(&location.place, text);
        return None;
    }
    let Some(path) = object_path(bucket, key, &location.place, context) else {
        let text = format!(
            "the bucket \"{bucket}\" is not mapped to a directory: s3://{bucket}/{key} is not imported"
        );
        let help = format!("say where its objects are: --bucket {bucket}=DIRECTORY");
        context
            .report
            .push(gateway_model::Diagnostic::warning(&location.place, text).with_help(help));
        return None;
    };
    context.documents.borrow_mut().push(path.clone());
    let text = match read_text(&path) {
        Ok(text) => text,
        Err(error) => {
            let text = format!("s3://{bucket}/{key}: {error}: {}", path.display());
            context.report.error(&location.place, text);
            return None;
        }
    };
    reader::read(&Arc::from(path.display().to_string()), &text, context.report)
}

/// Where an object lies: in the directory of its bucket, or beside the template, where the CDK leaves
/// what it would upload.
fn object_path(bucket: &str, key: &str, place: &Place, context: &Context<'_>) -> Option<PathBuf> {
    if let Some(objects) = &context.options.objects {
        return objects.get(&(bucket.to_owned(), key.to_owned())).cloned();
    }
    if bucket == LOCAL_BUCKET && context.options.reads_function_code {
        return Some(Path::new(&*place.file).with_file_name(key));
    }
    let is_inside = Path::new(key).components().all(|c| matches!(c, Component::Normal(_)));
    if let Some(directory) = context.options.buckets.get(bucket).filter(|_| is_inside) {
        return Some(directory.join(key));
    }
    let is_asset = context.options.reads_function_code
        && bucket.starts_with("cdk-")
        && bucket.contains("-assets-")
        && is_inside
        && !key.contains('/');
    let beside = Path::new(&*place.file).with_file_name(format!("asset.{key}"));
    (is_asset && beside.is_file()).then_some(beside)
}

fn read_text(path: &Path) -> std::io::Result<String> {
    let metadata = std::fs::metadata(path)?;
    if metadata.len() > FILE_BYTES_MAX as u64 {
        let text = format!("the file has more than {FILE_BYTES_MAX} bytes");
        return Err(std::io::Error::new(std::io::ErrorKind::FileTooLarge, text));
    }
    std::fs::read_to_string(path)
}
