//! The sections of a CloudFormation template, checked for shape and for names.

use crate::decode::TYPES;
use crate::graph;
use crate::limits::DESCRIPTION_BYTES_MAX;
use crate::node::{Key, Kind, Node};
use crate::report::Report;
use gateway_model::Place;
use std::collections::HashMap;

/// The transform that makes a template a SAM template.
pub(crate) const SAM_TRANSFORM: &str = "AWS::Serverless-2016-10-31";

const SECTIONS: [&str; 12] = [
    "AWSTemplateFormatVersion",
    "Description",
    "Metadata",
    "Parameters",
    "Mappings",
    "Conditions",
    "Rules",
    "Transform",
    "Resources",
    "Outputs",
    "Hooks",
    "Globals",
];

const ATTRIBUTES: [&str; 9] = [
    "Type",
    "Properties",
    "DependsOn",
    "Condition",
    "DeletionPolicy",
    "UpdateReplacePolicy",
    "UpdatePolicy",
    "CreationPolicy",
    "Metadata",
];

/// A template, borrowed from its tree.
#[derive(Debug)]
pub(crate) struct Template<'n> {
    pub(crate) parameters: &'n [(Key, Node)],
    pub(crate) mappings: Option<&'n Node>,
    pub(crate) conditions: &'n [(Key, Node)],
    pub(crate) rules: &'n [(Key, Node)],
    pub(crate) resources: Vec<Resource<'n>>,
    pub(crate) outputs: &'n [(Key, Node)],
    /// Whether the SAM transform has still to be applied.
    pub(crate) is_sam: bool,
    /// What the SAM transform lays under each of its functions.
    pub(crate) function_globals: Option<&'n Node>,
    index: HashMap<&'n str, usize>,
    condition_index: HashMap<&'n str, usize>,
}

/// One member of `Resources`.
#[derive(Debug)]
pub(crate) struct Resource<'n> {
    pub(crate) logical_id: &'n str,
    pub(crate) place: &'n Place,
    pub(crate) type_name: &'n str,
    pub(crate) type_place: &'n Place,
    pub(crate) properties: Option<&'n Node>,
    pub(crate) depends_on: Vec<(&'n str, &'n Place)>,
    pub(crate) condition: Option<(&'n str, &'n Place)>,
    pub(crate) metadata: Option<&'n Node>,
    /// Its `DeletionPolicy` keeps it when its stack lets go of it.
    pub(crate) is_retained: bool,
}

impl<'n> Template<'n> {
    /// Reads the sections. What is wrong is reported; what is right stays usable.
    pub(crate) fn read(root: &'n Node, report: &Report) -> Self {
        for (key, _) in root.members() {
            if !SECTIONS.contains(&key.text.as_str()) {
                let text = format!("Invalid template property or properties [{}]", key.text);
                report.error_near(&key.place, text, &key.text, SECTIONS);
            }
        }
        let is_sam = transforms(root, report) | has_sam_resources(root);
        version_and_description(root, report);
        for section in ["Metadata", "Globals", "Hooks"] {
            section_members(root, section, report);
        }
        let mut template = Self {
            parameters: section_members(root, "Parameters", report),
            mappings: root.member("Mappings"),
            conditions: section_members(root, "Conditions", report),
            rules: section_members(root, "Rules", report),
            resources: Vec::new(),
            outputs: section_members(root, "Outputs", report),
            is_sam,
            function_globals: root.member("Globals").and_then(|globals| globals.member("Function")),
            index: HashMap::new(),
            condition_index: HashMap::new(),
        };
        let names = template.conditions.iter().enumerate();
        template.condition_index = names.map(|(i, (key, _))| (key.text.as_str(), i)).collect();
        mappings(root.member("Mappings"), report);
        for (kind, members) in [("Parameter", template.parameters), ("Output", template.outputs)] {
            members.iter().for_each(|(key, _)| alphanumeric(kind, key, report));
        }
        template.read_resources(root, report);
        template
    }

    pub(crate) fn resource(&self, logical_id: &str) -> Option<&Resource<'n>> {
        self.index.get(logical_id).map(|index| &self.resources[*index])
    }

    pub(crate) fn index_of(&self, logical_id: &str) -> Option<usize> {
        self.index.get(logical_id).copied()
    }

    /// Why a resource has no effect in this release, if it has none.
    pub(crate) fn unserved(&self, resource: &Resource<'_>) -> Option<String> {
        if !TYPES.contains(&resource.type_name) {
            return Some(format!("{} is not served yet", resource.type_name));
        }
        None
    }

    /// Whether all that asks for a name, and something does, has no effect in this release.
    pub(crate) fn is_asked_by_unserved_only(&self, name: &str) -> bool {
        let asks = |tree: &Node| {
            let mut is_asked = false;
            graph::names(tree, &mut |asked| is_asked |= asked == name);
            is_asked
        };
        let mut sections = self.outputs.iter().chain(self.conditions).map(|(_, node)| node);
        if sections.any(asks) {
            return false;
        }
        let mut askers = self
            .resources
            .iter()
            .filter(|resource| resource.properties.is_some_and(asks))
            .peekable();
        askers.peek().is_some() && askers.all(|resource| self.unserved(resource).is_some())
    }

    pub(crate) fn condition(&self, name: &str) -> Option<&'n (Key, Node)> {
        self.condition_index.get(name).map(|index| &self.conditions[*index])
    }

    pub(crate) fn condition_names(&self) -> impl Iterator<Item = &'n str> {
        self.conditions.iter().map(|(key, _)| key.text.as_str())
    }

    fn read_resources(&mut self, root: &'n Node, report: &Report) {
        let none = "Template format error: At least one Resources member must be defined.";
        let Some(section) = root.member("Resources") else {
            return report.error(&root.place, none);
        };
        let Some(members) = section.as_map() else {
            let text = "Template format error: Resources must be an object.";
            return match section.kind {
                Kind::Null => report.error(&section.place, none),
                _ => report.error(&section.place, text),
            };
        };
        if members.is_empty() {
            report.error(&section.place, none);
        }
        for (key, node) in members {
            if key.text.starts_with("Fn::ForEach::") {
                let text = "Fn::ForEach is not served yet; what it would make is left out";
                report.warning(&key.place, text);
                continue;
            }
            alphanumeric("Resource", key, report);
            if let Some(resource) = resource(key, node, report) {
                self.index.insert(resource.logical_id, self.resources.len());
                self.resources.push(resource);
            }
        }
    }
}

fn resource<'n>(key: &'n Key, node: &'n Node, report: &Report) -> Option<Resource<'n>> {
    let Some(members) = node.as_map() else {
        let text = "Template format error: Any Resources member must be an object.";
        report.error(&node.place, text);
        return None;
    };
    for (attribute, _) in members {
        if !ATTRIBUTES.contains(&attribute.text.as_str()) {
            let text = format!(
                "Invalid template resource property '{}' of resource {}",
                attribute.text, key.text
            );
            report.error_near(&attribute.place, text, &attribute.text, ATTRIBUTES);
        }
    }
    let Some(type_node) = node.member("Type") else {
        let text = format!(
            "Template format error: [/Resources/{}] Every Resources object must contain a Type member.",
            key.text
        );
        report.error(&key.place, text);
        return None;
    };
    let Some(type_name) = type_node.as_str() else {
        let text =
            format!("Template format error: [/Resources/{}/Type] must be a string.", key.text);
        report.error(&type_node.place, text);
        return None;
    };
    let properties = node.member("Properties").filter(|p| p.kind != Kind::Null);
    if let Some(properties) = properties.filter(|p| p.as_map().is_none() && !p.is_unknown()) {
        let text = format!(
            "Template format error: [/Resources/{}/Properties] must be an object.",
            key.text
        );
        report.error(&properties.place, text);
    }
    let condition = node.member("Condition").and_then(|condition| match condition.as_str() {
        Some(name) => Some((name, &condition.place)),
        None => {
            report.error(&condition.place, "Every Condition member must be a string.");
            None
        }
    });
    Some(Resource {
        logical_id: &key.text,
        place: &key.place,
        type_name,
        type_place: &type_node.place,
        properties: properties.filter(|p| p.as_map().is_some()),
        depends_on: depends_on(node, report),
        condition,
        metadata: node.member("Metadata"),
        is_retained: node
            .member("DeletionPolicy")
            .and_then(Node::as_str)
            .is_some_and(|policy| policy.starts_with("Retain")),
    })
}

/// Source: CloudFormation User Guide, "Template format version" and "Template description".
fn version_and_description(root: &Node, report: &Report) {
    if let Some(version) = root.member("AWSTemplateFormatVersion")
        && version.scalar_text().as_deref() != Some("2010-09-09")
    {
        let text = format!(
            "Template format error: unsupported value for AWSTemplateFormatVersion: {}. Must be 2010-09-09",
            version.scalar_text().unwrap_or_default()
        );
        report.error(&version.place, text);
    }
    if let Some(description) = root.member("Description")
        && description.as_str().is_some_and(|text| text.len() > DESCRIPTION_BYTES_MAX)
    {
        let text = format!(
            "Template format error: 'Description' length is greater than {DESCRIPTION_BYTES_MAX}."
        );
        report.error(&description.place, text);
    }
}

fn depends_on<'n>(node: &'n Node, report: &Report) -> Vec<(&'n str, &'n Place)> {
    let Some(value) = node.member("DependsOn") else { return Vec::new() };
    let items = value.as_seq().unwrap_or_else(|| std::slice::from_ref(value));
    let mut names = Vec::new();
    for item in items {
        match item.as_str() {
            Some(name) => names.push((name, &item.place)),
            None => report.error(
                &item.place,
                "Template format error: DependsOn must be a string or a list of strings.",
            ),
        }
    }
    names
}

fn section_members<'n>(root: &'n Node, name: &str, report: &Report) -> &'n [(Key, Node)] {
    let Some(section) = root.member(name).filter(|section| section.kind != Kind::Null) else {
        return &[];
    };
    section.as_map().unwrap_or_else(|| {
        let text = format!("Template format error: {name} must be an object.");
        report.error(&section.place, text);
        &[]
    })
}

fn alphanumeric(kind: &str, key: &Key, report: &Report) {
    let is_name = !key.text.is_empty() && key.text.bytes().all(|b| b.is_ascii_alphanumeric());
    if !is_name && !key.text.starts_with("Fn::ForEach::") {
        let text = format!("Template format error: {kind} name {} is non alphanumeric.", key.text);
        report.error(&key.place, text);
    }
}

/// Templates are often passed around without the line that asks for the transform.
fn has_sam_resources(root: &Node) -> bool {
    root.member("Resources").map_or(&[][..], Node::members).iter().any(|(_, resource)| {
        let type_name = resource.member("Type").and_then(Node::as_str);
        type_name.is_some_and(|type_name| type_name.starts_with("AWS::Serverless::"))
    })
}

/// Reads `Transform` and says whether SAM is among them.
fn transforms(root: &Node, report: &Report) -> bool {
    let Some(value) = root.member("Transform") else { return false };
    let items = value.as_seq().unwrap_or_else(|| std::slice::from_ref(value));
    let mut is_sam = false;
    for item in items {
        let name = item.as_str().or_else(|| item.member("Name").and_then(Node::as_str));
        match name {
            // What it includes is there already.
            Some("AWS::LanguageExtensions" | "AWS::Include") => {}
            // What of it is not served is said of each resource.
            Some(SAM_TRANSFORM) => is_sam = true,
            Some(name) if name.starts_with("AWS::") => {
                report.warning(&item.place, format!("the transform {name} is not served yet"));
            }
            Some(name) => {
                let text = format!("no transform named {name}: macros are not run here");
                report.error(&item.place, text);
            }
            None => report.error(&item.place, "Transform must be a string or a list of strings."),
        }
    }
    is_sam
}

/// Mappings hold two levels of names, then strings or lists.
fn mappings(section: Option<&Node>, report: &Report) {
    let Some(section) = section.filter(|section| section.kind != Kind::Null) else { return };
    let not_a_map =
        |name: &str| format!("Template format error: Every Mappings member {name} must be a map");
    let Some(maps) = section.as_map() else {
        return report.error(&section.place, "Template format error: Mappings must be an object.");
    };
    for (name, map) in maps {
        let Some(tops) = map.as_map() else {
            report.error(&map.place, not_a_map(&name.text));
            continue;
        };
        for (top, seconds) in tops {
            let Some(seconds) = seconds.as_map() else {
                report.error(&seconds.place, not_a_map(&top.text));
                continue;
            };
            for (_, value) in seconds {
                let is_scalar = value.scalar_text().is_some();
                let is_list = value
                    .as_seq()
                    .is_some_and(|items| items.iter().all(|item| item.scalar_text().is_some()));
                if !is_scalar && !is_list {
                    report.error(
                        &value.place,
                        "Template format error: Every Mappings attribute must be a String or a List.",
                    );
                }
            }
        }
    }
}
