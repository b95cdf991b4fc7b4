//! Against pages in browsers that would speak to a control plane on the same machine.
//!
//! A page can send requests to `localhost`, and with DNS rebinding under its own name; with the well-known credentials of
//! development it could even sign them. So `Host` must be an address or a name that was allowed, and whatever a browser says
//! comes from a page is refused.

use std::net::IpAddr;

use super::Head;
use crate::ApiError;

/// Which hosts a request may name.
#[derive(Debug)]
pub(crate) struct Guard {
    /// In lower case.
    hosts: Vec<String>,
}

impl Guard {
    pub(crate) fn new(hosts: &[String]) -> Self {
        Self { hosts: hosts.iter().map(|host| host.to_ascii_lowercase()).collect() }
    }

    /// Refuses what may come from a page.
    pub(crate) fn check(&self, head: &Head) -> Result<(), ApiError> {
        let mut hosts = head.headers.iter().filter(|(name, _)| name == "host");
        let host = match (hosts.next(), hosts.next()) {
            (Some((_, host)), None) => host,
            _ => return Err(ApiError::bad_request("A request has one Host header")),
        };
        // A target that is a whole URL names one as well.
        let named = [Some(host), head.authority.as_ref()];
        if let Some(host) = named.into_iter().flatten().find(|host| !self.allows(host)) {
            return Err(forbidden(format!(
                "Host '{host}' is not allowed here: use an address or localhost, or add the name to `hosts` in [control]"
            )));
        }
        if let Some(origin) = head.header("origin") {
            return Err(forbidden(format!(
                "Requests of web pages are not served (Origin '{origin}')"
            )));
        }
        match head.header("sec-fetch-site") {
            None | Some("none") => Ok(()),
            Some(site) => Err(forbidden(format!(
                "Requests of web pages are not served (Sec-Fetch-Site '{site}')"
            ))),
        }
    }

    fn allows(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        let name = without_port(&host);
        let is_address = name.parse::<IpAddr>().is_ok()
            || name
                .strip_prefix('[')
                .and_then(|rest| rest.strip_suffix(']'))
                .is_some_and(|address| address.parse::<IpAddr>().is_ok());
        let is_local = name == "localhost" || name.ends_with(".localhost");
        is_address || is_local || self.hosts.iter().any(|allowed| *allowed == name)
    }
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

fn forbidden(text: String) -> ApiError {
    ApiError::new(403, "ForbiddenException", text)
}
