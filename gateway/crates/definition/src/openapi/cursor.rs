//! A place in a document: its value, the way that led there, and how to complain about it.

use crate::limits::{NODES_MAX, REFERENCE_CHAIN_MAX};
use crate::node::{Key, Kind, Node};
use crate::report::Report;
use gateway_model::{Diagnostic, Place, Spanned, UnknownName};
use std::cell::Cell;
use std::fmt;
use std::rc::Rc;

/// One document and the report about it.
#[derive(Clone, Copy)]
pub(super) struct Document<'n> {
    pub(super) root: &'n Node,
    pub(super) report: &'n Report,
    /// How many values may still be looked at more than once: references multiply them.
    pub(super) budget: &'n Cell<usize>,
}

/// A value of a document, with the way from its root.
#[derive(Clone)]
pub(super) struct Cursor<'n> {
    pub(super) node: &'n Node,
    document: Document<'n>,
    way: Option<Rc<Step<'n>>>,
}

/// The last step of a way.
struct Step<'n> {
    before: Option<Rc<Step<'n>>>,
    segment: Segment<'n>,
}

enum Segment<'n> {
    Member(&'n str),
    Item(usize),
}

impl<'n> Cursor<'n> {
    pub(super) const fn root(document: Document<'n>) -> Self {
        Self { node: document.root, document, way: None }
    }

    pub(super) const fn place(&self) -> &'n Place {
        &self.node.place
    }

    fn step(&self, segment: Segment<'n>, node: &'n Node) -> Self {
        let way = Some(Rc::new(Step { before: self.way.clone(), segment }));
        Self { node, document: self.document, way }
    }

    /// A member of an object. What is null or could not be worked out is not there.
    pub(super) fn member(&self, name: &str) -> Option<Self> {
        let (key, value) = self.node.members().iter().find(|(key, _)| key.text == name)?;
        let is_there = !matches!(value.kind, Kind::Null | Kind::Unknown);
        is_there.then(|| self.step(Segment::Member(&key.text), value))
    }

    /// The members of an object; anything else is reported.
    pub(super) fn members(&self) -> Vec<(&'n Key, Self)> {
        let Some(members) = self.node.as_map() else {
            self.wrong_type("an object");
            return Vec::new();
        };
        let known = members.iter().filter(|(_, value)| !value.is_unknown());
        known.map(|(key, value)| (key, self.step(Segment::Member(&key.text), value))).collect()
    }

    /// The items of a list; anything else is reported.
    pub(super) fn items(&self) -> Vec<Self> {
        let Some(items) = self.node.as_seq() else {
            self.wrong_type("a list");
            return Vec::new();
        };
        let known = items.iter().enumerate().filter(|(_, item)| !item.is_unknown());
        known.map(|(index, item)| self.step(Segment::Item(index), item)).collect()
    }

    /// The members of an object that is a member, if it is there.
    pub(super) fn members_of(&self, name: &str) -> Vec<(&'n Key, Self)> {
        self.member(name).map_or_else(Vec::new, |member| member.members())
    }

    /// The items of a list that is a member, if it is there.
    pub(super) fn items_of(&self, name: &str) -> Vec<Self> {
        self.member(name).map_or_else(Vec::new, |member| member.items())
    }

    pub(super) fn as_text(&self) -> Option<Spanned<String>> {
        let text = self.node.scalar_text();
        if text.is_none() {
            self.wrong_type("a string");
        }
        text.map(|text| Spanned::new(text, self.place().clone()))
    }

    pub(super) fn as_boolean(&self) -> Option<bool> {
        let text = self.node.scalar_text().map(|text| text.to_ascii_lowercase());
        match text.as_deref() {
            Some("true") => Some(true),
            Some("false") => Some(false),
            _ => {
                self.wrong_type("true or false");
                None
            }
        }
    }

    pub(super) fn text(&self, name: &str) -> Option<Spanned<String>> {
        self.member(name)?.as_text()
    }

    pub(super) fn plain_text(&self, name: &str) -> Option<String> {
        self.text(name).map(|text| text.value)
    }

    pub(super) fn boolean(&self, name: &str) -> Option<bool> {
        self.member(name)?.as_boolean()
    }

    pub(super) fn integer<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        let member = self.member(name)?;
        let number = member.node.scalar_text().and_then(|text| {
            let whole = text.strip_suffix(".0").unwrap_or(&text);
            whole.parse().ok()
        });
        if number.is_none() {
            member.wrong_type("a whole number");
        }
        number
    }

    pub(super) fn texts(&self, name: &str) -> Vec<Spanned<String>> {
        self.items_of(name).iter().filter_map(Self::as_text).collect()
    }

    pub(super) fn plain_texts(&self, name: &str) -> Vec<String> {
        self.texts(name).into_iter().map(|text| text.value).collect()
    }

    /// A map of strings, in the order written.
    pub(super) fn text_members(&self, name: &str) -> Vec<(Spanned<String>, Spanned<String>)> {
        let members = self.members_of(name).into_iter();
        members
            .filter_map(|(key, value)| {
                let key = Spanned::new(key.text.clone(), key.place.clone());
                value.as_text().map(|value| (key, value))
            })
            .collect()
    }

    /// A word of a closed set, in any case.
    pub(super) fn word<T>(
        &self,
        name: &str,
        parse: impl Fn(&str) -> Result<T, UnknownName>,
    ) -> Option<T> {
        let member = self.member(name)?;
        let text = member.as_text()?;
        match parse(&text.value.to_ascii_uppercase()) {
            Ok(word) => Some(word),
            Err(unknown) => {
                let expected: Vec<_> =
                    unknown.expected.iter().map(|name| name.to_ascii_lowercase()).collect();
                let complaint = format!("\"{}\" is none of {}", text.value, expected.join(", "));
                let word = text.value.to_ascii_lowercase();
                member.error_near(complaint, &word, expected.iter().map(String::as_str));
                None
            }
        }
    }

    /// Where a `$ref` leads, however many there are on the way; anything else leads to itself. `None`
    /// when it leads nowhere, which is reported.
    pub(super) fn resolved(&self) -> Option<Self> {
        let mut at = self.clone();
        for _ in 0..REFERENCE_CHAIN_MAX {
            let Some(reference) = at.member("$ref") else { return Some(at) };
            let text = reference.as_text()?;
            let Some(pointer) = text.value.strip_prefix('#') else {
                reference.error_with_help(
                    format!("the reference \"{}\" leads out of this document", text.value),
                    "only references that start with #/ are followed: put what it names into this document",
                );
                return None;
            };
            let Some(target) = self.pointed_at(pointer) else {
                reference.error(format!("the reference \"{}\" leads nowhere", text.value));
                return None;
            };
            if !reference.charge(target.node.count(self.document.budget.get())) {
                return None;
            }
            at = target;
        }
        self.error(format!(
            "the reference leads in a circle, or over more than {REFERENCE_CHAIN_MAX} others"
        ));
        None
    }

    /// Takes from the budget. `false` when nothing is left, which is said once.
    pub(super) fn charge(&self, values: usize) -> bool {
        let left = self.document.budget.get();
        if left == 0 {
            return false;
        }
        let now = left.saturating_sub(values);
        self.document.budget.set(now);
        if now == 0 {
            self.error_with_help(
                format!("what is referred to time and again holds more than {NODES_MAX} values"),
                "refer to fewer or smaller things",
            );
        }
        now > 0
    }

    /// The value that a JSON pointer names, in the form that URIs have.
    fn pointed_at(&self, pointer: &str) -> Option<Self> {
        let mut at = Self::root(self.document);
        if pointer.is_empty() {
            return Some(at);
        }
        for segment in pointer.strip_prefix('/')?.split('/') {
            let segment = unescaped(segment);
            if !self.charge(at.node.members().len()) {
                return None;
            }
            at = match &at.node.kind {
                Kind::Map(_) => at.member(&segment)?,
                Kind::Seq(items) => {
                    let index: usize = segment.parse().ok()?;
                    at.step(Segment::Item(index), items.get(index)?)
                }
                _ => return None,
            };
        }
        Some(at)
    }

    pub(super) fn error(&self, text: impl fmt::Display) {
        self.push(Diagnostic::error(self.place(), self.located(text)));
    }

    pub(super) fn error_with_help(&self, text: impl fmt::Display, help: &str) {
        self.push(Diagnostic::error(self.place(), self.located(text)).with_help(help));
    }

    pub(super) fn error_near<'w>(
        &self,
        text: impl fmt::Display,
        word: &str,
        known: impl IntoIterator<Item = &'w str>,
    ) {
        self.document.report.error_near(self.place(), self.located(text), word, known);
    }

    pub(super) fn warning(&self, text: impl fmt::Display) {
        if self.document.report.is_full() {
            return;
        }
        self.push(Diagnostic::warning(self.place(), self.located(text)));
    }

    /// Warns of members that mean nothing here: names of other people's extensions aside.
    pub(super) fn expect_members(&self, known: &[&str]) {
        for (key, member) in self.node.members().iter().zip(self.member_cursors()) {
            let name = key.0.text.as_str();
            let is_foreign = name.starts_with("x-") && !name.starts_with(super::EXTENSION);
            if is_foreign || known.contains(&name) {
                continue;
            }
            let text = member.located(format!("\"{name}\" means nothing here and is left out"));
            let known = known.iter().copied();
            self.document.report.warning_near(&key.0.place, text, name, known);
        }
    }

    fn member_cursors(&self) -> impl Iterator<Item = Self> {
        let members = self.node.members().iter();
        members.map(|(key, value)| self.step(Segment::Member(&key.text), value))
    }

    pub(super) fn wrong_type(&self, expected: &str) {
        if self.node.is_unknown() {
            return;
        }
        let found = self.node.kind_name();
        let text = self.located(format!("must be {expected}, not {found}"));
        let diagnostic = Diagnostic::error(self.place(), text);
        self.push(match self.node.call() {
            Some((function, _)) => diagnostic.with_help(format!(
                "{} is evaluated in templates only: write the document as Body of an \
                 AWS::ApiGateway::RestApi",
                function.text
            )),
            None => diagnostic,
        });
    }

    fn push(&self, diagnostic: Diagnostic) {
        self.document.report.push(diagnostic);
    }

    fn located(&self, text: impl fmt::Display) -> String {
        format!("{text} (#{})", self.pointer())
    }

    /// The JSON pointer of this value.
    pub(super) fn pointer(&self) -> String {
        let mut segments = Vec::new();
        let mut step = self.way.as_ref();
        while let Some(at) = step {
            segments.push(match at.segment {
                Segment::Member(name) => name.replace('~', "~0").replace('/', "~1"),
                Segment::Item(index) => index.to_string(),
            });
            step = at.before.as_ref();
        }
        segments.iter().rev().map(|segment| format!("/{segment}")).collect()
    }
}

/// A segment of a pointer: percent signs of URIs first, then tildes.
pub(super) fn unescaped(segment: &str) -> String {
    let bytes = segment.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = segment.get(at + 1..at + 3).filter(|_| bytes[at] == b'%');
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).replace("~1", "/").replace("~0", "~")
}

#[cfg(test)]
mod tests {
    use super::unescaped;

    #[test]
    fn a_segment_is_unescaped_once() {
        assert_eq!(unescaped("~1pets~1{id}"), "/pets/{id}");
        assert_eq!(unescaped("~01"), "~1");
        assert_eq!(unescaped("a%20b%7E1"), "a b/");
        assert_eq!(unescaped("100%"), "100%");
        assert_eq!(unescaped("%é"), "%é");
    }
}
