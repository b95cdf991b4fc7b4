//! How a host and a path reach a stage, or why they do not: for people, off the request's path.

use super::{
    Api, Base, Domain, HostTable, Resolved, Target, execute_api_label, first_segment,
    leading_slashes, without_port,
};

/// What [`HostTable::trace`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostTrace<'t> {
    /// What [`HostTable::resolve`] says.
    pub found: Option<Resolved>,
    /// What led there, or as far as it led.
    pub way: Way<'t>,
    /// The stages that could have been named, when the API is known and the stage is not.
    pub stages: Vec<&'t str>,
}

/// What led to an API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way<'t> {
    /// `/_aws/execute-api/{api-id}` or `/restapis/{api-id}` in the path.
    ApiInPath {
        /// The API's id.
        api_id: &'t str,
    },
    /// `{api-id}.execute-api.…`.
    DefaultEndpoint {
        /// The API's id.
        api_id: &'t str,
        /// `disableExecuteApiEndpoint`.
        is_disabled: bool,
    },
    /// `{url-id}.lambda-url.…`, or `/_aws/lambda-url/{url-id}` in the path.
    FunctionUrl,
    /// A custom domain name.
    CustomDomain {
        /// The name, with its `*.` if it has one.
        name: String,
        /// The base path that matched, empty for the one that matches everything; `None` when none did.
        base_path: Option<&'t str>,
        /// The base paths there are.
        base_paths: Vec<&'t str>,
    },
    /// The only API is reached by any host.
    AnyHost {
        /// The API's id.
        api_id: &'t str,
    },
    /// Nothing knows the host, and no API is reached by any host.
    UnknownHost,
}

impl HostTable {
    /// As [`HostTable::resolve`], with what led there. Allocates; not for a request's path.
    pub fn trace(&self, host: &[u8], path: &[u8]) -> HostTrace<'_> {
        let found = self.resolve(host, path);
        let (way, api) = self.way(without_port(host), path, found);
        let stages = match (found, api) {
            (None, Some(api)) => api.stages.iter().map(|(name, _)| &**name).collect(),
            _ => Vec::new(),
        };
        HostTrace { found, way, stages }
    }

    /// What leads on from here, and the API whose stage the path has to name.
    fn way(&self, host: &[u8], path: &[u8], found: Option<Resolved>) -> (Way<'_>, Option<&Api>) {
        if self.is_function_url(host, path) {
            return (Way::FunctionUrl, None);
        }
        let is_by_path = self.by_path(path).is_some();
        if let Some(api) = self.api_in(path).filter(|_| is_by_path) {
            return (Way::ApiInPath { api_id: &api.id }, Some(api));
        }
        if let Some(api) = execute_api_label(host).and_then(|label| self.api_of_label(label)) {
            let is_disabled = api.is_default_endpoint_disabled;
            let way = Way::DefaultEndpoint { api_id: &api.id, is_disabled };
            return (way, (!is_disabled).then_some(api));
        }
        if let Some((at, is_wildcard)) = self.domain(host) {
            return self.domain_way(at, is_wildcard, path, found);
        }
        if found.is_none()
            && let Some(api) = self.api_in(path)
        {
            return (Way::ApiInPath { api_id: &api.id }, Some(api));
        }
        match self.any_host.and_then(|at| self.apis.get(at as usize)) {
            Some(api) => (Way::AnyHost { api_id: &api.id }, Some(api)),
            None => (Way::UnknownHost, None),
        }
    }

    /// The API that the path names where a default endpoint would be in the host.
    fn api_in(&self, path: &[u8]) -> Option<&Api> {
        let rest = &path[leading_slashes(path)..];
        let rest =
            rest.strip_prefix(b"_aws/execute-api/").or_else(|| rest.strip_prefix(b"restapis/"))?;
        self.api(first_segment(rest).0)
    }

    fn domain_way(
        &self,
        at: usize,
        is_wildcard: bool,
        path: &[u8],
        found: Option<Resolved>,
    ) -> (Way<'_>, Option<&Api>) {
        let domain = if is_wildcard { &self.wildcards[at] } else { &self.domains[at] };
        let name = format!("{}{}", if is_wildcard { "*." } else { "" }, domain.name);
        let base_paths = domain.mappings.iter().map(|mapping| &*mapping.base_path).collect();
        let (base_path, target) = match found.map(|found| found.base) {
            Some(base @ Base::Domain(_)) => (self.base_path_matched(base), None),
            _ => domain.first_match(path).unzip(),
        };
        let api = target.and_then(|target| match target {
            Target::Api(at) => self.apis.get(at as usize),
            Target::Stage(_) => None,
        });
        (Way::CustomDomain { name, base_path, base_paths }, api)
    }
}

impl Domain {
    /// The longest base path that matches, with where it leads.
    fn first_match(&self, path: &[u8]) -> Option<(&str, Target)> {
        let path = &path[leading_slashes(path)..];
        let matching = self.mappings.iter().find(|mapping| {
            let base_path = mapping.base_path.as_bytes();
            path.strip_prefix(base_path).is_some_and(|rest| {
                base_path.is_empty() || rest.is_empty() || rest.starts_with(b"/")
            })
        })?;
        Some((&matching.base_path, matching.target))
    }
}

#[cfg(test)]
mod tests;
