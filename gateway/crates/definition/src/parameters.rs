//! The parameters of a template: types, defaults, constraints.

use crate::Options;
use crate::limits::PATTERN_BYTES_MAX;
use crate::node::{Key, Kind, Node};
use crate::report::Report;
use crate::template::Template;
use gateway_model::Place;
use regex::RegexBuilder;
use std::collections::HashMap;

/// The answer to the parameter that every CDK template has: the version of the bootstrap stack.
const BOOTSTRAP_VERSION: &str = "21";

const ATTRIBUTES: [&str; 11] = [
    "Type",
    "Default",
    "Description",
    "AllowedValues",
    "AllowedPattern",
    "ConstraintDescription",
    "MinLength",
    "MaxLength",
    "MinValue",
    "MaxValue",
    "NoEcho",
];

/// Works out the value of every parameter. One that has none is `Unknown`.
pub(crate) fn resolve(
    template: &Template<'_>,
    options: &Options,
    report: &Report,
) -> HashMap<String, Node> {
    let given = &options.parameters;
    let mut missing: Vec<&Key> = Vec::new();
    let mut values = HashMap::new();
    for (key, node) in template.parameters {
        let declared = Declared::read(key, node, report);
        // A value that somebody at this machine gives is one; elsewhere it is the name of a parameter, as a default is.
        let is_value = options.objects.is_none() && given.contains_key(&key.text);
        let value = match (given.get(&key.text), &declared.default) {
            (Some(text), _) => declared.check(text, is_value, &node.place, report),
            (None, Some((text, place))) => declared.check(text, is_value, place, report),
            (None, None) => {
                missing.push(key);
                Node::unknown(&key.place)
            }
        };
        values.insert(key.text.clone(), value);
    }
    if let Some(first) = missing.first() {
        let names: Vec<&str> = missing.iter().map(|key| key.text.as_str()).collect();
        let text = format!("Parameters: [{}] must have values", names.join(", "));
        const ASKED_MAX: usize = 100; // looking for who asks reads the whole template
        let is_harmless = missing.len() <= ASKED_MAX
            && names.iter().all(|name| template.is_asked_by_unserved_only(name));
        if template.is_sam || is_harmless {
            report.warning(&first.place, format!("{text}; what asks for them is not served yet"));
        } else {
            let help = "give them as Key=Value parameters, or write a Default";
            report.push(gateway_model::Diagnostic::error(&first.place, text).with_help(help));
        }
    }
    values
}

struct Declared<'n> {
    name: &'n str,
    type_name: &'n str,
    node: &'n Node,
    default: Option<(String, &'n Place)>,
}

impl<'n> Declared<'n> {
    fn read(key: &'n Key, node: &'n Node, report: &Report) -> Self {
        let name = key.text.as_str();
        for (attribute, _) in node.members() {
            if !ATTRIBUTES.contains(&attribute.text.as_str()) {
                let text = format!(
                    "Invalid template parameter property '{}' of parameter {name}",
                    attribute.text
                );
                report.error_near(&attribute.place, text, &attribute.text, ATTRIBUTES);
            }
        }
        let type_name = match node.member("Type").map(|t| (t, t.as_str())) {
            Some((_, Some(type_name))) => type_name,
            Some((t, None)) => {
                report.error(&t.place, format!("Type of parameter {name} must be a string"));
                "String"
            }
            None => {
                let text =
                    "Template format error: Every Parameters object must contain a Type member.";
                report.error(&key.place, text);
                "String"
            }
        };
        let is_known = ["String", "Number", "CommaDelimitedList"].contains(&type_name)
            || type_name.starts_with("AWS::")
            || type_name.starts_with("List<");
        if !is_known {
            let place = node.member("Type").map_or(&key.place, |t| &t.place);
            let text = format!("Template format error: Unrecognized parameter type: {type_name}");
            let known = ["String", "Number", "CommaDelimitedList", "List<Number>"];
            report.error_near(place, text, type_name, known);
        }
        let default = node.member("Default").map(|value| match value.scalar_text() {
            Some(text) => (text, &value.place),
            None => {
                let text = format!("Every Default member must be a string: parameter {name}");
                report.error(&value.place, format!("Template format error: {text}"));
                (String::new(), &value.place)
            }
        });
        Self { name, type_name, node, default }
    }

    /// The value of a text, by type, after the constraints.
    fn check(&self, text: &str, is_value: bool, place: &Place, report: &Report) -> Node {
        let stored = self.type_name.strip_prefix("AWS::SSM::Parameter::Value<");
        if stored.is_some() && !is_value {
            return self.stored(text, place, report);
        }
        let type_name = stored.map_or(self.type_name, |inner| inner.trim_end_matches('>'));
        let is_list = type_name == "CommaDelimitedList" || type_name.starts_with("List<");
        let items: Vec<&str> = match (is_list, text) {
            (true, "") => Vec::new(),
            (true, text) => text.split(',').map(str::trim).collect(),
            (false, text) => vec![text],
        };
        for item in &items {
            self.check_item(item, place, report);
        }
        if is_list {
            let items = items.into_iter().map(|item| Node::string(place, item)).collect();
            return Node::new(place, Kind::Seq(items));
        }
        Node::string(place, text)
    }

    fn check_item(&self, item: &str, place: &Place, report: &Report) {
        let name = self.name;
        let said = self.node.member("ConstraintDescription").and_then(Node::as_str);
        let refuse = |text: String| {
            let text = said.map_or(text, |said| {
                format!("Parameter '{name}' failed to satisfy constraint: {said}")
            });
            report.error(place, text);
        };
        let number = item.trim().parse::<f64>().ok().filter(|n| n.is_finite());
        let is_number = matches!(self.type_name, "Number" | "List<Number>");
        if is_number && number.is_none() {
            return report.error(place, format!("Parameter '{name}' must be a number."));
        }
        if let Some(allowed) = self.node.member("AllowedValues").and_then(Node::as_seq) {
            let same = |value: &Node| {
                let text = value.scalar_text();
                text.as_deref() == Some(item)
                    || (is_number && text.and_then(|t| t.parse().ok()) == number)
            };
            if !allowed.iter().any(same) {
                let texts: Vec<_> = allowed.iter().filter_map(Node::scalar_text).collect();
                refuse(format!(
                    "Parameter '{name}' must be one of AllowedValues [{}]",
                    texts.join(", ")
                ));
            }
        }
        if let Some(pattern) = self.node.member("AllowedPattern").and_then(Node::as_str) {
            let whole = format!("^(?:{pattern})$");
            match RegexBuilder::new(&whole).size_limit(PATTERN_BYTES_MAX).build() {
                Ok(regex) if regex.is_match(item) => {}
                Ok(_) => refuse(format!("Parameter '{name}' must match pattern {pattern}")),
                Err(_) => report.warning(
                    place,
                    format!("the AllowedPattern of parameter '{name}' cannot be checked here"),
                ),
            }
        }
        let bound =
            |attribute: &str| self.node.member(attribute)?.scalar_text()?.parse::<f64>().ok();
        let len = f64::from(u32::try_from(item.chars().count()).unwrap_or(u32::MAX));
        if let Some(least) = bound("MinLength").filter(|least| len < *least) {
            refuse(format!("Parameter '{name}' must contain at least {least} characters"));
        }
        if let Some(most) = bound("MaxLength").filter(|most| len > *most) {
            refuse(format!("Parameter '{name}' must contain at most {most} characters"));
        }
        let Some(number) = number.filter(|_| is_number) else { return };
        if let Some(least) = bound("MinValue").filter(|least| number < *least) {
            refuse(format!("Parameter '{name}' must be a number not less than {least}"));
        }
        if let Some(most) = bound("MaxValue").filter(|most| number > *most) {
            refuse(format!("Parameter '{name}' must be a number not greater than {most}"));
        }
    }

    /// A parameter of Systems Manager. There is no store here; the one that CDK asks for is known.
    fn stored(&self, key: &str, place: &Place, report: &Report) -> Node {
        if key.starts_with("/cdk-bootstrap/") && key.ends_with("/version") {
            return Node::string(place, BOOTSTRAP_VERSION);
        }
        let text =
            format!("Unable to fetch parameters [{key}] from parameter store for this account.");
        let help = format!("give the value itself: --param {}=VALUE", self.name);
        report.push(gateway_model::Diagnostic::error(place, text).with_help(help));
        Node::unknown(place)
    }
}
