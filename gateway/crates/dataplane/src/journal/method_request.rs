//! The lines of the method request: what the client asks for.

use gateway_compile::MethodPlan;
use gateway_proto::{Field, FieldName};

use super::{masked, text};
use crate::request::Exchange;
use crate::values::decode_query;

impl Exchange {
    /// The start of an execution. `path` is that of the resource, as it was asked for.
    pub(crate) fn note_method_request(&mut self, method: &MethodPlan, path: &str) {
        if self.journal.is_none() {
            return;
        }
        let id = lossy(&self.facts.request_id);
        self.note(|| format!("Starting execution for request: {id}"));
        let verb = self.facts.method.as_str();
        self.note(|| format!("HTTP Method: {verb}, Resource Path: {path}"));
        self.note_key();
        self.note_method_data(method);
    }

    /// The key that came with a request; one that is tried has none.
    fn note_key(&mut self) {
        let (Some(key), Some(serving)) = (self.facts.api_key, &self.serving) else { return };
        let keys = &serving.snapshot.usage.keys;
        let id = keys.id(key).to_owned();
        let source = self.stage.as_ref().map(|stage| stage.plan.api_key_source);
        let value = source.and_then(|source| self.api_key(source)).map(lossy);
        self.note(|| format!("API Key: {}", masked(&value.unwrap_or_default())));
        self.note(|| format!("API Key ID: {id}"));
    }

    fn note_method_data(&mut self, method: &MethodPlan) {
        let Some(journal) = self.journal.as_deref().filter(|journal| journal.has_data()) else {
            return;
        };
        let body = text(self.body_prefix(), journal.body_bytes_max());
        let params = method.path_params.iter().enumerate().map(|(index, name)| {
            let value = self.params.value(self.text(self.head.target.path), index as u8);
            let mut decoded = Vec::new();
            // A plus is one in a path.
            let value = lossy(value.unwrap_or_default()).replace('+', "%2B");
            decode_query(value.as_bytes(), &mut decoded);
            (name.to_string(), lossy(&decoded))
        });
        // A path without parameters has no values, and none are shown.
        let params: Vec<_> = params.filter(|(_, value)| !value.is_empty()).collect();
        let fields: Vec<_> = self
            .visible_fields()
            .map(|field| (lossy(self.text(field.name)), shown(self, field)))
            .collect();
        let query = query(self.text(self.head.target.query));
        for text in [
            format!("Method request path: {}", map(&params)),
            format!("Method request query string: {}", map(&query)),
            format!("Method request headers: {}", map(&fields)),
            format!("Method request body before transformations: {body}"),
        ] {
            self.note_data(|| text);
        }
    }
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn shown(x: &Exchange, field: &Field) -> String {
    let value = lossy(x.text(field.value));
    match field.known {
        FieldName::Authorization | FieldName::XApiKey => masked(&value),
        _ => value,
    }
}

/// Each name once, with its last value.
fn query(query: &[u8]) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for pair in query.split(|byte| matches!(byte, b'&' | b';')).filter(|pair| !pair.is_empty()) {
        let at = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
        let (mut name, mut value) = (Vec::new(), Vec::new());
        decode_query(&pair[..at], &mut name);
        decode_query(pair.get(at + 1..).unwrap_or_default(), &mut value);
        let (name, value) = (lossy(&name), lossy(&value));
        match found.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = value,
            None => found.push((name, value)),
        }
    }
    found
}

fn map(entries: &[(String, String)]) -> String {
    let entries: Vec<String> =
        entries.iter().map(|(name, value)| format!("{name}={value}")).collect();
    format!("{{{}}}", entries.join(", "))
}
