//! Schemas to models.

use super::cursor::Cursor;
use super::{Importer, Version};
use crate::ids::derived_id;
use crate::node::{Kind, Node};
use gateway_model::{Json, Model, ModelId, Spanned};

/// What begins the name of a model that is made of a schema without one.
const GENERATED: &str = "MODEL";

/// How long the rest of such a name is.
const GENERATED_CHARS: usize = 8;

impl<'n> Importer<'_, 'n> {
    fn schemas(&self) -> Option<Cursor<'n>> {
        match self.version {
            Version::V2 => self.root.member("definitions"),
            Version::V3 => self.root.member("components")?.member("schemas"),
        }
    }

    pub(super) fn read_models(&mut self, _: &Cursor<'n>) {
        let Some(schemas) = self.schemas() else { return };
        let names = schemas.node.members().iter().map(|(key, _)| key.text.as_str());
        self.schema_names = names.collect();
        for (key, schema) in schemas.members() {
            let name = &key.text;
            if !is_model_name(name) {
                schema.warning(format!(
                    "Model name must be alphanumeric: {name}; this schema is left out"
                ));
                continue;
            }
            if schema.node.as_map().is_none() {
                schema.wrong_type("an object");
                continue;
            }
            let description = schema.member("description").and_then(|d| d.node.scalar_text());
            let model = self.model(name, &schema, description);
            self.api.models.insert(name.clone(), model);
        }
    }

    fn model(&self, name: &str, schema: &Cursor<'n>, description: Option<String>) -> Model {
        Model {
            id: ModelId::new(&self.settings.part_id(&format!("model {name}"))),
            name: name.to_owned(),
            content_type: "application/json".to_owned(),
            description,
            schema: Some(Spanned::new(self.schema(schema.node, schema), schema.place().clone())),
            place: schema.place().clone(),
        }
    }

    /// The name of the model that a schema refers to, or of one that is made of it.
    pub(super) fn model_of(&mut self, schema: &Cursor<'n>) -> Option<String> {
        if let Some(reference) = schema.member("$ref") {
            let text = reference.as_text()?;
            let name = model_name(&text.value);
            if let Some(name) = name.filter(|name| self.api.models.contains_key(*name)) {
                return Some(name.to_owned());
            }
            if !text.value.starts_with('#') && name.is_none() {
                schema.resolved(); // says why it is not followed
                return None;
            }
            let name = name.unwrap_or(&text.value);
            reference.warning(format!("Reference to model '{name}' not found. Ignoring."));
            return None;
        }
        if schema.node.as_map().is_none() {
            schema.wrong_type("an object");
            return None;
        }
        if schema.node.members().is_empty() {
            return None;
        }
        let text = self.schema(schema.node, schema).to_string();
        if let Some(model) = self.generated.get(&text) {
            return Some(model.name.clone());
        }
        let (stack, api) = (self.settings.stack, self.settings.logical_id);
        let name = format!("{GENERATED}{}", derived_id(stack, api, &text, GENERATED_CHARS));
        let model = self.model(&name, schema, None);
        self.generated.insert(text, model.clone());
        self.api.models.insert(name.clone(), model);
        Some(name)
    }

    /// A schema with its references in the form that models have.
    fn schema(&self, node: &Node, at: &Cursor<'n>) -> Json {
        match &node.kind {
            Kind::Map(members) => Json::Object(
                members
                    .iter()
                    .map(|(key, value)| {
                        let json = match value.as_str() {
                            Some(text) if key.text == "$ref" => {
                                Json::String(self.reference(text, at))
                            }
                            _ => self.schema(value, at),
                        };
                        (key.text.clone(), json)
                    })
                    .collect(),
            ),
            Kind::Seq(items) => {
                Json::Array(items.iter().map(|item| self.schema(item, at)).collect())
            }
            _ => node.to_json(),
        }
    }

    /// Source: PutModel, "https://apigateway.amazonaws.com/restapis/{api}/models/{model}".
    fn reference(&self, text: &str, at: &Cursor<'n>) -> String {
        let Some(name) = model_name(text) else {
            if text.starts_with("#/") {
                at.warning(format!(
                    "the reference \"{text}\" is to no model; API Gateway cannot follow it"
                ));
            } else if !text.starts_with('#') && !text.starts_with(super::export::MODELS_URL) {
                at.error(format!("the reference \"{text}\" leads out of this document"));
            }
            return text.to_owned();
        };
        let is_known = self.schema_names.contains(name);
        if !is_known && !self.api.models.contains_key(name) {
            at.warning(format!("Reference to model '{name}' not found. Ignoring."));
        }
        format!("{}{}/models/{name}", super::export::MODELS_URL, self.api.id)
    }
}

/// The model that a reference names.
fn model_name(reference: &str) -> Option<&str> {
    let name = reference
        .strip_prefix("#/definitions/")
        .or_else(|| reference.strip_prefix("#/components/schemas/"))?;
    is_model_name(name).then_some(name)
}

/// Source: CreateModel, "Model name must be alphanumeric".
fn is_model_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric())
}
