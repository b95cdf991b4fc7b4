//! What every check works with: the definition, the settings, and ways to send.

use std::fmt::Write as _;
use std::sync::Arc;

use gateway_model::{ApiKey, Definitions, HttpMethod};
use loadgen_engine::{Request, Stop};

use crate::drive::Spent;
use crate::origin::Origin;
use crate::route::Route;
use crate::settings::Settings;

/// The definition and the settings of one run.
pub(crate) struct Session<'a> {
    /// What is promised.
    pub(crate) definitions: &'a Definitions,
    /// How to look at it.
    pub(crate) settings: &'a Settings,
    /// The definition's backend, where loadgen serves it; else why not, and what to do about it.
    pub(crate) origin: Result<Origin, String>,
    /// What this run did to limits so far.
    pub(crate) spent: Spent,
    /// Ends the run early.
    pub(crate) stop: Stop,
}

/// What a request adds to its route.
#[derive(Clone, Debug, Default)]
pub(crate) struct Extra<'a> {
    /// The value of `x-api-key`.
    pub(crate) key: Option<&'a str>,
    /// More headers.
    pub(crate) headers: Vec<(String, String)>,
    /// The query without `?`.
    pub(crate) query: String,
    /// A path below the stage instead of the route's.
    pub(crate) path: Option<String>,
    /// A body.
    pub(crate) body: Vec<u8>,
}

impl<'a> Session<'a> {
    /// A session that sends nothing yet: no backend is served.
    pub(crate) fn new(definitions: &'a Definitions, settings: &'a Settings) -> Self {
        let origin = Err("calls are counted at the definition's backend: serve it with \
                          --origin 127.0.0.1:9000, the address that the definition names"
            .to_owned());
        Self { definitions, settings, origin, spent: Spent::default(), stop: Stop::default() }
    }

    /// The same, with the definition's backend served where the settings say.
    pub(crate) fn serving(definitions: &'a Definitions, settings: &'a Settings) -> Self {
        let mut session = Self::new(definitions, settings);
        if let Some(address) = settings.origin {
            session.origin = Origin::start(address).map_err(|error| {
                format!("the backend cannot be served at {address}: {error}; free the address")
            });
        }
        session
    }
}

impl Session<'_> {
    /// A key's value: as given by name or logical id, or as the definition says.
    pub(crate) fn key_value<'k>(&'k self, key: &'k ApiKey) -> Option<&'k str> {
        let given = &self.settings.keys;
        given
            .get(&key.name)
            .or_else(|| given.get(key.id.as_str()))
            .map(String::as_str)
            .or(key.value.as_deref())
    }

    /// A request to `route`, ready to be sent.
    pub(crate) fn request(&self, route: &Route<'_>, extra: &Extra<'_>) -> Request {
        let settings = self.settings;
        let below =
            extra.path.clone().unwrap_or_else(|| route.path(&settings.expectations.parameters));
        let default_host = || format!("{}.execute-api.localhost", route.api.id.as_str());
        let host = settings.host.clone().unwrap_or_else(default_host);
        let (verb, base, stage) = (route.verb.as_str(), &settings.base_path, &route.stage.name);
        let mut head = format!("{verb} {base}/{stage}{below}");
        if !extra.query.is_empty() {
            let _ = write!(head, "?{}", extra.query);
        }
        let _ = write!(head, " HTTP/1.1\r\nHost: {host}\r\nUser-Agent: loadgen\r\n");
        if let Some(key) = extra.key {
            let _ = write!(head, "x-api-key: {key}\r\n");
        }
        for (name, value) in &extra.headers {
            let _ = write!(head, "{name}: {value}\r\n");
        }
        if !extra.body.is_empty()
            || matches!(route.verb, HttpMethod::Post | HttpMethod::Put | HttpMethod::Patch)
        {
            let _ = write!(head, "Content-Length: {}\r\n", extra.body.len());
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(&extra.body);
        Request {
            name: route.name(),
            bytes: Arc::from(bytes),
            is_head: route.verb == HttpMethod::Head,
            weight: 1,
        }
    }
}
