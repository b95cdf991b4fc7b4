//! Pieces of all stacks to [`Definitions`]: parts find their API, resources their parent.

mod plans;
mod tree;

use crate::Options;
use crate::decode::{Part, Piece};
use crate::report::Report;
use crate::stack::StackResult;
use gateway_model::{
    BasePathMapping, CanarySetting, Definitions, DeploymentId, Function, Place, RestApi, RestApiId,
    Shared, Spanned, Stage, StageName,
};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use tree::Tree;

pub(crate) use tree::Siblings;

/// Joins the pieces. What does not fit is reported and left out.
pub(crate) fn assemble(
    stacks: Vec<StackResult>,
    options: &Options,
    report: &Report,
) -> Definitions {
    let mut joined = Joined {
        report,
        ids: HashSet::new(),
        known: &options.known,
        apis: Vec::new(),
        index: HashMap::new(),
        function_places: HashMap::new(),
    };
    let mut definitions = Definitions::default();
    let mut parts = Vec::new();
    for mut stack in stacks {
        joined.ids.extend(std::mem::take(&mut stack.ids));
        for piece in stack.pieces {
            match piece {
                Piece::RestApi(api) => joined.add_api(*api),
                Piece::Part(api, part) => parts.push((api, part)),
                Piece::Account(account) => definitions.account = Some(account),
                Piece::ApiKey(key) => definitions.api_keys.push(key),
                Piece::BasePathMapping(mapping) => definitions.base_path_mappings.push(mapping),
                Piece::ClientCertificate(c) => definitions.client_certificates.push(c),
                Piece::DomainName(domain) => definitions.domain_names.push(domain),
                Piece::DomainNameAccessAssociation(association) => {
                    definitions.domain_name_access_associations.push(association);
                }
                Piece::Function(function, qualifiers) => {
                    joined.add_function(&mut definitions, *function);
                    definitions.function_qualifiers.extend(qualifiers);
                }
                Piece::FunctionPermission(permission) => {
                    definitions.function_permissions.push(permission);
                }
                Piece::FunctionQualifier(qualifier) => {
                    definitions.function_qualifiers.push(qualifier);
                }
                Piece::FunctionUrl(url) => definitions.function_urls.push(url),
                Piece::UsagePlan(plan) => definitions.usage_plans.push(plan),
                Piece::UsagePlanKey(key) => definitions.usage_plan_keys.push(key),
                Piece::VpcLink(link) => definitions.vpc_links.push(link),
            }
        }
    }
    joined.add_parts(parts);
    joined.check_domains(&mut definitions);
    joined.check_plans(&definitions);
    definitions.apis = joined.apis.into_iter().map(Shared::new).collect();
    definitions
}

struct Joined<'r> {
    report: &'r Report,
    /// Every id that any stack makes, of decoded resources and of those with errors.
    ids: HashSet<String>,
    /// Ids of others.
    known: &'r BTreeSet<String>,
    apis: Vec<RestApi>,
    index: HashMap<RestApiId, usize>,
    function_places: HashMap<String, Place>,
}

/// What made a stage.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Origin {
    Resource,
    Deployment,
}

impl Joined<'_> {
    /// A name stands for one function, whichever stack has it.
    fn add_function(&mut self, definitions: &mut Definitions, function: Function) {
        let name = function.name.value.clone();
        if let Some(other) = self.function_places.insert(name, function.place.clone()) {
            let text = format!("Function already exist: {}, at {other}", function.name.value);
            return self.report.error(&function.name.place, text);
        }
        definitions.functions.push(function);
    }

    fn add_api(&mut self, api: RestApi) {
        if let Some(other) = self.index.get(&api.id).map(|index| &self.apis[*index]) {
            let text = format!("the API id {} is taken by {}", api.id, other.place);
            return self.report.error(&api.place, text);
        }
        self.index.insert(api.id.clone(), self.apis.len());
        self.apis.push(api);
    }

    /// Adds parts to their APIs, in an order where each finds what it needs: the tree of
    /// resources, what methods refer to, methods, deployments, stages.
    fn add_parts(&mut self, parts: Vec<(Spanned<String>, Part)>) {
        let mut trees: BTreeMap<usize, Tree> = BTreeMap::new();
        let (mut methods, mut stages, mut canaries) = (Vec::new(), Vec::new(), Vec::new());
        for (id, part) in parts {
            let Some(index) = self.index.get(id.value.as_str()).copied() else {
                if self.known.contains(&id.value) {
                    let text = format!(
                        "the API {} is not of this template: what belongs to an API is defined where the API is",
                        id.value
                    );
                    self.report.error(&id.place, text);
                } else if !self.ids.contains(&id.value) {
                    let text = format!("Invalid API identifier specified: {}", id.value);
                    self.report.error(&id.place, text);
                }
                continue;
            };
            let api = &mut self.apis[index];
            match part {
                Part::Resource(resource) => trees.entry(index).or_default().add(resource),
                Part::Method(resource, method) => methods.push((index, resource, method)),
                Part::Stage(stage) => stages.push((index, stage, Origin::Resource)),
                Part::Deployment(deployment, stage) => {
                    match stage {
                        Some(stage) if deployment.canary.is_some() => {
                            canaries.push((index, stage.name, deployment.id.clone()));
                        }
                        stage => {
                            stages.extend(stage.map(|stage| (index, stage, Origin::Deployment)));
                        }
                    }
                    api.deployments.insert(deployment.id.clone(), deployment);
                }
                Part::Authorizer(authorizer) => {
                    api.authorizers.insert(authorizer.id.clone(), authorizer);
                }
                Part::DocumentationPart(part) => api.documentation_parts.push(part),
                Part::DocumentationVersion(version) => api.documentation_versions.push(version),
                Part::GatewayResponse(response) => {
                    let name = response.response_type;
                    let place = response.place.clone();
                    if api.gateway_responses.insert(name, response).is_some() {
                        self.report
                            .error(&place, format!("gateway response {name} already exists"));
                    }
                }
                Part::Model(model) => {
                    let place = model.place.clone();
                    if api.models.insert(model.name.clone(), model).is_some() {
                        let text = "Model name already exists for this REST API";
                        self.report.error(&place, text);
                    }
                }
                Part::RequestValidator(validator) => {
                    api.request_validators.insert(validator.id.clone(), validator);
                }
            }
        }
        for (index, tree) in trees {
            tree.grow(&mut self.apis[index], &self.ids, self.report);
        }
        for (index, resource, method) in methods {
            let Some(node) = self.apis[index].resources.get_mut(resource.value.as_str()) else {
                if !self.ids.contains(&resource.value) {
                    self.report.error(&resource.place, "Invalid Resource identifier specified");
                }
                continue;
            };
            if node.methods.contains_key(&method.http_method) {
                let text = format!(
                    "Method already exists for this resource: {} {}",
                    method.http_method, node.path
                );
                self.report.error(&method.place, text);
                continue;
            }
            node.methods.insert(method.http_method, *method);
        }
        let mut made = HashSet::new();
        for (index, stage, origin) in stages {
            let is_remade = !made.insert((index, stage.name.clone(), origin));
            // A later deployment with the same StageName points the stage at itself.
            if origin == Origin::Deployment && is_remade {
                self.apis[index].stages.remove(&stage.name);
            }
            self.add_stage(index, *stage);
        }
        for (index, stage, deployment) in canaries {
            self.add_canary(index, &stage, &deployment);
        }
    }

    /// Makes a deployment the canary of a stage that exists.
    fn add_canary(&mut self, index: usize, stage: &StageName, deployment: &DeploymentId) {
        let api = &mut self.apis[index];
        let Some(canary) = api.deployments.get(deployment).and_then(|d| d.canary.as_ref()) else {
            return;
        };
        let Some(stage) = api.stages.get_mut(stage) else {
            let text = format!(
                "Invalid deployment content specified.Stage {stage} must already be created before \
                 making a canary release deployment"
            );
            return self.report.error(&canary.place, text);
        };
        let deployment = Some(deployment.clone());
        stage.canary = Some(CanarySetting { deployment, ..canary.clone() });
    }

    fn add_stage(&mut self, index: usize, mut stage: Stage) {
        let api = &mut self.apis[index];
        if !api.deployments.contains_key(&stage.deployment) {
            if !self.ids.contains(stage.deployment.as_str()) {
                self.report.error(&stage.place, "Invalid Deployment identifier specified");
            }
            return;
        }
        if let Some(other) = api.stages.get(&stage.name) {
            let text = format!("Stage already exists: {} at {}", stage.name, other.place);
            return self.report.error(&stage.place, text);
        }
        if let Some(canary) = &mut stage.canary {
            let deployment = canary.deployment.get_or_insert_with(|| stage.deployment.clone());
            if !api.deployments.contains_key(deployment) && !self.ids.contains(deployment.as_str())
            {
                self.report.error(&canary.place, "Deployment id does not exist");
            }
        }
        api.stages.insert(stage.name.clone(), stage);
    }

    /// A name stands for one domain, a path for one mapping, and both lead to something.
    fn check_domains(&self, definitions: &mut Definitions) {
        let mut names: HashMap<String, Place> = HashMap::new();
        definitions.domain_names.retain(|domain| {
            if domain.kind == gateway_model::DomainNameKind::Private {
                return true; // two private names may be the same
            }
            match names.insert(domain.name.clone(), domain.place.clone()) {
                None => true,
                Some(_) => {
                    let text = "The domain name you provided already exists.";
                    self.report.error(&domain.place, format!("{text} ({})", domain.name));
                    false
                }
            }
        });
        let mut paths = HashSet::new();
        definitions.base_path_mappings.retain(|mapping| {
            self.check_mapping(mapping);
            let path = (mapping.domain_name.value.to_lowercase(), mapping.base_path.clone());
            let is_new = paths.insert(path);
            if !is_new {
                let text = "Base path already exists for this domain name";
                self.report.error(&mapping.place, format!("{text}: \"{}\"", mapping.base_path));
            }
            is_new
        });
    }

    /// Whether something that is not here exists all the same: with errors that were reported, or beside this run.
    fn is_elsewhere(&self, id: &str) -> bool {
        self.ids.contains(id) || self.known.contains(id)
    }

    fn check_mapping(&self, mapping: &BasePathMapping) {
        let Some(id) = &mapping.rest_api_id else { return };
        let Some(api) = self.index.get(id).map(|index| &self.apis[*index]) else {
            if !self.is_elsewhere(id.as_str()) {
                let text = format!("Invalid API identifier specified: {id}");
                self.report.error(&mapping.place, text);
            }
            return;
        };
        if let Some(stage) = mapping.stage.as_ref().filter(|stage| !api.stages.contains_key(*stage))
        {
            let text =
                format!("Invalid stage identifier specified: {} has no stage {stage}", api.name);
            self.report.error(&mapping.place, text);
        }
    }
}
