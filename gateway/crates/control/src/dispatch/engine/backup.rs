//! All documents as text, for `gateway backup`.

use super::{Answered, Engine, Operations};
use crate::{Answer, ApiError, Objects, Publish, backup};

impl<S: Operations, O: Objects + 'static, P: Publish> Engine<S, O, P> {
    /// What is stored, as [`backup::write`] has it.
    pub(super) async fn backup(&mut self) -> Answered {
        let documents = self.with_objects(|objects| objects.all()).await.map_err(|error| {
            ApiError::new(503, "ServiceUnavailableException", error.to_string())
        })?;
        let body = backup::write(&documents)
            .map_err(|error| ApiError::new(500, "InternalFailure", error.to_string()))?;
        let content_type = Some("application/x-ndjson");
        Ok(Answer { status: 200, content_type, headers: Vec::new(), body })
    }
}
