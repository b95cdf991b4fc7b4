//! `AWS` integrations with any service but Lambda's functions: what is called, where it is, and as what it is signed.
//!
//! [`catalog`] knows the services that are not what their name in a URI says; all others are.

use std::collections::BTreeMap;

use crate::plan::{EndpointIndex, HeaderMapping, QueryMapping, UriPart};
use crate::responses::Responses;
use crate::templates::RequestTemplates;

pub mod catalog;

/// One `AWS` integration with a service.
#[derive(Debug)]
pub struct ServicePlan {
    /// Name in the integration's URI, for logs: `sqs`.
    pub service: Box<str>,
    /// Where to connect.
    pub endpoint: EndpointIndex,
    /// `Host` of the request, which is signed.
    pub host_header: Box<[u8]>,
    /// Region of the signature.
    pub region: Box<str>,
    /// Service of the signature: `sqs`.
    pub signing_name: Box<str>,
    /// How the path is written and signed.
    pub path_style: PathStyle,
    /// The endpoint is AWS's own, which takes no call without a signature.
    pub is_aws: bool,
    /// Method of the request; `None` is the client's.
    pub method: Option<Box<[u8]>>,
    /// Path of the request, from its leading `/` up to the `?`.
    pub path: Vec<UriPart>,
    /// What the URI has after its `?`, or an action as `Action=NAME`; empty without one. Mapped queries follow it.
    pub query: Vec<UriPart>,
    /// It is an action, whose parameters are a form unless it takes JSON.
    pub is_action: bool,
    /// For an action of a service that takes JSON.
    pub json: Option<JsonAction>,
    /// Mapped headers; names that are silently dropped are already gone.
    pub headers: Vec<HeaderMapping>,
    /// Mapped query parameters, after those of [`ServicePlan::query`].
    pub queries: Vec<QueryMapping>,
    /// From the first byte sent to the last byte received.
    pub timeout_ms: u32,
    /// Request templates with the passthrough behaviour.
    pub request_templates: RequestTemplates,
    /// Integration responses, selected by status.
    pub responses: Responses,
    /// A mapping or the cache key reads the request body.
    pub needs_request_body: bool,
}

/// An action of a service that takes JSON: what API Gateway adds unless a mapping says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonAction {
    /// `X-Amz-Target`: `DynamoDB_20120810.PutItem`
    pub target: Box<[u8]>,
    /// `Content-Type`
    pub content_type: &'static str,
    /// The service takes the action's parameters in the query, too, and does so where the integration maps some.
    pub takes_query: bool,
}

/// How the path of a request is written and signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathStyle {
    /// As it is; the signature has it normalized and encoded once more.
    Normalized,
    /// Decoded and encoded again, all but unreserved characters and slashes; the signature has it as it is sent.
    /// What S3 does.
    Canonical,
}

/// Where AWS services are, other than at AWS.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AwsEndpoints {
    by_service: BTreeMap<String, String>,
}

impl AwsEndpoints {
    /// The service that stands for all others.
    pub const DEFAULT: &str = "default";

    /// Takes pairs of service and URL; [`AwsEndpoints::DEFAULT`] stands for all services without one. A service is
    /// named as in an integration's URI (`states`) or as the SDKs' `AWS_ENDPOINT_URL_…` do (`sfn`).
    pub fn new<'e>(endpoints: impl IntoIterator<Item = (&'e str, &'e str)>) -> Self {
        let known = |(service, url): (&str, &str)| (key(service), url.to_owned());
        Self { by_service: endpoints.into_iter().map(known).collect() }
    }

    /// The URL of a service, named as in an integration's URI.
    pub fn of(&self, service: &str) -> Option<&str> {
        let names = [Some(service), catalog::sdk_name(service), Some(Self::DEFAULT)];
        let mut found = names.iter().flatten().filter_map(|name| self.by_service.get(&key(name)));
        found.next().map(String::as_str)
    }
}

/// `cognito-idp` and `cognito_idp` are one name: a variable's has no hyphen.
fn key(service: &str) -> String {
    service.to_ascii_lowercase().replace('-', "_")
}

#[cfg(test)]
mod tests;
