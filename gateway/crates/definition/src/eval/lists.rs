//! Functions on lists and maps: `Fn::Split`, `Fn::Select`, `Fn::Length`, `Fn::FindInMap`.

use super::Evaluator;
use crate::node::{Kind, Node};
use gateway_model::Place;

impl Evaluator<'_> {
    pub(super) fn split(&self, argument: &Node, place: &Place) -> Option<Kind> {
        let text = "Template error: every Fn::Split object requires two parameters, (1) a string delimiter and (2) a string to be split or a function that returns a string to be split.";
        let Some([delimiter, source]) = argument.as_seq() else {
            self.error(place, text);
            return None;
        };
        let (delimiter, source) = (self.present(delimiter), self.present(source));
        if delimiter.is_unknown() || source.is_unknown() {
            return None;
        }
        let (Some(delimiter), Some(source)) = (delimiter.as_str(), source.scalar_text()) else {
            self.error(place, text);
            return None;
        };
        if delimiter.is_empty() {
            self.error(place, text);
            return None;
        }
        let mut items = Vec::new();
        for item in source.split(delimiter) {
            // A place and a string cost more than the text itself.
            if !self.charge(place, item.len() + size_of::<Node>()) {
                return None;
            }
            items.push(Node::string(place, item));
        }
        Some(Kind::Seq(items))
    }

    pub(super) fn select(&self, argument: &Node, place: &Place) -> Option<Kind> {
        let text = "Template error: Fn::Select requires a list argument with two elements: an integer index and a list";
        let Some([index, list]) = argument.as_seq() else {
            self.error(place, text);
            return None;
        };
        let (index, list) = (self.present(index), self.present(list));
        if index.is_unknown() || list.is_unknown() {
            return None;
        }
        let number = index.scalar_text().and_then(|text| text.parse::<usize>().ok());
        let (Some(number), Some(items)) = (number, list.as_seq()) else {
            self.error(place, text);
            return None;
        };
        match items.get(number) {
            Some(item) => Some(item.kind.clone()),
            None => {
                let count = items.len();
                let text = format!(
                    "Template error: Fn::Select cannot select nonexistent value at index {number}"
                );
                self.error(place, format!("{text} of {count}"));
                None
            }
        }
    }

    pub(super) fn length(&self, argument: &Node, _: &Place) -> Option<Kind> {
        let value = self.present(argument);
        match &value.kind {
            Kind::Unknown => None,
            Kind::Seq(items) => Some(Kind::Number(items.len().to_string())),
            Kind::Map(members) => Some(Kind::Number(members.len().to_string())),
            _ => {
                self.error(
                    &argument.place,
                    "Template error: every Fn::Length object requires a list",
                );
                None
            }
        }
    }

    pub(super) fn find_in_map(&self, argument: &Node, place: &Place) -> Option<Kind> {
        let text = "Template error: every Fn::FindInMap object requires three parameters, the map name, map key and the attribute for return value";
        let (map, top, second, default) = match argument.as_seq() {
            Some([map, top, second]) => (map, top, second, None),
            Some([map, top, second, options]) if options.member("DefaultValue").is_some() => {
                (map, top, second, options.member("DefaultValue"))
            }
            _ => {
                self.error(place, text);
                return None;
            }
        };
        let names = [self.present(map), self.present(top), self.present(second)];
        if names.iter().any(Node::is_unknown) {
            return None;
        }
        let names: Option<Vec<String>> = names.iter().map(Node::scalar_text).collect();
        let Some([map, top, second]) = names.as_deref() else {
            self.error(place, text);
            return None;
        };
        let mapping = self.template.mappings.and_then(|maps| self.searched(maps, map));
        let value = mapping.and_then(|m| self.searched(m, top));
        let value = value.and_then(|t| self.searched(t, second));
        if let Some(value) = value {
            return self.value(value).map(|value| value.kind);
        }
        if let Some(default) = default {
            return self.value(default).map(|value| value.kind);
        }
        if mapping.is_none() {
            let text = format!(
                "Template error: Mapping named '{map}' is not present in the 'Mappings' section of template."
            );
            let maps = self.template.mappings.map_or(&[][..], Node::members);
            self.error_near(place, text, map, maps.iter().map(|(key, _)| key.text.as_str()));
        } else {
            let text = format!("Template error: Unable to get mapping for {map}::{top}::{second}");
            self.error(place, text);
        }
        None
    }

    /// A member of a map, paid for: the search looks at every member.
    fn searched<'n>(&self, map: &'n Node, name: &str) -> Option<&'n Node> {
        self.charge(&map.place, map.members().len()).then(|| map.member(name)).flatten()
    }
}
