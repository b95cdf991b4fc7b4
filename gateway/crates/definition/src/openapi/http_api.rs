//! Documents of HTTP APIs, which this release does not serve.

use super::EXTENSION;
use crate::node::Node;
use crate::report::Report;

/// Whether a document describes an HTTP API and cannot describe a REST API; that it is not served is
/// said. What both kinds of API can have says nothing.
pub(super) fn is_http_api(root: &Node, report: &Report) -> bool {
    let Some(place) = mark(root) else { return false };
    report.warning(
        &place.place,
        "OpenAPI documents of HTTP APIs are not served yet; this file is left out",
    );
    true
}

/// The first thing that only HTTP APIs have.
fn mark(root: &Node) -> Option<&Node> {
    let root_mark = |name: &str| root.member(&format!("{EXTENSION}{name}"));
    if let Some(mark) = root_mark("cors").or_else(|| root_mark("importexport-version")) {
        return Some(mark);
    }
    let components = root.member("components");
    let schemes = components.and_then(|components| components.member("securitySchemes"));
    let integrations =
        components.and_then(|components| components.member("x-amazon-apigateway-integrations"));
    if integrations.is_some() {
        return integrations;
    }
    let is_text = |node: &Node, text: &str| {
        node.scalar_text().is_some_and(|found| found.eq_ignore_ascii_case(text))
    };
    for (_, scheme) in schemes.map_or(&[][..], Node::members) {
        let authorizer = scheme.member("x-amazon-apigateway-authorizer");
        let kind = authorizer.and_then(|authorizer| authorizer.member("type"));
        if let Some(kind) = kind.filter(|kind| is_text(kind, "jwt")) {
            return Some(kind);
        }
    }
    for (path, item) in root.member("paths").map_or(&[][..], Node::members) {
        if path.text == "/$default" {
            return Some(item);
        }
        for (_, operation) in item.members() {
            let Some(integration) = operation.member("x-amazon-apigateway-integration") else {
                continue;
            };
            let subtype = integration.member("integrationSubtype");
            let version = integration.member("payloadFormatVersion");
            let version =
                version.filter(|version| is_text(version, "2.0") || is_text(version, "2"));
            if let Some(mark) = subtype.or(version) {
                return Some(mark);
            }
        }
    }
    None
}
