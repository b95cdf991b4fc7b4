//! `Body` and `BodyS3Location`: documents that an API is imported from.

use super::Context;
use super::object::Object;
use crate::node::{Kind, Node};
use crate::objects::{self, Wanted};
use crate::openapi::{self, BasePath, Import};
use crate::reader;
use crate::report::Report;
use gateway_model::{EndpointType, ImportMode, ImportSource, Place, RestApi, S3Location, Spanned};
use std::collections::BTreeMap;
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

/// The document that a bucket has.
fn fetch(location: &Spanned<S3Location>, context: &Context<'_>) -> Option<Node> {
    let object = Wanted {
        bucket: location.bucket.as_deref()?,
        key: location.key.as_deref()?,
        place: &location.place,
    };
    let documents = &mut context.documents.borrow_mut();
    let (path, text) = objects::read(&object, context.options, documents, context.report)?;
    reader::read(&Arc::from(path.display().to_string()), &text, context.report)
}
