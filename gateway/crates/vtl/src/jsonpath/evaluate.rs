//! Evaluating paths.

use super::{EvaluationError, Path, Token, compare};
use crate::limits::{SCAN_DEPTH_MAX, VISITS_MAX};
use crate::{List, ListKind, Map, Value};

/// What `path` finds, starting at `current` where it is relative and at `document` where not.
pub(super) fn evaluate(
    path: &Path,
    document: &Value,
    current: &Value,
    visits: &mut u64,
) -> Result<Option<Value>, EvaluationError> {
    let start = if path.is_relative { current } else { document };
    let found = if path.tokens_are_definite() {
        definite(&path.tokens, start, visits)?
    } else {
        let mut search = Search { document, visits, found: Vec::new() };
        search.step(&path.tokens, start, 0)?;
        Some(Value::List(List::new(ListKind::JsonArray, search.found)))
    };
    match (path.function, found) {
        (Some(function), Some(value)) => function.apply(&value),
        (_, found) => Ok(found),
    }
}

/// Follows tokens that lead to one value at most.
fn definite(
    tokens: &[Token],
    start: &Value,
    visits: &mut u64,
) -> Result<Option<Value>, EvaluationError> {
    let mut value = start.clone();
    for token in tokens {
        *visits += 1;
        let next = match (token, &value) {
            (Token::Property(name), Value::Map(map)) => map.get(name),
            (Token::Properties(names), Value::Map(map)) => Some(select(map, names)),
            (Token::Index(index), Value::List(list)) => element(list, *index),
            _ => None,
        };
        let Some(next) = next else { return Ok(None) };
        value = next;
    }
    Ok(Some(value))
}

/// The entries of `map` that have one of `names`, in their order.
fn select(map: &Map, names: &[Box<str>]) -> Value {
    let selected = Map::with_capacity(names.len());
    for name in names {
        if let Some(value) = map.get(name) {
            selected.insert(&**name, value);
        }
    }
    Value::Map(selected)
}

fn element(list: &List, index: i64) -> Option<Value> {
    let items = list.items.borrow();
    let index = if index < 0 { index + items.len() as i64 } else { index };
    usize::try_from(index).ok().and_then(|index| items.get(index).cloned())
}

/// The search of an indefinite path.
struct Search<'a> {
    document: &'a Value,
    visits: &'a mut u64,
    found: Vec<Value>,
}

impl Search<'_> {
    /// Adds what `tokens` find from `value` on.
    fn step(
        &mut self,
        tokens: &[Token],
        value: &Value,
        depth: usize,
    ) -> Result<(), EvaluationError> {
        self.visit(depth)?;
        let Some((token, rest)) = tokens.split_first() else {
            self.found.push(value.clone());
            return Ok(());
        };
        match (token, value) {
            (Token::Scan, _) => self.walk(rest, value, depth)?,
            (Token::Property(name), Value::Map(map)) => {
                if let Some(value) = map.get(name) {
                    self.step(rest, &value, depth + 1)?;
                }
            }
            (Token::Properties(names), Value::Map(map)) if rest.is_empty() => {
                self.found.push(select(map, names));
            }
            (Token::Properties(names), Value::Map(map)) => {
                for name in names {
                    if let Some(value) = map.get(name) {
                        self.step(rest, &value, depth + 1)?;
                    }
                }
            }
            (Token::Index(index), Value::List(list)) => self.at(rest, list, *index, depth)?,
            (Token::Indexes(indexes), Value::List(list)) => {
                for index in indexes {
                    self.at(rest, list, *index, depth)?;
                }
            }
            (Token::Slice { from, to }, Value::List(list)) => {
                for index in slice(*from, *to, list.items.borrow().len() as i64) {
                    self.at(rest, list, index, depth)?;
                }
            }
            (Token::Wildcard, _) => {
                for child in children(value) {
                    self.step(rest, &child, depth + 1)?;
                }
            }
            (Token::Filter(filter), Value::Map(_))
                if compare::accepts(filter, self.document, value, self.visits)? =>
            {
                self.step(rest, value, depth + 1)?;
            }
            (Token::Filter(filter), Value::List(_)) => {
                for child in children(value) {
                    self.visit(depth)?;
                    if compare::accepts(filter, self.document, &child, self.visits)? {
                        self.step(rest, &child, depth + 1)?;
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// `tokens` at `value` and at everything in it, what is above first.
    fn walk(
        &mut self,
        tokens: &[Token],
        value: &Value,
        depth: usize,
    ) -> Result<(), EvaluationError> {
        self.visit(depth)?;
        if !value.is_container() {
            return Ok(());
        }
        self.scan(tokens, value, depth)?;
        for child in children(value) {
            self.walk(tokens, &child, depth + 1)?;
        }
        Ok(())
    }

    /// `tokens` at one value that a scan came to.
    fn scan(
        &mut self,
        tokens: &[Token],
        value: &Value,
        depth: usize,
    ) -> Result<(), EvaluationError> {
        let Some((first, rest)) = tokens.split_first() else { return Ok(()) };
        match (first, value) {
            // Several names at the end are one object, where it has all of them.
            (Token::Properties(names), Value::Map(map)) if rest.is_empty() => {
                if names.iter().all(|name| map.contains_key(name)) {
                    self.found.push(select(map, names));
                }
                Ok(())
            }
            // A filter asks a list itself first, and lists have no names.
            (Token::Filter(_), Value::List(_)) => Ok(()),
            // At a list Jayway leaves a position out that is not the last step: `$..[0].id` is the id of each element.
            (Token::Index(_) | Token::Indexes(_) | Token::Slice { .. }, Value::List(_))
                if !rest.is_empty() =>
            {
                for child in children(value) {
                    self.step(rest, &child, depth + 1)?;
                }
                Ok(())
            }
            _ => self.step(tokens, value, depth + 1),
        }
    }

    fn at(
        &mut self,
        rest: &[Token],
        list: &List,
        index: i64,
        depth: usize,
    ) -> Result<(), EvaluationError> {
        match element(list, index) {
            Some(value) => self.step(rest, &value, depth + 1),
            None => Ok(()),
        }
    }

    fn visit(&mut self, depth: usize) -> Result<(), EvaluationError> {
        *self.visits += 1;
        if *self.visits > VISITS_MAX || depth > SCAN_DEPTH_MAX {
            return Err(EvaluationError::TooMuch);
        }
        Ok(())
    }
}

fn children(value: &Value) -> Vec<Value> {
    match value {
        Value::List(list) => list.items.borrow().to_vec(),
        Value::Map(map) => map.values(),
        _ => Vec::new(),
    }
}

/// The indexes of a slice, as Jayway has it: between two ends negative ones count from the end one by one.
fn slice(from: Option<i64>, to: Option<i64>, len: i64) -> std::ops::Range<i64> {
    match (from, to) {
        (Some(from), Some(to)) => from.max(-len)..to.min(len),
        (Some(from), None) if from < 0 => (len + from).max(0)..len,
        (Some(from), None) => from..len,
        (None, Some(to)) if to < 0 => 0..len + to,
        (None, to) => 0..to.unwrap_or(len).min(len),
    }
}
