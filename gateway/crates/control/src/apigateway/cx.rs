//! What an operation works with.

use super::patch::PatchOperation;
use super::state::State;
use super::{Deploy, documents};
use crate::{Answer, ApiError, Call, Change};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// One call on its way through its operation.
pub(super) struct Cx<'a> {
    pub(super) state: &'a mut State,
    pub(super) call: &'a Call,
    pub(super) body: Map<String, Value>,
    pub(super) writes: Writes,
    /// An answer that is no JSON document.
    pub(super) raw: Option<Answer>,
    labels: Vec<(&'static str, String)>,
}

/// What the call writes to the store, and whether something that is served has changed.
#[derive(Debug, Default)]
pub(super) struct Writes {
    changes: Vec<Change>,
    deploy: Option<Deploy>,
}

impl Writes {
    /// Creates or replaces a document.
    pub(super) fn put(&mut self, key: String, document: &impl Serialize) {
        self.changes.push(Change::Put { key, document: documents::to_bytes(document) });
    }

    pub(super) fn remove(&mut self, key: String) {
        self.changes.push(Change::Remove { key });
    }

    pub(super) fn remove_all(&mut self, prefix: String) {
        self.changes.push(Change::RemoveAll { prefix });
    }

    /// Something that is served has changed.
    pub(super) fn publish(&mut self) {
        self.deploy = Some(Deploy::Publish);
    }

    pub(super) fn deploy(&mut self, deploy: Deploy) {
        self.deploy = Some(deploy);
    }
}

impl<'a> Cx<'a> {
    pub(super) fn new(
        state: &'a mut State,
        call: &'a Call,
        labels: Vec<(&'static str, String)>,
        body: Map<String, Value>,
    ) -> Self {
        Self { state, call, body, writes: Writes::default(), raw: None, labels }
    }

    pub(super) fn finish(self) -> (Vec<Change>, Option<Deploy>) {
        (self.writes.changes, self.writes.deploy)
    }

    /// What the path has at a label of the operation's pattern.
    pub(super) fn label(&self, name: &str) -> String {
        let found = self.labels.iter().find(|(label, _)| *label == name);
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    }

    /// The body as the operation's input.
    pub(super) fn input<T: DeserializeOwned>(&mut self) -> Result<T, ApiError> {
        let body = std::mem::take(&mut self.body);
        serde_json::from_value(Value::Object(body))
            .map_err(|error| ApiError::new(400, "SerializationException", error.to_string()))
    }

    /// The patch operations of the body.
    pub(super) fn patch(&mut self) -> Result<Vec<PatchOperation>, ApiError> {
        #[derive(Default, serde::Deserialize)]
        #[serde(rename_all = "camelCase", default)]
        struct Patch {
            patch_operations: Vec<PatchOperation>,
        }
        Ok(self.input::<Patch>()?.patch_operations)
    }

    /// The time of the call, in seconds since 1970.
    pub(super) fn now(&self) -> u64 {
        self.call.unix_ms / 1000
    }
}
