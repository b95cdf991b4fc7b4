//! Paths to the tree of resources, and their operations.

use super::Importer;
use super::cursor::Cursor;
use crate::limits::PATH_PARTS_MAX;
use gateway_model::{HttpMethod, PathPart, Place, ResourceId};

/// Members of a path that are operations.
const VERBS: [(&str, HttpMethod); 8] = [
    ("get", HttpMethod::Get),
    ("put", HttpMethod::Put),
    ("post", HttpMethod::Post),
    ("delete", HttpMethod::Delete),
    ("options", HttpMethod::Options),
    ("head", HttpMethod::Head),
    ("patch", HttpMethod::Patch),
    ("x-amazon-apigateway-any-method", HttpMethod::Any),
];

const MEMBERS: [&str; 14] = [
    "get",
    "put",
    "post",
    "delete",
    "options",
    "head",
    "patch",
    "x-amazon-apigateway-any-method",
    "trace",
    "parameters",
    "summary",
    "description",
    "servers",
    "$ref",
];

impl<'n> Importer<'_, 'n> {
    pub(super) fn read_paths(&mut self, root: &Cursor<'n>) {
        let Some(paths) = root.member("paths") else {
            return root.error("Invalid OpenAPI input: \"paths\" is missing");
        };
        let prefix = self.path_prefix();
        for (key, item) in paths.members() {
            if key.text.starts_with("x-") {
                continue;
            }
            if matches!(key.text.as_str(), "$default" | "/$default") {
                item.warning("the route $default is for HTTP APIs and not served yet");
                continue;
            }
            if !key.text.starts_with('/') {
                item.error(format!("the path \"{}\" does not begin with /", key.text));
                continue;
            }
            let Some(resource) = self.resource(&format!("{prefix}{}", key.text), &key.place, &item)
            else {
                continue;
            };
            let Some(resolved) = item.resolved() else { continue };
            self.path_item(&resource, &resolved);
        }
    }

    fn path_item(&mut self, resource: &ResourceId, item: &Cursor<'n>) {
        if item.node.as_map().is_none() {
            return item.wrong_type("an object");
        }
        item.expect_members(&MEMBERS);
        if let Some(trace) = item.member("trace") {
            trace.warning("REST APIs have no method TRACE; this operation is left out");
        }
        for (name, verb) in VERBS {
            let Some(operation) = item.member(name) else { continue };
            if operation.node.as_map().is_none() {
                operation.wrong_type("an object");
                continue;
            }
            let method = self.method(verb, resource, item, &operation);
            let Some(node) = self.api.resources.get_mut(resource) else { continue };
            if node.methods.contains_key(&verb) {
                let text = format!("Method already exists for this resource: {verb} {}", node.path);
                operation.error(text);
                continue;
            }
            node.methods.insert(verb, method);
        }
    }

    /// The resource of a whole path, made with those above it.
    fn resource(&mut self, path: &str, place: &Place, item: &Cursor<'n>) -> Option<ResourceId> {
        let mut at = self.api.root.clone();
        let trimmed = path.trim_matches('/');
        if trimmed.split('/').count() > PATH_PARTS_MAX {
            item.error(format!("a path has more than {PATH_PARTS_MAX} parts"));
            return None;
        }
        if path.len() > 1 && (path.ends_with('/') || path.contains("//")) {
            item.warning(format!("resources have no empty path parts: {path} becomes /{trimmed}"));
        }
        for segment in trimmed.split('/').filter(|segment| !segment.is_empty()) {
            let part = match PathPart::parse(segment) {
                Ok(part) => part,
                Err(error) => {
                    item.error(format!("Unable to create resource at path '{path}': {error}"));
                    return None;
                }
            };
            at = match self.child(&at, part, place) {
                Ok(child) => child,
                Err(text) => {
                    item.error(format!("Unable to create resource at path '{path}': {text}"));
                    return None;
                }
            };
        }
        Some(at)
    }

    fn child(
        &mut self,
        parent: &ResourceId,
        part: PathPart,
        place: &Place,
    ) -> Result<ResourceId, String> {
        let above = self.api.resources.get(parent);
        let path = above.map(|above| format!("{}/{part}", above.path.trim_end_matches('/')));
        let path = path.unwrap_or_default();
        let siblings = self.siblings.entry(parent.clone()).or_default();
        if let Some(child) = siblings.known(&part) {
            return Ok(child);
        }
        if let Some(greedy @ PathPart::Greedy(_)) = above.map(|above| &above.path_part) {
            return Err(format!(
                "Cannot create a child of a resource with a greedy path variable: {greedy}"
            ));
        }
        let mut id = ResourceId::new(&self.settings.part_id(&format!("resource {path}")));
        // Of ten thousand resources two have one id in one of forty documents.
        let mut again = 0;
        while self.api.resources.contains_key(&id) {
            again += 1;
            id = ResourceId::new(&self.settings.part_id(&format!("resource {path} {again}")));
        }
        siblings.admit(&part, &id)?;
        if self.api.add_resource(id.clone(), parent, part, place.clone()).is_none() {
            return Err("two resources would have one id".to_owned());
        }
        Ok(id)
    }
}
