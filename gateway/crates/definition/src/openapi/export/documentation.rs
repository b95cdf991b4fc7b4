//! Documentation in the places that OpenAPI has for it: what an export without API Gateway's own extensions tells people.
//!
//! Parts are inherited along paths, and by any method or status where they name none; the more specific one wins, property
//! by property. Source: API Gateway Developer Guide, "Inheritance of documentation entities of content of the parent entity".
//! What tells of the body of a response has no place beside a reference to a model, and is left out.

use gateway_model::{
    DocumentationLocation, DocumentationPart, DocumentationPartType as Type, Json,
};

/// Members of `info` that the API itself has.
const OWN: [&str; 2] = ["title", "version"];

/// Puts `parts` into a document.
pub(super) fn merge(document: &mut Json, parts: &[DocumentationPart]) {
    let mut told: Vec<(&DocumentationLocation, Json)> = parts
        .iter()
        .filter_map(|part| Some((&part.location, crate::decode::json_of(&part.properties)?)))
        .collect();
    // What comes later wins: longer paths, then a status, then a method of its own.
    told.sort_by_key(|(at, _)| {
        let is_any = |field: &Option<String>| field.as_deref().is_none_or(|text| text == "*");
        (at.path.as_ref().map_or(1, String::len), !is_any(&at.status_code), !is_any(&at.method))
    });
    let told = Told(told);
    told.api(document);
    each(document, "paths", |path, item| {
        told.put(item, Type::Resource, |at| at.path.as_deref().unwrap_or("/") == path);
        for (verb, operation) in members(item) {
            if matches!(operation, Json::Object(_)) {
                let verb = match verb.as_str() {
                    "x-amazon-apigateway-any-method" => "ANY".to_owned(),
                    verb => verb.to_ascii_uppercase(),
                };
                told.operation(operation, path, &verb);
            }
        }
    });
    for holder in ["definitions", "securityDefinitions"] {
        told.named(document, holder);
    }
    for (name, components) in members(document) {
        if name == "components" {
            told.named(components, "schemas");
            told.named(components, "securitySchemes");
        }
    }
}

struct Told<'p>(Vec<(&'p DocumentationLocation, Json)>);

impl Told<'_> {
    /// Merges all parts of this kind that fit.
    fn put(&self, into: &mut Json, kind: Type, fits: impl Fn(&DocumentationLocation) -> bool) {
        for (at, properties) in &self.0 {
            if at.kind.unwrap_or(Type::Api) == kind && fits(at) {
                lay_over(into, properties);
            }
        }
    }

    fn api(&self, document: &mut Json) {
        let own: Vec<(String, Json)> = OWN
            .iter()
            .filter_map(|name| {
                Some(((*name).to_owned(), document.member("info")?.member(name)?.clone()))
            })
            .collect();
        self.put(document, Type::Api, |_| true);
        each_of(document, "info", |info| lay_over(info, &Json::Object(own.clone())));
    }

    /// Models and authorizers, by their names.
    fn named(&self, holder: &mut Json, member: &str) {
        let kind = match member {
            "definitions" | "schemas" => Type::Model,
            _ => Type::Authorizer,
        };
        each(holder, member, |name, value| {
            self.put(value, kind, |at| at.name.as_deref() == Some(name));
        });
    }

    fn operation(&self, operation: &mut Json, path: &str, verb: &str) {
        let fits = |at: &DocumentationLocation| covers(at, path, verb);
        self.put(operation, Type::Method, fits);
        each_of(operation, "parameters", |parameters| {
            let Json::Array(parameters) = parameters else { return };
            for parameter in parameters {
                let text = |name: &str| parameter.member(name).and_then(Json::as_str);
                let name = text("name").unwrap_or_default().to_owned();
                let (kind, is_body) = match text("in") {
                    Some("query") => (Type::QueryParameter, false),
                    Some("header") => (Type::RequestHeader, false),
                    Some("path") => (Type::PathParameter, false),
                    _ => (Type::RequestBody, true),
                };
                self.put(parameter, kind, |at| {
                    fits(at) && (is_body || at.name.as_deref() == Some(&name))
                });
            }
        });
        each_of(operation, "requestBody", |body| self.put(body, Type::RequestBody, fits));
        each(operation, "responses", |code, response| {
            let fits = |at: &DocumentationLocation| fits(at) && is_or_any(&at.status_code, code);
            self.put(response, Type::Response, fits);
            each(response, "headers", |name, header| {
                self.put(header, Type::ResponseHeader, |at| {
                    fits(at) && at.name.as_deref() == Some(name)
                });
            });
        });
    }
}

/// Whether a part is about a method, its own or an inherited one.
fn covers(at: &DocumentationLocation, path: &str, verb: &str) -> bool {
    let above = at.path.as_deref().unwrap_or("/").trim_end_matches('/');
    let is_above =
        path.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    is_above && is_or_any(&at.method, verb)
}

fn is_or_any(field: &Option<String>, value: &str) -> bool {
    field.as_deref().is_none_or(|field| field == "*" || field == value)
}

fn members(object: &mut Json) -> &mut [(String, Json)] {
    match object {
        Json::Object(members) => members,
        _ => &mut [],
    }
}

/// The members of an object that is a member.
fn each(object: &mut Json, member: &str, mut work: impl FnMut(&str, &mut Json)) {
    each_of(object, member, |found| {
        for (name, value) in members(found) {
            work(name, value);
        }
    });
}

/// A member, if it is there.
fn each_of(object: &mut Json, member: &str, mut work: impl FnMut(&mut Json)) {
    for (_, value) in members(object).iter_mut().filter(|(name, _)| name == member) {
        work(value);
    }
}

/// Objects member by member, everything else whole.
fn lay_over(into: &mut Json, from: &Json) {
    let (Json::Object(into), Json::Object(from)) = (into, from) else { return };
    for (name, value) in from {
        match into.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) if matches!((&*known, value), (Json::Object(_), Json::Object(_))) => {
                lay_over(known, value);
            }
            Some((_, known)) => *known = value.clone(),
            None => into.push((name.clone(), value.clone())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gateway_model::{DocumentationPartId, Place};

    fn part(kind: Type, path: Option<&str>, method: Option<&str>, text: &str) -> DocumentationPart {
        let own = |text: Option<&str>| text.map(str::to_owned);
        DocumentationPart {
            id: DocumentationPartId::new("p"),
            location: DocumentationLocation {
                kind: Some(kind),
                path: own(path),
                method: own(method),
                status_code: None,
                name: None,
            },
            properties: text.to_owned(),
            place: Place::nowhere(),
        }
    }

    #[test]
    fn the_more_specific_part_wins_property_by_property() {
        let mut document = crate::decode::json_of(
            r#"{"info":{"title":"t","version":"1"},"paths":{"/a":{"get":{"responses":{"200":{"description":"x"}}},"put":{}},"/ab":{"get":{}}}}"#,
        )
        .unwrap();
        merge(
            &mut document,
            &[
                part(Type::Method, Some("/a"), Some("GET"), r#"{"summary":"a get"}"#),
                part(Type::Method, Some("/"), None, r#"{"summary":"any","description":"all"}"#),
                part(Type::Api, None, None, r#"{"info":{"version":"9","description":"api"}}"#),
                part(Type::Response, Some("/a"), None, r#"{"description":"fine"}"#),
            ],
        );
        assert_eq!(
            document.to_string(),
            r#"{"info":{"title":"t","version":"1","description":"api"},"paths":{"/a":{"get":{"responses":{"200":{"description":"fine"}},"summary":"a get","description":"all"},"put":{"summary":"any","description":"all"}},"/ab":{"get":{"summary":"any","description":"all"}}}}"#
        );
    }
}
