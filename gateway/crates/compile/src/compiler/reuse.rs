//! Which stages keep their plans.

use std::sync::Arc;

use gateway_model::{Diagnostic, RestApi, RestApiId, Stage, StageName, VpcLink};

use super::CompileOptions;
use super::functions::{Asked, FunctionTable};
use crate::plan::{Snapshot, StagePlan};

/// What a stage was compiled from; a snapshot keeps one beside each plan.
#[derive(Debug, Clone)]
pub(crate) struct StageInput {
    api: Arc<ApiInput>,
    stage: StageName,
    /// To be said again when the plan is kept.
    pub(crate) warnings: Vec<Diagnostic>,
    /// What was asked of the functions of all definitions.
    asked: Arc<[Asked]>,
}

/// What all stages of one API share.
#[derive(Debug)]
struct ApiInput {
    api: RestApi,
    options: CompileOptions,
    vpc_links: Vec<VpcLink>,
}

/// Decides for the stages of one API.
pub(super) struct Kept {
    input: Arc<ApiInput>,
    is_api_same: bool,
}

impl Kept {
    pub(super) fn of(
        api: &RestApi,
        options: &CompileOptions,
        vpc_links: &[VpcLink],
        before: Option<&StageInput>,
    ) -> Self {
        let before = before.map(|before| &before.api);
        let is_api_same = before.is_some_and(|before| {
            before.options == of_stages(options)
                && before.vpc_links == vpc_links
                && is_same_but_for_stages(&before.api, api)
        });
        let input = match before {
            Some(before) if is_api_same && before.api.stages == api.stages => Arc::clone(before),
            _ => Arc::new(ApiInput {
                api: api.clone(),
                options: of_stages(options),
                vpc_links: vpc_links.to_vec(),
            }),
        };
        Self { input, is_api_same }
    }

    /// The plan that `stage` may keep, with its new input.
    pub(super) fn stage(
        &self,
        previous: &Snapshot,
        api: &RestApiId,
        stage: &Stage,
        functions: &FunctionTable<'_>,
    ) -> Option<(Arc<StagePlan>, StageInput)> {
        if !self.is_api_same {
            return None;
        }
        let at = previous
            .inputs
            .iter()
            .position(|input| input.api.api.id == *api && input.stage == stage.name)?;
        let before = &previous.inputs[at];
        if before.api.api.stages.get(&stage.name) != Some(stage) {
            return None;
        }
        if !functions.still_says(&before.asked) {
            return None;
        }
        let asked = Arc::clone(&before.asked);
        let input = self.input(stage.name.clone(), before.warnings.clone(), asked);
        Some((Arc::clone(&previous.stages[at]), input))
    }

    pub(super) fn input(
        &self,
        stage: StageName,
        warnings: Vec<Diagnostic>,
        asked: Arc<[Asked]>,
    ) -> StageInput {
        StageInput { api: Arc::clone(&self.input), stage, warnings, asked }
    }
}

/// The options that stages are compiled from: what is the snapshot's own is left out.
fn of_stages(options: &CompileOptions) -> CompileOptions {
    CompileOptions { account_limit: None, ..options.clone() }
}

impl Snapshot {
    pub(super) fn input_of(&self, api: &RestApiId) -> Option<&StageInput> {
        self.inputs.iter().find(|input| input.api.api.id == *api)
    }
}

/// Compares all of two APIs but their stages. Spelled out, so that a new field of the model does not
/// compile until it is here.
fn is_same_but_for_stages(a: &RestApi, b: &RestApi) -> bool {
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
    } = a;
    *id == b.id
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
        && *deployments == b.deployments
        && *place == b.place
}
