//! One tree for YAML and JSON, before and after evaluation.

use gateway_model::{Json, Place};

/// A value and where it was written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    pub(crate) place: Place,
    pub(crate) kind: Kind,
}

/// What a value is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    Null,
    Bool(bool),
    /// A number, in the characters it was written with.
    Number(String),
    String(String),
    Seq(Vec<Node>),
    /// Members in the order written; keys are unique.
    Map(Vec<(Key, Node)>),
    /// A value that could not be worked out; the reason has been reported.
    Unknown,
}

/// A member's name and where it was written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Key {
    pub(crate) text: String,
    pub(crate) place: Place,
}

impl Node {
    pub(crate) fn new(place: &Place, kind: Kind) -> Self {
        Self { place: place.clone(), kind }
    }

    pub(crate) fn string(place: &Place, text: impl Into<String>) -> Self {
        Self::new(place, Kind::String(text.into()))
    }

    pub(crate) fn unknown(place: &Place) -> Self {
        Self::new(place, Kind::Unknown)
    }

    /// The members of an object; none for anything else.
    pub(crate) fn members(&self) -> &[(Key, Node)] {
        match &self.kind {
            Kind::Map(members) => members,
            _ => &[],
        }
    }

    pub(crate) fn as_map(&self) -> Option<&[(Key, Node)]> {
        match &self.kind {
            Kind::Map(members) => Some(members),
            _ => None,
        }
    }

    pub(crate) fn as_seq(&self) -> Option<&[Node]> {
        match &self.kind {
            Kind::Seq(items) => Some(items),
            _ => None,
        }
    }

    /// The text of a string, and of nothing else.
    pub(crate) fn as_str(&self) -> Option<&str> {
        match &self.kind {
            Kind::String(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn member(&self, name: &str) -> Option<&Node> {
        self.members().iter().find(|(key, _)| key.text == name).map(|(_, value)| value)
    }

    pub(crate) fn is_unknown(&self) -> bool {
        self.kind == Kind::Unknown
    }

    /// The text of a scalar, as CloudFormation turns it into a string.
    pub(crate) fn scalar_text(&self) -> Option<String> {
        match &self.kind {
            Kind::String(text) | Kind::Number(text) => Some(text.clone()),
            Kind::Bool(value) => Some(value.to_string()),
            _ => None,
        }
    }

    /// A function call: an object whose only member is `Ref`, `Fn::…` or `Condition`.
    pub(crate) fn call(&self) -> Option<(&Key, &Node)> {
        match self.members() {
            [(key, argument)]
                if key.text == "Ref" || key.text == "Condition" || key.text.starts_with("Fn::") =>
            {
                Some((key, argument))
            }
            _ => None,
        }
    }

    /// These values with others over them, as SAM lays a resource over `Globals`: maps member by member,
    /// lists one behind the other, everything else instead.
    pub(crate) fn overlaid(self, over: Self) -> Self {
        let place = over.place;
        let kind = match (self.kind, over.kind) {
            (Kind::Map(mut members), Kind::Map(others)) => {
                for (key, value) in others {
                    match members.iter().position(|(known, _)| known.text == key.text) {
                        Some(at) => {
                            let (_, below) = members.swap_remove(at);
                            members.push((key, below.overlaid(value)));
                        }
                        None => members.push((key, value)),
                    }
                }
                Kind::Map(members)
            }
            (Kind::Seq(mut items), Kind::Seq(others)) => {
                items.extend(others);
                Kind::Seq(items)
            }
            (_, kind) => kind,
        };
        Self { place, kind }
    }

    /// How many values it holds, itself included; no more than `most` are counted.
    pub(crate) fn count(&self, most: usize) -> usize {
        let mut count = 0;
        let mut waiting = vec![self];
        while let Some(node) = waiting.pop() {
            count += 1;
            if count >= most {
                break;
            }
            match &node.kind {
                Kind::Seq(items) => waiting.extend(items),
                Kind::Map(members) => waiting.extend(members.iter().map(|(_, value)| value)),
                _ => {}
            }
        }
        count
    }

    /// The same value, all of it at one place.
    pub(crate) fn moved_to(self, place: &Place) -> Self {
        let kind = match self.kind {
            Kind::Seq(items) => {
                Kind::Seq(items.into_iter().map(|item| item.moved_to(place)).collect())
            }
            Kind::Map(members) => {
                let moved = members.into_iter().map(|(key, value)| {
                    (Key { text: key.text, place: place.clone() }, value.moved_to(place))
                });
                Kind::Map(moved.collect())
            }
            other => other,
        };
        Self { place: place.clone(), kind }
    }

    /// What it is called in an error.
    pub(crate) const fn kind_name(&self) -> &'static str {
        match &self.kind {
            Kind::Null => "null",
            Kind::Bool(_) => "a boolean",
            Kind::Number(_) => "a number",
            Kind::String(_) => "a string",
            Kind::Seq(_) => "a list",
            Kind::Map(_) => "an object",
            Kind::Unknown => "unknown",
        }
    }

    /// The same value without places. What is unknown becomes null.
    pub(crate) fn to_json(&self) -> Json {
        match &self.kind {
            Kind::Null | Kind::Unknown => Json::Null,
            Kind::Bool(value) => Json::Bool(*value),
            Kind::Number(text) => json_number(text),
            Kind::String(text) => Json::String(text.clone()),
            Kind::Seq(items) => Json::Array(items.iter().map(Self::to_json).collect()),
            Kind::Map(members) => Json::Object(
                members.iter().map(|(key, value)| (key.text.clone(), value.to_json())).collect(),
            ),
        }
    }
}

/// YAML's numbers have forms that JSON lacks: `+1`, `0x1f`, `0o17`, `1.`, `007`.
fn json_number(text: &str) -> Json {
    let integer = text
        .strip_prefix("0x")
        .map(|hex| i64::from_str_radix(hex, 16))
        .or_else(|| text.strip_prefix("0o").map(|octal| i64::from_str_radix(octal, 8)))
        .unwrap_or_else(|| text.trim_start_matches('+').parse());
    if let Ok(value) = integer {
        return Json::Number(value.to_string());
    }
    if serde_json::from_str::<serde_json::Number>(text).is_ok() {
        return Json::Number(text.to_owned());
    }
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() => Json::Number(value.to_string()),
        _ => Json::String(text.to_owned()),
    }
}
