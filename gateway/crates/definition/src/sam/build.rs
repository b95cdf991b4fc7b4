//! Making and changing trees.

use crate::node::{Key, Kind, Node};
use gateway_model::Place;

/// Makes values that stand at one place.
#[derive(Clone, Copy)]
pub(super) struct Maker<'p>(pub(super) &'p Place);

impl Maker<'_> {
    pub(super) fn text(self, text: impl Into<String>) -> Node {
        Node::string(self.0, text)
    }

    pub(super) fn boolean(self, value: bool) -> Node {
        Node::new(self.0, Kind::Bool(value))
    }

    pub(super) fn list(self, items: Vec<Node>) -> Node {
        Node::new(self.0, Kind::Seq(items))
    }

    pub(super) fn map<const N: usize>(self, members: [(&str, Node); N]) -> Node {
        let mut map = Node::new(self.0, Kind::Map(Vec::with_capacity(N)));
        for (name, value) in members {
            map.put(name, value);
        }
        map
    }

    pub(super) fn reference(self, name: &str) -> Node {
        self.map([("Ref", self.text(name))])
    }

    pub(super) fn sub(self, text: impl Into<String>) -> Node {
        self.map([("Fn::Sub", self.text(text))])
    }

    pub(super) fn sub_with<const N: usize>(self, text: &str, variables: [(&str, Node); N]) -> Node {
        self.map([("Fn::Sub", self.list(vec![self.text(text), self.map(variables)]))])
    }

    /// A resource of a template.
    pub(super) fn resource(self, type_name: &str, properties: Node) -> Node {
        self.map([("Type", self.text(type_name)), ("Properties", properties)])
    }
}

/// Changes of trees.
pub(super) trait Edit {
    /// Sets a member of an object; anything else stays as it is.
    fn put(&mut self, name: &str, value: Node);
    /// Sets a member where there is a value for it.
    fn put_some(&mut self, name: &str, value: Option<&Node>);
    /// A member of an object, made an empty object where it is not there.
    fn child(&mut self, name: &str) -> Option<&mut Node>;
}

impl Edit for Node {
    fn put(&mut self, name: &str, value: Node) {
        let place = self.place.clone();
        let Kind::Map(members) = &mut self.kind else { return };
        match members.iter_mut().find(|(key, _)| key.text == name) {
            Some((_, slot)) => *slot = value,
            None => members.push((Key { text: name.to_owned(), place }, value)),
        }
    }

    fn put_some(&mut self, name: &str, value: Option<&Node>) {
        if let Some(value) = value {
            self.put(name, value.clone());
        }
    }

    fn child(&mut self, name: &str) -> Option<&mut Node> {
        if self.member(name).is_none() {
            let empty = Node::new(&self.place, Kind::Map(Vec::new()));
            self.put(name, empty);
        }
        let Kind::Map(members) = &mut self.kind else { return None };
        let (_, value) = members.iter_mut().find(|(key, _)| key.text == name)?;
        value.as_map().is_some().then_some(value)
    }
}

/// The letters and digits of a name, as logical ids have them.
pub(super) fn alphanumeric(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).collect()
}
