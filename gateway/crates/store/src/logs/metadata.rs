//! What a group is beside its events, and its document on the disk.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::disk::SEQUENCE_MAX;

/// The version of the document. Members that are not known are left out when it is written again.
const VERSION: u64 = 1;

/// What a group is beside its events.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Metadata {
    pub(super) created_ms: u64,
    pub(super) retention_days: Option<u32>,
    pub(super) tags: BTreeMap<String, String>,
    /// Streams that were made by name, and when.
    pub(super) streams: BTreeMap<String, u64>,
    /// Streams that were deleted: lines of theirs below this sequence are not there any more.
    pub(super) deleted: BTreeMap<String, u64>,
}

impl Metadata {
    /// What a document says; none when it is not one of ours.
    pub(super) fn parse(document: &[u8]) -> Option<Self> {
        let value: Value = serde_json::from_slice(document).ok()?;
        if value.get("version")?.as_u64()? != VERSION {
            return None;
        }
        let numbers = |member: &str| -> BTreeMap<String, u64> {
            let entries = value[member].as_object().into_iter().flatten();
            entries.filter_map(|(name, at)| Some((name.clone(), at.as_u64()?))).collect()
        };
        let deleted = numbers("deleted");
        let tags = value["tags"].as_object().into_iter().flatten();
        Some(Self {
            created_ms: value.get("created")?.as_u64()?,
            retention_days: value["retentionInDays"].as_u64().and_then(|n| u32::try_from(n).ok()),
            tags: tags
                .filter_map(|(name, tag)| Some((name.clone(), tag.as_str()?.to_owned())))
                .collect(),
            streams: numbers("streams"),
            deleted: deleted.into_iter().filter(|(_, below)| *below < SEQUENCE_MAX).collect(),
        })
    }

    /// The document.
    pub(super) fn document(&self) -> Vec<u8> {
        let Self { created_ms, retention_days, tags, streams, deleted } = self;
        let mut document = json!({
            "version": VERSION,
            "created": created_ms,
            "tags": tags,
            "streams": streams,
            "deleted": deleted,
        });
        if let Some(days) = retention_days {
            document["retentionInDays"] = json!(days);
        }
        document.to_string().into_bytes()
    }

    /// Whether a line of a stream was deleted with it.
    pub(super) fn is_deleted(&self, stream: &str, sequence: u64) -> bool {
        self.deleted.get(stream).is_some_and(|below| sequence < *below)
    }
}
