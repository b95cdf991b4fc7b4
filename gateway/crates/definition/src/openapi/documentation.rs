//! Documentation parts: those of `x-amazon-apigateway-documentation`.

use super::Importer;
use super::cursor::Cursor;
use gateway_model::{
    DocumentationLocation, DocumentationPart, DocumentationPartId, DocumentationPartType,
    DocumentationVersion,
};

impl<'n> Importer<'_, 'n> {
    pub(super) fn read_documentation(&mut self, root: &Cursor<'n>) {
        let Some(at) = root.member("x-amazon-apigateway-documentation") else { return };
        if self.settings.ignores_documentation {
            return;
        }
        at.expect_members(&["version", "createdDate", "documentationParts", "description"]);
        for (index, part) in at.items_of("documentationParts").iter().enumerate() {
            self.documentation_part(index, part);
        }
        if let Some(version) = at.text("version") {
            self.api.documentation_versions.push(DocumentationVersion {
                version: version.value,
                description: at.plain_text("description"),
                place: version.place,
            });
        }
    }

    fn documentation_part(&mut self, index: usize, part: &Cursor<'n>) {
        part.expect_members(&["location", "properties"]);
        let Some(location) = part.member("location") else {
            return part.error("a documentation part without \"location\"");
        };
        location.expect_members(&["type", "path", "method", "statusCode", "name"]);
        let Some(properties) = part.member("properties") else {
            return part.error("a documentation part without \"properties\"");
        };
        let properties = match properties.node.as_str() {
            Some(text) => text.to_owned(),
            None => properties.node.to_json().to_string(),
        };
        let id = self.settings.part_id(&format!("documentation {index}"));
        self.api.documentation_parts.push(DocumentationPart {
            id: DocumentationPartId::new(&id),
            location: DocumentationLocation {
                kind: location.word("type", DocumentationPartType::parse),
                path: location.plain_text("path"),
                method: location.plain_text("method"),
                status_code: location.plain_text("statusCode"),
                name: location.plain_text("name"),
            },
            properties,
            place: part.place().clone(),
        });
    }
}
