//! Builds [`Routes`] from resource paths.

use std::collections::BTreeMap;

use gateway_model::{HttpMethod, PathPart};

use super::{Methods, Node, Routes};
use crate::limits::{PATH_PARAMS_MAX, TREE_DEPTH_MAX};
use crate::plan::MethodIndex;

/// Why a resource does not fit the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RouteConflict {
    /// Two resources have the same path.
    Duplicate,
    /// A sibling has a variable path part of another name; only one of each kind is allowed.
    SiblingVariable(String),
    /// Something follows this greedy variable.
    GreedyNotLast(String),
    /// More than [`PATH_PARAMS_MAX`] variables on one path.
    TooManyParams,
    /// More than [`TREE_DEPTH_MAX`] segments.
    TooDeep,
}

impl std::fmt::Display for RouteConflict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Duplicate => {
                f.write_str("another resource with the same parent already has this name")
            }
            Self::SiblingVariable(name) => write!(
                f,
                "a sibling ({name}) of this resource already has a variable path part -- only one is allowed"
            ),
            Self::GreedyNotLast(part) => {
                write!(f, "cannot create a child of a resource with a greedy path variable: {part}")
            }
            Self::TooManyParams => {
                write!(f, "more than {PATH_PARAMS_MAX} path variables on one path")
            }
            Self::TooDeep => write!(f, "more than {TREE_DEPTH_MAX} path parts"),
        }
    }
}

/// Collects resources, then lays them out as [`Routes`].
#[derive(Debug)]
pub struct RoutesBuilder {
    nodes: Vec<Draft>,
}

#[derive(Debug, Default)]
struct Draft {
    literals: BTreeMap<String, usize>,
    parameter: Option<(String, usize)>,
    greedy: Option<(String, Methods)>,
    methods: Methods,
    is_resource: bool,
}

impl Default for RoutesBuilder {
    fn default() -> Self {
        Self { nodes: vec![Draft::default()] }
    }
}

impl RoutesBuilder {
    /// A tree with nothing but its root.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a resource by its parts from the root down, [`PathPart::Root`] left out, with its methods.
    ///
    /// # Errors
    /// [`RouteConflict`]; the tree is then unchanged, save for empty nodes.
    pub fn add(
        &mut self,
        parts: &[&PathPart],
        methods: impl IntoIterator<Item = (HttpMethod, MethodIndex)>,
    ) -> Result<(), RouteConflict> {
        if parts.len() > TREE_DEPTH_MAX {
            return Err(RouteConflict::TooDeep);
        }
        if parts.iter().filter(|part| part.is_variable()).count() > PATH_PARAMS_MAX {
            return Err(RouteConflict::TooManyParams);
        }
        let mut table = Methods::default();
        for (verb, index) in methods {
            table.set(verb, index);
        }
        let mut at = 0;
        for (depth, part) in parts.iter().enumerate() {
            match part {
                PathPart::Root => {}
                PathPart::Literal(label) => at = self.literal(at, label),
                PathPart::Parameter(name) => at = self.parameter(at, name)?,
                PathPart::Greedy(_) if depth + 1 < parts.len() => {
                    return Err(RouteConflict::GreedyNotLast(part.to_string()));
                }
                PathPart::Greedy(name) => return self.greedy(at, name, table),
            }
        }
        let draft = &mut self.nodes[at];
        if draft.is_resource {
            return Err(RouteConflict::Duplicate);
        }
        draft.is_resource = true;
        draft.methods = table;
        Ok(())
    }

    fn child(&mut self) -> usize {
        self.nodes.push(Draft::default());
        self.nodes.len() - 1
    }

    fn literal(&mut self, at: usize, label: &str) -> usize {
        if let Some(child) = self.nodes[at].literals.get(label) {
            return *child;
        }
        let child = self.child();
        self.nodes[at].literals.insert(label.to_owned(), child);
        child
    }

    fn parameter(&mut self, at: usize, name: &str) -> Result<usize, RouteConflict> {
        match &self.nodes[at].parameter {
            Some((same, child)) if same == name => Ok(*child),
            Some((other, _)) => Err(RouteConflict::SiblingVariable(format!("{{{other}}}"))),
            None => {
                let child = self.child();
                self.nodes[at].parameter = Some((name.to_owned(), child));
                Ok(child)
            }
        }
    }

    fn greedy(&mut self, at: usize, name: &str, methods: Methods) -> Result<(), RouteConflict> {
        match &self.nodes[at].greedy {
            Some((same, _)) if same == name => Err(RouteConflict::Duplicate),
            Some((other, _)) => Err(RouteConflict::SiblingVariable(format!("{{{other}+}}"))),
            None => {
                self.nodes[at].greedy = Some((name.to_owned(), methods));
                Ok(())
            }
        }
    }

    /// Lays the tree out.
    pub fn build(self) -> Routes {
        let mut routes = Routes::default();
        for draft in self.nodes {
            let start = routes.literals.len() as u32;
            // A `BTreeMap` of text yields it in byte order, which is what the search expects.
            let children = draft.literals.into_iter();
            routes
                .literals
                .extend(children.map(|(label, at)| (label.into_bytes().into(), at as u32)));
            routes.nodes.push(Node {
                literals: (start, routes.literals.len() as u32),
                parameter: draft.parameter.map(|(_, at)| at as u32),
                greedy: draft.greedy.map(|(_, methods)| methods),
                methods: draft.methods,
            });
        }
        routes
    }
}
