//! Condition keys of a request on a method that AWS credentials do not open.
//!
//! Source: API Gateway Developer Guide, "AWS condition keys that can be used in API Gateway resource
//! policies": what only signed or private requests have is absent.

use std::borrow::Cow;

use gateway_auth::policy::{ConditionKeys, KeyValue};
use gateway_proto::FieldName;
use gateway_telemetry::clock::rfc3339;

use crate::connection::Peer;
use crate::request::Exchange;

/// The keys of one request.
pub(super) struct Keys<'x> {
    pub(super) x: &'x Exchange,
    pub(super) peer: &'x Peer,
}

impl ConditionKeys for Keys<'_> {
    fn value(&self, key: &str) -> KeyValue<'_> {
        let started_unix_ms = self.x.facts.started_unix_ms;
        match key {
            "aws:sourceip" => text(self.peer.ip()),
            "aws:currenttime" => {
                owned(String::from_utf8_lossy(&rfc3339(started_unix_ms)).into_owned())
            }
            "aws:epochtime" => owned((started_unix_ms / 1_000).to_string()),
            // Behind TLS it will be the listener's to say.
            "aws:securetransport" => KeyValue::One(Cow::Borrowed("false")),
            "aws:useragent" => self.field(FieldName::UserAgent),
            "aws:referer" => self.field(FieldName::Referer),
            "aws:principalorgpaths" | "aws:tagkeys" | "aws:calledvia" => KeyValue::Many(Vec::new()),
            _ => KeyValue::Absent,
        }
    }
}

impl Keys<'_> {
    fn field(&self, known: FieldName) -> KeyValue<'_> {
        self.x.known_field(known).map_or(KeyValue::Absent, text)
    }
}

fn text(bytes: &[u8]) -> KeyValue<'_> {
    KeyValue::One(String::from_utf8_lossy(bytes))
}

fn owned(text: String) -> KeyValue<'static> {
    KeyValue::One(Cow::Owned(text))
}
