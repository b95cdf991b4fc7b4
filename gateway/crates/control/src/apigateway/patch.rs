//! Patch operations: which paths a resource has, what they set, and how AWS refuses the others.

use crate::ApiError;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// One patch operation, as sent.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct PatchOperation {
    pub(super) op: String,
    pub(super) path: Option<String>,
    pub(super) value: Option<String>,
    pub(super) from: Option<String>,
}

impl PatchOperation {
    /// The path's segments, unescaped.
    pub(super) fn segments(&self) -> Vec<String> {
        let path = self.path.as_deref().unwrap_or_default();
        path.split('/').skip(1).map(unescape).collect()
    }

    /// The value, empty when there is none.
    pub(super) fn text(&self) -> &str {
        self.value.as_deref().unwrap_or_default()
    }
}

/// A segment of a patch path as it is meant: `~1` is a slash, `~0` a tilde.
pub(super) fn unescape(segment: &str) -> String {
    segment.replace("~1", "/").replace("~0", "~")
}

/// A boolean as AWS reads it: rubbish is false.
pub(super) fn flag(text: &str) -> bool {
    text.eq_ignore_ascii_case("true")
}

/// How a resource refuses a path or an operation that it does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    /// It lists the paths of the operation.
    Listed,
    /// It names the path, or lists the operations of the path.
    Plain,
}

/// What a path sets.
#[derive(Debug, Clone, Copy)]
pub(super) enum Set {
    /// A text; an empty one clears it.
    Text,
    /// A text as it is, empty or not.
    Verbatim,
    /// A boolean.
    Flag,
    /// A whole number.
    Integer,
    /// A number.
    Double,
    /// A list: the operation's value comes or goes.
    Items,
    /// A list: the path's last segment comes, goes, or becomes the value.
    ItemInPath,
    /// Nothing by rule: the resource's own code does it.
    Special,
}

/// A path of a resource; `*` stands for one segment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rule {
    path: &'static str,
    ops: &'static [&'static str],
    set: Set,
    shown: &'static str,
    absent: Option<&'static str>,
}

pub(super) const R: &[&str] = &["replace"];
pub(super) const D: &[&str] = &["remove"];
pub(super) const AR: &[&str] = &["add", "replace"];
pub(super) const AD: &[&str] = &["add", "remove"];
pub(super) const ARD: &[&str] = &["add", "remove", "replace"];

/// A path, the operations that it takes, and what they set.
pub(super) const fn rule(path: &'static str, ops: &'static [&'static str], set: Set) -> Rule {
    Rule { path, ops, set, shown: path, absent: None }
}

impl Rule {
    /// What AWS prints for the path.
    pub(super) const fn shown(self, shown: &'static str) -> Self {
        Self { shown, ..self }
    }

    /// Replacing or removing what is not there answers 404 with `text`.
    pub(super) const fn or_not_found(self, text: &'static str) -> Self {
        Self { absent: Some(text), ..self }
    }

    fn fits(&self, segments: &[String]) -> bool {
        let pattern = self.path.split('/').skip(1);
        pattern.clone().count() == segments.len()
            && pattern.zip(segments).all(|(part, segment)| part == "*" || part == segment)
    }
}

/// The patched copy of a resource. `special` does the paths that are [`Set::Special`].
pub(super) fn apply<T: Serialize + DeserializeOwned>(
    resource: &T,
    family: Family,
    rules: &[Rule],
    operations: &[PatchOperation],
    mut special: impl FnMut(&mut T, &PatchOperation, &[String]) -> Result<(), ApiError>,
) -> Result<T, ApiError> {
    let mut value = to_value(resource)?;
    for operation in operations {
        let segments = operation.segments();
        let rule = find(family, rules, operation, &segments)?;
        if matches!(rule.set, Set::Special) {
            let mut current = from_value(value)?;
            special(&mut current, operation, &segments)?;
            value = to_value(&current)?;
        } else {
            set(&mut value, rule, operation, &segments)?;
        }
    }
    from_value(value)
}

/// [`apply`] for a resource without special paths.
pub(super) fn apply_rules<T: Serialize + DeserializeOwned>(
    resource: &T,
    family: Family,
    rules: &[Rule],
    operations: &[PatchOperation],
) -> Result<T, ApiError> {
    apply(resource, family, rules, operations, |_, _, _| Ok(()))
}

fn to_value<T: Serialize>(resource: &T) -> Result<Value, ApiError> {
    serde_json::to_value(resource).map_err(|error| ApiError::bad_request(error.to_string()))
}

fn from_value<T: DeserializeOwned>(value: Value) -> Result<T, ApiError> {
    serde_json::from_value(value)
        .map_err(|error| ApiError::bad_request(format!("Invalid patch value: {error}")))
}

fn find<'r>(
    family: Family,
    rules: &'r [Rule],
    operation: &PatchOperation,
    segments: &[String],
) -> Result<&'r Rule, ApiError> {
    let op = &*operation.op;
    let path = operation.path.as_deref().unwrap_or("null");
    let of_path: Vec<&Rule> = rules.iter().filter(|rule| rule.fits(segments)).collect();
    if let Some(rule) = of_path.iter().find(|rule| rule.ops.contains(&op)) {
        return Ok(rule);
    }
    Err(ApiError::bad_request(match family {
        Family::Listed => {
            let legal: Vec<&str> =
                rules.iter().filter(|rule| rule.ops.contains(&op)).map(|rule| rule.shown).collect();
            let legal = match legal.as_slice() {
                [] => "Please choose supported operations".to_owned(),
                paths => format!("Must be one of: [{}]", paths.join(", ")),
            };
            // Two spaces: AWS's own.
            format!("Invalid patch path  '{path}' specified for op '{op}'. {legal}")
        }
        Family::Plain => match of_path.as_slice() {
            [] => format!("Invalid patch path {}", unescape(path)),
            of_path => {
                let ops: Vec<&str> =
                    of_path.iter().flat_map(|rule| rule.ops.iter().copied()).collect();
                format!("Invalid patch operation specified. Must be one of: [{}]", ops.join(", "))
            }
        },
    }))
}

fn set(
    root: &mut Value,
    rule: &Rule,
    operation: &PatchOperation,
    segments: &[String],
) -> Result<(), ApiError> {
    let is_item = matches!(rule.set, Set::ItemInPath);
    let (last, above) = match (segments, is_item) {
        ([above @ .., _], true) => match above {
            [above @ .., list] => (list, above),
            [] => return Ok(()),
        },
        ([above @ .., last], false) => (last, above),
        ([], _) => return Ok(()),
    };
    let removes = operation.op == "remove";
    let mut place = &mut *root;
    for segment in above {
        if place.get(segment).is_none_or(Value::is_null) {
            if let Some(text) = rule.absent.filter(|_| operation.op != "add") {
                return Err(ApiError::not_found(text));
            }
            if removes {
                return Ok(());
            }
        }
        let Some(member) = object(place) else { return Ok(()) };
        place = member.entry(segment.clone()).or_insert(Value::Null);
        if place.is_null() {
            *place = Value::Object(Map::new());
        }
    }
    let Some(members) = object(place) else { return Ok(()) };
    let is_absent = members.get(last).is_none_or(Value::is_null);
    if let Some(text) = rule.absent.filter(|_| is_absent && operation.op != "add") {
        return Err(ApiError::not_found(text));
    }
    match rule.set {
        Set::Items => edit_list(members, last, operation, operation.text(), operation.text()),
        Set::ItemInPath => {
            let element = segments.last().map_or("", |segment| segment);
            let becomes = if operation.op == "replace" { operation.text() } else { element };
            edit_list(members, last, operation, element, becomes);
        }
        _ if removes => {
            members.remove(last);
        }
        kind => {
            members.insert(last.clone(), value_of(kind, operation)?);
        }
    }
    drop_empty(root, above);
    Ok(())
}

/// A map that the last removal has emptied goes.
fn drop_empty(root: &mut Value, above: &[String]) {
    let [name] = above else { return };
    let is_empty = root.get(name).and_then(Value::as_object).is_some_and(Map::is_empty);
    if let (true, Some(members)) = (is_empty, root.as_object_mut()) {
        members.remove(name);
    }
}

fn object(value: &mut Value) -> Option<&mut Map<String, Value>> {
    value.as_object_mut()
}

fn edit_list(
    members: &mut Map<String, Value>,
    name: &str,
    operation: &PatchOperation,
    element: &str,
    becomes: &str,
) {
    let mut items = match members.remove(name) {
        Some(Value::Array(items)) => items,
        _ => Vec::new(),
    };
    let is_element = |item: &Value| item.as_str() == Some(element);
    match &*operation.op {
        "remove" => items.retain(|item| !is_element(item)),
        "replace" if items.iter().any(is_element) => {
            items
                .iter_mut()
                .filter(|item| is_element(item))
                .for_each(|item| *item = becomes.into());
        }
        _ if items.iter().any(|item| item.as_str() == Some(becomes)) => {}
        _ => items.push(becomes.into()),
    }
    members.insert(name.to_owned(), Value::Array(items));
}

fn value_of(kind: Set, operation: &PatchOperation) -> Result<Value, ApiError> {
    let text = operation.text();
    let invalid = || {
        let path = operation.path.as_deref().unwrap_or_default();
        ApiError::bad_request(format!(
            "Invalid value '{text}' specified for path '{path}'. Must be a number"
        ))
    };
    Ok(match kind {
        Set::Text if text.is_empty() => Value::Null,
        Set::Flag => flag(text).into(),
        Set::Integer => text.parse::<i32>().map_err(|_| invalid())?.into(),
        Set::Double => {
            let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
            number.ok_or_else(invalid)?.into()
        }
        Set::Text | Set::Verbatim | Set::Items | Set::ItemInPath | Set::Special => text.into(),
    })
}
