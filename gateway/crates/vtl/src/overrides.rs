//! What templates change about the request to the integration and about the response.

use crate::{Map, Value};

/// `$context.requestOverride` and `$context.responseOverride` of one request. Both its templates share them: what the request
/// template wrote, the response template reads.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// `path`, `querystring` and `header`, and whatever else a template stored there.
    request: Option<Map>,
    /// `header` and `status`, and whatever else a template stored there.
    response: Option<Map>,
}

/// Which of both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// `requestOverride`
    Request,
    /// `responseOverride`
    Response,
}

impl Overrides {
    /// Whether there is nothing to apply.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let is_bare = |side: &Option<Map>| {
            side.as_ref().is_none_or(|map| {
                map.values().iter().all(|value| matches!(value, Value::Map(map) if map.is_empty()))
            })
        };
        is_bare(&self.request) && is_bare(&self.response)
    }

    /// `requestOverride.path.NAME`, each with its name.
    pub fn path(&self, each: impl FnMut(&str, &Value)) {
        entries(self.request.as_ref(), "path", each);
    }

    /// `requestOverride.querystring.NAME`, each with its name.
    pub fn query(&self, each: impl FnMut(&str, &Value)) {
        entries(self.request.as_ref(), "querystring", each);
    }

    /// `requestOverride.header.NAME`, each with its name.
    pub fn request_headers(&self, each: impl FnMut(&str, &Value)) {
        entries(self.request.as_ref(), "header", each);
    }

    /// `responseOverride.header.NAME`, each with its name.
    pub fn response_headers(&self, each: impl FnMut(&str, &Value)) {
        entries(self.response.as_ref(), "header", each);
    }

    /// `responseOverride.status`, where it is an integer (or text of one) from 100 to 599.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        let status = match self.response.as_ref()?.get("status")? {
            Value::Integer(status) => return u16::try_from(status).ok().filter(is_status),
            Value::Long(status) => return u16::try_from(status).ok().filter(is_status),
            Value::String(status) => status,
            _ => return None,
        };
        status.trim().parse().ok().filter(is_status)
    }

    /// The map of one side, if anything asked for it.
    pub(crate) fn side(&self, side: Side) -> Option<&Map> {
        match side {
            Side::Request => self.request.as_ref(),
            Side::Response => self.response.as_ref(),
        }
    }

    /// The map that `part` of one side is, made where it is missing; the whole side where `part` is empty.
    pub(crate) fn map(&mut self, side: Side, part: &str) -> Map {
        let (whole, parts): (_, &[&str]) = match side {
            Side::Request => (&mut self.request, &["path", "header", "querystring"]),
            Side::Response => (&mut self.response, &["header"]),
        };
        let whole = whole.get_or_insert_with(|| {
            let map = Map::default();
            for part in parts {
                map.insert(*part, Value::Map(Map::default()));
            }
            map
        });
        if part.is_empty() {
            return whole.clone();
        }
        if let Some(Value::Map(map)) = whole.get(part) {
            return map;
        }
        let map = Map::default();
        whole.insert(part, Value::Map(map.clone()));
        map
    }
}

fn is_status(status: &u16) -> bool {
    (100..=599).contains(status)
}

fn entries(of: Option<&Map>, name: &str, mut each: impl FnMut(&str, &Value)) {
    if let Some(Value::Map(map)) = of.and_then(|map| map.get(name)) {
        map.for_each(|name, value| each(name, value));
    }
}
