//! Which stages keep their plans.

use std::collections::HashMap;
use std::sync::Arc;

use gateway_model::{Diagnostic, RestApi, Shared, Stage, VpcLink};

use super::CompileOptions;
use super::functions::{Asked, FunctionTable};
use crate::plan::{Snapshot, StagePlan};

/// What a stage was compiled from; a snapshot keeps one beside each plan.
#[derive(Debug, Clone)]
pub(crate) struct StageInput {
    made_from: MadeFrom,
    stage: Arc<Stage>,
    /// To be said again when the plan is kept.
    pub(crate) warnings: Vec<Diagnostic>,
    /// What was asked of the functions of all definitions.
    asked: Arc<[Asked]>,
}

/// The entries that a stage shows.
#[derive(Debug, Clone)]
pub(super) struct MadeFrom {
    /// Its own.
    pub(super) api: Arc<ApiInput>,
    /// Its canary's, where that is another one.
    pub(super) canary: Option<Arc<ApiInput>>,
}

impl MadeFrom {
    /// Inputs that are the same are the same object.
    fn is(&self, other: &Self) -> bool {
        let is_canary = match (&self.canary, &other.canary) {
            (Some(one), Some(two)) => Arc::ptr_eq(one, two),
            (one, two) => one.is_none() && two.is_none(),
        };
        is_canary && Arc::ptr_eq(&self.api, &other.api)
    }
}

/// What all stages of one entry share.
#[derive(Debug)]
pub(super) struct ApiInput {
    /// Its stages are what they were when the input was made.
    api: Shared<RestApi>,
    around: Arc<Around>,
}

/// What all stages share.
#[derive(Debug, PartialEq)]
struct Around {
    options: CompileOptions,
    vpc_links: Vec<VpcLink>,
}

/// What the snapshot before was compiled from.
pub(super) struct Before<'s> {
    snapshot: Option<&'s Snapshot>,
    /// Indices of its stages, by API id and stage name.
    stages: HashMap<(&'s str, &'s str), usize>,
    /// Its entries, by API id.
    entries: HashMap<&'s str, Vec<&'s Arc<ApiInput>>>,
    /// Of what is compiled now.
    around: Arc<Around>,
}

impl<'s> Before<'s> {
    pub(super) fn of(
        snapshot: Option<&'s Snapshot>,
        options: &CompileOptions,
        vpc_links: &[VpcLink],
    ) -> Self {
        let around = Around { options: of_stages(options), vpc_links: vpc_links.to_vec() };
        let mut this = Self {
            snapshot,
            stages: HashMap::new(),
            entries: HashMap::new(),
            around: around.into(),
        };
        let Some(snapshot) = snapshot else { return this };
        for (at, (plan, input)) in snapshot.stages.iter().zip(&snapshot.inputs).enumerate() {
            this.stages.insert((&plan.api_id, &plan.stage), at);
            let MadeFrom { api, canary } = &input.made_from;
            for entry in std::iter::once(api).chain(canary) {
                let known = this.entries.entry(&plan.api_id).or_default();
                if !known.iter().any(|known| Arc::ptr_eq(known, entry)) {
                    known.push(entry);
                }
                if !Arc::ptr_eq(&this.around, &entry.around) && *this.around == *entry.around {
                    this.around = Arc::clone(&entry.around);
                }
            }
        }
        this
    }

    /// The input of an entry: the one before if nothing but stages has changed.
    pub(super) fn input(&self, api: &Shared<RestApi>) -> Arc<ApiInput> {
        let mut known = self.entries.get(api.id.as_str()).into_iter().flatten();
        let same = known.find(|known| {
            Arc::ptr_eq(&known.around, &self.around) && is_same_but_for_stages(&known.api, api)
        });
        match same {
            Some(same) => Arc::clone(same),
            None => ApiInput { api: api.clone(), around: Arc::clone(&self.around) }.into(),
        }
    }

    /// A stage's plan.
    pub(super) fn plan(&self, api: &str, stage: &str) -> Option<&'s StagePlan> {
        let at = *self.stages.get(&(api, stage))?;
        Some(&*self.snapshot?.stages[at])
    }

    /// The plan that `stage` may keep, with its input.
    pub(super) fn kept(
        &self,
        made_from: &MadeFrom,
        stage: &Stage,
        functions: &FunctionTable<'_>,
    ) -> Option<(Arc<StagePlan>, StageInput)> {
        let api = &made_from.api.api.id;
        let at = *self.stages.get(&(api.as_str(), stage.name.as_str()))?;
        let snapshot = self.snapshot?;
        let before = &snapshot.inputs[at];
        let is_same = before.made_from.is(made_from)
            && *before.stage == *stage
            && functions.still_says(&before.asked);
        is_same.then(|| (Arc::clone(&snapshot.stages[at]), before.clone()))
    }
}

impl MadeFrom {
    /// The input of a stage that was compiled.
    pub(super) fn input(
        self,
        stage: &Stage,
        warnings: Vec<Diagnostic>,
        asked: Arc<[Asked]>,
    ) -> StageInput {
        StageInput { made_from: self, stage: Arc::new(stage.clone()), warnings, asked }
    }
}

/// The options that stages are compiled from: what is the snapshot's own is left out.
pub(super) fn of_stages(options: &CompileOptions) -> CompileOptions {
    CompileOptions { account_limit: None, ..options.clone() }
}

/// Compares all of two APIs but their stages. Spelled out, so that a new field of the model does not
/// compile until it is here.
fn is_same_but_for_stages(a: &Shared<RestApi>, b: &Shared<RestApi>) -> bool {
    if a.is_same(b) {
        return true;
    }
    let RestApi {
        id,
        logical_id,
        name,
        description,
        version,
        api_key_source,
        binary_media_types,
        minimum_compression_size,
        endpoint,
        disable_execute_api_endpoint,
        policy,
        security_policy,
        endpoint_access_mode,
        import,
        clone_from,
        tags,
        root,
        resources,
        models,
        request_validators,
        authorizers,
        gateway_responses,
        documentation_parts,
        documentation_versions,
        deployments,
        stages: _,
        place,
    } = &**a;
    // First, because entries of one API differ there.
    *deployments == b.deployments
        && *id == b.id
        && *logical_id == b.logical_id
        && *name == b.name
        && *description == b.description
        && *version == b.version
        && *api_key_source == b.api_key_source
        && *binary_media_types == b.binary_media_types
        && *minimum_compression_size == b.minimum_compression_size
        && *endpoint == b.endpoint
        && *disable_execute_api_endpoint == b.disable_execute_api_endpoint
        && *policy == b.policy
        && *security_policy == b.security_policy
        && *endpoint_access_mode == b.endpoint_access_mode
        && *import == b.import
        && *clone_from == b.clone_from
        && *tags == b.tags
        && *root == b.root
        && *resources == b.resources
        && *models == b.models
        && *request_validators == b.request_validators
        && *authorizers == b.authorizers
        && *gateway_responses == b.gateway_responses
        && *documentation_parts == b.documentation_parts
        && *documentation_versions == b.documentation_versions
        && *place == b.place
}
