//! `Conditions`, and the functions that choose by them.

use super::{Block, Evaluator};
use crate::limits::CONDITION_CHAIN_MAX;
use crate::node::{Kind, Node};
use gateway_model::Place;

/// How far a condition has been worked out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// It is being worked out; meeting it again is a cycle.
    Open,
    /// Done; `None` when it has an error.
    Done(Option<bool>),
}

impl Evaluator<'_> {
    pub(super) fn evaluate_conditions(&self) {
        for (key, _) in self.template.conditions {
            self.condition(&key.text, &key.place, 0);
        }
    }

    /// Holds the parameters to the template's rules.
    pub(crate) fn check_rules(&self) {
        for (name, rule) in self.template.rules {
            let applies =
                rule.member("RuleCondition").is_none_or(|of| self.truth(of, 0) == Some(true));
            let assertions = rule.member("Assertions").and_then(Node::as_seq).unwrap_or_default();
            if rule.member("Assertions").is_none() {
                let text =
                    format!("Template format error: rule {} must have Assertions", name.text);
                self.error(&rule.place, text);
            }
            for assertion in assertions.iter().filter(|_| applies) {
                let Some(assert) = assertion.member("Assert") else {
                    let text = "Template format error: every assertion must have an Assert";
                    self.error(&assertion.place, text);
                    continue;
                };
                if self.truth(assert, 0) == Some(false) {
                    let said = assertion.member("AssertDescription").and_then(Node::as_str);
                    let said = said.unwrap_or("it does not hold");
                    let text = format!(
                        "Template error: the parameters do not meet rule {}: {said}",
                        name.text
                    );
                    self.error(&assertion.place, text);
                }
            }
        }
    }

    /// The truth of a condition by name; `None` when it has none.
    pub(crate) fn is_true(&self, name: &str) -> Option<bool> {
        match self.conditions.borrow().get(name) {
            Some(State::Done(truth)) => *truth,
            _ => None,
        }
    }

    /// Whether a resource is created: it has no condition, or one that holds.
    pub(crate) fn is_active(&self, index: usize) -> bool {
        let resource = self.template.resources.get(index);
        resource.is_some_and(|resource| match resource.condition {
            None => true,
            Some((name, _)) => self.is_true(name) == Some(true),
        })
    }

    /// Reports conditions of resources that do not exist.
    pub(crate) fn check_resource_conditions(&self) {
        for resource in &self.template.resources {
            if let Some((name, place)) = resource.condition
                && !self.has_condition(name)
            {
                self.unresolved_condition(name, place, "Resources");
            }
        }
    }

    pub(crate) fn unresolved_condition(&self, name: &str, place: &Place, block: &str) {
        let text = format!(
            "Template format error: Unresolved condition dependency {name} in the {block} block of the template"
        );
        self.error_near(place, text, name, self.template.condition_names());
    }

    pub(crate) fn has_condition(&self, name: &str) -> bool {
        self.conditions.borrow().contains_key(name)
    }

    fn condition(&self, name: &str, place: &Place, chain: usize) -> Option<bool> {
        let Some((key, node)) = self.template.condition(name) else {
            let text = format!("Template error: unresolved condition dependency {name}");
            self.error_near(place, text, name, self.template.condition_names());
            return None;
        };
        let state = self.conditions.borrow().get(name).copied();
        match state {
            Some(State::Done(truth)) => return truth,
            Some(State::Open) => {
                self.error(place, format!("Circular dependency between conditions: [{name}]"));
                return None;
            }
            None if chain > CONDITION_CHAIN_MAX => {
                let text =
                    format!("more than {CONDITION_CHAIN_MAX} conditions refer to one another");
                self.error(place, text);
                return None;
            }
            None => {}
        }
        self.conditions.borrow_mut().insert(&key.text, State::Open);
        let truth = self.truth(node, chain + 1);
        self.conditions.borrow_mut().insert(&key.text, State::Done(truth));
        truth
    }

    /// Works out a condition function.
    fn truth(&self, node: &Node, chain: usize) -> Option<bool> {
        let call = node.call().map(|(key, argument)| (key.text.as_str(), argument));
        match call {
            Some(("Condition", argument)) => match argument.as_str() {
                Some(name) => self.condition(name, &argument.place, chain),
                None => self.no_condition(argument),
            },
            Some(("Fn::Equals", argument)) => self.equals(argument),
            Some(("Fn::Not", argument)) => {
                let text = "Template error: every Fn::Not object requires one boolean parameter.";
                let [only] = self.operands(argument, 1..=1, text)? else { return None };
                self.truth(only, chain).map(|truth| !truth)
            }
            Some((name @ ("Fn::And" | "Fn::Or"), argument)) => {
                let text = format!(
                    "Template error: every {name} object requires a list of at least 2 and at most 10 boolean parameters."
                );
                let operands = self.operands(argument, 2..=10, &text)?;
                let truths: Vec<_> = operands.iter().map(|node| self.truth(node, chain)).collect();
                let truths: Option<Vec<bool>> = truths.into_iter().collect();
                let is_and = name == "Fn::And";
                truths.map(|truths| {
                    if is_and { truths.iter().all(|t| *t) } else { truths.iter().any(|t| *t) }
                })
            }
            Some((name @ ("Fn::Contains" | "Fn::EachMemberIn"), argument)) => {
                let text = format!("Template error: every {name} object requires two lists.");
                let [left, right] = self.operands(argument, 2..=2, &text)? else { return None };
                let (left, right) = (self.texts(left)?, self.texts(right)?);
                Some(match name {
                    // A list and one value, which may be written as a list of one.
                    "Fn::Contains" => right.iter().all(|value| left.contains(value)),
                    _ => left.iter().all(|value| right.contains(value)),
                })
            }
            Some(("Fn::EachMemberEquals", argument)) => {
                let text = "Template error: every Fn::EachMemberEquals object requires a list and a string.";
                let [left, right] = self.operands(argument, 2..=2, text)? else { return None };
                let (left, right) = (self.texts(left)?, self.texts(right)?);
                Some(left.iter().all(|value| right.first() == Some(value)))
            }
            _ => self.no_condition(node),
        }
    }

    /// The texts of a list, or of one value.
    fn texts(&self, node: &Node) -> Option<Vec<String>> {
        let value = self.present(node);
        let items = value.as_seq().unwrap_or_else(|| std::slice::from_ref(&value));
        let texts: Option<Vec<_>> = items.iter().map(Node::scalar_text).collect();
        if texts.is_none() && !items.iter().any(Node::is_unknown) {
            self.error(&node.place, "Template error: a list of strings was expected");
        }
        texts
    }

    fn no_condition(&self, node: &Node) -> Option<bool> {
        if !node.is_unknown() {
            let text = "Template format error: Conditions can only be boolean operations on parameters and other conditions";
            self.error(&node.place, text);
        }
        None
    }

    fn equals(&self, argument: &Node) -> Option<bool> {
        let text =
            "Template error: every Fn::Equals object requires a list of 2 string parameters.";
        let [left, right] = self.operands(argument, 2..=2, text)? else { return None };
        let (left, right) = (self.present(left), self.present(right));
        if left.is_unknown() || right.is_unknown() {
            return None;
        }
        Some(match (left.scalar_text(), right.scalar_text()) {
            (Some(left), Some(right)) => left == right,
            _ => left.to_json() == right.to_json(),
        })
    }

    fn operands<'n>(
        &self,
        argument: &'n Node,
        count: std::ops::RangeInclusive<usize>,
        text: &str,
    ) -> Option<&'n [Node]> {
        let operands = argument.as_seq().filter(|operands| count.contains(&operands.len()));
        if operands.is_none() {
            self.error(&argument.place, text);
        }
        operands
    }

    /// `Fn::If`: only the chosen branch is evaluated.
    pub(super) fn choose(&self, argument: &Node, place: &Place) -> Option<Node> {
        let unknown = Some(Node::unknown(place));
        let Some([name, then, otherwise]) = argument.as_seq() else {
            let text = "Template error: Fn::If requires a list argument with three elements";
            self.error(place, text);
            return unknown;
        };
        let Some(name_text) = name.as_str() else {
            let text = "Template error: Fn::If requires a condition name as its first element";
            self.error(&name.place, text);
            return unknown;
        };
        if self.block.get() == Block::Conditions {
            self.error(place, "Template error: Fn::If is not allowed in Conditions");
            return unknown;
        }
        if !self.has_condition(name_text) {
            let text =
                format!("Template error: unresolved condition dependency {name_text} in Fn::If");
            self.error_near(&name.place, text, name_text, self.template.condition_names());
            return unknown;
        }
        match self.is_true(name_text) {
            Some(true) => self.value(then),
            Some(false) => self.value(otherwise),
            None => Some(Node::new(place, Kind::Unknown)),
        }
    }
}
