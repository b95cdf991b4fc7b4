//! Documentation parts: those of `x-amazon-apigateway-documentation`, or else what the document itself tells people.

use super::cursor::Cursor;
use super::{Importer, Version};
use gateway_model::{
    DocumentationLocation, DocumentationPart, DocumentationPartId, DocumentationPartType,
    DocumentationVersion, Json, Place, StatusCode,
};

/// What people are told, in a document that says it where it belongs. Source: API Gateway Developer Guide,
/// "Representation of API documentation in API Gateway".
const TOLD_OF_OPERATIONS: &[&str] = &["tags", "summary", "description", "deprecated"];
const TOLD: &[&str] = &["summary", "description"];
const TOLD_OF_MODELS: &[&str] = &["title", "description"];

const VERBS: [&str; 7] = ["get", "put", "post", "delete", "options", "head", "patch"];
const ANY: &str = "x-amazon-apigateway-any-method";

impl<'n> Importer<'_, 'n> {
    pub(super) fn read_documentation(&mut self, root: &Cursor<'n>) {
        if self.settings.ignores_documentation {
            return;
        }
        let Some(at) = root.member("x-amazon-apigateway-documentation") else {
            if self.settings.derives_documentation {
                self.derive_documentation(root);
            }
            return;
        };
        let (parts, version) = read(&at, &|role| self.settings.part_id(role));
        self.api.documentation_parts.extend(parts);
        self.api.documentation_versions.extend(version);
    }

    /// What standard fields tell.
    fn derive_documentation(&mut self, root: &Cursor<'n>) {
        let api = root.member("info").map(|info| told(&info, TOLD)).unwrap_or_default();
        if !api.is_empty() {
            let info = vec![("info".to_owned(), Json::Object(api))];
            self.told(DocumentationPartType::Api, Where::default(), info, root.place());
        }
        let prefix = self.path_prefix();
        for (key, item) in root.members_of("paths") {
            if !key.text.starts_with('/') {
                continue;
            }
            let Some(item) = item.resolved() else { continue };
            let path = format!("{prefix}{}", key.text);
            let at = Where { path: Some(&path), ..Where::default() };
            self.told(DocumentationPartType::Resource, at, told(&item, TOLD), item.place());
            for verb in VERBS.iter().chain(&[ANY]) {
                let Some(operation) = item.member(verb) else { continue };
                let verb = if *verb == ANY { "ANY".to_owned() } else { verb.to_ascii_uppercase() };
                self.derive_operation(&path, &verb, &operation);
            }
        }
        let schemas = match self.version {
            Version::V2 => root.member("definitions"),
            Version::V3 => root.member("components").and_then(|all| all.member("schemas")),
        };
        for (key, schema) in schemas.map(|all| all.members()).unwrap_or_default() {
            if self.api.models.contains_key(&key.text) {
                let at = Where { name: Some(&key.text), ..Where::default() };
                let told = told(&schema, TOLD_OF_MODELS);
                self.told(DocumentationPartType::Model, at, told, schema.place());
            }
        }
    }

    fn derive_operation(&mut self, path: &str, verb: &str, operation: &Cursor<'n>) {
        use DocumentationPartType as Type;
        let at = Where { path: Some(path), method: Some(verb), ..Where::default() };
        self.told(Type::Method, at, told(operation, TOLD_OF_OPERATIONS), operation.place());
        for parameter in operation.items_of("parameters") {
            let Some(parameter) = parameter.resolved() else { continue };
            let text = |name: &str| parameter.member(name).and_then(|m| m.node.scalar_text());
            let (Some(place), name) = (text("in"), text("name")) else { continue };
            let kind = match place.as_str() {
                "query" => Type::QueryParameter,
                "header" => Type::RequestHeader,
                "path" => Type::PathParameter,
                "body" => Type::RequestBody,
                _ => continue,
            };
            let name = name.filter(|_| kind != Type::RequestBody);
            let at = Where { name: name.as_deref(), ..at };
            self.told(kind, at, told(&parameter, TOLD), parameter.place());
        }
        if let Some(body) = operation.member("requestBody").and_then(|b| b.resolved()) {
            self.told(Type::RequestBody, at, told(&body, TOLD), body.place());
        }
        for (key, response) in operation.members_of("responses") {
            let Some(response) = response.resolved() else { continue };
            if StatusCode::parse(&key.text).is_err() {
                continue;
            }
            let at = Where { status_code: Some(&key.text), ..at };
            self.told(Type::Response, at, told(&response, TOLD), response.place());
            for (header, written) in response.members_of("headers") {
                let at = Where { name: Some(&header.text), ..at };
                self.told(Type::ResponseHeader, at, told(&written, TOLD), written.place());
            }
        }
    }

    fn told(
        &mut self,
        kind: DocumentationPartType,
        at: Where<'_>,
        properties: Vec<(String, Json)>,
        place: &Place,
    ) {
        if properties.is_empty() {
            return;
        }
        let own = |text: Option<&str>| text.map(str::to_owned);
        let role = format!("documentation {}", self.api.documentation_parts.len());
        self.api.documentation_parts.push(DocumentationPart {
            id: DocumentationPartId::new(&self.settings.part_id(&role)),
            location: DocumentationLocation {
                kind: Some(kind),
                path: own(at.path),
                method: own(at.method),
                status_code: own(at.status_code),
                name: own(at.name),
            },
            properties: Json::Object(properties).to_string(),
            place: place.clone(),
        });
    }
}

/// What a part is about.
#[derive(Clone, Copy, Default)]
struct Where<'w> {
    path: Option<&'w str>,
    method: Option<&'w str>,
    status_code: Option<&'w str>,
    name: Option<&'w str>,
}

/// The members among `names` that are there.
fn told(at: &Cursor<'_>, names: &[&str]) -> Vec<(String, Json)> {
    let found = names.iter().filter_map(|name| Some((*name, at.member(name)?)));
    found.map(|(name, member)| (name.to_owned(), member.node.to_json())).collect()
}

/// The parts that an extension lists, and the version that they are.
pub(super) fn read(
    at: &Cursor<'_>,
    id_of: &dyn Fn(&str) -> String,
) -> (Vec<DocumentationPart>, Option<DocumentationVersion>) {
    at.expect_members(&["version", "createdDate", "documentationParts", "description"]);
    let mut parts = Vec::new();
    for (index, written) in at.items_of("documentationParts").iter().enumerate() {
        let id = id_of(&format!("documentation {index}"));
        parts.extend(part(DocumentationPartId::new(&id), written));
    }
    let version = at.text("version").map(|version| DocumentationVersion {
        version: version.value,
        description: at.plain_text("description"),
        place: version.place,
    });
    (parts, version)
}

fn part(id: DocumentationPartId, part: &Cursor<'_>) -> Option<DocumentationPart> {
    part.expect_members(&["location", "properties"]);
    let Some(location) = part.member("location") else {
        part.error("a documentation part without \"location\"");
        return None;
    };
    location.expect_members(&["type", "path", "method", "statusCode", "name"]);
    let Some(properties) = part.member("properties") else {
        part.error("a documentation part without \"properties\"");
        return None;
    };
    let properties = match properties.node.as_str() {
        Some(text) => text.to_owned(),
        None => properties.node.to_json().to_string(),
    };
    Some(DocumentationPart {
        id,
        location: DocumentationLocation {
            kind: location.word("type", DocumentationPartType::parse),
            path: location.plain_text("path"),
            method: location.plain_text("method"),
            status_code: location.plain_text("statusCode"),
            name: location.plain_text("name"),
        },
        properties,
        place: part.place().clone(),
    })
}
