//! What templates change about the request to the integration and about the response.

use crate::{Map, Value};

/// `$context.requestOverride` and `$context.responseOverride` of one request. Both its templates share them: what the request
/// template wrote, the response template reads.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// `path`, `querystring` and `header`, and whatever else a template stored there.
    pub(crate) request: Option<Map>,
    /// `header` and `status`, and whatever else a template stored there.
    pub(crate) response: Option<Map>,
}

impl Overrides {
    /// Whether no template wrote to any.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.request.is_none() && self.response.is_none()
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
        let status = self.response.as_ref()?.get("status")?.to_string();
        status.trim().parse().ok().filter(|status| (100..=599).contains(status))
    }
}

fn entries(of: Option<&Map>, name: &str, mut each: impl FnMut(&str, &Value)) {
    if let Some(Value::Map(map)) = of.and_then(|map| map.get(name)) {
        map.for_each(|name, value| each(name, value));
    }
}
