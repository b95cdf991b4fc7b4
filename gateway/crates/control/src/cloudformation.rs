//! AWS CloudFormation: templates become stacks, and stacks are served.
//!
//! A stack is one document: its template with what was given to it, and what became of it. What it defines is read from that
//! by `gateway_definition`, now and at every start, and served beside what API Gateway's own operations deployed. Everything
//! happens within the one call: the stack is done, one way or the other, when the call is answered, and its events tell it as
//! AWS would have.
//!
//! Physical ids are made from the stack's and the resource's names, so that they are the same over updates. What does not
//! compile is found twice: here, resource by resource, and by the data plane, which refuses the whole. Either way the stack
//! rolls back and what was served before is served on.
//!
//! **Architecture invariant:** an operation that answers an error has changed nothing.

use std::collections::{BTreeMap, BTreeSet};

use gateway_definition::LoadedStack;
use gateway_model::{Definitions, Diagnostic};

use crate::dispatch::operations::{Done, Effect};
use crate::dispatch::surroundings::Surroundings;
use crate::limits::{DELETED_STACKS_MAX, STACKS_MAX};
use crate::wire::form::Form;
use crate::wire::xml;
use crate::{Answer, ApiError, Call, Change};

mod buckets;
mod change_sets;
mod deploy;
mod describe;
mod diff;
mod drift;
mod events;
mod inputs;
mod log_groups;
mod policies;
mod prepare;
mod templates;
mod types;
mod view;

use prepare::{For, invalid, prepare};
use types::Stack;

const NAMESPACE: &str = "http://cloudformation.amazonaws.com/doc/2010-05-15/";

/// Where documents of stacks are.
const PREFIX: &str = "cloudformation/stacks/";

/// All stacks.
#[derive(Default)]
pub(crate) struct Stacks {
    /// By the last part of their ids.
    stacks: BTreeMap<String, Live>,
    surroundings: Option<Surroundings>,
    /// Names of functions that AWS Lambda's own operations made.
    pub(crate) taken_functions: BTreeSet<String>,
    /// Ids of APIs and usage plans that API Gateway shows.
    pub(crate) made: BTreeSet<String>,
}

/// A stack and what it defines.
#[derive(Default)]
struct Live {
    stack: Stack,
    definitions: Definitions,
}

/// One call while it is carried out.
struct Cx<'c> {
    call: &'c Call,
    form: Form,
    surroundings: Surroundings,
    /// Why the data plane did not take what this call did before.
    refused: Option<&'c [Diagnostic]>,
    changes: Vec<Change>,
    publishes: bool,
}

type Result<T, E = ApiError> = std::result::Result<T, E>;

/// Operations of CloudFormation that we do not have. Source: AWS's service model of 2010-05-15.
const NOT_IMPLEMENTED: [&str; 62] = [
    "ActivateOrganizationsAccess",
    "ActivateType",
    "BatchDescribeTypeConfigurations",
    "ContinueUpdateRollback",
    "CreateGeneratedTemplate",
    "CreateStackInstances",
    "CreateStackRefactor",
    "CreateStackSet",
    "DeactivateOrganizationsAccess",
    "DeactivateType",
    "DeleteGeneratedTemplate",
    "DeleteStackInstances",
    "DeleteStackSet",
    "DeregisterType",
    "DescribeAccountLimits",
    "DescribeChangeSetHooks",
    "DescribeEvents",
    "DescribeGeneratedTemplate",
    "DescribeOrganizationsAccess",
    "DescribePublisher",
    "DescribeResourceScan",
    "DescribeStackInstance",
    "DescribeStackRefactor",
    "DescribeStackSet",
    "DescribeStackSetOperation",
    "DescribeType",
    "DescribeTypeRegistration",
    "DetectStackSetDrift",
    "EstimateTemplateCost",
    "ExecuteStackRefactor",
    "GetGeneratedTemplate",
    "GetHookResult",
    "ImportStacksToStackSet",
    "ListGeneratedTemplates",
    "ListHookResults",
    "ListResourceScanRelatedResources",
    "ListResourceScanResources",
    "ListResourceScans",
    "ListStackInstanceResourceDrifts",
    "ListStackInstances",
    "ListStackRefactorActions",
    "ListStackRefactors",
    "ListStackSetAutoDeploymentTargets",
    "ListStackSetOperationResults",
    "ListStackSetOperations",
    "ListStackSets",
    "ListTypeRegistrations",
    "ListTypeVersions",
    "ListTypes",
    "PublishType",
    "RecordHandlerProgress",
    "RegisterPublisher",
    "RegisterType",
    "RollbackStack",
    "SetTypeConfiguration",
    "SetTypeDefaultVersion",
    "SignalResource",
    "StartResourceScan",
    "StopStackSetOperation",
    "TestType",
    "UpdateStackInstances",
    "UpdateStackSet",
];

impl Stacks {
    /// The stacks that documents hold; what they define comes with [`Stacks::settle`].
    pub(crate) fn load(documents: &[(String, Vec<u8>)]) -> Result<Self, String> {
        let mut stacks = BTreeMap::new();
        for (key, bytes) in documents {
            let Some(uuid) = key.strip_prefix(PREFIX) else { continue };
            let stack: Stack = serde_json::from_slice(bytes).map_err(|error| {
                format!("the stored document \"{key}\" cannot be read: {error}")
            })?;
            stacks.insert(uuid.to_owned(), Live { stack, definitions: Definitions::default() });
        }
        Ok(Self { stacks, ..Self::default() })
    }

    /// Reads what the stacks define. One that cannot be read any more is not served; the log says why.
    pub(crate) fn settle(&mut self, surroundings: &Surroundings) {
        self.surroundings = Some(surroundings.clone());
        let served: Vec<String> = self
            .stacks
            .iter()
            .filter(|(_, live)| live.stack.is_served())
            .map(|(uuid, _)| uuid.clone())
            .collect();
        for uuid in served {
            let stack = &self.stacks[&uuid].stack;
            let of = For {
                name: &stack.name,
                id: &stack.id,
                region: region_of(&stack.id),
                exports: self.exports(Some(&stack.id)),
                known: self.known(&stack.id),
                artifacts: Some(&stack.source.artifacts),
            };
            let read = prepare(&stack.source, &of, surroundings);
            let read = read.map_err(|error| error.message).and_then(|prepared| {
                match prepared.problems.first() {
                    None => Ok(prepared.definitions),
                    Some(problem) => Err(prepare::told(problem)),
                }
            });
            match read {
                Ok(definitions) => {
                    self.stacks.entry(uuid).or_default().definitions = definitions;
                }
                Err(problem) => {
                    tracing::error!(stack = stack.name, problem, "Stored stack is not served");
                }
            }
        }
    }

    /// What all stacks define.
    pub(crate) fn definitions(&self) -> impl Iterator<Item = &Definitions> {
        self.stacks.values().map(|live| &live.definitions)
    }

    /// Files of code that stacks use.
    pub(crate) fn files(&self) -> impl Iterator<Item = &str> {
        let live = self.stacks.values().filter(|live| live.stack.is_served());
        let artifacts = live.flat_map(|live| &live.stack.source.artifacts);
        artifacts.map(|artifact| artifact.file.as_str())
    }

    /// Functions of all stacks: stack name and function.
    pub(crate) fn functions(&self) -> impl Iterator<Item = (&str, &gateway_model::Function)> {
        self.stacks.values().flat_map(|live| {
            live.definitions.functions.iter().map(|of| (live.stack.name.as_str(), of))
        })
    }

    /// URLs of functions of all stacks.
    pub(crate) fn function_urls(&self) -> impl Iterator<Item = &gateway_model::FunctionUrl> {
        self.stacks.values().flat_map(|live| &live.definitions.function_urls)
    }

    /// A function of a stack.
    pub(crate) fn function(&self, name: &str) -> Option<(&str, &gateway_model::Function)> {
        self.functions().find(|(_, function)| function.name.value == name)
    }

    /// A function as a resource of its stack.
    pub(crate) fn resource_of(&self, function: &str) -> Option<&types::Resource> {
        let mut all = self.resources("AWS::Lambda::Function").map(|(_, resource)| resource);
        all.find(|resource| resource.physical_id == function)
    }

    /// Resources of a type of all stacks: stack name and resource.
    pub(crate) fn resources<'s>(
        &'s self,
        type_name: &'s str,
    ) -> impl Iterator<Item = (&'s str, &'s types::Resource)> {
        let live = self.stacks.values().filter(|live| live.stack.is_served());
        live.flat_map(|live| live.stack.resources.iter().map(|of| (live.stack.name.as_str(), of)))
            .filter(move |(_, resource)| resource.type_name == type_name)
    }

    /// Carries out one operation.
    pub(crate) fn answer(&mut self, call: &Call, refused: Option<&[Diagnostic]>) -> Result<Done> {
        let form = Form::of(call)?;
        let action = form.get("Action").unwrap_or_default().to_owned();
        let Some(surroundings) = self.surroundings.clone() else {
            return Err(ApiError::new(503, "ServiceUnavailable", "The gateway is starting"));
        };
        let mut cx =
            Cx { call, form, surroundings, refused, changes: Vec::new(), publishes: false };
        let result = match action.as_str() {
            "CancelUpdateStack" => policies::cancel_update(self, &cx)?,
            "CreateChangeSet" => change_sets::create(self, &mut cx)?,
            "CreateStack" => deploy::create_stack(self, &mut cx)?,
            "DeleteChangeSet" => change_sets::delete(self, &mut cx)?,
            "DeleteStack" => deploy::delete_stack(self, &mut cx)?,
            "DescribeChangeSet" => change_sets::describe(self, &cx)?,
            "DescribeStackDriftDetectionStatus" => drift::status(self, &cx)?,
            "DescribeStackEvents" => describe::events(self, &cx)?,
            "DescribeStackResource" => describe::resource(self, &cx)?,
            "DescribeStackResourceDrifts" => drift::resources(self, &cx)?,
            "DescribeStackResources" => describe::resources(self, &cx)?,
            "DescribeStacks" => describe::stacks(self, &cx)?,
            "DetectStackDrift" => drift::detect(self, &mut cx)?,
            "DetectStackResourceDrift" => drift::detect_resource(self, &mut cx)?,
            "ExecuteChangeSet" => change_sets::execute(self, &mut cx)?,
            "GetStackPolicy" => policies::get_stack_policy(self, &cx)?,
            "GetTemplate" => templates::get(self, &cx)?,
            "GetTemplateSummary" => templates::summary(self, &cx)?,
            "ListChangeSets" => change_sets::list(self, &cx)?,
            "ListExports" => describe::exports(self),
            "ListImports" => describe::imports(self, &cx)?,
            "ListStackResources" => describe::list_resources(self, &cx)?,
            "ListStacks" => describe::list(self, &cx),
            "SetStackPolicy" => policies::set_stack_policy(self, &mut cx)?,
            "UpdateStack" => deploy::update_stack(self, &mut cx)?,
            "UpdateTerminationProtection" => policies::protect(self, &mut cx)?,
            "ValidateTemplate" => templates::validate(&cx)?,
            known if NOT_IMPLEMENTED.contains(&known) => {
                return Err(ApiError::not_implemented(known));
            }
            "" => {
                let text = "Missing Action parameter";
                return Err(ApiError::new(400, "MissingAction", text));
            }
            unknown => {
                let version = cx.form.get("Version").unwrap_or("NO_VERSION_SPECIFIED");
                let text = format!("Could not find operation {unknown} for version {version}");
                return Err(ApiError::new(400, "InvalidAction", text));
            }
        };
        let effect = cx.publishes.then_some(Effect::Publish);
        let answer: Answer = xml::answer(NAMESPACE, &action, &result, &call.request_id);
        Ok(Done { answer, changes: cx.changes, effect })
    }

    /// The stack of a name or an id. Deleted ones have ids only.
    fn find(&self, name: &str) -> Option<&Live> {
        let by_id = self.stacks.get(uuid_of(name)).filter(|live| live.stack.id == name);
        by_id.or_else(|| {
            let mut live = self.stacks.values().filter(|live| live.stack.is_live());
            live.find(|live| live.stack.name == name)
        })
    }

    /// As [`Stacks::find`], or AWS's error.
    fn stack(&self, name: &str) -> Result<&Live> {
        self.find(name).ok_or_else(|| invalid(format!("Stack with id {name} does not exist")))
    }

    /// A stack to change. One that a file is cannot be.
    fn stack_mut(&mut self, cx: &Cx<'_>, name: &str) -> Result<&mut Live> {
        if let Some(file) = cx.file_stack(name) {
            return Err(read_only(&file));
        }
        let id = self.stack(name)?.stack.id.clone();
        self.stacks
            .get_mut(uuid_of(&id))
            .ok_or_else(|| invalid(format!("Stack with id {name} does not exist")))
    }

    /// What stacks export, files included, but for one stack.
    fn exports(&self, but: Option<&str>) -> BTreeMap<String, String> {
        let mut exports = BTreeMap::new();
        if let Some(surroundings) = &self.surroundings {
            for output in (surroundings.file_stacks)().iter().flat_map(|stack| &stack.outputs) {
                if let Some(name) = &output.export_name {
                    exports.insert(name.clone(), output.value.clone());
                }
            }
        }
        let others = self.stacks.values().map(|live| &live.stack);
        for stack in others.filter(|stack| stack.is_served() && Some(&*stack.id) != but) {
            for output in &stack.outputs {
                if let Some(name) = &output.export {
                    exports.insert(name.clone(), output.value.clone());
                }
            }
        }
        exports
    }

    /// Ids of APIs, API keys and usage plans beside a stack.
    fn known(&self, but: &str) -> BTreeSet<String> {
        let is_named = |type_name: &str| {
            matches!(
                type_name,
                "AWS::ApiGateway::RestApi"
                    | "AWS::ApiGateway::ApiKey"
                    | "AWS::ApiGateway::UsagePlan"
            )
        };
        let others = self.stacks.values().map(|live| &live.stack);
        let others = others.filter(|stack| stack.is_served() && stack.id != but);
        let of_stacks = others.flat_map(|stack| &stack.resources);
        let of_stacks = of_stacks.filter(|resource| is_named(&resource.type_name));
        let mut known = self.made.clone();
        // What this stack has made is shown among what is made, and may be on its way out.
        if let Some(live) = self.find(but) {
            for own in &live.stack.resources {
                known.remove(&own.physical_id);
            }
        }
        known.extend(of_stacks.map(|resource| resource.physical_id.clone()));
        if let Some(surroundings) = &self.surroundings {
            let files = (surroundings.file_stacks)();
            let of_files = files.iter().flat_map(|stack| &stack.resources);
            let of_files = of_files.filter(|resource| is_named(&resource.type_name));
            known.extend(of_files.map(|resource| resource.physical_id.clone()));
        }
        known
    }

    /// Writes a stack, and takes the oldest deleted one away where there are too many.
    fn save(&mut self, cx: &mut Cx<'_>, live: Live) {
        let uuid = uuid_of(&live.stack.id).to_owned();
        cx.put(&live.stack);
        self.stacks.insert(uuid, live);
        let deleted = self.stacks.iter().filter(|(_, live)| !live.stack.is_live());
        let mut deleted: Vec<_> =
            deleted.map(|(uuid, live)| (live.stack.deleted_ms, uuid.clone())).collect();
        deleted.sort();
        let surplus = deleted.len().saturating_sub(DELETED_STACKS_MAX);
        for (_, uuid) in deleted.into_iter().take(surplus) {
            cx.changes.push(Change::Remove { key: format!("{PREFIX}{uuid}") });
            self.stacks.remove(&uuid);
        }
    }

    /// Whether there is room for one more.
    fn check_room(&self) -> Result<()> {
        if self.stacks.values().filter(|live| live.stack.is_live()).count() >= STACKS_MAX {
            let text = format!("Limit for stack has been exceeded: {STACKS_MAX} stacks");
            return Err(ApiError::new(400, "LimitExceededException", text));
        }
        Ok(())
    }
}

impl Cx<'_> {
    fn put(&mut self, stack: &Stack) {
        let document = serde_json::to_vec(stack).expect("documents have string keys only");
        let key = format!("{PREFIX}{}", uuid_of(&stack.id));
        self.changes.push(Change::Put { key, document });
    }

    fn file_stacks(&self) -> std::sync::Arc<Vec<LoadedStack>> {
        (self.surroundings.file_stacks)()
    }

    /// The stack that a file is, by its name or id.
    fn file_stack(&self, name: &str) -> Option<LoadedStack> {
        let stacks = self.file_stacks();
        stacks.iter().find(|stack| stack.name == name || stack.id == name).cloned()
    }
}

/// The last part of a stack's id.
fn uuid_of(id: &str) -> &str {
    id.rsplit('/').next().unwrap_or(id)
}

/// The region of a stack's id.
fn region_of(id: &str) -> &str {
    id.split(':').nth(3).unwrap_or_default()
}

fn read_only(stack: &LoadedStack) -> ApiError {
    invalid(format!(
        "Stack [{}] is the file {}, which the gateway was started with: it changes when the file does",
        stack.name, stack.file
    ))
}
