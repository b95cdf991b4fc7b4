//! What the SAM transform makes of `AWS::Serverless::Api` and of events of type `Api`: a template to a
//! template, before anything is evaluated. Functions stay as they are and are decoded as such.
//!
//! Source: definition-formats §8, and what the public translator makes of its own tests. Logical ids of
//! deployments have no hash here, so that ids stay the same at every change.

mod api;
mod auth;
mod build;
mod cors;
mod event;
mod function_url;
mod usage;

use crate::limits::NODES_MAX;
use crate::node::{Key, Kind, Node};
use crate::report::Report;

use build::Maker;
use event::Event;
use gateway_model::Place;
use std::collections::BTreeMap;

/// The logical id of the API that events without one belong to.
const IMPLICIT_API: &str = "ServerlessRestApi";

/// The stage of that API.
const IMPLICIT_STAGE: &str = "Prod";

const API: &str = "AWS::Serverless::Api";
const FUNCTION: &str = "AWS::Serverless::Function";
const STATE_MACHINE: &str = "AWS::Serverless::StateMachine";

/// One API while it is being made.
struct Api {
    logical_id: String,
    place: Place,
    /// Its properties, over those of `Globals`.
    properties: Node,
    /// The other members of the resource: `Condition`, `Metadata` …
    attributes: Vec<(Key, Node)>,
    /// Its definition, if that is in the template.
    body: Option<Node>,
    /// Whether events add to the definition.
    is_managed: bool,
    /// Whether the definition is OpenAPI 3.
    is_oas3: bool,
    /// Statements of the resource policy that events ask for.
    statements: Vec<Node>,
    /// How many values may still be copied to operations.
    budget: usize,
}

/// Names of what the transform makes, by the names that templates have for them: `Api.Stage`.
type Names = BTreeMap<String, String>;

/// Applies the transform to a template that has such resources.
pub(crate) fn transform(root: Node, report: &Report) -> Node {
    let is_api = |resource: &Node| resource.member("Type").and_then(Node::as_str) == Some(API);
    let resources = root.member("Resources").map_or(&[][..], Node::members);
    let has_events = resources.iter().any(|(_, resource)| !event::of(resource).is_empty());
    let urls = function_url::made(&root);
    if !has_events && urls.is_empty() && !resources.iter().any(|(_, resource)| is_api(resource)) {
        return root;
    }
    let globals =
        |section: &str| root.member("Globals").and_then(|globals| globals.member(section)).cloned();
    let api_globals = globals("Api");
    // Each API has a copy of them.
    let copies = resources.iter().filter(|(_, resource)| is_api(resource)).count() + 1;
    if let Some(globals) = &api_globals
        && globals.count(NODES_MAX).saturating_mul(copies) > NODES_MAX
    {
        let text = format!("Globals make more than {NODES_MAX} values of {copies} APIs");
        report.error(&globals.place, text);
        return root;
    }
    let mut apis: BTreeMap<String, Api> = BTreeMap::new();
    for (key, resource) in resources.iter().filter(|(_, resource)| is_api(resource)) {
        let empty = Node::new(&resource.place, Kind::Map(Vec::new()));
        let properties = resource.member("Properties").cloned().unwrap_or(empty);
        let attributes = resource.members().iter();
        let attributes =
            attributes.filter(|(key, _)| !matches!(key.text.as_str(), "Type" | "Properties"));
        let api = Api::new(
            &key.text,
            &key.place,
            api_globals.as_ref(),
            properties,
            attributes.cloned().collect(),
        );
        apis.insert(key.text.clone(), api);
    }
    let mut made: Vec<(String, Node)> = urls;
    let mut sorted: Vec<_> = resources.iter().collect();
    sorted.sort_by(|(a, _), (b, _)| a.text.cmp(&b.text));
    for (key, resource) in sorted {
        let mut events = event::of(resource);
        events.sort_by(|(a, _), (b, _)| a.text.cmp(&b.text));
        for (name, properties) in events {
            let Some(event) = Event::read(key, resource, name, properties, &root, report) else {
                continue;
            };
            if event.api == IMPLICIT_API && !apis.contains_key(IMPLICIT_API) {
                let maker = Maker(&key.place);
                let properties = maker.map([("StageName", maker.text(IMPLICIT_STAGE))]);
                let globals = api_globals.as_ref();
                let api = Api::new(IMPLICIT_API, &key.place, globals, properties, Vec::new());
                apis.insert(IMPLICIT_API.to_owned(), api);
            }
            event.apply(apis.get_mut(&event.api), &mut made, report);
        }
    }
    let mut names = Names::new();
    let mut plans = usage::Plans::default();
    for api in apis.into_values() {
        api.finish(&mut made, &mut names, &mut plans, report);
    }
    plans.finish(&mut made, &mut names);
    rebuild(root, made, &names)
}

/// The template with what was made in place of what it was made of.
fn rebuild(root: Node, made: Vec<(String, Node)>, names: &Names) -> Node {
    let place = root.place.clone();
    let Kind::Map(sections) = root.kind else { return root };
    let sections = sections.into_iter().map(|(key, section)| {
        if key.text != "Resources" {
            return (key, renamed(section, names));
        }
        let place = section.place.clone();
        let Kind::Map(members) = section.kind else { return (key, section) };
        let kept = members
            .into_iter()
            .filter(|(_, resource)| resource.member("Type").and_then(Node::as_str) != Some(API));
        let kept: Vec<_> =
            kept.map(|(key, node)| (key, event::state_machine(renamed(node, names)))).collect();
        let mut resources = Node::new(&place, Kind::Map(kept));
        for (name, node) in &made {
            // What the template has of its own goes first.
            if resources.member(name).is_none() {
                let key = Key { text: name.clone(), place: node.place.clone() };
                if let Kind::Map(members) = &mut resources.kind {
                    members.push((key, renamed(node.clone(), names)));
                }
            }
        }
        (key, resources)
    });
    Node { place, kind: Kind::Map(sections.collect()) }
}

/// `Ref` and `Fn::Sub` of `Api.Stage` and its like name what was made.
fn renamed(node: Node, names: &Names) -> Node {
    let Node { place, kind } = node;
    let kind = match kind {
        Kind::Seq(items) => Kind::Seq(items.into_iter().map(|item| renamed(item, names)).collect()),
        Kind::Map(members) => {
            let is_single = members.len() == 1;
            let members = members.into_iter().map(|(key, value)| {
                let value = match (key.text.as_str(), &value.kind) {
                    ("Ref", Kind::String(name)) if is_single => match names.get(name) {
                        Some(made) => Node::string(&value.place, made),
                        None => value,
                    },
                    ("Fn::Sub", _) if is_single => renamed_sub(value, names),
                    _ => renamed(value, names),
                };
                (key, value)
            });
            Kind::Map(members.collect())
        }
        other => other,
    };
    Node { place, kind }
}

fn renamed_sub(node: Node, names: &Names) -> Node {
    let replace = |text: &str| {
        names.iter().fold(text.to_owned(), |text, (name, made)| {
            text.replace(&format!("${{{name}}}"), &format!("${{{made}}}"))
        })
    };
    match node.kind {
        Kind::String(text) => Node { kind: Kind::String(replace(&text)), place: node.place },
        Kind::Seq(mut items) => {
            if let Some(first) = items.first_mut()
                && let Kind::String(text) = &first.kind
            {
                first.kind = Kind::String(replace(text));
            }
            let items = items.into_iter().map(|item| renamed(item, names)).collect();
            Node { kind: Kind::Seq(items), place: node.place }
        }
        kind => Node { kind, place: node.place },
    }
}
