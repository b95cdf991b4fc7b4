//! A request's body as the schemas see it.
//!
//! It borrows from the body: a number is its digits, a string without escapes its bytes. What one body can
//! take of memory is bounded by `BODY_VALUES_MAX`, not by what its values could become.

use std::borrow::Cow;

use jsonschema::JsonType;
use jsonschema::json::{Array, Json, JsonNumber, Node, NodeIdentity, Object};
use serde_json::Value;

use super::unique;
use reader::Reader;

mod reader;

/// One value of a body.
#[derive(Debug, PartialEq)]
pub(crate) enum Document<'b> {
    Null,
    Bool(bool),
    /// In the digits it was written with.
    Number(&'b str),
    String(Cow<'b, str>),
    Array(Vec<Document<'b>>),
    /// Each name once: of equal names the last value stays, as everywhere in API Gateway.
    Object(Vec<(Cow<'b, str>, Document<'b>)>),
}

/// Why a body is no document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// It is no JSON (RFC 8259).
    Malformed,
    /// More nesting, or more values, than is read: see `limits`.
    TooComplex,
}

/// How large a document is, as far as that decides what it may cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Extent {
    pub(crate) values: usize,
    pub(crate) depth: usize,
}

impl<'b> Document<'b> {
    /// Reads a body; an empty one is an empty object.
    pub(crate) fn parse(body: &'b [u8]) -> Result<(Self, Extent), Unreadable> {
        let text = std::str::from_utf8(body).map_err(|_| Unreadable::Malformed)?;
        let mut reader = Reader { text, at: 0, extent: Extent::default() };
        reader.skip_blanks();
        if reader.at == text.len() {
            return Ok((Self::Object(Vec::new()), reader.extent));
        }
        let document = reader.value(0)?;
        reader.skip_blanks();
        if reader.at < text.len() {
            return Err(Unreadable::Malformed);
        }
        Ok((document, reader.extent))
    }

    /// The names of the members of the object at a JSON pointer.
    pub(crate) fn names_at(&self, pointer: &str) -> Vec<&str> {
        let mut steps = pointer.split('/').skip(1);
        let found = steps.try_fold(self, |value, step| match value {
            Self::Array(items) => items.get(step.parse::<usize>().ok()?),
            value => value.member(&step.replace("~1", "/").replace("~0", "~")),
        });
        match found {
            Some(Self::Object(members)) => members.iter().map(|(name, _)| &**name).collect(),
            _ => Vec::new(),
        }
    }

    fn member(&self, name: &str) -> Option<&Self> {
        let Self::Object(members) = self else { return None };
        members.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }
}

/// The representation that schemas are compiled for.
#[derive(Debug)]
pub(crate) struct Bodies;

impl Json for Bodies {
    type Node<'a> = &'a Document<'a>;
    type PreparedKey = Box<str>;
    type StringBuffer = ();

    // Members are found by looking at each of them.
    const KEYS_PER_LOOKUP: usize = 8;

    fn prepare_key(key: &str) -> Box<str> {
        key.into()
    }

    fn with_string_node<T>(
        (): &mut (),
        string: &str,
        f: impl for<'a> FnOnce(&'a Document<'a>) -> T,
    ) -> T {
        f(&Document::String(Cow::Borrowed(string)))
    }
}

/// A number in its digits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Digits<'a>(pub(crate) &'a str);

impl JsonNumber for Digits<'_> {
    fn as_u64(&self) -> Option<u64> {
        self.0.parse().ok()
    }

    fn as_i64(&self) -> Option<i64> {
        self.0.parse().ok()
    }

    /// What is beyond the range is its largest number: it is beyond every bound that a schema can write, too.
    fn as_f64(&self) -> Option<f64> {
        let value: f64 = self.0.parse().ok()?;
        Some(value.clamp(f64::MIN, f64::MAX))
    }

    fn as_str(&self) -> Cow<'_, str> {
        Cow::Borrowed(self.0)
    }

    fn to_number(&self) -> Cow<'_, serde_json::Number> {
        Cow::Owned(self.0.parse().unwrap_or_else(|_| 0.into()))
    }

    fn is_written_as_integer(&self) -> bool {
        !self.0.contains(['.', 'e', 'E'])
    }
}

impl<'a> Node<'a, Bodies> for &'a Document<'a> {
    type Object = Members<'a>;
    type Array = Items<'a>;
    type Number = Digits<'a>;

    fn as_object(&self) -> Option<Members<'a>> {
        match self {
            Document::Object(members) => Some(Members(members)),
            _ => None,
        }
    }

    fn as_array(&self) -> Option<Items<'a>> {
        match self {
            Document::Array(items) => Some(Items(items)),
            _ => None,
        }
    }

    fn as_string(&self) -> Option<Cow<'a, str>> {
        match self {
            Document::String(text) => Some(Cow::Borrowed(text)),
            _ => None,
        }
    }

    fn as_number(&self) -> Option<Digits<'a>> {
        match self {
            Document::Number(digits) => Some(Digits(digits)),
            _ => None,
        }
    }

    fn as_boolean(&self) -> Option<bool> {
        match self {
            Document::Bool(value) => Some(*value),
            _ => None,
        }
    }

    fn is_null(&self) -> bool {
        matches!(self, Document::Null)
    }

    fn json_type(&self) -> JsonType {
        match self {
            Document::Null => JsonType::Null,
            Document::Bool(_) => JsonType::Boolean,
            Document::Number(_) => JsonType::Number,
            Document::String(_) => JsonType::String,
            Document::Array(_) => JsonType::Array,
            Document::Object(_) => JsonType::Object,
        }
    }

    fn equals_value(&self, expected: &Value) -> bool {
        match (self, expected) {
            (Document::Null, Value::Null) => true,
            (Document::Bool(a), Value::Bool(b)) => a == b,
            (Document::Number(a), Value::Number(b)) => unique::same_number(a, &b.to_string()),
            (Document::String(a), Value::String(b)) => a == b,
            (Document::Array(a), Value::Array(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (&a).equals_value(b))
            }
            (Document::Object(a), Value::Object(b)) => {
                a.len() == b.len()
                    && b.iter()
                        .all(|(name, b)| self.member(name).is_some_and(|a| (&a).equals_value(b)))
            }
            _ => false,
        }
    }

    fn to_value(&self) -> Cow<'a, Value> {
        Cow::Owned(match self {
            Document::Null => Value::Null,
            Document::Bool(value) => Value::Bool(*value),
            Document::Number(digits) => Value::Number(Digits(digits).to_number().into_owned()),
            Document::String(text) => Value::String(text.to_string()),
            Document::Array(items) => {
                Value::Array(items.iter().map(|item| item.to_value().into_owned()).collect())
            }
            Document::Object(members) => {
                let value = |(name, value): &'a (Cow<'_, str>, Document<'a>)| {
                    (name.to_string(), value.to_value().into_owned())
                };
                Value::Object(members.iter().map(value).collect())
            }
        })
    }

    fn identity(&self) -> Option<NodeIdentity> {
        Some(NodeIdentity::new(std::ptr::from_ref(*self) as usize))
    }
}

/// The members of an object.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Members<'a>(&'a [(Cow<'a, str>, Document<'a>)]);

impl<'a> Object<'a, Bodies> for Members<'a> {
    type Node = &'a Document<'a>;
    type MemberName = &'a str;
    type MembersIter = MembersIter<'a>;

    fn len(&self) -> usize {
        self.0.len()
    }

    fn get(&self, key: &Box<str>) -> Option<&'a Document<'a>> {
        self.0.iter().find(|(name, _)| **name == **key).map(|(_, value)| value)
    }

    fn members(&self) -> MembersIter<'a> {
        MembersIter(self.0.iter())
    }
}

/// The members of an object, one by one.
#[derive(Debug)]
pub(crate) struct MembersIter<'a>(std::slice::Iter<'a, (Cow<'a, str>, Document<'a>)>);

impl<'a> Iterator for MembersIter<'a> {
    type Item = (&'a str, &'a Document<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|(name, value)| (&**name, value))
    }
}

/// The items of an array.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Items<'a>(&'a [Document<'a>]);

impl<'a> Array<'a, Bodies> for Items<'a> {
    type Node = &'a Document<'a>;
    type ElementsIter = std::slice::Iter<'a, Document<'a>>;

    fn len(&self) -> usize {
        self.0.len()
    }

    fn elements(&self) -> std::slice::Iter<'a, Document<'a>> {
        self.0.iter()
    }

    fn is_unique(&self) -> bool {
        unique::is_unique(self.0)
    }
}

#[cfg(test)]
mod tests;
