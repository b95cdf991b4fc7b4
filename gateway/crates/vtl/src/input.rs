//! `$input`: the body, and the request's parameters.

#[cfg(test)]
mod tests;

use crate::jsonpath::Path;
use crate::world::World;
use crate::{Map, Reason, RenderError, Request, Value, json as writer};

/// `$input.method(arguments)`.
pub(crate) fn call(
    world: &mut World<'_>,
    method: &str,
    arguments: &[Value],
) -> Result<Option<Value>, RenderError> {
    Ok(match (method, arguments) {
        ("body" | "getBody", []) => Some(Value::String(world.body())),
        ("path", [Value::String(text)]) => Some(path(world, &parse(text)?)?),
        ("json", [Value::String(text)]) => Some(json(world, &parse(text)?)?),
        ("params", []) => Some(Value::Map(world.parameters())),
        ("params", [Value::String(name)]) => Some(parameter(world, name)),
        _ => None,
    })
}

fn parse(text: &str) -> Result<Path, RenderError> {
    Path::parse(text).map_err(|error| RenderError::thrown(error.to_string()))
}

/// `$input.path(path)`: the live value; null where there is none.
pub(crate) fn path(world: &mut World<'_>, path: &Path) -> Result<Value, RenderError> {
    let document = world.document()?;
    let found = path.evaluate(&document, &mut world.work);
    Ok(found.map_err(thrown)?.unwrap_or(Value::Null))
}

/// `$input.json(path)`: the value as JSON, and `""` where there is none.
pub(crate) fn json(world: &mut World<'_>, json: &Path) -> Result<Value, RenderError> {
    let value = path(world, json)?;
    if matches!(value, Value::Null) {
        return Ok(Value::from("\"\""));
    }
    let mut text = String::new();
    writer::write(&value, writer::Style::Plain, &mut text)
        .map_err(|_| RenderError::spent(Reason::Depth))?;
    world.charge(text.len());
    Ok(text.into())
}

fn thrown(error: crate::jsonpath::EvaluationError) -> RenderError {
    RenderError::thrown(error.to_string())
}

/// `$input.params(name)`: of the path, else of the query, else of the headers; empty where it is in none.
fn parameter(world: &mut World<'_>, name: &str) -> Value {
    let parameters = world.parameters();
    let found = parameters.values().into_iter().find_map(|place| match place {
        Value::Map(place) => place.get(name),
        _ => None,
    });
    found.unwrap_or_else(|| Value::from(""))
}

/// `$input.params()`. Header fields come in the order of their names ignoring case, and are found so; the others as they came.
pub(crate) fn parameters(request: &dyn Request) -> Map {
    let path = Map::default();
    request.path_parameters(&mut |name, value| drop(path.insert(name, value.into())));
    let query = Map::default();
    request.query_parameters(&mut |name, value| drop(query.insert(name, value.into())));
    let mut fields: Vec<(String, String)> = Vec::new();
    request.headers(&mut |name, value| fields.push((name.to_owned(), value.to_owned())));
    fields.sort_by_cached_key(|(name, _)| name.to_ascii_lowercase());
    let header = Map::with_capacity(fields.len()).ignoring_case();
    for (name, value) in fields {
        header.insert(name, value.into());
    }
    let all = Map::with_capacity(3);
    all.insert("path", Value::Map(path));
    all.insert("querystring", Value::Map(query));
    all.insert("header", Value::Map(header));
    all
}
