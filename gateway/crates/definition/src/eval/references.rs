//! `Ref`, `Fn::GetAtt`, `Fn::ImportValue`: names of other things.

use super::{Block, Evaluator};
use crate::identity::Attribute;
use crate::node::{Kind, Node};
use crate::template::Resource;
use gateway_model::{Diagnostic, Place};

impl Evaluator<'_> {
    /// `Ref`. `None` is `AWS::NoValue`.
    pub(super) fn reference(&self, argument: &Node, place: &Place) -> Option<Node> {
        let Some(name) = argument.as_str() else {
            let text = "Template format error: Every Ref object must have a single String value.";
            self.error(&argument.place, text);
            return Some(Node::unknown(place));
        };
        if name == "AWS::NoValue" {
            return None;
        }
        let kind = self.named(name, place);
        let bytes = if let Kind::String(text) = &kind { text.len() } else { 0 };
        let kind = if self.charge(place, bytes) { kind } else { Kind::Unknown };
        Some(Node { place: place.clone(), kind })
    }

    /// The value of a name: parameter, pseudo parameter or resource.
    pub(super) fn named(&self, name: &str, place: &Place) -> Kind {
        if let Some(value) = self.parameters.get(name) {
            let items = value.as_seq().map_or(0, <[Node]>::len);
            if !self.charge(place, items.saturating_mul(size_of::<Node>())) {
                return Kind::Unknown;
            }
            return value.kind.clone();
        }
        if let Some(pseudo) = name.strip_prefix("AWS::") {
            return self.pseudo(pseudo, place);
        }
        let Some(resource) = self.template.resource(name) else {
            if let Some(text) = self.published(name) {
                return Kind::String(text);
            }
            if self.block.get() == Block::Conditions {
                self.no_resources_here(name, place);
            }
            return Kind::Unknown; // reported when the template was looked through
        };
        if self.block.get() == Block::Conditions {
            self.no_resources_here(name, place);
            return Kind::Unknown;
        }
        if !self.is_there(resource, place) {
            return Kind::Unknown;
        }
        match self.identities.borrow().get(name) {
            Some(identity) => Kind::String(identity.reference.clone()),
            None => Kind::Unknown,
        }
    }

    /// `Function.Alias` and `Function.Version` of the SAM transform, which `Ref` names.
    fn published(&self, name: &str) -> Option<String> {
        let (function, attribute) = name.split_once('.').filter(|_| self.template.is_sam)?;
        if !matches!(attribute, "Alias" | "Version") || self.block.get() == Block::Conditions {
            return None;
        }
        match self.identities.borrow().get(function)?.attribute(attribute) {
            Attribute::Value(text) => Some(text),
            _ => None,
        }
    }

    fn no_resources_here(&self, name: &str, place: &Place) {
        let text = format!(
            "Template format error: Unresolved dependencies [{name}]. Cannot reference resources in the Conditions block of the template"
        );
        let known = self.template.parameters.iter().map(|(key, _)| key.text.as_str());
        self.error_near(place, text, name, known);
    }

    /// Whether a resource is created; a reference to one that is not is an error.
    fn is_there(&self, resource: &Resource<'_>, place: &Place) -> bool {
        let Some((condition, _)) = resource.condition else { return true };
        if self.is_true(condition) == Some(false) {
            let name = resource.logical_id;
            let diagnostic = Diagnostic::error(place, self.unresolved(name))
                .with_help(format!("the condition {condition} of {name} is false"));
            self.say(diagnostic);
            return false;
        }
        true
    }

    pub(crate) fn unresolved(&self, name: &str) -> String {
        let block = if self.block.get() == Block::Outputs { "Outputs" } else { "Resources" };
        format!(
            "Template format error: Unresolved resource dependencies [{name}] in the {block} block of the template"
        )
    }

    fn pseudo(&self, name: &str, place: &Place) -> Kind {
        let options = self.options;
        Kind::String(match name {
            "AccountId" => options.account_id.clone(),
            "Partition" => options.partition.clone(),
            "Region" => options.region.clone(),
            "StackId" => self.stack.id.clone(),
            "StackName" => self.stack.name.clone(),
            "URLSuffix" => options.url_suffix.clone(),
            "NotificationARNs" => return Kind::Seq(Vec::new()),
            "NoValue" => return Kind::String(String::new()),
            _ => {
                if self.block.get() == Block::Conditions {
                    self.no_resources_here(&format!("AWS::{name}"), place);
                }
                return Kind::Unknown;
            }
        })
    }

    pub(super) fn attribute(&self, argument: &Node, place: &Place) -> Option<Kind> {
        let parts: Option<(String, String)> = match &argument.kind {
            Kind::String(text) => {
                text.split_once('.').map(|(name, attr)| (name.to_owned(), attr.to_owned()))
            }
            Kind::Seq(items) => match items.as_slice() {
                [name, attribute] => {
                    let attribute = self.present(attribute);
                    if attribute.is_unknown() {
                        return None;
                    }
                    name.as_str().map(str::to_owned).zip(attribute.scalar_text())
                }
                _ => None,
            },
            _ => None,
        };
        match parts {
            Some((name, attribute)) if !name.is_empty() && !attribute.is_empty() => {
                self.attribute_of(&name, &attribute, place)
            }
            _ => {
                let text = "Template error: every Fn::GetAtt object requires two non-empty parameters, the resource name and the resource attribute";
                self.error(&argument.place, text);
                None
            }
        }
    }

    /// The value of `name.attribute`.
    pub(super) fn attribute_of(&self, name: &str, attribute: &str, place: &Place) -> Option<Kind> {
        let resource = self.template.resource(name)?; // reported when it was looked through
        if self.block.get() == Block::Conditions {
            self.no_resources_here(name, place);
            return None;
        }
        if !self.is_there(resource, place) {
            return None;
        }
        let identities = self.identities.borrow();
        match identities.get(name)?.attribute(attribute) {
            Attribute::Value(text) => Some(Kind::String(text)),
            Attribute::Synthesised(text) => {
                let type_name = resource.type_name;
                let text_of = format!(
                    "the attribute {attribute} of {type_name} is not known here; \"{text}\" stands for it"
                );
                self.say(Diagnostic::warning(place, text_of));
                Some(Kind::String(text))
            }
            Attribute::Left => None,
            Attribute::Unknown(known) => {
                let text = format!(
                    "Template error: resource {name} does not support attribute type {attribute} in Fn::GetAtt"
                );
                self.error_near(place, text, attribute, known);
                None
            }
        }
    }

    pub(super) fn import_value(&self, argument: &Node, place: &Place) -> Option<Kind> {
        let name = self.present(argument);
        if name.is_unknown() {
            return None;
        }
        let Some(name) = name.scalar_text() else {
            let text = "Template error: every Fn::ImportValue object requires a string";
            self.error(&argument.place, text);
            return None;
        };
        match self.exports.get(&name) {
            Some(value) => {
                self.imports.borrow_mut().insert(name);
                Some(Kind::String(value.clone()))
            }
            None => {
                self.missing_imports.borrow_mut().insert(name.clone());
                self.say(
                    Diagnostic::error(place, format!("No export named {name} found."))
                        .with_help("load the definition that exports it in the same run"),
                );
                None
            }
        }
    }
}
