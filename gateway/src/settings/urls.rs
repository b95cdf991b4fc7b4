//! What function URLs look like.

use std::net::SocketAddr;

use super::Settings;

impl Settings {
    /// What function URLs look like, with `{id}` and `{region}` for theirs; `port` is the data plane's.
    pub(crate) fn function_urls_at(&self, port: u16) -> String {
        match (self.functions.urls.as_str(), port) {
            ("", 80) => "http://{id}.lambda-url.{region}.localhost/".to_owned(),
            ("", port) => format!("http://{{id}}.lambda-url.{{region}}.localhost:{port}/"),
            (urls, _) => urls.to_owned(),
        }
    }

    /// [`Settings::function_urls_at`] the first address that is listened on.
    pub(crate) fn function_urls(&self) -> String {
        self.function_urls_at(self.listen.addresses.first().map_or(80, SocketAddr::port))
    }
}

/// What is wrong with the setting: what the data plane knows a function URL by has to be in it.
pub(super) fn problem(urls: &str) -> Option<&'static str> {
    let rest = urls.strip_prefix("http://").or_else(|| urls.strip_prefix("https://"));
    let is_known = rest.is_some_and(|rest| {
        let is_by_path = rest.ends_with("/_aws/lambda-url/{id}/");
        (is_by_path || rest.starts_with("{id}.lambda-url.")) && rest.ends_with('/')
    });
    let is_wrong = !urls.is_empty() && !is_known;
    is_wrong.then_some(
        "neither http(s)://{id}.lambda-url.… nor http(s)://…/_aws/lambda-url/{id}/, or no / at its end",
    )
}
