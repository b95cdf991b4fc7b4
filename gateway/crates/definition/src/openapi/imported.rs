//! Documents that a client brings: ImportRestApi, PutRestApi, ImportDocumentationParts.

use super::cursor::{Cursor, Document};
use super::{BasePath, EXTENSION, Import, import};
use crate::limits::NODES_MAX;
use crate::report::Report;
use crate::{Options, reader};
use gateway_model::{DocumentationPart, DocumentationVersion, RestApi};
use std::cell::Cell;
use std::sync::Arc;

/// What a document is called in messages, which are about nothing else.
const FILE: &str = "body";

/// What begins the messages that API Gateway gives of a document. They name the resource themselves, and no pointer
/// follows them.
const AWS_TEXTS: [&str; 5] = [
    "Invalid format for ",
    "Reference to model ",
    "Unable to create ",
    "Unable to parse ",
    "Invalid OpenAPI input",
];

/// A document to lay over an API.
#[derive(Clone, Copy, Debug)]
pub struct ImportRequest<'r> {
    /// JSON or YAML.
    pub document: &'r str,
    /// What becomes of its base path.
    pub base_path: BasePath,
    /// Whether documentation is left out.
    pub ignores_documentation: bool,
}

/// A text that is no OpenAPI document at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreadable;

/// What an import made.
#[derive(Clone, Debug, PartialEq)]
pub struct Imported {
    /// The API. Use it only when there are no errors.
    pub api: RestApi,
    /// What was left out.
    pub warnings: Vec<String>,
    /// What cannot be imported.
    pub errors: Vec<String>,
}

/// Lays a document over an API, as ImportRestApi does over a new one. Ids of parts follow from their names.
///
/// # Errors
/// [`Unreadable`] for what is neither Swagger nor OpenAPI.
pub fn import_document(
    request: ImportRequest<'_>,
    mut api: RestApi,
    options: &Options,
) -> Result<Imported, Unreadable> {
    let report = Report::default();
    let root = reader::read(&Arc::from(FILE), request.document, &report).ok_or(Unreadable)?;
    if root.member("swagger").is_none() && root.member("openapi").is_none() {
        return Err(Unreadable);
    }
    let id = api.id.to_string();
    let settings = Import {
        stack: &id,
        logical_id: "RestApi",
        options,
        base_path: request.base_path,
        fail_on_warnings: false,
        ignores_documentation: request.ignores_documentation,
        derives_documentation: true,
    };
    import(&root, &mut api, &settings, &report);
    let (warnings, errors) = told(report);
    Ok(Imported { api, warnings, errors })
}

/// The documentation of a document.
#[derive(Clone, Debug, PartialEq)]
pub struct ImportedDocumentation {
    /// Its parts, in the order written.
    pub parts: Vec<DocumentationPart>,
    /// The version that they are, if the document names one.
    pub version: Option<DocumentationVersion>,
    /// What was left out.
    pub warnings: Vec<String>,
    /// What cannot be imported.
    pub errors: Vec<String>,
}

/// Reads the documentation parts of a document, as ImportDocumentationParts does.
///
/// # Errors
/// [`Unreadable`] for what is no tree, or has no documentation parts.
pub fn import_documentation(document: &str) -> Result<ImportedDocumentation, Unreadable> {
    let report = Report::default();
    let root = reader::read(&Arc::from(FILE), document, &report).ok_or(Unreadable)?;
    let budget = Cell::new(NODES_MAX);
    let root = Cursor::root(Document { root: &root, report: &report, budget: &budget });
    let found = root.member(&format!("{EXTENSION}documentation"));
    let found = found.filter(|found| found.member("documentationParts").is_some());
    let (parts, version) = super::documentation::read(&found.ok_or(Unreadable)?, &|role| {
        crate::ids::derived_id(FILE, FILE, role, crate::limits::PART_ID_CHARS)
    });
    drop(root);
    let (warnings, errors) = told(report);
    Ok(ImportedDocumentation { parts, version, warnings, errors })
}

/// Warnings and errors as a client is told them.
fn told(report: Report) -> (Vec<String>, Vec<String>) {
    let (mut warnings, mut errors) = (Vec::new(), Vec::new());
    for diagnostic in report.into_sorted() {
        let is_awss = AWS_TEXTS.iter().any(|text| diagnostic.text.starts_with(text));
        let text = match diagnostic.text.rsplit_once(" (#") {
            Some((text, _)) if is_awss => text.to_owned(),
            _ => diagnostic.text.clone(),
        };
        if diagnostic.is_error() { errors.push(text) } else { warnings.push(text) }
    }
    (warnings, errors)
}
