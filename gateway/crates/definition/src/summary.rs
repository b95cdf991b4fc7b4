//! What a template says before any value is given to it: for those who ask what it needs.

use crate::decode::SERVERLESS_FUNCTION;
use crate::node::{Key, Node};
use crate::report::Report;
use crate::{Source, openapi, reader, sam};
use gateway_model::{Diagnostic, Json};
use std::sync::Arc;

/// A template as it was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// What it says of itself.
    pub description: Option<String>,
    /// What it asks for.
    pub parameters: Vec<ParameterSummary>,
    /// What it makes, under whatever condition.
    pub resources: Vec<ResourceSummary>,
    /// The transforms that it asks for.
    pub transforms: Vec<String>,
    /// The template without comments and places, the transforms that are applied here applied.
    pub processed: Json,
    /// `Metadata`, if it has any.
    pub metadata: Option<Json>,
}

/// A parameter that a template declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParameterSummary {
    /// Its name.
    pub key: String,
    /// `String`, `Number`, …
    pub type_name: String,
    /// What it is when nobody says.
    pub default: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// Whether its value is a secret.
    pub no_echo: bool,
    /// What it may be; none is anything.
    pub allowed_values: Vec<String>,
}

/// A resource that a template may make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceSummary {
    /// Its name in the template.
    pub logical_id: String,
    /// Its type.
    pub type_name: String,
    /// Whether it has a name of its own that is given in the template.
    pub is_named: bool,
}

/// Reads a template without giving values to anything.
///
/// # Errors
/// What keeps it from being one.
pub fn summarize(source: &Source) -> Result<Summary, Vec<Diagnostic>> {
    let report = Report::default();
    let root = reader::read(&Arc::from(source.name.as_str()), &source.text, &report);
    let read = root.filter(|root| root.as_map().is_some() && !openapi::is_document(root));
    let Some(root) = read.filter(|root| root.member("Resources").is_some()) else {
        let mut found = report.into_sorted();
        if found.is_empty() {
            let place = gateway_model::Place::new(&Arc::from(source.name.as_str()), 1, 1);
            let text = "Template format error: At least one Resources member must be defined.";
            found.push(Diagnostic::error(&place, text));
        }
        return Err(found);
    };
    let transforms = root.member("Transform").map_or_else(Vec::new, |value| {
        let items = value.as_seq().unwrap_or_else(|| std::slice::from_ref(value));
        let names = items.iter().filter_map(|item| {
            item.as_str().or_else(|| item.member("Name").and_then(Node::as_str))
        });
        names.map(str::to_owned).collect()
    });
    let description = root.member("Description").and_then(Node::as_str).map(str::to_owned);
    let metadata = root.member("Metadata").map(Node::to_json);
    let root = sam::transform(root, &report);
    let parameters = root.member("Parameters").map_or(&[][..], Node::members);
    let resources = root.member("Resources").map_or(&[][..], Node::members);
    Ok(Summary {
        description,
        parameters: parameters.iter().map(parameter).collect(),
        resources: resources.iter().flat_map(resource).collect(),
        transforms,
        processed: root.to_json(),
        metadata,
    })
}

fn parameter((key, node): &(Key, Node)) -> ParameterSummary {
    let text = |name: &str| node.member(name).and_then(Node::scalar_text);
    let allowed = node.member("AllowedValues").and_then(Node::as_seq).unwrap_or_default();
    ParameterSummary {
        key: key.text.clone(),
        type_name: text("Type").unwrap_or_else(|| "String".to_owned()),
        default: text("Default"),
        description: text("Description"),
        no_echo: text("NoEcho").is_some_and(|text| text == "true"),
        allowed_values: allowed.iter().filter_map(Node::scalar_text).collect(),
    }
}

/// A serverless function stands for itself and for the role that it has unless it is given one.
fn resource((key, node): &(Key, Node)) -> Vec<ResourceSummary> {
    const NAMES: [&str; 7] = [
        "RoleName",
        "PolicyName",
        "ManagedPolicyName",
        "UserName",
        "GroupName",
        "InstanceProfileName",
        "RoleArn",
    ];
    let Some(type_name) = node.member("Type").and_then(Node::as_str) else { return Vec::new() };
    let properties = node.member("Properties");
    let has = |name: &str| properties.is_some_and(|properties| properties.member(name).is_some());
    let one = |logical_id: String, type_name: &str, is_named: bool| ResourceSummary {
        logical_id,
        type_name: type_name.to_owned(),
        is_named,
    };
    if type_name == SERVERLESS_FUNCTION {
        let mut all = vec![one(key.text.clone(), "AWS::Lambda::Function", false)];
        if !has("Role") {
            all.push(one(format!("{}Role", key.text), "AWS::IAM::Role", false));
        }
        return all;
    }
    vec![one(key.text.clone(), type_name, NAMES.iter().any(|name| has(name)))]
}
