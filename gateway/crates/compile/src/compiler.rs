//! The road from [`Definitions`] to [`Snapshot`].
//!
//! Each stage is compiled on its own; all problems of all stages are gathered before anything is decided.
//! A stage whose API, own settings and options are what they were keeps its plan.

use std::collections::BTreeMap;
use std::sync::Arc;

use gateway_model::{BasePathMapping, Definitions, Diagnostic, RoutingMode};
use gateway_telemetry::LogFormat;
use gateway_throttle::{Settings, Throttle};

use crate::changes::{Change, Changes};
use crate::hosts::HostTableBuilder;
use crate::limits::{CACHE_BYTES_MAX_DEFAULT, PAYLOAD_BYTES_MAX};
use crate::plan::{Snapshot, StageIndex};
use crate::service::AwsEndpoints;
use crate::surroundings::Surroundings;

mod authorizers;
mod caching;
mod canary;
mod context;
mod entries;
mod functions;
mod gateway_response;
mod http;
mod integration;
mod lambda;
mod mapping;
mod reuse;
mod service;
mod settings;
mod stage;
mod urls;
mod usage;
mod validation;

use entries::Entries;
pub use mapping::is_context_variable;
pub(crate) use reuse::StageInput;
pub(crate) use urls::UrlInput;
pub(crate) use usage::UsageInput;

/// What the operator decides, beside the definitions.
#[derive(Debug, Clone, PartialEq)]
pub struct CompileOptions {
    /// `$context.accountId` (`--account-id`).
    pub account_id: String,
    /// Region of every API (`--region`).
    pub region: String,
    /// VPC link id or name → where it leads. A link without a target is not served.
    pub vpc_links: BTreeMap<String, VpcLinkTarget>,
    /// Format of stages that configure none; `None` logs nothing for them.
    pub default_access_log: Option<LogFormat>,
    /// Whether the gateway has an access log of its own.
    pub access_log_enabled: bool,
    /// Whether stages write to log groups: access logs whose destination is one, and execution logs.
    pub log_groups_enabled: bool,
    /// Trust every backend's certificate, as if each integration had `insecureSkipVerification`.
    pub insecure_skip_verification: bool,
    /// Let any host reach the stage when exactly one API with one stage is served.
    pub serves_any_host: bool,
    /// Largest request payload in bytes.
    pub payload_bytes_max: usize,
    /// A limit over all stages; `None` is none. The account limit of AWS is a property of its fleet, not
    /// of an API, so that it does not hold here unless asked for.
    pub account_limit: Option<Settings>,
    /// Memory of all stage caches together, in bytes.
    pub cache_bytes_max: u64,
    /// Where AWS services are, other than at AWS (`--aws-endpoint [SERVICE=]URL`). `lambda` runs the functions that do not
    /// run here. A path in a URL stands before those of the requests.
    pub aws_endpoints: AwsEndpoints,
    /// There are credentials, so that AWS can be called: functions that neither run here nor have an endpoint of their own
    /// are at `https://lambda.{region}.amazonaws.com`, and calls of services are signed.
    pub calls_aws: bool,
    /// Refuse to invoke a function of the definitions that has no permission for it, as AWS does.
    pub enforce_permissions: bool,
}

impl Default for CompileOptions {
    fn default() -> Self {
        Self {
            account_id: "000000000000".to_owned(),
            region: "us-east-1".to_owned(),
            vpc_links: BTreeMap::new(),
            default_access_log: None,
            access_log_enabled: true,
            log_groups_enabled: true,
            insecure_skip_verification: false,
            serves_any_host: true,
            payload_bytes_max: PAYLOAD_BYTES_MAX,
            account_limit: None,
            cache_bytes_max: CACHE_BYTES_MAX_DEFAULT,
            aws_endpoints: AwsEndpoints::default(),
            calls_aws: false,
            enforce_permissions: false,
        }
    }
}

/// Where a VPC link leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VpcLinkTarget {
    /// Name or address to connect to.
    pub host: String,
    /// Port to connect to; `None` takes the one of the integration's URI.
    pub port: Option<u16>,
}

impl VpcLinkTarget {
    /// Reads `host`, `host:port` or `[v6]:port`.
    ///
    /// # Errors
    /// [`crate::uri::InvalidUri`].
    pub fn parse(text: &str) -> Result<Self, crate::uri::InvalidUri> {
        crate::uri::host_and_port(text).map(|(host, port)| Self { host, port })
    }
}

/// What [`compile`] says.
#[derive(Debug)]
pub struct Compiled {
    /// What to serve; `None` when there is an error, so that a definition that does not compile changes
    /// nothing.
    pub snapshot: Option<Snapshot>,
    /// All that was found, by place, each once.
    pub diagnostics: Vec<Diagnostic>,
    /// How many stages kept the plan of the previous snapshot.
    pub reused: usize,
    /// Read the files of keys and compile again: it takes more of them than the previous snapshot has. Never set
    /// unless [`Surroundings::is_imported_unchanged`] was.
    pub wants_imported: bool,
}

/// [`compile_with`] with nothing around: no imported keys, nothing remembered, the beginning of 1970.
pub fn compile(
    definitions: &Definitions,
    options: &CompileOptions,
    previous: Option<&Snapshot>,
) -> Compiled {
    compile_with(definitions, options, Surroundings::default(), previous)
}

/// Compiles all stages of all APIs, and the usage plans over them. An API may be there several times, once for each deployment
/// that its stages show.
///
/// `previous` is the snapshot being served; its unchanged stages keep their plans, what counts and limits
/// is taken from it, and the new snapshot's generation is one more. Nothing of it is changed before
/// [`Snapshot::activate`].
pub fn compile_with(
    definitions: &Definitions,
    options: &CompileOptions,
    surroundings: Surroundings<'_>,
    previous: Option<&Snapshot>,
) -> Compiled {
    let mut shared = context::Shared::new(definitions, options, previous);
    let mut diagnostics = Vec::new();
    let mut hosts = HostTableBuilder::default();
    let mut stages = Vec::new();
    let mut inputs = Vec::new();
    let mut reused = 0;
    let before = reuse::Before::of(previous, options, &definitions.vpc_links);
    // All of them first: a canary may show an entry that comes later.
    let made_from: Vec<_> = definitions.apis.iter().map(|api| before.input(api)).collect();
    let mut entries = Entries::of(&definitions.apis, &mut diagnostics);
    for (at, api) in definitions.apis.iter().enumerate() {
        for stage in api.stages.values() {
            entries.add_stage(at, stage, StageIndex(stages.len() as u32));
            let of_canary = entries.of_canary(at, stage);
            let made_from = reuse::MadeFrom {
                api: Arc::clone(&made_from[at]),
                canary: (of_canary != at).then(|| Arc::clone(&made_from[of_canary])),
            };
            if let Some((plan, input)) = before.kept(&made_from, stage, &shared.functions) {
                diagnostics.extend(input.warnings.iter().cloned());
                stages.push(plan);
                inputs.push(input);
                reused += 1;
                continue;
            }
            let mut found = Vec::new();
            let shown = stage::Shown { api, canary: &definitions.apis[of_canary], stage };
            let plan_before = before.plan(api.id.as_str(), stage.name.as_str());
            let (plan, asked) = stage::compile(shown, plan_before, &mut shared, &mut found);
            stages.push(Arc::new(plan));
            inputs.push(made_from.input(stage, found.clone(), asked.into()));
            diagnostics.append(&mut found);
        }
    }
    entries.add_to(&mut hosts, &mut diagnostics);
    add_domains(definitions, &mut hosts, &mut diagnostics);
    let mut changes = std::mem::take(&mut shared.changes);
    let account = account(options, previous, &mut changes);
    let usage = usage::compile(
        definitions,
        surroundings,
        &stages,
        previous.map(|snapshot| &*snapshot.usage),
        &mut changes,
        &mut diagnostics,
    );
    let (url_inputs, kept) = urls::compile(
        &definitions.function_urls,
        &shared,
        previous,
        &mut stages,
        &mut hosts,
        &mut diagnostics,
    );
    reused += kept;
    diagnostics.sort();
    diagnostics.dedup();
    let wants_imported = usage.is_none();
    let usage = usage.filter(|_| !diagnostics.iter().any(Diagnostic::is_error));
    let snapshot = usage.map(|usage| Snapshot {
        generation: previous.map_or(1, |snapshot| snapshot.generation + 1),
        stages,
        hosts: hosts.build(options.serves_any_host),
        usage: Arc::new(usage),
        account,
        functions: shared.functions.plans(),
        cache_budget: shared.cache_budget,
        changes: Arc::new(Changes::new(changes)),
        inputs,
        url_inputs,
    });
    Compiled { snapshot, diagnostics, reused, wants_imported }
}

fn account(
    options: &CompileOptions,
    previous: Option<&Snapshot>,
    changes: &mut Vec<Change>,
) -> Option<Throttle> {
    let before = previous.and_then(|snapshot| snapshot.account.as_ref());
    options.account_limit.map(|settings| stage::throttle(before, settings, changes))
}

fn add_domains(
    definitions: &Definitions,
    hosts: &mut HostTableBuilder,
    diagnostics: &mut Vec<Diagnostic>,
) {
    for domain in &definitions.domain_names {
        hosts.add_domain(&domain.name);
    }
    for mapping in &definitions.base_path_mappings {
        let named = &*mapping.domain_name.value;
        let private = definitions.domain_names.iter().find(|domain| domain.arn == named);
        let domain = hosts.add_domain(private.map_or(named, |domain| &domain.name));
        if is_closed(definitions, mapping) {
            continue;
        }
        // A mapping without an API answers 403, as an unmapped path does.
        let Some(api) = &mapping.rest_api_id else { continue };
        let stage = mapping.stage.as_ref().map(|stage| stage.as_str());
        if let Err(text) = hosts.add_mapping(domain, &mapping.base_path, api.as_str(), stage) {
            diagnostics.push(Diagnostic::error(&mapping.place, text));
        }
    }
}

/// Whether a domain name guards its callers by what is not served yet (client certificates, a policy), or
/// routes by rules only. Its requests answer 403, as those of an unmapped path do.
fn is_closed(definitions: &Definitions, mapping: &BasePathMapping) -> bool {
    let named = &mapping.domain_name.value;
    let mut domains = definitions.domain_names.iter();
    domains.any(|domain| {
        let is_it = domain.arn == *named || domain.name.eq_ignore_ascii_case(named);
        let is_guarded = domain.mutual_tls.is_some() || domain.policy.is_some();
        is_it && (is_guarded || domain.routing_mode == RoutingMode::RoutingRuleOnly)
    })
}

#[cfg(test)]
mod tests;
