//! Functions that make text: `Fn::Sub`, `Fn::Join`, `Fn::Base64`, `Fn::ToJsonString`.

use super::Evaluator;
use crate::node::{Kind, Node};
use gateway_model::Place;

/// A piece of the text of `Fn::Sub`.
#[derive(Debug, PartialEq, Eq)]
enum Piece<'t> {
    Text(&'t str),
    /// `${!name}`, which becomes `${name}`.
    Kept(&'t str),
    /// `${name}`
    Variable(&'t str),
}

/// Cuts the text of `Fn::Sub`. A `${` without an end is text.
fn pieces(mut text: &str) -> Vec<Piece<'_>> {
    let mut out = Vec::new();
    while let Some(start) = text.find("${") {
        let Some(len) = text[start + 2..].find('}') else { break };
        let name = &text[start + 2..start + 2 + len];
        if start > 0 {
            out.push(Piece::Text(&text[..start]));
        }
        out.push(match name.strip_prefix('!') {
            Some(kept) => Piece::Kept(kept),
            None => Piece::Variable(name.trim()),
        });
        text = &text[start + len + 3..];
    }
    if !text.is_empty() {
        out.push(Piece::Text(text));
    }
    out
}

/// The names that the text of `Fn::Sub` asks for.
pub(crate) fn sub_variables(text: &str) -> impl Iterator<Item = &str> {
    pieces(text).into_iter().filter_map(|piece| match piece {
        Piece::Variable(name) => Some(name),
        _ => None,
    })
}

impl Evaluator<'_> {
    pub(super) fn sub(&self, argument: &Node, place: &Place) -> Option<Kind> {
        let (template, variables) = match argument.as_seq() {
            None => (argument, None),
            Some([template, variables]) if variables.as_map().is_some() => {
                (template, Some(self.members(variables.members())))
            }
            Some([template]) => (template, None),
            Some(_) => {
                let text = "Template error: One or more Fn::Sub intrinsic functions don't specify expected arguments. Specify a string as first argument, and an optional second argument to specify a mapping of values to replace in the string";
                self.error(&argument.place, text);
                return None;
            }
        };
        let Some(text) = template.as_str() else {
            let text = "Template error: every Fn::Sub object requires a string";
            self.error(&template.place, format!("{text}, not {}", template.kind_name()));
            return None;
        };
        self.refuse_dynamic_reference(text, place);
        let variables = variables.unwrap_or_default();
        let mut out = String::new();
        let mut is_whole = true;
        for piece in pieces(text) {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Kept(name) => {
                    out.push_str("${");
                    out.push_str(name);
                    out.push('}');
                }
                Piece::Variable(name) => {
                    self.charge(place, variables.len());
                    let local = variables.iter().find(|(key, _)| key.text == name);
                    let value = match local {
                        Some((_, value)) => Some(value.kind.clone()),
                        None => self.variable(name, place),
                    };
                    match value.map(|kind| self.substituted(name, kind, place)) {
                        Some(Some(text)) if self.charge(place, text.len()) => out.push_str(&text),
                        _ => is_whole = false,
                    }
                }
            }
        }
        is_whole.then_some(Kind::String(out))
    }

    fn variable(&self, name: &str, place: &Place) -> Option<Kind> {
        let is_name = |b: u8| b.is_ascii_alphanumeric() || b"_.:".contains(&b);
        if name.is_empty() || !name.bytes().all(is_name) {
            let text = "Template error: variable names in Fn::Sub syntax must contain only alphanumeric characters, underscores, periods, and colons";
            self.error(place, text);
            return None;
        }
        match name.split_once('.') {
            Some((resource, attribute)) => self.attribute_of(resource, attribute, place),
            None => Some(self.named(name, place)),
        }
    }

    fn substituted(&self, name: &str, kind: Kind, place: &Place) -> Option<String> {
        if kind == Kind::Unknown {
            return None;
        }
        // Templates made by SAM name functions that do not exist: null, which stands for nothing.
        if kind == Kind::Null {
            return Some(String::new());
        }
        let node = Node { place: place.clone(), kind };
        // A list parameter joins with commas, as its text was written.
        let list = node
            .as_seq()
            .map(|items| items.iter().filter_map(Node::scalar_text).collect::<Vec<_>>().join(","));
        let text = node.scalar_text().or(list);
        if text.is_none() {
            let kind = node.kind_name();
            self.error(
                place,
                format!("Template error: ${{{name}}} in Fn::Sub is {kind}, not a string"),
            );
        }
        text
    }

    pub(super) fn join(&self, argument: &Node, place: &Place) -> Option<Kind> {
        let text = "Template error: every Fn::Join object requires two parameters, (1) a string delimiter and (2) a list of strings to be joined or a function that returns a list of strings (such as Fn::GetAZs) to be joined.";
        let Some([delimiter, list]) = argument.as_seq() else {
            self.error(place, text);
            return None;
        };
        let (delimiter, list) = (self.present(delimiter), self.present(list));
        if delimiter.is_unknown() || list.is_unknown() {
            return None;
        }
        let (Some(delimiter), Some(items)) = (delimiter.as_str(), list.as_seq()) else {
            self.error(place, text);
            return None;
        };
        let mut out = String::new();
        let mut is_whole = true;
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                out.push_str(delimiter);
            }
            match item.scalar_text() {
                Some(text) if self.charge(place, text.len() + delimiter.len()) => {
                    out.push_str(&text)
                }
                None if !item.is_unknown() => {
                    self.error(&item.place, text);
                    return None;
                }
                _ => is_whole = false,
            }
        }
        is_whole.then_some(Kind::String(out))
    }

    pub(super) fn base64(&self, argument: &Node, _: &Place) -> Option<Kind> {
        let value = self.present(argument);
        if value.is_unknown() {
            return None;
        }
        match value.scalar_text() {
            Some(text) => Some(Kind::String(encode_base64(text.as_bytes()))),
            None => {
                let text =
                    "Template error: every Fn::Base64 object must have a String-typed value.";
                self.error(&argument.place, text);
                None
            }
        }
    }

    pub(super) fn to_json_string(&self, argument: &Node, _: &Place) -> Option<Kind> {
        let value = self.present(argument);
        match value.kind {
            Kind::Unknown => None,
            Kind::Map(_) | Kind::Seq(_) => Some(Kind::String(value.to_json().to_string())),
            _ => {
                let text =
                    "Template error: every Fn::ToJsonString object requires an object or a list";
                self.error(&argument.place, text);
                None
            }
        }
    }
}

/// RFC 4648 §4.
fn encode_base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |index: usize| u32::from(chunk.get(index).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..4 {
            let is_there = digit <= chunk.len();
            let value = (bits >> (18 - 6 * digit)) & 63;
            out.push(if is_there { char::from(DIGITS[value as usize]) } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_matches_rfc_4648() {
        let vectors = ["", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"];
        for (len, expect) in vectors.iter().enumerate() {
            assert_eq!(encode_base64(&b"foobar"[..len]), *expect);
        }
    }

    #[test]
    fn sub_text_is_cut_at_variables() {
        assert_eq!(
            pieces("a${B}$${!C}${D"),
            [
                Piece::Text("a"),
                Piece::Variable("B"),
                Piece::Text("$"),
                Piece::Kept("C"),
                Piece::Text("${D"),
            ]
        );
        assert_eq!(pieces(""), []);
    }
}
