//! Reading an object's properties: every one that is asked for is known, any other is a mistake.

use crate::node::{Key, Kind, Node};
use crate::report::Report;
use gateway_model::{Diagnostic, Json, ParameterMapping, Place, Spanned, Template, UnknownName};
use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

/// An object whose properties are being read. [`Object::finish`] reports those nobody asked for.
pub(super) struct Object<'n> {
    owner: String,
    place: &'n Place,
    members: &'n [(Key, Node)],
    asked: Vec<&'static str>,
    report: &'n Report,
}

impl<'n> Object<'n> {
    pub(super) fn new(
        owner: &str,
        place: &'n Place,
        members: &'n [(Key, Node)],
        report: &'n Report,
    ) -> Self {
        Self { owner: owner.to_owned(), place, members, asked: Vec::new(), report }
    }

    pub(super) fn place(&self) -> Place {
        self.place.clone()
    }

    pub(super) fn warning(&self, place: &Place, text: impl Into<String>) {
        self.report.warning(place, text);
    }

    pub(super) fn warning_with_help(&self, place: &Place, text: &str, help: &str) {
        self.report.push(Diagnostic::warning(place, text).with_help(help));
    }

    pub(super) fn push(&self, diagnostic: Diagnostic) {
        self.report.push(diagnostic);
    }

    pub(super) fn error_with_help(&self, place: &Place, text: &str, help: &str) {
        self.report.push(Diagnostic::error(place, text).with_help(help));
    }

    pub(super) fn error_near<'a>(
        &self,
        place: &Place,
        text: String,
        word: &str,
        known: impl IntoIterator<Item = &'a str>,
    ) {
        self.report.error_near(place, text, word, known);
    }

    pub(super) fn error(&self, place: &Place, text: impl Into<String>) {
        self.report.error(place, text);
    }

    /// Reports properties that do not exist.
    pub(super) fn finish(self) {
        for (key, _) in self.members {
            if !self.asked.contains(&key.text.as_str()) {
                let text = format!("unknown property \"{}\" of {}", key.text, self.owner);
                self.report.error_near(&key.place, text, &key.text, self.asked.iter().copied());
            }
        }
    }

    fn entry(&mut self, name: &'static str) -> Option<&'n (Key, Node)> {
        self.asked.push(name);
        let entry = self.members.iter().find(|(key, _)| key.text == name)?;
        match entry.1.kind {
            Kind::Unknown => None,
            Kind::Null => {
                let text = format!("'null' values are not allowed in templates: {name}");
                self.report.error(&entry.0.place, text);
                None
            }
            _ => Some(entry),
        }
    }

    /// The property's value, as it is.
    pub(super) fn node(&mut self, name: &'static str) -> Option<&'n Node> {
        self.entry(name).map(|(_, value)| value)
    }

    pub(super) fn is_absent(&self, name: &str) -> bool {
        !self.members.iter().any(|(key, _)| key.text == name)
    }

    /// Whether the property's value could not be worked out, which has been reported.
    pub(super) fn is_unknown(&self, name: &str) -> bool {
        self.members.iter().any(|(key, value)| key.text == name && value.is_unknown())
    }

    /// Reports that a property is missing, unless its value could not be worked out.
    pub(super) fn require(&self, name: &str) {
        if self.is_absent(name) {
            let text = format!("missing property \"{name}\" of {}", self.owner);
            self.report.error(self.place, text);
        }
    }

    pub(super) fn text(&mut self, name: &'static str) -> Option<Spanned<String>> {
        let node = self.node(name)?;
        self.as_text(name, node)
    }

    pub(super) fn plain_text(&mut self, name: &'static str) -> Option<String> {
        self.text(name).map(|text| text.value)
    }

    pub(super) fn required_text(&mut self, name: &'static str) -> Option<Spanned<String>> {
        let text = self.text(name);
        if text.is_none() {
            self.require(name);
        }
        text
    }

    pub(super) fn boolean(&mut self, name: &'static str) -> Option<bool> {
        let node = self.node(name)?;
        self.as_boolean(name, node)
    }

    /// A whole number within the type's range.
    pub(super) fn integer<T: FromStr>(&mut self, name: &'static str) -> Option<T> {
        let node = self.node(name)?;
        let value = node.scalar_text().and_then(|text| {
            let whole = text.strip_suffix(".0").unwrap_or(&text);
            whole.trim_start_matches('+').parse().ok()
        });
        if value.is_none() {
            self.wrong_type(name, node, "Integer");
        }
        value
    }

    pub(super) fn number(&mut self, name: &'static str) -> Option<f64> {
        let node = self.node(name)?;
        let value = node.scalar_text().and_then(|text| text.parse::<f64>().ok());
        let value = value.filter(|value| value.is_finite());
        if value.is_none() {
            self.wrong_type(name, node, "Number");
        }
        value
    }

    /// A value that was read, or an error when it is not what is `expected` of it.
    pub(super) fn within<T: Display>(
        &self,
        name: &str,
        value: Option<T>,
        expected: &str,
        is_right: impl FnOnce(&T) -> bool,
    ) -> Option<T> {
        let value = value?;
        if is_right(&value) {
            return Some(value);
        }
        let text = format!("property \"{name}\" of {}: {value} is not {expected}", self.owner);
        self.report.error(&self.place_of(name), text);
        None
    }

    /// One word of a closed set.
    pub(super) fn word<T>(
        &mut self,
        name: &'static str,
        parse: impl Fn(&str) -> Result<T, UnknownName>,
    ) -> Option<T> {
        let text = self.text(name)?;
        match parse(&text.value) {
            Ok(word) => Some(word),
            Err(unknown) => {
                let owner = &self.owner;
                let text = format!("property \"{name}\" of {owner}: {unknown}");
                let names = unknown.expected.iter().copied();
                self.report.error_near(&self.place_of(name), text, &unknown.name, names);
                None
            }
        }
    }

    pub(super) fn texts(&mut self, name: &'static str) -> Vec<Spanned<String>> {
        let Some(node) = self.node(name) else { return Vec::new() };
        let Some(items) = node.as_seq() else {
            self.wrong_type(name, node, "List of String");
            return Vec::new();
        };
        items.iter().filter_map(|item| self.as_text(name, item)).collect()
    }

    pub(super) fn plain_texts(&mut self, name: &'static str) -> Vec<String> {
        self.texts(name).into_iter().map(|text| text.value).collect()
    }

    /// The members of a map of strings, in the order written.
    pub(super) fn text_members(
        &mut self,
        name: &'static str,
    ) -> Vec<(Spanned<String>, Spanned<String>)> {
        let members = self.map(name);
        members
            .iter()
            .filter_map(|(key, value)| {
                let key = Spanned::new(key.text.clone(), key.place.clone());
                self.as_text(name, value).map(|value| (key, value))
            })
            .collect()
    }

    pub(super) fn text_map(&mut self, name: &'static str) -> BTreeMap<String, String> {
        let members = self.text_members(name).into_iter();
        members.map(|(key, value)| (key.value, value.value)).collect()
    }

    pub(super) fn mappings(&mut self, name: &'static str) -> Vec<ParameterMapping> {
        let members = self.text_members(name).into_iter();
        members.map(|(target, source)| ParameterMapping { target, source }).collect()
    }

    pub(super) fn templates(&mut self, name: &'static str) -> Vec<Template> {
        let members = self.text_members(name).into_iter();
        members
            .map(|(content_type, body)| Template { content_type: content_type.value, body })
            .collect()
    }

    pub(super) fn boolean_map(&mut self, name: &'static str) -> BTreeMap<String, bool> {
        let members = self.map(name);
        members
            .iter()
            .filter_map(|(key, value)| {
                self.as_boolean(name, value).map(|value| (key.text.clone(), value))
            })
            .collect()
    }

    fn map(&mut self, name: &'static str) -> &'n [(Key, Node)] {
        let Some(node) = self.node(name) else { return &[] };
        node.as_map().unwrap_or_else(|| {
            self.wrong_type(name, node, "Map");
            &[]
        })
    }

    /// `[{Key, Value}]`
    pub(super) fn tags(&mut self, name: &'static str) -> BTreeMap<String, String> {
        let mut tags = BTreeMap::new();
        for mut tag in self.objects(name) {
            let (key, value) = (tag.required_text("Key"), tag.required_text("Value"));
            tag.finish();
            if let (Some(key), Some(value)) = (key, value) {
                tags.insert(key.value, value.value);
            }
        }
        tags
    }

    /// An object, or a string that holds one.
    pub(super) fn json(&mut self, name: &'static str) -> Option<Spanned<Json>> {
        let node = self.node(name)?;
        let json = match &node.kind {
            Kind::Map(_) => Some(node.to_json()),
            Kind::String(text) => json_of(text),
            _ => None,
        };
        if json.is_none() {
            self.wrong_type(name, node, "Json");
        }
        json.map(|json| Spanned::new(json, node.place.clone()))
    }

    pub(super) fn object(&mut self, name: &'static str) -> Option<Object<'n>> {
        let node = self.node(name)?;
        self.as_object(name, node)
    }

    pub(super) fn objects(&mut self, name: &'static str) -> Vec<Object<'n>> {
        let Some(node) = self.node(name) else { return Vec::new() };
        let Some(items) = node.as_seq() else {
            self.wrong_type(name, node, "List");
            return Vec::new();
        };
        items.iter().filter_map(|item| self.as_object(name, item)).collect()
    }

    /// A map from names to objects.
    pub(super) fn object_map(&mut self, name: &'static str) -> Vec<(&'n Key, Object<'n>)> {
        let members = self.map(name);
        members
            .iter()
            .filter_map(|(key, value)| self.as_object(name, value).map(|object| (key, object)))
            .collect()
    }

    fn as_object(&self, name: &str, node: &'n Node) -> Option<Object<'n>> {
        if node.is_unknown() {
            return None;
        }
        let Some(members) = node.as_map() else {
            self.wrong_type(name, node, "Object");
            return None;
        };
        let owner = format!("{name} of {}", self.owner);
        Some(Object::new(&owner, &node.place, members, self.report))
    }

    fn as_text(&self, name: &str, node: &Node) -> Option<Spanned<String>> {
        if node.is_unknown() {
            return None;
        }
        let text = node.scalar_text();
        if text.is_none() {
            self.wrong_type(name, node, "String");
        }
        text.map(|text| Spanned::new(text, node.place.clone()))
    }

    fn as_boolean(&self, name: &str, node: &Node) -> Option<bool> {
        if node.is_unknown() {
            return None;
        }
        let value = node.scalar_text().map(|text| text.to_ascii_lowercase());
        match value.as_deref() {
            Some("true") => Some(true),
            Some("false") => Some(false),
            _ => {
                self.wrong_type(name, node, "Boolean");
                None
            }
        }
    }

    fn wrong_type(&self, name: &str, node: &Node, expected: &str) {
        if node.is_unknown() {
            return;
        }
        let kind = node.kind_name();
        let text = format!("Value of property {name} must be of type {expected}, not {kind}");
        self.report.error(&node.place, text);
    }

    /// Where a property's value was written, or the object.
    pub(super) fn place_of(&self, name: &str) -> Place {
        let entry = self.members.iter().find(|(key, _)| key.text == name);
        entry.map_or_else(|| self.place.clone(), |(_, value)| value.place.clone())
    }
}

/// The JSON that a text holds.
pub(crate) fn json_of(text: &str) -> Option<Json> {
    serde_json::from_str(text).ok().map(from_serde)
}

fn from_serde(value: serde_json::Value) -> Json {
    match value {
        serde_json::Value::Null => Json::Null,
        serde_json::Value::Bool(value) => Json::Bool(value),
        serde_json::Value::Number(number) => Json::Number(number.to_string()),
        serde_json::Value::String(text) => Json::String(text),
        serde_json::Value::Array(items) => Json::Array(items.into_iter().map(from_serde).collect()),
        serde_json::Value::Object(members) => {
            Json::Object(members.into_iter().map(|(key, value)| (key, from_serde(value))).collect())
        }
    }
}
