//! Builds a [`HostTable`].

use std::collections::{BTreeMap, HashMap};

use super::{Api, Domain, HostTable, Mapping, Target};
use crate::plan::StageIndex;

/// Collects APIs, stages and mappings, then sorts them.
#[derive(Debug, Default)]
pub(crate) struct HostTableBuilder {
    apis: Vec<Api>,
    /// Where an API is, by its key.
    api_at: HashMap<Box<str>, usize>,
    domains: Vec<Domain>,
    /// Where a domain is, by its name.
    domain_at: HashMap<Box<str>, usize>,
    /// By their ids, in lower case.
    function_urls: BTreeMap<Box<str>, StageIndex>,
}

impl HostTableBuilder {
    /// Adds an API; `false` when its id, compared without case, is taken.
    pub(crate) fn add_api(
        &mut self,
        id: &str,
        is_default_endpoint_disabled: bool,
        stages: impl IntoIterator<Item = (Box<str>, StageIndex)>,
    ) -> bool {
        let key = id.to_ascii_lowercase().into_boxed_str();
        if self.api_at.contains_key(&key) {
            return false;
        }
        self.api_at.insert(key.clone(), self.apis.len());
        let mut stages: Vec<_> = stages.into_iter().collect();
        stages.sort();
        self.apis.push(Api { key, id: id.into(), is_default_endpoint_disabled, stages });
        true
    }

    /// Adds a function URL; `false` when its id, compared without case, is taken.
    pub(crate) fn add_function_url(&mut self, id: &str, stage: StageIndex) -> bool {
        let key = id.to_ascii_lowercase().into_boxed_str();
        if self.function_urls.contains_key(&key) {
            return false;
        }
        self.function_urls.insert(key, stage);
        true
    }

    /// Adds a custom domain name, `*.` in front allowed; again is the same domain.
    pub(crate) fn add_domain(&mut self, name: &str) -> usize {
        let name = name.to_ascii_lowercase().into_boxed_str();
        if let Some(at) = self.domain_at.get(&name) {
            return *at;
        }
        self.domain_at.insert(name.clone(), self.domains.len());
        self.domains.push(Domain { name, mappings: Vec::new() });
        self.domains.len() - 1
    }

    /// Adds a base path mapping to a domain of [`HostTableBuilder::add_domain`]; without a stage, the next
    /// segment of the path names one. What is wrong is the text of the error.
    pub(crate) fn add_mapping(
        &mut self,
        domain: usize,
        base_path: &str,
        api_id: &str,
        stage: Option<&str>,
    ) -> Result<(), String> {
        let api_at = self.api_at.get(&*api_id.to_ascii_lowercase()).copied();
        let Some(api_at) = api_at.filter(|at| *self.apis[*at].id == *api_id) else {
            return Err(format!("there is no REST API \"{api_id}\""));
        };
        let target = match stage {
            None => Target::Api(api_at as u32),
            Some(name) => {
                let stages = &self.apis[api_at].stages;
                match stages.iter().find(|(stage, _)| **stage == *name) {
                    Some((_, index)) => Target::Stage(*index),
                    None => return Err(format!("REST API \"{api_id}\" has no stage \"{name}\"")),
                }
            }
        };
        let base_path = base_path.trim_matches('/');
        let base_path = if base_path == "(none)" { "" } else { base_path };
        let domain = &mut self.domains[domain];
        if domain.mappings.iter().any(|mapping| &*mapping.base_path == base_path) {
            return Err(format!(
                "base path \"{base_path}\" of \"{}\" is mapped twice",
                domain.name
            ));
        }
        domain.mappings.push(Mapping { base_path: base_path.into(), target });
        Ok(())
    }

    /// Sorts the tables. `serves_any_host` asks for the one-stage rule.
    pub(crate) fn build(self, serves_any_host: bool) -> HostTable {
        let mut order: Vec<usize> = (0..self.apis.len()).collect();
        order.sort_by(|a, b| self.apis[*a].key.cmp(&self.apis[*b].key));
        let mut place = vec![0; order.len()];
        for (to, from) in order.iter().enumerate() {
            place[*from] = to as u32;
        }
        let mut apis = self.apis;
        apis.sort_by(|a, b| a.key.cmp(&b.key));
        let (mut wildcards, mut domains) = (Vec::new(), Vec::new());
        for mut domain in self.domains {
            for mapping in &mut domain.mappings {
                if let Target::Api(at) = &mut mapping.target {
                    *at = place[*at as usize];
                }
            }
            domain.mappings.sort_by_key(|mapping| std::cmp::Reverse(mapping.base_path.len()));
            match domain.name.strip_prefix("*.") {
                Some(rest) => wildcards.push(Domain { name: rest.into(), ..domain }),
                None => domains.push(domain),
            }
        }
        domains.sort_by(|a, b| a.name.cmp(&b.name));
        wildcards.sort_by(|a, b| a.name.cmp(&b.name));
        let is_one = serves_any_host && apis.len() == 1 && apis[0].stages.len() == 1;
        let function_urls = self.function_urls.into_iter().collect();
        let any_host = is_one.then_some(0);
        HostTable { apis, domains, wildcards, function_urls, any_host }
    }
}
