//! Host and path → stage.
//!
//! In this order, for a request's `Host` and raw path:
//!
//! 1. `/_aws/execute-api/{api-id}/{stage}/…` and `/restapis/{api-id}/{stage}/_user_request_/…` on any host,
//!    when that API has that stage;
//!    so do `/_aws/lambda-url/{url-id}/…` and `{url-id}.lambda-url.{anything}` for function URLs;
//! 2. `{api-id}.execute-api.{anything}` and `{api-id}-{vpce-id}.execute-api.{anything}` + `/{stage}/…`,
//!    unless the API disables its default endpoint;
//! 3. a custom domain name, exact before `*.`, and its longest base path that matches whole segments; a
//!    mapping without a stage takes the stage from the next segment;
//! 4. when exactly one API with one stage is served: any other host + `/{stage}/…`.
//!
//! Everything else is [`crate::FORBIDDEN`]. Names of hosts and API ids compare without case, stages and
//! base paths with it. A look-up allocates nothing: tables are sorted, and keys are compared in place.

use std::cmp::Ordering;

use crate::plan::StageIndex;

mod build;
mod trace;

pub(crate) use build::HostTableBuilder;
pub use trace::{HostTrace, Way};

/// How a request reaches a stage.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HostTable {
    /// Sorted by id, without case.
    apis: Vec<Api>,
    /// Exact names, sorted.
    domains: Vec<Domain>,
    /// Names that were `*.`, without it, sorted.
    wildcards: Vec<Domain>,
    /// Ids of function URLs in lower case, sorted.
    function_urls: Vec<(Box<str>, StageIndex)>,
    /// The one API that any host reaches.
    any_host: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Api {
    /// Lower case.
    key: Box<str>,
    id: Box<str>,
    is_default_endpoint_disabled: bool,
    /// Sorted by name.
    stages: Vec<(Box<str>, StageIndex)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Domain {
    /// Lower case.
    name: Box<str>,
    /// Longest base path first.
    mappings: Vec<Mapping>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Mapping {
    /// Without slashes around; empty matches everything.
    base_path: Box<str>,
    target: Target,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    Stage(StageIndex),
    /// Index in [`HostTable::apis`]; the next segment names the stage.
    Api(u32),
}

/// A stage that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resolved {
    /// The stage.
    pub stage: StageIndex,
    /// Where the resource path starts in the path that was given; at most its length.
    pub path_offset: usize,
    /// What led there.
    pub base: Base,
}

/// What led to a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Base {
    /// The default endpoint, or a path that stands for it: the stage is in the path.
    Default,
    /// A custom domain name's base path mapping; see [`HostTable::base_path_matched`].
    Domain(BaseIndex),
}

/// Names a base path mapping of one [`HostTable`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BaseIndex {
    is_wildcard: bool,
    domain: u32,
    mapping: u32,
}

/// A stage and the ways to call it, for printing at start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvokeUrl<'t> {
    /// The API.
    pub api_id: &'t str,
    /// The stage.
    pub stage: &'t str,
    /// Its index in the snapshot.
    pub index: StageIndex,
    /// Whether any host + `/{stage}/…` reaches it.
    pub is_on_any_host: bool,
    /// Whether `{api-id}.execute-api.…` is closed.
    pub is_default_endpoint_disabled: bool,
}

impl HostTable {
    /// The stage that serves `path` on `host`, or `None` for [`crate::FORBIDDEN`].
    ///
    /// `host` is as sent: any case, perhaps with a port or a final dot. `path` is raw, without its query.
    pub fn resolve(&self, host: &[u8], path: &[u8]) -> Option<Resolved> {
        if let Some(found) = self.by_path(path) {
            return Some(found);
        }
        let host = without_port(host);
        if let Some(id) = label_before(host, FUNCTION_URL) {
            return self.function_url(id, 0);
        }
        if let Some(label) = execute_api_label(host)
            && let Some(api) = self.api_of_label(label)
        {
            return if api.is_default_endpoint_disabled { None } else { api.stage_in(path, 0) };
        }
        if let Some((domain, is_wildcard)) = self.domain(host) {
            return self.by_mapping(domain, is_wildcard, path);
        }
        self.apis.get(self.any_host? as usize)?.stage_in(path, 0)
    }

    /// Whether a host or a path is one of function URLs, there or not.
    pub fn is_function_url(&self, host: &[u8], path: &[u8]) -> bool {
        let rest = &path[leading_slashes(path)..];
        rest.starts_with(FUNCTION_URL_PATH)
            || label_before(without_port(host), FUNCTION_URL).is_some()
    }

    /// The ids of all function URLs, with their stages.
    pub fn function_urls(&self) -> impl Iterator<Item = (&str, StageIndex)> {
        self.function_urls.iter().map(|(id, stage)| (&**id, *stage))
    }

    fn function_url(&self, id: &[u8], path_offset: usize) -> Option<Resolved> {
        let at =
            self.function_urls.binary_search_by(|(key, _)| compare(key.as_bytes(), id)).ok()?;
        Some(Resolved { stage: self.function_urls[at].1, path_offset, base: Base::Default })
    }

    /// The stage that the first segment of `path` names on this API: what a private API's callers ask for
    /// with `x-apigw-api-id`.
    pub fn resolve_api(&self, api_id: &[u8], path: &[u8]) -> Option<Resolved> {
        let api = self.api(api_id)?;
        if api.is_default_endpoint_disabled { None } else { api.stage_in(path, 0) }
    }

    /// `$context.customDomain.basePathMatched`: the mapping's key, without slashes around.
    pub fn base_path_matched(&self, base: Base) -> Option<&str> {
        let Base::Domain(index) = base else { return None };
        let domains = if index.is_wildcard { &self.wildcards } else { &self.domains };
        let mapping = domains.get(index.domain as usize)?.mappings.get(index.mapping as usize)?;
        Some(&mapping.base_path)
    }

    /// Whether the host is a custom domain name, on which `/ping` and `/sping` are health checks.
    pub fn is_custom_domain(&self, host: &[u8]) -> bool {
        self.domain(without_port(host)).is_some()
    }

    /// Every stage with its API, sorted by both.
    pub fn invoke_urls(&self) -> impl Iterator<Item = InvokeUrl<'_>> {
        self.apis.iter().enumerate().flat_map(move |(at, api)| {
            api.stages.iter().map(move |(stage, index)| InvokeUrl {
                api_id: &api.id,
                stage,
                index: *index,
                is_on_any_host: self.any_host == Some(at as u32),
                is_default_endpoint_disabled: api.is_default_endpoint_disabled,
            })
        })
    }

    fn by_path(&self, path: &[u8]) -> Option<Resolved> {
        let start = leading_slashes(path);
        let rest = &path[start..];
        if let Some(rest) = rest.strip_prefix(b"_aws/execute-api/") {
            let (api, _) = first_segment(rest);
            return self.api(api)?.stage_in(path, path.len() - rest.len() + api.len());
        }
        if let Some(rest) = rest.strip_prefix(FUNCTION_URL_PATH) {
            let (id, _) = first_segment(rest);
            return self.function_url(id, path.len() - rest.len() + id.len());
        }
        let rest = rest.strip_prefix(b"restapis/")?;
        let (api, _) = first_segment(rest);
        let found = self.api(api)?.stage_in(path, path.len() - rest.len() + api.len())?;
        let (marker, end) = segment_at(path, found.path_offset);
        (marker == b"_user_request_").then_some(Resolved { path_offset: end, ..found })
    }

    fn by_mapping(&self, at: usize, is_wildcard: bool, path: &[u8]) -> Option<Resolved> {
        let domain = if is_wildcard { &self.wildcards[at] } else { &self.domains[at] };
        let start = leading_slashes(path);
        for (index, mapping) in domain.mappings.iter().enumerate() {
            let base_path = mapping.base_path.as_bytes();
            let Some(rest) = path[start..].strip_prefix(base_path) else { continue };
            if !(base_path.is_empty() || rest.is_empty() || rest.starts_with(b"/")) {
                continue;
            }
            let path_offset = if base_path.is_empty() { 0 } else { path.len() - rest.len() };
            let base =
                Base::Domain(BaseIndex { is_wildcard, domain: at as u32, mapping: index as u32 });
            return match mapping.target {
                Target::Stage(stage) => Some(Resolved { stage, path_offset, base }),
                Target::Api(api) => {
                    let found = self.apis.get(api as usize)?.stage_in(path, path_offset)?;
                    Some(Resolved { base, ..found })
                }
            };
        }
        None
    }

    fn api_of_label(&self, label: &[u8]) -> Option<&Api> {
        self.api(label).or_else(|| {
            let at = label.windows(6).rposition(|w| w.eq_ignore_ascii_case(b"-vpce-"))?;
            self.api(&label[..at])
        })
    }

    fn api(&self, id: &[u8]) -> Option<&Api> {
        let at = self.apis.binary_search_by(|api| compare(api.key.as_bytes(), id)).ok()?;
        Some(&self.apis[at])
    }

    fn domain(&self, host: &[u8]) -> Option<(usize, bool)> {
        let search = |domains: &[Domain], name: &[u8]| {
            domains.binary_search_by(|domain| compare(domain.name.as_bytes(), name)).ok()
        };
        if let Some(at) = search(&self.domains, host) {
            return Some((at, false));
        }
        let dot = host.iter().position(|b| *b == b'.')?;
        let at = search(&self.wildcards, &host[dot + 1..])?;
        Some((at, true))
    }
}

impl Api {
    /// The stage that the segment at or after `offset` names.
    fn stage_in(&self, path: &[u8], offset: usize) -> Option<Resolved> {
        let (name, end) = segment_at(path, offset);
        let at = self.stages.binary_search_by(|(stage, _)| stage.as_bytes().cmp(name)).ok()?;
        Some(Resolved { stage: self.stages[at].1, path_offset: end, base: Base::Default })
    }
}

/// Compares a key, which is lower case, with bytes of any case.
fn compare(key: &[u8], other: &[u8]) -> Ordering {
    key.iter().copied().cmp(other.iter().map(u8::to_ascii_lowercase))
}

/// The segment behind the slashes at `offset`, and where it ends.
fn segment_at(path: &[u8], offset: usize) -> (&[u8], usize) {
    let start = offset + leading_slashes(&path[offset..]);
    let (segment, len) = first_segment(&path[start..]);
    (segment, start + len)
}

fn first_segment(path: &[u8]) -> (&[u8], usize) {
    let len = path.iter().position(|b| *b == b'/').unwrap_or(path.len());
    (&path[..len], len)
}

fn leading_slashes(path: &[u8]) -> usize {
    path.iter().take_while(|b| **b == b'/').count()
}

/// A host without its port and without one final dot. An IPv6 literal keeps its brackets.
fn without_port(host: &[u8]) -> &[u8] {
    let end = match host.iter().rposition(|b| *b == b':') {
        Some(colon) if host[colon + 1..].iter().all(u8::is_ascii_digit) => colon,
        _ => host.len(),
    };
    let host = &host[..end];
    host.strip_suffix(b".").unwrap_or(host)
}

/// What stands before `.execute-api.`, if it is the second label.
fn execute_api_label(host: &[u8]) -> Option<&[u8]> {
    label_before(host, b".execute-api.")
}

/// The second label of a function URL's host.
const FUNCTION_URL: &[u8] = b".lambda-url.";

/// What a function URL's id follows in a path that stands for its host.
const FUNCTION_URL_PATH: &[u8] = b"_aws/lambda-url/";

/// The first label, if this is the second.
fn label_before<'h>(host: &'h [u8], second: &[u8]) -> Option<&'h [u8]> {
    let dot = host.iter().position(|b| *b == b'.')?;
    let rest = &host[dot..];
    let is_it = rest.len() >= second.len() && rest[..second.len()].eq_ignore_ascii_case(second);
    is_it.then_some(&host[..dot])
}

#[cfg(test)]
mod tests;
