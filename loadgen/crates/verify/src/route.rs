//! The methods of a stage, each with what a request needs to reach it.

use std::collections::BTreeMap;

use gateway_model::{
    ApiKey, Authorizer, Definitions, HttpMethod, Method, PathPart, Resource, RestApi, Stage,
    UsagePlan,
};

/// One method of one stage.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Route<'a> {
    /// Its API.
    pub(crate) api: &'a RestApi,
    /// Its stage.
    pub(crate) stage: &'a Stage,
    /// Its resource.
    pub(crate) resource: &'a Resource,
    /// It.
    pub(crate) method: &'a Method,
    /// The verb that is sent: the method's own, or one that `ANY` serves.
    pub(crate) verb: HttpMethod,
}

/// A key with the plan through which it opens a stage.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Member<'a> {
    /// The key.
    pub(crate) key: &'a ApiKey,
    /// The plan.
    pub(crate) plan: &'a UsagePlan,
}

impl Member<'_> {
    /// Tells the counters of quotas apart: plan and key.
    pub(crate) fn name(&self) -> String {
        format!("{}/{}", self.plan.id.as_str(), self.key.id.as_str())
    }
}

impl<'a> Route<'a> {
    /// The authorizer that decides about it.
    pub(crate) fn authorizer(&self) -> Option<&'a Authorizer> {
        self.api.authorizers.get(self.method.authorizer_id.as_ref()?)
    }

    /// Whether both are the same verb of the same resource of the same stage.
    pub(crate) fn is(&self, other: &Route<'_>) -> bool {
        self.is_same_stage(other)
            && self.resource.id == other.resource.id
            && self.verb == other.verb
    }

    /// Whether both belong to the same stage.
    pub(crate) fn is_same_stage(&self, other: &Route<'_>) -> bool {
        self.api.id == other.api.id && self.stage.name == other.stage.name
    }
}

impl Route<'_> {
    /// `GET /orders/{id}`: what reports call it.
    pub(crate) fn name(&self) -> String {
        format!("{} {}", self.verb.as_str(), self.resource.path)
    }

    /// `orders/prod`: its API's name and its stage's.
    pub(crate) fn stage_name(&self) -> String {
        format!("{}/{}", self.api.name, self.stage.name)
    }

    /// The path below the stage with its parameters filled in; those without a value are `1`.
    pub(crate) fn path(&self, parameters: &BTreeMap<String, String>) -> String {
        let mut parts = Vec::new();
        let mut at = Some(self.resource);
        while let Some(resource) = at {
            match &resource.path_part {
                PathPart::Root => {}
                PathPart::Literal(text) => parts.push(text.as_str()),
                PathPart::Parameter(name) | PathPart::Greedy(name) => {
                    parts.push(parameters.get(name).map_or("1", String::as_str));
                }
            }
            at = resource.parent.as_ref().and_then(|id| self.api.resources.get(id));
        }
        parts.reverse();
        format!("/{}", parts.join("/"))
    }
}

/// Every method of every stage called `stage` (or of all), in the order of the definitions.
pub(crate) fn routes<'a>(definitions: &'a Definitions, stage: Option<&str>) -> Vec<Route<'a>> {
    let mut routes = Vec::new();
    for api in &definitions.apis {
        for found in api.stages.values() {
            if stage.is_some_and(|name| found.name.as_str() != name) {
                continue;
            }
            for resource in api.resources.values() {
                for (&own, method) in &resource.methods {
                    if let Some(verb) = sent(own, resource) {
                        routes.push(Route { api, stage: found, resource, method, verb });
                    }
                }
            }
        }
    }
    routes
}

/// The verb that reaches a method: for `ANY`, the first that has no method of its own.
fn sent(own: HttpMethod, resource: &Resource) -> Option<HttpMethod> {
    use HttpMethod::{Any, Delete, Get, Patch, Post, Put};
    if own != Any {
        return Some(own);
    }
    [Get, Post, Put, Patch, Delete].into_iter().find(|verb| !resource.methods.contains_key(verb))
}

/// The keys that open `route`'s stage, each with its plan.
pub(crate) fn members<'a>(definitions: &'a Definitions, route: &Route<'_>) -> Vec<Member<'a>> {
    let opens = |plan: &UsagePlan| {
        plan.api_stages.iter().any(|s| s.rest_api_id == route.api.id && s.stage == route.stage.name)
    };
    let mut members = Vec::new();
    for plan in definitions.usage_plans.iter().filter(|plan| opens(plan)) {
        for link in definitions.usage_plan_keys.iter().filter(|link| link.usage_plan_id == plan.id)
        {
            let key = definitions.api_keys.iter().find(|key| key.id == link.key_id);
            members.extend(key.filter(|key| key.enabled).map(|key| Member { key, plan }));
        }
    }
    members
}
