//! `AWS::Include`: parts of a template that lie in files of their own.
//!
//! Includes come before every other step, as macros do: what is included is part of the template from then on, and its functions
//! are evaluated there. A file that is included includes nothing itself. Source: CloudFormation, "AWS::Include transform".

use crate::eval::Evaluator;
use crate::limits::{FILE_BYTES_MAX, INCLUDES_MAX};
use crate::node::{Key, Kind, Node};
use crate::objects::{self, Wanted, bucket_and_key};
use crate::report::Report;
use crate::template::Template;
use crate::{Options, StackFacts, reader};
use gateway_model::{Diagnostic, Place};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

const INCLUDE: &str = "AWS::Include";
const TRANSFORM: &str = "Fn::Transform";

/// Puts what a template includes where it is included. Files that were read, or looked for, are added to `documents`.
pub(crate) fn expand(
    root: Node,
    stack: &StackFacts,
    options: &Options,
    documents: &mut Vec<PathBuf>,
    report: &Report,
) -> Node {
    let mut asked = Vec::new();
    ask(&root, &mut asked);
    let of_root = of_root(&root);
    if asked.is_empty() && of_root.is_empty() {
        return root;
    }
    // What is wrong with the rest of the template is said when all of it is there.
    let muted = Report::default();
    let template = Template::read(&root, &muted);
    let exports = BTreeMap::new();
    let evaluator = Evaluator::new(&template, options, stack, &exports, &muted);
    let mut files =
        Files { evaluator: &evaluator, documents, report, bytes: 0, count: 0, is_full: false };
    let top: Vec<Node> =
        of_root.into_iter().filter_map(|parameters| files.include(parameters)).collect();
    let mut included = Vec::with_capacity(asked.len());
    for node in asked {
        included.push(files.of_transform(node));
    }
    let mut included = included.into_iter();
    let mut root = replace(root, &mut included, report);
    for document in top {
        let place = document.place.clone();
        match (document.kind, &mut root.kind) {
            (Kind::Map(members), Kind::Map(all)) => add(all, members, report),
            _ => report.error(&place, "what a template includes at its top must be an object"),
        }
    }
    root
}

/// The arguments of all `Fn::Transform`s, in the order of [`replace`].
fn ask<'n>(node: &'n Node, asked: &mut Vec<&'n Node>) {
    match &node.kind {
        Kind::Seq(items) => items.iter().for_each(|item| ask(item, asked)),
        Kind::Map(members) => {
            for (key, value) in members {
                match key.text == TRANSFORM {
                    true => asked.push(value),
                    false => ask(value, asked),
                }
            }
        }
        _ => {}
    }
}

/// The includes among the template's own transforms.
fn of_root(root: &Node) -> Vec<&Node> {
    let Some(value) = root.member("Transform") else { return Vec::new() };
    let items = value.as_seq().unwrap_or_else(|| std::slice::from_ref(value));
    let includes =
        items.iter().filter(|item| item.member("Name").and_then(Node::as_str) == Some(INCLUDE));
    includes.collect()
}

/// The tree with what was included, one for each `Fn::Transform`; `None` leaves it out.
fn replace(node: Node, included: &mut impl Iterator<Item = Option<Node>>, report: &Report) -> Node {
    let Node { place, kind } = node;
    let kind = match kind {
        Kind::Seq(items) => {
            Kind::Seq(items.into_iter().map(|item| replace(item, included, report)).collect())
        }
        Kind::Map(members) if members.len() == 1 && members[0].0.text == TRANSFORM => {
            let found = included.next().flatten();
            return found.unwrap_or_else(|| Node::unknown(&place));
        }
        Kind::Map(members) => {
            let mut all = Vec::with_capacity(members.len());
            let mut added = Vec::new();
            for (key, value) in members {
                if key.text != TRANSFORM {
                    all.push((key, replace(value, included, report)));
                    continue;
                }
                match included.next().flatten().map(|found| (found.place, found.kind)) {
                    Some((_, Kind::Map(members))) => added.extend(members),
                    Some((place, _)) => {
                        let text = "what is included beside other members must be an object";
                        report.error(&place, text);
                    }
                    None => {}
                }
            }
            add(&mut all, added, report);
            Kind::Map(all)
        }
        other => other,
    };
    Node { place, kind }
}

/// Adds members of an included file.
fn add(all: &mut Vec<(Key, Node)>, members: Vec<(Key, Node)>, report: &Report) {
    for (key, value) in members {
        match all.iter().any(|(known, _)| known.text == key.text) {
            true => {
                let text = format!("{} is there already where this file is included", key.text);
                report.error(&key.place, text);
            }
            false => all.push((key, value)),
        }
    }
}

/// Reads what is included.
struct Files<'f, 'e> {
    evaluator: &'f Evaluator<'e>,
    documents: &'f mut Vec<PathBuf>,
    report: &'f Report,
    bytes: usize,
    count: usize,
    /// That no more is read has been said.
    is_full: bool,
}

impl Files<'_, '_> {
    /// What stands for an `Fn::Transform`.
    fn of_transform(&mut self, argument: &Node) -> Option<Node> {
        match argument.member("Name").and_then(Node::as_str) {
            Some(INCLUDE) => self.include(argument),
            Some(name) => {
                let text = format!("no transform named {name}: macros are not run here");
                self.report.error(&argument.place, text);
                None
            }
            None => {
                let text =
                    "Template error: Fn::Transform must be an object with Name and Parameters";
                self.report.error(&argument.place, text);
                None
            }
        }
    }

    /// The file that an `AWS::Include` names.
    fn include(&mut self, argument: &Node) -> Option<Node> {
        let place = &argument.place;
        let location = argument.member("Parameters").and_then(|of| of.member("Location"));
        let location = location.and_then(|node| self.evaluator.value(node));
        let Some(text) = location.as_ref().and_then(Node::as_str) else {
            let text =
                "Template error: AWS::Include must have Parameters with a Location, an S3 URI";
            self.report.error(place, text);
            return None;
        };
        let (bucket, key) = bucket_and_key(text);
        let object = Wanted { bucket, key, place };
        let options = self.evaluator.options;
        if self.is_full {
            return None;
        }
        let (path, text) = objects::read(&object, options, self.documents, self.report)?;
        self.count += 1;
        self.bytes += text.len();
        if self.count > INCLUDES_MAX || self.bytes > FILE_BYTES_MAX {
            if !self.is_full {
                let text = format!(
                    "a template includes at most {INCLUDES_MAX} files of {FILE_BYTES_MAX} bytes in all"
                );
                self.report.error(place, text);
            }
            self.is_full = true;
            return None;
        }
        let document = reader::read(&Arc::from(path.display().to_string()), &text, self.report)?;
        let mut nested = Vec::new();
        ask(&document, &mut nested);
        match nested.first() {
            Some(nested) => {
                let text = "a file that is included cannot include or transform anything itself";
                let help = format!("it is included at {}", shown(place));
                self.report.push(Diagnostic::error(&nested.place, text).with_help(help));
                None
            }
            None => Some(document),
        }
    }
}

fn shown(place: &Place) -> String {
    format!("{}:{}:{}", place.file, place.line, place.col)
}
