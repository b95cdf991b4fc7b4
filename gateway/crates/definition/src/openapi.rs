//! OpenAPI 2.0 and 3.0 documents, with API Gateway's extensions, to REST APIs, and back.
//!
//! [`import`] walks a document that is already a tree with places; every complaint has the place and
//! the JSON pointer of what it is about. It reads as API Gateway does: what it does not know it leaves
//! out with a warning, and what it cannot use is an error. [`load_document`] makes an API of a file of
//! its own, with a deployment and a stage; [`export`] writes an API as API Gateway exports it.
//!
//! Source: definition-formats §6 and §7, control-plane §8 and §9.

mod cursor;
mod documentation;
pub(crate) mod export;
mod http_api;
pub(crate) mod imported;
mod integration;
mod models;
mod operation;
mod paths;
mod root;
mod security;

use crate::assemble::Siblings;
use crate::decode::{Part, Piece};
use crate::ids::derived_id;
use crate::limits::{API_ID_CHARS, NODES_MAX, PART_ID_CHARS};
use crate::node::{Kind, Node};
use crate::report::Report;
use crate::stack::StackResult;
use crate::{Options, StackFacts};
use cursor::{Cursor, Document};
use gateway_model::{
    AuthorizerId, AuthorizerType, Deployment, DeploymentId, Model, RequestValidatorId, ResourceId,
    RestApi, RestApiId, Spanned, Stage, StageName,
};
use std::cell::Cell;
use std::collections::{BTreeMap, HashMap, HashSet};

/// What API Gateway's extensions begin with.
pub(crate) const EXTENSION: &str = "x-amazon-apigateway-";

/// The logical id of an API that a document of its own describes.
const LOGICAL_ID: &str = "RestApi";

/// The stage of a document that names none.
const DEFAULT_STAGE: &str = "default";

/// What becomes of the base path of a document. Source: PutRestApi, `basepath`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BasePath {
    /// It is left out.
    #[default]
    Ignore,
    /// It goes before every path.
    Prepend,
    /// Its first segment is left out, the rest goes before every path.
    Split,
}

/// How a document is imported.
pub(crate) struct Import<'i> {
    pub(crate) stack: &'i str,
    pub(crate) logical_id: &'i str,
    pub(crate) options: &'i Options,
    pub(crate) base_path: BasePath,
    pub(crate) fail_on_warnings: bool,
    pub(crate) ignores_documentation: bool,
    /// Whether what standard fields tell people becomes documentation parts, where the document lists none.
    pub(crate) derives_documentation: bool,
}

impl Import<'_> {
    /// An id that is derived from names, and so is the same at every start.
    fn part_id(&self, role: &str) -> String {
        derived_id(self.stack, self.logical_id, role, PART_ID_CHARS)
    }
}

/// Which OpenAPI a document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    /// Swagger 2.0
    V2,
    /// OpenAPI 3.0
    V3,
}

/// Whether a tree is an OpenAPI document rather than a template.
pub(crate) fn is_document(root: &Node) -> bool {
    root.member("Resources").is_none()
        && (root.member("openapi").is_some() || root.member("swagger").is_some())
}

/// A document of its own: its API, a deployment and a stage. The stage has the name that the
/// document's base path begins with, as exports have it, or else `default`.
pub(crate) fn load_document(root: &Node, stack: &StackFacts, options: &Options) -> StackResult {
    let report = Report::default();
    let mut result = StackResult::default();
    if http_api::is_http_api(root, &report) {
        result.diagnostics = report.into_sorted();
        return result;
    }
    let id_of = |role: &str, chars| derived_id(&stack.name, LOGICAL_ID, role, chars);
    let budget = Cell::new(NODES_MAX);
    let document = Document { root, report: &report, budget: &budget };
    let custom = root::custom_id(&Cursor::root(document));
    let id = custom.unwrap_or_else(|| id_of("id", API_ID_CHARS));
    let resource = ResourceId::new(&id_of("root", PART_ID_CHARS));
    let mut api = RestApi::new(RestApiId::new(&id), "", resource.clone(), root.place.clone());
    LOGICAL_ID.clone_into(&mut api.logical_id);
    let settings = Import {
        stack: &stack.name,
        logical_id: LOGICAL_ID,
        options,
        base_path: BasePath::Ignore,
        fail_on_warnings: false,
        ignores_documentation: false,
        derives_documentation: false,
    };
    import(root, &mut api, &settings, &report);
    let deployment = Deployment {
        id: DeploymentId::new(&id_of("deployment", PART_ID_CHARS)),
        logical_id: "Deployment".to_owned(),
        description: None,
        canary: None,
        place: root.place.clone(),
    };
    if let Some(name) = stage_name(&Cursor::root(document)) {
        let mut stage = Stage::new(name, deployment.id.clone(), root.place.clone());
        stage.documentation_version =
            api.documentation_versions.last().map(|version| version.version.clone());
        let api_id = Spanned::new(id.clone(), root.place.clone());
        result.ids.extend([id, resource.to_string(), deployment.id.to_string()]);
        let part = Part::Deployment(deployment, Some(Box::new(stage)));
        result.pieces = vec![Piece::RestApi(Box::new(api)), Piece::Part(api_id, part)];
    }
    result.diagnostics = report.into_sorted();
    result
}

fn stage_name(root: &Cursor<'_>) -> Option<StageName> {
    let base = root::base_path(root).unwrap_or_default();
    let first = base.split('/').find(|segment| !segment.is_empty());
    let named = first.and_then(|segment| StageName::parse(segment).ok());
    named.or_else(|| StageName::parse(DEFAULT_STAGE).ok())
}

/// Lays a document over an API. What the API already has goes first where both say one thing.
pub(crate) fn import(document: &Node, api: &mut RestApi, settings: &Import<'_>, report: &Report) {
    let mark = report.mark();
    let substituted = has_variables(document).then(|| substitute(document, settings.options));
    let root = substituted.as_ref().unwrap_or(document);
    let budget = Cell::new(NODES_MAX);
    let cursor = Cursor::root(Document { root, report, budget: &budget });
    if let Some(version) = version(&cursor) {
        let mut importer = Importer {
            settings,
            version,
            api,
            root: cursor.clone(),
            schemes: HashMap::new(),
            schema_names: HashSet::new(),
            validators: HashMap::new(),
            siblings: HashMap::new(),
            generated: BTreeMap::new(),
        };
        importer.read_root(&cursor);
        importer.read_models(&cursor);
        importer.read_security(&cursor);
        importer.read_paths(&cursor);
        importer.read_documentation(&cursor);
    }
    if settings.fail_on_warnings {
        report.promote_since(mark, "FailOnWarnings makes an error of this warning");
    }
}

/// What is known while a document is walked.
struct Importer<'a, 'n> {
    settings: &'a Import<'a>,
    version: Version,
    api: &'a mut RestApi,
    root: Cursor<'n>,
    /// What each security scheme asks for.
    schemes: HashMap<&'n str, Scheme>,
    /// The names of all schemas, read or not.
    schema_names: HashSet<&'n str>,
    /// Request validators by name.
    validators: HashMap<String, RequestValidatorId>,
    /// The path parts below each resource.
    siblings: HashMap<ResourceId, Siblings>,
    /// Models made of schemas that have no name, by their text.
    generated: BTreeMap<String, Model>,
}

/// What a security scheme asks for.
enum Scheme {
    /// The header `x-api-key`.
    ApiKey,
    /// A signature.
    Signature,
    /// What an authorizer asks for.
    Authorizer(AuthorizerId, AuthorizerType),
    /// Nothing that can be checked; that has been said.
    Broken,
    /// Nothing that API Gateway checks.
    Unchecked,
}

/// `swagger: "2.0"` or `openapi: 3.0.x`; anything else is reported.
fn version(root: &Cursor<'_>) -> Option<Version> {
    if root.node.as_map().is_none() {
        root.wrong_type("an object");
        return None;
    }
    if let Some(swagger) = root.member("swagger") {
        let text = swagger.as_text()?;
        if text.value == "2.0" || text.value == "2" {
            return Some(Version::V2);
        }
        swagger.error(format!("Swagger {} is not known; Swagger 2.0 is", text.value));
        return None;
    }
    let Some(openapi) = root.member("openapi") else {
        root.error("Invalid OpenAPI input: neither \"swagger\" nor \"openapi\" says its version");
        return None;
    };
    let text = openapi.as_text()?;
    if text.value == "3.0" || text.value.starts_with("3.0.") {
        return Some(Version::V3);
    }
    openapi.error_with_help(
        format!("OpenAPI {} cannot be imported", text.value),
        "API Gateway reads Swagger 2.0 and OpenAPI 3.0",
    );
    None
}

fn has_variables(node: &Node) -> bool {
    match &node.kind {
        Kind::String(text) => text.contains("${AWS::"),
        Kind::Seq(items) => items.iter().any(has_variables),
        Kind::Map(members) => members.iter().any(|(_, value)| has_variables(value)),
        _ => false,
    }
}

/// The same tree with API Gateway's own variables replaced.
fn substitute(node: &Node, options: &Options) -> Node {
    let kind = match &node.kind {
        Kind::String(text) if text.contains("${AWS::") => Kind::String(
            text.replace("${AWS::AccountId}", &options.account_id)
                .replace("${AWS::Region}", &options.region)
                .replace("${AWS::Partition}", &options.partition),
        ),
        Kind::Seq(items) => Kind::Seq(items.iter().map(|item| substitute(item, options)).collect()),
        Kind::Map(members) => {
            let members = members.iter();
            Kind::Map(
                members.map(|(key, value)| (key.clone(), substitute(value, options))).collect(),
            )
        }
        other => other.clone(),
    };
    Node { place: node.place.clone(), kind }
}
