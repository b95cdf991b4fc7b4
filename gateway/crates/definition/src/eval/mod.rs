//! Evaluation: functions become values.

mod conditions;
mod lists;
mod network;
mod references;
mod text;

pub(crate) use text::sub_variables;

use crate::identity::Identity;
use crate::limits::EVALUATION_UNITS_MAX;
use crate::node::{Key, Kind, Node};
use crate::report::Report;
use crate::template::Template;
use crate::{Options, StackFacts};
use gateway_model::{Diagnostic, Place};
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::PathBuf;

/// Functions that yield a value. Source: definition-formats §1.2.
const FUNCTIONS: [&str; 16] = [
    "Fn::GetAtt",
    "Fn::Sub",
    "Fn::Join",
    "Fn::Split",
    "Fn::Select",
    "Fn::FindInMap",
    "Fn::If",
    "Fn::ImportValue",
    "Fn::Base64",
    "Fn::GetAZs",
    "Fn::Cidr",
    "Fn::Transform",
    "Fn::ToJsonString",
    "Fn::Length",
    "Fn::ForEach",
    "Fn::Ref",
];

/// Functions that yield a truth, in `Conditions` and `Rules` only.
const CONDITION_FUNCTIONS: [&str; 9] = [
    "Fn::Equals",
    "Fn::And",
    "Fn::Or",
    "Fn::Not",
    "Fn::Contains",
    "Fn::EachMemberEquals",
    "Fn::EachMemberIn",
    "Fn::RefAll",
    "Fn::ValueOf",
];

/// Which block of the template is being evaluated: references mean different things in each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Block {
    Conditions,
    Resources,
    Outputs,
}

/// Everything that functions of one stack may ask for.
pub(crate) struct Evaluator<'a> {
    pub(crate) template: &'a Template<'a>,
    pub(crate) options: &'a Options,
    pub(crate) stack: &'a StackFacts,
    pub(crate) parameters: HashMap<String, Node>,
    pub(crate) identities: RefCell<HashMap<&'a str, Identity>>,
    /// What the stacks of this run export, by name.
    pub(crate) exports: &'a BTreeMap<String, String>,
    /// Exports that were asked for and are there.
    pub(crate) imports: RefCell<BTreeSet<String>>,
    /// Exports that were asked for and are not there.
    pub(crate) missing_imports: RefCell<BTreeSet<String>>,
    /// Files that were read besides the definitions.
    pub(crate) documents: RefCell<Vec<PathBuf>>,
    pub(crate) report: &'a Report,
    pub(crate) block: Cell<Block>,
    /// Whether errors are kept back, because the same text is evaluated again later.
    pub(crate) is_muted: Cell<bool>,
    conditions: RefCell<HashMap<&'a str, conditions::State>>,
    units: Cell<usize>,
}

impl<'a> Evaluator<'a> {
    pub(crate) fn new(
        template: &'a Template<'a>,
        options: &'a Options,
        stack: &'a StackFacts,
        exports: &'a BTreeMap<String, String>,
        report: &'a Report,
    ) -> Self {
        let parameters = crate::parameters::resolve(template, options, report);
        let evaluator = Self {
            template,
            options,
            stack,
            parameters,
            identities: RefCell::default(),
            exports,
            imports: RefCell::default(),
            missing_imports: RefCell::default(),
            documents: RefCell::default(),
            report,
            block: Cell::new(Block::Conditions),
            is_muted: Cell::new(false),
            conditions: RefCell::default(),
            units: Cell::new(0),
        };
        evaluator.evaluate_conditions();
        evaluator.check_rules();
        evaluator.block.set(Block::Resources);
        evaluator
    }

    /// Evaluates a value. `None` is `AWS::NoValue`: the member or element is not there.
    pub(crate) fn value(&self, node: &Node) -> Option<Node> {
        if !self.charge(&node.place, 1) {
            return Some(Node::unknown(&node.place));
        }
        let kind = match &node.kind {
            Kind::String(text) => {
                self.refuse_dynamic_reference(text, &node.place);
                self.charge(&node.place, text.len());
                node.kind.clone()
            }
            Kind::Seq(items) => {
                Kind::Seq(items.iter().filter_map(|item| self.value(item)).collect())
            }
            Kind::Map(members) => match node.call() {
                Some((key, argument)) if key.text != "Condition" => {
                    return self.call(key, argument, node);
                }
                _ => Kind::Map(self.members(members)),
            },
            other => other.clone(),
        };
        Some(Node { place: node.place.clone(), kind })
    }

    /// Evaluates a value that has to be there.
    fn present(&self, node: &Node) -> Node {
        self.value(node).unwrap_or_else(|| Node::new(&node.place, Kind::Null))
    }

    fn members(&self, members: &[(Key, Node)]) -> Vec<(Key, Node)> {
        let mut out = Vec::with_capacity(members.len());
        for (key, value) in members {
            if key.text.starts_with("Fn::ForEach::") {
                self.loop_not_served(&key.place);
                continue;
            }
            if key.text.starts_with("Fn::") {
                let text =
                    format!("Template error: {} must be the only member of its object", key.text);
                self.error(&key.place, text);
                continue;
            }
            if let Some(value) = self.value(value) {
                self.charge(&key.place, key.text.len());
                out.push((key.clone(), value));
            }
        }
        out
    }

    fn call(&self, key: &Key, argument: &Node, node: &Node) -> Option<Node> {
        if argument.is_unknown() {
            return Some(Node::unknown(&node.place));
        }
        let place = &node.place;
        let kind = match key.text.as_str() {
            "Ref" => return self.reference(argument, place),
            "Fn::If" => return self.choose(argument, place),
            "Fn::GetAtt" => self.attribute(argument, place),
            "Fn::Sub" => self.sub(argument, place),
            "Fn::Join" => self.join(argument, place),
            "Fn::Split" => self.split(argument, place),
            "Fn::Select" => self.select(argument, place),
            "Fn::FindInMap" => self.find_in_map(argument, place),
            "Fn::ImportValue" => self.import_value(argument, place),
            "Fn::Base64" => self.base64(argument, place),
            "Fn::GetAZs" => self.zones(argument, place),
            "Fn::Cidr" => self.cidr(argument, place),
            "Fn::ToJsonString" => self.to_json_string(argument, place),
            "Fn::Length" => self.length(argument, place),
            name if name == "Fn::ForEach" || name.starts_with("Fn::ForEach::") => {
                self.loop_not_served(&key.place);
                None
            }
            name if CONDITION_FUNCTIONS.contains(&name) => {
                self.error(
                    &key.place,
                    format!("Template error: {name} is allowed in Conditions only"),
                );
                None
            }
            name => {
                self.error_near(
                    &key.place,
                    format!("Template error: unknown function {name}"),
                    name,
                    FUNCTIONS,
                );
                None
            }
        };
        let kind = kind.unwrap_or(Kind::Unknown);
        if let Kind::String(text) = &kind
            && !self.charge(place, text.len())
        {
            return Some(Node::unknown(place));
        }
        Some(Node { place: place.clone(), kind })
    }

    fn loop_not_served(&self, place: &Place) {
        let text = "Fn::ForEach is not served yet; what it would make is left out";
        self.say(Diagnostic::warning(place, text));
    }

    /// What would be a secret must not become a text that everybody can read in the template.
    fn refuse_dynamic_reference(&self, text: &str, place: &Place) {
        if text.contains("{{resolve:") {
            let text = "dynamic references ({{resolve:…}}) are not served yet";
            let help = "take the value from a parameter of the template";
            self.say(Diagnostic::error(place, text).with_help(help));
        }
    }

    /// Takes from the budget. `false` when nothing is left; that is reported once.
    pub(crate) fn charge(&self, place: &Place, units: usize) -> bool {
        let before = self.units.get();
        let after = before.saturating_add(units);
        self.units.set(after);
        if before <= EVALUATION_UNITS_MAX && after > EVALUATION_UNITS_MAX {
            // Never muted: nothing after this is evaluated again.
            let text = format!("evaluation makes more than {EVALUATION_UNITS_MAX} bytes");
            self.report.push(
                Diagnostic::error(place, text).with_help("a function multiplies text; shorten it"),
            );
        }
        after <= EVALUATION_UNITS_MAX
    }

    pub(crate) fn error(&self, place: &Place, text: impl Into<String>) {
        self.say(Diagnostic::error(place, text));
    }

    fn error_near<'w>(
        &self,
        place: &Place,
        text: String,
        word: &str,
        known: impl IntoIterator<Item = &'w str>,
    ) {
        if !self.is_muted.get() {
            self.report.error_near(place, text, word, known);
        }
    }

    pub(crate) fn say(&self, diagnostic: Diagnostic) {
        if !self.is_muted.get() {
            self.report.push(diagnostic);
        }
    }
}
