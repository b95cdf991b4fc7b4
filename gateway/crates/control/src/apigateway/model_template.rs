//! GetModelTemplate: a mapping template that makes what a model describes, to start from.

use super::cx::Cx;
use super::limits::TEMPLATE_DEPTH_MAX;
use super::models::{self, flatten};
use crate::ApiError;
use serde_json::{Value, json};
use std::fmt::Write as _;

pub(super) fn get_model_template(cx: &mut Cx<'_>) -> Result<Value, ApiError> {
    let model = models::model(cx)?;
    let api = &cx.state.apis[&cx.label("restapi_id")];
    let mut schema = serde_json::from_str(&model.schema).unwrap_or(Value::Null);
    flatten(api, &mut schema, &mut vec![model.name.clone()]);
    let mut writer = Writer { out: "#set($inputRoot = $input.path('$'))\n".to_owned(), loops: 0 };
    writer.value(&schema, "$inputRoot", 0);
    Ok(json!({ "value": writer.out }))
}

struct Writer {
    out: String,
    loops: usize,
}

impl Writer {
    /// Writes a value as the schema wants it. `from` is what a loop goes over.
    fn value(&mut self, schema: &Value, from: &str, depth: usize) {
        let kind = schema.get("type").and_then(|kind| match kind {
            Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).find(|k| *k != "null"),
            kind => kind.as_str(),
        });
        let has_properties = schema.get("properties").is_some();
        match kind {
            _ if depth > TEMPLATE_DEPTH_MAX => self.out.push_str("{ }"),
            Some("array") => self.list(schema.get("items").unwrap_or(&Value::Null), from, depth),
            Some("integer") => self.out.push_str("42"),
            Some("number") => self.out.push_str("42.0"),
            Some("boolean") => self.out.push_str("true"),
            Some("string") => match schema.get("enum").and_then(|names| names.get(0)) {
                Some(Value::String(name)) => {
                    let _ = write!(self.out, "{}", Value::String(name.clone()));
                }
                _ => self.out.push_str("\"foo\""),
            },
            Some("null") => self.out.push_str("null"),
            _ if has_properties => self.object(schema, from, depth),
            _ => self.out.push_str("{ }"),
        }
    }

    fn object(&mut self, schema: &Value, from: &str, depth: usize) {
        let properties = schema.get("properties").and_then(Value::as_object);
        let properties: Vec<_> = properties.into_iter().flatten().collect();
        if properties.is_empty() {
            return self.out.push_str("{ }");
        }
        let indent = "  ".repeat(depth + 1);
        self.out.push_str("{\n");
        let last = properties.len() - 1;
        for (index, (name, property)) in properties.into_iter().enumerate() {
            let _ = write!(self.out, "{indent}{} : ", Value::String(name.clone()));
            self.value(property, &format!("{from}.{name}"), depth + 1);
            self.out.push_str(if index < last { ",\n" } else { "\n" });
        }
        let _ = write!(self.out, "{}}}", "  ".repeat(depth));
    }

    fn list(&mut self, items: &Value, from: &str, depth: usize) {
        self.loops += 1;
        let name = match self.loops {
            1 => "$elem".to_owned(),
            count => format!("$elem{count}"),
        };
        let indent = "  ".repeat(depth);
        let _ = writeln!(self.out, "[");
        let _ = writeln!(
            self.out,
            "##TODO: Update this foreach loop to reference array from input json"
        );
        let _ = writeln!(self.out, "#foreach({name} in {from})");
        let _ = write!(self.out, "{indent}  ");
        self.value(items, &name, depth + 1);
        let _ = write!(self.out, "\n#if($foreach.hasNext),#end\n#end\n{indent}]");
    }
}
