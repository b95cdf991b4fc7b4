//! Puts a tree together from events, within the budgets.

use super::ReadError;
use crate::limits::{ALIASED_NODES_MAX, NESTING_MAX, NODES_MAX};
use crate::node::{Key, Kind, Node};
use crate::report::Report;
use gateway_model::Place;
use std::collections::HashSet;

/// A tree under construction.
pub(super) struct Builder<'r> {
    open: Vec<Open>,
    root: Option<Node>,
    nodes: usize,
    /// How many of them aliases stand for.
    aliased: usize,
    report: &'r Report,
}

/// A list or object that has not ended.
struct Open {
    place: Place,
    items: Items,
    nodes_before: usize,
}

enum Items {
    Seq(Vec<Node>),
    Map { members: Vec<(Key, Node)>, names: HashSet<String>, pending: Option<Pending> },
}

/// A member's name that waits for its value.
struct Pending {
    key: Key,
    is_duplicate: bool,
}

impl<'r> Builder<'r> {
    pub(super) fn new(report: &'r Report) -> Self {
        Self { open: Vec::new(), root: None, nodes: 0, aliased: 0, report }
    }

    /// Whether the next scalar is the name of a member.
    pub(super) fn wants_key(&self) -> bool {
        matches!(self.open.last(), Some(Open { items: Items::Map { pending: None, .. }, .. }))
    }

    pub(super) fn key(&mut self, place: Place, text: String) -> Result<(), ReadError> {
        self.charge(&place, 1)?;
        if let Some(Open { items: Items::Map { names, pending, .. }, .. }) = self.open.last_mut() {
            let is_duplicate = !names.insert(text.clone());
            if is_duplicate {
                self.report.error(&place, format!("duplicate key \"{text}\""));
            }
            *pending = Some(Pending { key: Key { text, place }, is_duplicate });
        }
        Ok(())
    }

    pub(super) fn start_seq(&mut self, place: Place) -> Result<(), ReadError> {
        self.start(place, Items::Seq(Vec::new()))
    }

    pub(super) fn start_map(&mut self, place: Place) -> Result<(), ReadError> {
        let items = Items::Map { members: Vec::new(), names: HashSet::new(), pending: None };
        self.start(place, items)
    }

    fn start(&mut self, place: Place, items: Items) -> Result<(), ReadError> {
        if self.open.len() >= NESTING_MAX {
            let text = format!("nested deeper than {NESTING_MAX} levels");
            return Err(ReadError { place, text, help: None });
        }
        let nodes_before = self.nodes;
        self.charge(&place, 1)?;
        self.open.push(Open { place, items, nodes_before });
        Ok(())
    }

    /// Ends the innermost list or object and hands it out, with the number of nodes in it.
    pub(super) fn end(&mut self) -> Option<(Node, usize)> {
        let open = self.open.pop()?;
        let kind = match open.items {
            Items::Seq(items) => Kind::Seq(items),
            Items::Map { members, .. } => Kind::Map(members),
        };
        Some((Node { place: open.place, kind }, self.nodes - open.nodes_before))
    }

    /// Takes a finished value of `nodes` nodes that have not been counted yet.
    pub(super) fn value(&mut self, node: Node, nodes: usize) -> Result<(), ReadError> {
        self.charge(&node.place, nodes)?;
        match self.open.last_mut().map(|open| &mut open.items) {
            Some(Items::Seq(items)) => items.push(node),
            Some(Items::Map { members, pending, .. }) => {
                if let Some(Pending { key, is_duplicate: false }) = pending.take() {
                    members.push((key, node));
                }
            }
            None => self.root = Some(node),
        }
        Ok(())
    }

    pub(super) fn charge(&mut self, place: &Place, nodes: usize) -> Result<(), ReadError> {
        self.nodes = self.nodes.saturating_add(nodes);
        if self.nodes <= NODES_MAX {
            return Ok(());
        }
        Err(ReadError {
            place: place.clone(),
            text: format!("the file holds more than {NODES_MAX} values, aliases expanded"),
            help: Some("split it, or use fewer aliases".to_owned()),
        })
    }

    /// Counts what an alias stands for.
    pub(super) fn charge_alias(&mut self, place: &Place, nodes: usize) -> Result<(), ReadError> {
        self.aliased = self.aliased.saturating_add(nodes);
        if self.aliased <= ALIASED_NODES_MAX {
            return self.charge(place, nodes);
        }
        Err(ReadError {
            place: place.clone(),
            text: format!("the aliases of the file stand for more than {ALIASED_NODES_MAX} values"),
            help: Some("split the file, or use fewer aliases".to_owned()),
        })
    }

    pub(super) fn depth(&self) -> usize {
        self.open.len()
    }

    pub(super) fn finish(self) -> Option<Node> {
        self.root
    }
}
