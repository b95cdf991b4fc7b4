//! A request as the command line describes it.

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::str::FromStr;

use gateway_vtl::Request;
use serde_json::{Map, Value};

use super::Unreadable;

type Pairs = Vec<(String, String)>;

/// All that a template may ask, by place.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fixture {
    pub(crate) body: String,
    path: Pairs,
    query: Pairs,
    headers: Pairs,
    stage_variables: Pairs,
    context: Pairs,
    authorizer: Option<Pairs>,
}

/// One value and where it goes, as `path.id=1`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Assignment {
    place: Place,
    name: String,
    value: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Path,
    Query,
    Header,
    Context,
    StageVariables,
    Authorizer,
}

impl Place {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "path" => Self::Path,
            "querystring" | "query" => Self::Query,
            "header" => Self::Header,
            "context" => Self::Context,
            "stageVariables" => Self::StageVariables,
            "authorizer" => Self::Authorizer,
            _ => return None,
        })
    }
}

impl FromStr for Assignment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || {
            "expected PLACE.NAME=VALUE, such as path.id=1; places are path, querystring, header, context, \
             stageVariables and authorizer"
                .to_owned()
        };
        let (target, value) = text.split_once('=').ok_or_else(expected)?;
        let (place, name) = target.split_once('.').ok_or_else(expected)?;
        let place = Place::named(place).filter(|_| !name.is_empty()).ok_or_else(expected)?;
        Ok(Self { place, name: name.to_owned(), value: value.to_owned() })
    }
}

impl Fixture {
    /// Sets one value; it replaces those of the same name.
    pub(crate) fn assign(&mut self, assignment: &Assignment) {
        let pairs = self.at(assignment.place);
        pairs.retain(|(name, _)| *name != assignment.name);
        pairs.push((assignment.name.clone(), assignment.value.clone()));
    }

    fn at(&mut self, place: Place) -> &mut Pairs {
        match place {
            Place::Path => &mut self.path,
            Place::Query => &mut self.query,
            Place::Header => &mut self.headers,
            Place::Context => &mut self.context,
            Place::StageVariables => &mut self.stage_variables,
            Place::Authorizer => self.authorizer.get_or_insert_default(),
        }
    }
}

/// Reads a context file.
pub(super) fn parse(file: &str, text: &str) -> Result<Fixture, Unreadable> {
    let document: Value = serde_json::from_str(text).map_err(|error| {
        // serde_json ends its message with the place, which is in front here.
        let message = error.to_string();
        let message = message.split(" at line ").next().unwrap_or_default();
        Unreadable(format!("{file}:{}:{}: error: {message}", error.line(), error.column()))
    })?;
    fixture(document).map_err(|problem| Unreadable(format!("{file}: error: {problem}")))
}

fn fixture(document: Value) -> Result<Fixture, String> {
    let mut fixture = Fixture::default();
    for (key, value) in object("the document", document)? {
        match key.as_str() {
            "body" => {
                fixture.body = match value {
                    Value::String(text) => text,
                    Value::Null => String::new(),
                    json => json.to_string(),
                }
            }
            "params" => {
                for (place, values) in object("`params`", value)? {
                    let pairs = match place.as_str() {
                        "path" => &mut fixture.path,
                        "querystring" => &mut fixture.query,
                        "header" => &mut fixture.headers,
                        _ => {
                            return Err(format!(
                                "`params` has `path`, `querystring` and `header`, and no `{place}`"
                            ));
                        }
                    };
                    flatten("", &place, values, pairs)?;
                }
            }
            "context" => flatten("", "context", value, &mut fixture.context)?,
            "stageVariables" => flatten("", &key, value, &mut fixture.stage_variables)?,
            "authorizer" => {
                flatten("", &key, value, fixture.authorizer.get_or_insert_default())?;
            }
            _ => {
                return Err(format!(
                    "`{key}` is none of body, params, context, stageVariables and authorizer"
                ));
            }
        }
    }
    // `$context.authorizer` may be said where it is seen.
    let said = fixture.context.extract_if(.., |(name, _)| name.starts_with("authorizer."));
    let said: Pairs = said.collect();
    for (name, value) in said {
        let name = name.trim_start_matches("authorizer.").to_owned();
        fixture.authorizer.get_or_insert_default().push((name, value));
    }
    Ok(fixture)
}

fn object(what: &str, value: Value) -> Result<Map<String, Value>, String> {
    match value {
        Value::Object(map) => Ok(map),
        _ => Err(format!("{what} must be an object")),
    }
}

/// Names in objects are joined with dots; a list gives its name several values.
fn flatten(prefix: &str, what: &str, value: Value, pairs: &mut Pairs) -> Result<(), String> {
    for (key, value) in object(&format!("`{what}`"), value)? {
        let name = format!("{prefix}{key}");
        match value {
            Value::Object(_) => flatten(&format!("{name}."), &name, value, pairs)?,
            Value::Array(items) => {
                for item in items {
                    pairs.push((name.clone(), text(item)));
                }
            }
            Value::Null => {}
            other => pairs.push((name, text(other))),
        }
    }
    Ok(())
}

fn text(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

fn each_of(pairs: &Pairs, each: &mut dyn FnMut(&str, &str)) {
    pairs.iter().for_each(|(name, value)| each(name, value));
}

impl Request for Fixture {
    fn body(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.body)
    }

    fn path_parameters(&self, each: &mut dyn FnMut(&str, &str)) {
        each_of(&self.path, each);
    }

    fn query_parameters(&self, each: &mut dyn FnMut(&str, &str)) {
        each_of(&self.query, each);
    }

    fn headers(&self, each: &mut dyn FnMut(&str, &str)) {
        each_of(&self.headers, each);
    }

    fn stage_variables(&self, each: &mut dyn FnMut(&str, &str)) {
        each_of(&self.stage_variables, each);
    }

    fn context(&self, path: &str) -> Option<Cow<'_, str>> {
        let found = self.context.iter().find(|(name, _)| name == path);
        found.map(|(_, value)| Cow::Borrowed(value.as_str()))
    }

    fn authorizer(&self, each: &mut dyn FnMut(&str, &str)) -> bool {
        self.authorizer.iter().for_each(|said| each_of(said, each));
        self.authorizer.is_some()
    }
}
