//! Path and verb → method.
//!
//! A trie of resources, one node each. At every level candidates are tried in API Gateway's order: the
//! literal segment, then `{name}`, then `{name+}`. A node answers only if it has the verb or `ANY`; else the
//! search goes back to the next less specific node that does.
//!
//! # The bound
//!
//! A node consumes exactly one segment (a greedy one consumes the rest and has no children), so a node can
//! only ever be tried at the segment of its own depth: one search visits each node at most once, whatever
//! the path is. The walk stops at the tree's depth, so a path of ten thousand segments costs no more than
//! one of `depth` segments, plus one scan for slashes as far as the tree goes. Nothing is allocated.
//!
//! Cost of a hit: a binary search of a few label comparisons per level, about two cache lines each.

use gateway_model::HttpMethod;

use crate::limits::{PATH_BYTES_MAX, PATH_PARAMS_MAX};
use crate::plan::MethodIndex;

/// The verb of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RequestMethod {
    /// `DELETE`
    Delete,
    /// `GET`
    Get,
    /// `HEAD`
    Head,
    /// `OPTIONS`
    Options,
    /// `PATCH`
    Patch,
    /// `POST`
    Post,
    /// `PUT`
    Put,
    /// Any other token: matches nothing, `ANY` included.
    Other,
}

impl RequestMethod {
    /// The seven verbs, without [`RequestMethod::Other`].
    pub const ALL: [Self; 7] =
        [Self::Delete, Self::Get, Self::Head, Self::Options, Self::Patch, Self::Post, Self::Put];

    /// Reads the method token of a request line; verbs compare with their case.
    pub fn parse(token: &[u8]) -> Self {
        match token {
            b"DELETE" => Self::Delete,
            b"GET" => Self::Get,
            b"HEAD" => Self::Head,
            b"OPTIONS" => Self::Options,
            b"PATCH" => Self::Patch,
            b"POST" => Self::Post,
            b"PUT" => Self::Put,
            _ => Self::Other,
        }
    }

    /// The verb as sent; empty for [`RequestMethod::Other`].
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Delete => "DELETE",
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Options => "OPTIONS",
            Self::Patch => "PATCH",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Other => "",
        }
    }
}

/// Where the path parameters of a match lie in the path that was searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PathParams {
    spans: [(u16, u16); PATH_PARAMS_MAX],
    count: u8,
}

impl Default for PathParams {
    fn default() -> Self {
        Self { spans: [(0, 0); PATH_PARAMS_MAX], count: 0 }
    }
}

impl PathParams {
    /// How many parameters the matched resource has.
    pub fn count(&self) -> usize {
        usize::from(self.count)
    }

    /// Start and end of a parameter's raw value, as offsets into the path given to [`Routes::find`].
    pub fn span(&self, index: u8) -> Option<(usize, usize)> {
        let (start, end) = *self.spans[..self.count()].get(usize::from(index))?;
        Some((usize::from(start), usize::from(end)))
    }

    /// A parameter's raw value; `path` is the one given to [`Routes::find`].
    pub fn value<'p>(&self, path: &'p [u8], index: u8) -> Option<&'p [u8]> {
        let (start, end) = self.span(index)?;
        path.get(start..end)
    }

    fn push(&mut self, start: usize, end: usize) {
        self.spans[self.count()] = (start as u16, end as u16);
        self.count += 1;
    }
}

/// The resource tree of one stage.
#[derive(Debug, Default)]
pub struct Routes {
    nodes: Vec<Node>,
    /// Literal children of all nodes; those of one node lie together, sorted by label.
    literals: Vec<(Box<[u8]>, u32)>,
}

#[derive(Debug, Default)]
struct Node {
    /// Range in [`Routes::literals`].
    literals: (u32, u32),
    parameter: Option<u32>,
    greedy: Option<Methods>,
    methods: Methods,
}

/// Methods of one resource, by verb.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Methods {
    by_verb: [Option<MethodIndex>; 7],
    any: Option<MethodIndex>,
}

impl Methods {
    fn of(&self, verb: RequestMethod) -> Option<MethodIndex> {
        self.by_verb.get(verb as usize)?.or(self.any)
    }

    fn set(&mut self, verb: HttpMethod, index: MethodIndex) {
        let slot = match verb {
            HttpMethod::Any => &mut self.any,
            HttpMethod::Delete => &mut self.by_verb[RequestMethod::Delete as usize],
            HttpMethod::Get => &mut self.by_verb[RequestMethod::Get as usize],
            HttpMethod::Head => &mut self.by_verb[RequestMethod::Head as usize],
            HttpMethod::Options => &mut self.by_verb[RequestMethod::Options as usize],
            HttpMethod::Patch => &mut self.by_verb[RequestMethod::Patch as usize],
            HttpMethod::Post => &mut self.by_verb[RequestMethod::Post as usize],
            HttpMethod::Put => &mut self.by_verb[RequestMethod::Put as usize],
        };
        *slot = Some(index);
    }
}

impl Routes {
    /// The method that serves `path`, which is what follows the stage or the base path, raw: `` and `/`
    /// are the root, `/pets`, `//pets/`. No query, no fragment, no decoding.
    ///
    /// A leading run of slashes counts as one, one trailing slash is ignored, and an empty segment further
    /// in matches inside a greedy value only. `params` is written on a match and left in any state
    /// without one.
    pub fn find(
        &self,
        path: &[u8],
        verb: RequestMethod,
        params: &mut PathParams,
    ) -> Option<MethodIndex> {
        params.count = 0;
        if path.len() > PATH_BYTES_MAX || verb == RequestMethod::Other {
            return None;
        }
        let start = path.iter().take_while(|b| **b == b'/').count();
        let end =
            if path.len() > start && path.ends_with(b"/") { path.len() - 1 } else { path.len() };
        let at = if start == end { end + 1 } else { start };
        self.walk(0, Cursor { path: &path[..end], at }, verb, params)
    }

    fn walk(
        &self,
        node: u32,
        cursor: Cursor<'_>,
        verb: RequestMethod,
        params: &mut PathParams,
    ) -> Option<MethodIndex> {
        let node = self.nodes.get(node as usize)?;
        let Some((segment, rest)) = cursor.next_segment() else {
            return node.methods.of(verb);
        };
        if !segment.is_empty() {
            let count = params.count;
            if let Some(child) = self.literal(node, segment)
                && let Some(found) = self.walk(child, rest, verb, params)
            {
                return Some(found);
            }
            if let Some(child) = node.parameter {
                params.count = count;
                params.push(cursor.at, cursor.at + segment.len());
                if let Some(found) = self.walk(child, rest, verb, params) {
                    return Some(found);
                }
            }
            params.count = count;
        }
        let found = node.greedy?.of(verb)?;
        if cursor.at == cursor.path.len() {
            return None;
        }
        params.push(cursor.at, cursor.path.len());
        Some(found)
    }

    fn literal(&self, node: &Node, segment: &[u8]) -> Option<u32> {
        let (start, end) = node.literals;
        let children = &self.literals[start as usize..end as usize];
        let at = children.binary_search_by(|(label, _)| (**label).cmp(segment)).ok()?;
        Some(children[at].1)
    }
}

/// A path from some segment on. `at` past the end means that no segment is left.
#[derive(Clone, Copy)]
struct Cursor<'p> {
    path: &'p [u8],
    at: usize,
}

impl<'p> Cursor<'p> {
    fn next_segment(self) -> Option<(&'p [u8], Self)> {
        let rest = self.path.get(self.at..)?;
        let len = rest.iter().position(|b| *b == b'/').unwrap_or(rest.len());
        Some((&rest[..len], Self { path: self.path, at: self.at + len + 1 }))
    }
}

mod builder;
pub use builder::{RouteConflict, RoutesBuilder};

#[cfg(test)]
mod tests;
