//! YAML 1.2, core schema, with CloudFormation's short tags turned into their long forms.

use super::ReadError;
use super::build::Builder;
use crate::nearest::nearest;
use crate::node::{Key, Kind, Node};
use crate::report::Report;
use gateway_model::Place;
use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Tag};
use std::collections::HashMap;
use std::sync::Arc;

/// The short tags. Source: definition-formats §1.1.
const SHORT_TAGS: [&str; 18] = [
    "Ref",
    "GetAtt",
    "Sub",
    "Join",
    "If",
    "Select",
    "Split",
    "ImportValue",
    "FindInMap",
    "Base64",
    "Cidr",
    "GetAZs",
    "Equals",
    "Not",
    "And",
    "Or",
    "Condition",
    "Transform",
];
const LANGUAGE_EXTENSION_TAGS: [&str; 3] = ["ToJsonString", "Length", "ForEach"];

/// Reads one YAML document.
pub(super) fn read(file: &Arc<str>, text: &str, report: &Report) -> Result<Node, ReadError> {
    let mut reader = Reader { file, report, anchors: HashMap::new(), tags: Vec::new() };
    let mut builder = Builder::new(report);
    let mut documents = 0_u32;
    let mut parser = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        let (event, span) = event.map_err(|error| reader.scan_error(&error))?;
        let place = reader.place(&span.start);
        match event {
            Event::DocumentStart(_) => {
                documents += 1;
                if documents > 1 {
                    return Err(reader.error(place, "a definition is one YAML document"));
                }
            }
            Event::StreamEnd => break,
            event => reader.event(event, place, &mut builder)?,
        }
    }
    let empty = Node::new(&Place::new(file, 1, 1), Kind::Null);
    Ok(builder.finish().unwrap_or(empty))
}

struct Reader<'r> {
    file: &'r Arc<str>,
    report: &'r Report,
    /// Anchored values that have ended, with their number of nodes.
    anchors: HashMap<usize, (Node, usize)>,
    /// For each open list or object: its anchor and the function that its tag names.
    tags: Vec<(usize, Option<String>)>,
}

impl Reader<'_> {
    fn event(
        &mut self,
        event: Event<'_>,
        place: Place,
        builder: &mut Builder<'_>,
    ) -> Result<(), ReadError> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                if builder.wants_key() {
                    if anchor != 0 {
                        let node = Node::string(&place, text.as_ref());
                        self.anchors.insert(anchor, (node, 1));
                    }
                    return builder.key(place, text.into_owned());
                }
                let (node, nodes) = self.scalar(&text, style, tag.as_deref(), place);
                self.finished(anchor, node, nodes, nodes, builder)
            }
            Event::SequenceStart(anchor, tag) => {
                self.not_a_key(builder, &place)?;
                let function = tag.and_then(|tag| self.collection_tag(&tag, &place));
                self.tags.push((anchor, function));
                builder.start_seq(place)
            }
            Event::MappingStart(anchor, tag) => {
                self.not_a_key(builder, &place)?;
                let function = tag.and_then(|tag| self.collection_tag(&tag, &place));
                self.tags.push((anchor, function));
                builder.start_map(place)
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let (anchor, function) = self.tags.pop().unwrap_or_default();
                let Some((mut node, mut nodes)) = builder.end() else { return Ok(()) };
                let mut uncounted = 0;
                if let Some(function) = function {
                    node = wrap(function, node);
                    (nodes, uncounted) = (nodes + 1, 1);
                }
                self.finished(anchor, node, nodes, uncounted, builder)
            }
            Event::Alias(id) => {
                let Some((node, nodes)) = self.anchors.get(&id) else {
                    let text = "an alias refers to a value that holds the alias";
                    return Err(self.error(place, text));
                };
                if builder.wants_key() {
                    let text = node.scalar_text();
                    let text = text.ok_or_else(|| self.error(place.clone(), "a key is no text"))?;
                    return builder.key(place, text);
                }
                // Counted before it is copied: this is what stops an alias bomb.
                builder.charge_alias(&place, *nodes)?;
                if builder.depth() + depth(node) > crate::limits::NESTING_MAX {
                    return Err(self.error(place, "aliases nest too deep"));
                }
                builder.value(node.clone(), 0)
            }
            _ => Ok(()),
        }
    }

    /// Takes a finished value: `nodes` in all, `uncounted` of them new to the builder.
    fn finished(
        &mut self,
        anchor: usize,
        node: Node,
        nodes: usize,
        uncounted: usize,
        builder: &mut Builder<'_>,
    ) -> Result<(), ReadError> {
        if anchor != 0 {
            builder.charge(&node.place, nodes)?;
            self.anchors.insert(anchor, (node.clone(), nodes));
        }
        builder.value(node, uncounted)
    }

    fn scalar(
        &self,
        text: &str,
        style: ScalarStyle,
        tag: Option<&Tag>,
        place: Place,
    ) -> (Node, usize) {
        let plain = style == ScalarStyle::Plain;
        let kind = match tag {
            None if plain => resolve(text),
            None => Kind::String(text.to_owned()),
            Some(tag) if tag.is_yaml_core_schema() => match tag.suffix.as_str() {
                "str" => Kind::String(text.to_owned()),
                "int" | "float" | "bool" | "null" => resolve(text),
                other => {
                    self.report.error(&place, format!("unknown tag !!{other}"));
                    Kind::Unknown
                }
            },
            Some(tag) if tag.handle.is_empty() && tag.suffix == "!" => {
                Kind::String(text.to_owned())
            }
            Some(tag) => match self.function(tag, &place) {
                Some(function) => {
                    let kind = if plain { resolve(text) } else { Kind::String(text.to_owned()) };
                    return (wrap(function, Node { place, kind }), 2);
                }
                None => Kind::Unknown,
            },
        };
        (Node { place, kind }, 1)
    }

    fn collection_tag(&self, tag: &Tag, place: &Place) -> Option<String> {
        let is_plain = tag.is_yaml_core_schema() && ["map", "seq"].contains(&&*tag.suffix);
        if is_plain || (tag.handle.is_empty() && tag.suffix == "!") {
            return None;
        }
        self.function(tag, place)
    }

    /// The long form of a short tag.
    fn function(&self, tag: &Tag, place: &Place) -> Option<String> {
        let name = tag.suffix.as_str();
        let known = || SHORT_TAGS.iter().chain(&LANGUAGE_EXTENSION_TAGS).copied();
        if tag.handle == "!" && known().any(|known| known == name) {
            return Some(match name {
                "Ref" | "Condition" => name.to_owned(),
                _ => format!("Fn::{name}"),
            });
        }
        let written = if tag.is_yaml_core_schema() { "!!" } else { &tag.handle };
        let diagnostic = gateway_model::Diagnostic::error(
            place,
            format!("Template format error: YAML not well-formed. Unknown tag {written}{name}"),
        );
        self.report.push(match nearest(name, known()) {
            Some(near) => diagnostic.with_help(format!("did you mean \"!{near}\"?")),
            None => diagnostic,
        });
        None
    }

    fn not_a_key(&self, builder: &Builder<'_>, place: &Place) -> Result<(), ReadError> {
        if builder.wants_key() {
            return Err(self.error(place.clone(), "a key must be text"));
        }
        Ok(())
    }

    fn place(&self, marker: &Marker) -> Place {
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Place::new(self.file, number(marker.line()), number(marker.col().saturating_add(1)))
    }

    fn scan_error(&self, error: &ScanError) -> ReadError {
        let help =
            if error.info().contains('\t') { "YAML indents with spaces" } else { error.info() };
        self.error(self.place(error.marker()), help)
    }

    fn error(&self, place: Place, help: &str) -> ReadError {
        let (line, col) = (place.line, place.col);
        let text =
            format!("Template format error: YAML not well-formed. (line {line}, column {col})");
        ReadError { place, text, help: Some(help.to_owned()) }
    }
}

/// `!Join […]` is `{"Fn::Join": […]}`.
fn wrap(function: String, argument: Node) -> Node {
    let place = argument.place.clone();
    let key = Key { text: function, place: place.clone() };
    Node { place, kind: Kind::Map(vec![(key, argument)]) }
}

fn depth(node: &Node) -> usize {
    let below = match &node.kind {
        Kind::Seq(items) => items.iter().map(depth).max(),
        Kind::Map(members) => members.iter().map(|(_, value)| depth(value)).max(),
        _ => return 0,
    };
    1 + below.unwrap_or(0)
}

/// A plain scalar by the core schema (YAML 1.2.2 §10.3.2): dates, `yes` and `off` stay strings.
fn resolve(text: &str) -> Kind {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Kind::Null,
        "true" | "True" | "TRUE" => Kind::Bool(true),
        "false" | "False" | "FALSE" => Kind::Bool(false),
        _ if is_number(text) => Kind::Number(text.to_owned()),
        _ => Kind::String(text.to_owned()),
    }
}

fn is_number(text: &str) -> bool {
    if let Some(hex) = text.strip_prefix("0x") {
        return !hex.is_empty() && hex.bytes().all(|b| b.is_ascii_hexdigit());
    }
    if let Some(octal) = text.strip_prefix("0o") {
        return !octal.is_empty() && octal.bytes().all(|b| (b'0'..=b'7').contains(&b));
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    let some_digits = |s: &str| !s.is_empty() && digits(s);
    digits(whole)
        && digits(fraction)
        && !(whole.is_empty() && fraction.is_empty())
        && exponent.is_none_or(|e| some_digits(e.strip_prefix(['+', '-']).unwrap_or(e)))
}
