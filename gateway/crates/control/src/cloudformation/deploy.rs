//! Making, changing and deleting stacks.

use aws_lc_rs::digest::{SHA256, digest};
use gateway_model::Diagnostic;

use super::events::{Journal, STACK_TYPE};
use super::inputs::{check_capabilities, flag, new_name, required, source};
use super::log_groups::{self, LOG_GROUP};
use super::prepare::{For, Prepared, invalid, prepare, told};
use super::types::{Action, Output, Resource, SourceText, Stack, Status};
use super::{Cx, Live, Result, Stacks, buckets, diff, policies, templates, view};
use crate::ApiError;
use crate::wire::uuid;

/// What becomes of a stack that fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OnFailure {
    Rollback,
    Delete,
    DoNothing,
}

impl OnFailure {
    /// `OnFailure`, `OnStackFailure` and `DisableRollback`.
    pub(super) fn read(cx: &Cx<'_>, name: &str) -> Result<Self> {
        if flag(cx, "DisableRollback") {
            if cx.form.get(name).is_some() {
                let text =
                    format!("You can specify either DisableRollback or {name}, but not both");
                return Err(invalid(text));
            }
            return Ok(Self::DoNothing);
        }
        Self::named(cx.form.get(name))
    }

    pub(super) fn named(text: Option<&str>) -> Result<Self> {
        match text {
            None | Some("ROLLBACK") => Ok(Self::Rollback),
            Some("DELETE") => Ok(Self::Delete),
            Some("DO_NOTHING") => Ok(Self::DoNothing),
            Some(other) => Err(invalid(format!(
                "1 validation error detected: Value '{other}' at 'onFailure' failed to satisfy constraint: Member must \
                 satisfy enum value set: [ROLLBACK, DELETE, DO_NOTHING]"
            ))),
        }
    }
}

/// `CreateStack`
pub(super) fn create_stack(stacks: &mut Stacks, cx: &mut Cx<'_>) -> Result<String> {
    let name = new_name(cx)?.to_owned();
    check_new(stacks, cx, &name)?;
    let source = source(cx, None)?;
    let on_failure = OnFailure::read(cx, "OnFailure")?;
    templates::check(&source, true)?;
    let mut stack = new_stack(cx, &name);
    stack.is_protected = flag(cx, "EnableTerminationProtection");
    stack.policy = policies::given(cx, "StackPolicyBody")?;
    let id = stack.id.clone();
    let live = Live { stack, ..Live::default() };
    let live = deploy(stacks, cx, live, source, on_failure)?;
    stacks.save(cx, live);
    Ok(view::elements(&[("StackId", &id)]))
}

/// `UpdateStack`
pub(super) fn update_stack(stacks: &mut Stacks, cx: &mut Cx<'_>) -> Result<String> {
    let name = required(cx, "StackName")?.to_owned();
    let before = stacks.stack_mut(cx, &name)?;
    let source = source(cx, Some(&before.stack))?;
    check_updatable(&before.stack)?;
    templates::check(&source, true)?;
    let stack = before.stack.clone();
    let after = read(stacks, cx, &stack, &source)?;
    if is_unchanged(&stack, &after, &source, cx.call.unix_ms) {
        return Err(invalid("No updates are to be performed."));
    }
    let on_failure = match flag(cx, "DisableRollback") {
        true => OnFailure::DoNothing,
        false => OnFailure::Rollback,
    };
    let id = stack.id.clone();
    let policy = policies::given(cx, "StackPolicyBody")?;
    let mut live = take(stacks, &stack);
    for set in &mut live.stack.change_sets {
        set.is_obsolete = true;
    }
    let mut live = deploy(stacks, cx, live, source, on_failure)?;
    if policy.is_some() {
        live.stack.policy = policy;
    }
    stacks.save(cx, live);
    Ok(view::elements(&[("StackId", &id)]))
}

/// `DeleteStack`; one that is not there is no error.
pub(super) fn delete_stack(stacks: &mut Stacks, cx: &mut Cx<'_>) -> Result<String> {
    let name = required(cx, "StackName")?.to_owned();
    if stacks.find(&name).is_none() && cx.file_stack(&name).is_none() {
        return Ok(String::new());
    }
    let live = stacks.stack_mut(cx, &name)?;
    if !live.stack.is_live() {
        return Ok(String::new());
    }
    if live.stack.is_protected {
        return Err(invalid(format!(
            "Stack [{}] cannot be deleted while TerminationProtection is enabled",
            live.stack.name
        )));
    }
    let stack = live.stack.clone();
    let exports = stack.outputs.iter().filter_map(|output| output.export.as_deref());
    for export in exports {
        if let Some(user) = importer(stacks, &stack, export) {
            let text = format!("Export {export} cannot be deleted as it is in use by {user}");
            return Err(invalid(text));
        }
    }
    let retained = cx.form.list("RetainResources");
    let mut live = take(stacks, &stack);
    let journal = Journal::new(&live.stack, cx.call.unix_ms, cx.form.get("ClientRequestToken"));
    journal.stack(&mut live.stack, Status::DeleteInProgress, Some("User Initiated"));
    let mut left = Vec::new();
    for resource in stack.resources.iter().rev() {
        if !remove(cx, &journal, &mut live.stack, resource, &retained) {
            left.push(resource.clone());
        }
    }
    live.definitions = gateway_model::Definitions::default();
    if left.is_empty() {
        journal.stack(&mut live.stack, Status::DeleteComplete, None);
        live.stack.deleted_ms = Some(cx.call.unix_ms);
        live.stack.change_sets.clear();
    } else {
        let names: Vec<_> = left.iter().map(|resource| resource.logical_id.as_str()).collect();
        let reason =
            format!("The following resource(s) failed to delete: [{}]. ", names.join(", "));
        journal.stack(&mut live.stack, Status::DeleteFailed, Some(&reason));
    }
    live.stack.resources = left;
    cx.publishes = true;
    stacks.save(cx, live);
    Ok(String::new())
}

/// Refuses a name that is taken.
pub(super) fn check_new(stacks: &Stacks, cx: &Cx<'_>, name: &str) -> Result<()> {
    stacks.check_room()?;
    let taken = |text: String| ApiError::new(400, "AlreadyExistsException", text);
    if let Some(file) = cx.file_stack(name) {
        let text = format!("Stack [{name}] already exists: it is the file {}", file.file);
        return Err(taken(text));
    }
    match stacks.find(name) {
        Some(live) if live.stack.status == Status::ReviewInProgress => Ok(()),
        Some(_) => Err(taken(format!("Stack [{name}] already exists"))),
        None => Ok(()),
    }
}

/// A stack of which nothing is known yet but its name.
pub(super) fn new_stack(cx: &Cx<'_>, name: &str) -> Stack {
    // A call that is carried out again, because others beside it were refused, makes the same stack.
    let hash = digest(&SHA256, format!("{} {name}", cx.call.request_id).as_bytes());
    let mut unique = [0; 16];
    unique.copy_from_slice(&hash.as_ref()[..16]);
    let (region, account) = (&cx.call.region, &cx.call.account_id);
    let id = format!("arn:aws:cloudformation:{region}:{account}:stack/{name}/{}", uuid(unique));
    Stack { id, name: name.to_owned(), created_ms: cx.call.unix_ms, ..Stack::default() }
}

/// Refuses to change a stack that is not in a state for it.
pub(super) fn check_updatable(stack: &Stack) -> Result<()> {
    let is_updatable = stack.is_served()
        || matches!(stack.status, Status::CreateFailed | Status::ReviewInProgress);
    if is_updatable {
        return Ok(());
    }
    let (id, status) = (&stack.id, stack.status.as_str());
    Err(invalid(format!("Stack:{id} is in {status} state and can not be updated.")))
}

/// Takes a stack out of the table, to be put back changed.
pub(super) fn take(stacks: &mut Stacks, stack: &Stack) -> Live {
    let uuid = super::uuid_of(&stack.id);
    stacks.stacks.remove(uuid).unwrap_or_default()
}

/// Reads what a stack is to be made from.
pub(super) fn read(
    stacks: &Stacks,
    cx: &Cx<'_>,
    stack: &Stack,
    source: &SourceText,
) -> Result<Prepared> {
    let of = For {
        name: &stack.name,
        id: &stack.id,
        region: &cx.call.region,
        exports: stacks.exports(Some(&stack.id)),
        known: stacks.known(&stack.id),
        artifacts: None,
    };
    prepare(source, &of, &cx.surroundings)
}

/// Whether an update would do nothing.
pub(super) fn is_unchanged(
    stack: &Stack,
    after: &Prepared,
    source: &SourceText,
    unix_ms: u64,
) -> bool {
    after.problems.is_empty()
        && diff::changes(&stack.resources, &after.resources(unix_ms)).is_empty()
        && stack.outputs == after.outputs()
        && stack.source.tags == source.tags
        && stack.status != Status::ReviewInProgress
}

/// Makes or changes a stack: what it was before says which. It comes back done or rolled back.
pub(super) fn deploy(
    stacks: &Stacks,
    cx: &mut Cx<'_>,
    mut live: Live,
    mut source: SourceText,
    on_failure: OnFailure,
) -> Result<Live> {
    let stack = &mut live.stack;
    let mut prepared = read(stacks, cx, stack, &source)?;
    let now = cx.call.unix_ms;
    let resources = prepared.resources(now);
    check_capabilities(&source, &templates::needed(&resources))?;
    let is_update = !matches!(stack.status, Status::ReviewInProgress | Status::CreateFailed);
    let journal = Journal::new(stack, now, cx.form.get("ClientRequestToken"));
    let begins = if is_update { Status::UpdateInProgress } else { Status::CreateInProgress };
    journal.stack(stack, begins, Some("User Initiated"));
    if is_update {
        stack.updated_ms = Some(now);
    }
    let failure = match failure(stacks, cx, stack, &prepared, &resources) {
        Some(failure) => Some(failure),
        None => {
            source.artifacts = prepared.keep(&cx.surroundings.code)?;
            let made = buckets::make(cx, stack, &resources);
            made.or_else(|| log_groups::make(cx, &stack.resources, &resources))
        }
    };
    if let Some((culprit, reason)) = failure {
        if on_failure != OnFailure::DoNothing {
            buckets::unmake(cx, stack, &resources);
        }
        fail(stack, &journal, &resources, (&culprit, &reason), is_update, on_failure);
        if stack.status == Status::DeleteComplete {
            stack.deleted_ms = Some(now);
        }
        if !is_update {
            stack.source = source;
            stack.description.clone_from(&prepared.stack.description);
            stack.parameters = prepared.stack.parameters;
        }
        return Ok(live);
    }
    for change in diff::changes(&stack.resources, &resources) {
        let Some(resource) = resources.iter().find(|of| of.logical_id == change.logical_id) else {
            continue; // removed below
        };
        let reason = change.is_replacement.then_some(
            "Requested update requires the creation of a new physical resource; hence creating one.",
        );
        let (begins, ends) = match change.action {
            Action::Add => (Status::CreateInProgress, Status::CreateComplete),
            _ => (Status::UpdateInProgress, Status::UpdateComplete),
        };
        journal.resource(stack, resource, begins, reason);
        journal.resource(stack, resource, ends, None);
    }
    let mut next = with_history(&stack.resources, resources);
    if is_update {
        journal.stack(stack, Status::UpdateCleanup, None);
        let removed = stack.resources.iter().rev();
        let removed = removed.filter(|old| next.iter().all(|of| of.logical_id != old.logical_id));
        for resource in removed.cloned().collect::<Vec<_>>() {
            remove(cx, &journal, stack, &resource, &[]);
        }
        log_groups::clean_up(cx, &stack.resources, &next);
    }
    stack.resources.clear();
    stack.resources.append(&mut next);
    let ends = if is_update { Status::UpdateComplete } else { Status::CreateComplete };
    journal.stack(stack, ends, None);
    stack.disable_rollback = on_failure == OnFailure::DoNothing;
    stack.outputs = prepared.outputs();
    stack.imports = prepared.stack.imports.iter().cloned().collect();
    stack.description = prepared.stack.description;
    stack.parameters = prepared.stack.parameters;
    stack.source = source;
    stack.drift = None;
    live.definitions = prepared.definitions;
    cx.publishes = true;
    Ok(live)
}

/// Resources that did not change keep their time and status.
fn with_history(before: &[Resource], after: Vec<Resource>) -> Vec<Resource> {
    let kept = after.into_iter().map(|resource| {
        let old = before.iter().find(|old| old.logical_id == resource.logical_id);
        match old {
            Some(old)
                if diff::changes(std::slice::from_ref(old), std::slice::from_ref(&resource))
                    .is_empty() =>
            {
                old.clone()
            }
            Some(_) => Resource { status: Status::UpdateComplete, ..resource },
            None => resource,
        }
    });
    kept.collect()
}

/// Why a stack cannot be what its template says: the resource to blame, and the reason.
fn failure(
    stacks: &Stacks,
    cx: &Cx<'_>,
    stack: &Stack,
    prepared: &Prepared,
    resources: &[Resource],
) -> Option<(String, String)> {
    let by_problem = |problems: &[Diagnostic]| {
        let errors: Vec<&Diagnostic> =
            problems.iter().filter(|problem| problem.is_error()).collect();
        let first = errors.first()?;
        let culprit = prepared.blamed(first).map(|resource| resource.logical_id.clone());
        let is_api = |resource: &&Resource| resource.type_name == "AWS::ApiGateway::RestApi";
        let culprit = culprit
            .or_else(|| Some(resources.iter().find(is_api)?.logical_id.clone()))
            .or_else(|| Some(resources.first()?.logical_id.clone()))
            .unwrap_or_default();
        let same = errors.iter().filter(|problem| {
            prepared.blamed(problem).is_none_or(|resource| resource.logical_id == culprit)
        });
        let texts: Vec<String> = same.map(|problem| told(problem)).collect();
        Some((culprit, texts.join("; ")))
    };
    if let Some(found) = by_problem(&prepared.problems) {
        return Some(found);
    }
    if let Some(found) = cx.refused.and_then(by_problem) {
        return Some(found);
    }
    if let Some(nested) = resources.iter().find(|of| of.type_name == STACK_TYPE) {
        let text = "Nested stacks are not served: deploy their templates as stacks of their own";
        return Some((nested.logical_id.clone(), text.to_owned()));
    }
    if let Some(reason) = exports_in_use(stacks, stack, &prepared.outputs()) {
        return Some((String::new(), reason));
    }
    if let Some(denied) = policies::denied(cx, stack, resources) {
        return Some(denied);
    }
    for function in &prepared.definitions.functions {
        let name = &function.name.value;
        let mut others = stacks.stacks.values().filter(|live| live.stack.id != stack.id);
        let other = others
            .find(|live| live.definitions.functions.iter().any(|of| of.name.value == *name))
            .map(|live| format!("stack {}", live.stack.name))
            .or_else(|| taken_by_file(cx, name))
            .or_else(|| {
                let is_taken = stacks.taken_functions.contains(name);
                is_taken.then(|| "what CreateFunction made".to_owned())
            });
        if let Some(other) = other {
            let resource = resources.iter().find(|resource| resource.physical_id == *name);
            let culprit = resource.map_or_else(String::new, |resource| resource.logical_id.clone());
            return Some((culprit, format!("{name} already exists in {other}")));
        }
    }
    None
}

/// Why what a stack exports cannot become this: another stack uses what would change.
fn exports_in_use(stacks: &Stacks, stack: &Stack, after: &[Output]) -> Option<String> {
    stack.outputs.iter().find_map(|output| {
        let name = output.export.as_deref()?;
        let kept = after.iter().find(|of| of.export.as_deref() == Some(name));
        let what = match kept {
            Some(kept) if kept.value == output.value => return None,
            Some(_) => "updated",
            None => "deleted",
        };
        let user = importer(stacks, stack, name)?;
        Some(format!("Export {name} cannot be {what} as it is in use by {user}"))
    })
}

/// Another stack that imports what a stack exports.
fn importer<'s>(stacks: &'s Stacks, stack: &Stack, export: &str) -> Option<&'s str> {
    let mut others = stacks.stacks.values().map(|live| &live.stack);
    let user = others.find(|other| {
        other.is_served() && other.id != stack.id && other.imports.iter().any(|of| of == export)
    });
    user.map(|user| user.name.as_str())
}

fn taken_by_file(cx: &Cx<'_>, function: &str) -> Option<String> {
    let stacks = cx.file_stacks();
    let is_function = |type_name: &str| {
        matches!(type_name, "AWS::Lambda::Function" | "AWS::Serverless::Function")
    };
    let taken = stacks.iter().find(|stack| {
        let mut resources = stack.resources.iter();
        resources.any(|of| of.physical_id == function && is_function(&of.type_name))
    });
    taken.map(|stack| format!("the file {}", stack.file))
}

/// Writes down how a stack failed.
fn fail(
    stack: &mut Stack,
    journal: &Journal,
    resources: &[Resource],
    (culprit, reason): (&str, &str),
    is_update: bool,
    on_failure: OnFailure,
) {
    let changes = diff::changes(&stack.resources, resources);
    let mut made = Vec::new();
    for resource in resources {
        let change = changes.iter().find(|change| change.logical_id == resource.logical_id);
        let is_culprit = resource.logical_id == culprit;
        if change.is_none() && !is_culprit {
            continue;
        }
        let is_new = change.is_none_or(|change| change.action == Action::Add) && !is_update
            || change.is_some_and(|change| change.action == Action::Add);
        let (begins, fails, ends) = match is_new {
            true => (Status::CreateInProgress, Status::CreateFailed, Status::CreateComplete),
            false => (Status::UpdateInProgress, Status::UpdateFailed, Status::UpdateComplete),
        };
        journal.resource(stack, resource, begins, None);
        if is_culprit {
            journal.resource(stack, resource, fails, Some(reason));
            break;
        }
        journal.resource(stack, resource, ends, None);
        made.push((resource, is_new));
    }
    let whole = match (culprit, is_update) {
        // The stack as a whole is to blame.
        ("", _) => format!("{reason} "),
        (culprit, false) => format!("The following resource(s) failed to create: [{culprit}]. "),
        (culprit, true) => format!("The following resource(s) failed to update: [{culprit}]. "),
    };
    if on_failure == OnFailure::DoNothing {
        let status = if is_update { Status::UpdateFailed } else { Status::CreateFailed };
        return journal.stack(stack, status, Some(whole.trim_end()));
    }
    let is_deleted = on_failure == OnFailure::Delete && !is_update;
    let (begins, ends) = match (is_update, is_deleted) {
        (true, _) => (Status::UpdateRollbackInProgress, Status::UpdateRollbackComplete),
        (false, true) => (Status::DeleteInProgress, Status::DeleteComplete),
        (false, false) => (Status::RollbackInProgress, Status::RollbackComplete),
    };
    let asked = if is_update { "" } else { "Rollback requested by user." };
    journal.stack(stack, begins, Some(format!("{whole}{asked}").trim_end()));
    for (resource, is_new) in made.into_iter().rev() {
        let status = if is_new { Status::DeleteComplete } else { Status::UpdateComplete };
        journal.resource(stack, resource, status, None);
    }
    journal.stack(stack, ends, None);
}

/// Lets go of a resource. Says whether it has gone.
fn remove(
    cx: &Cx<'_>,
    journal: &Journal,
    stack: &mut Stack,
    resource: &Resource,
    retained: &[String],
) -> bool {
    let is_bucket = buckets::is_bucket(resource);
    let is_log_group = resource.type_name == LOG_GROUP;
    let is_retained = resource.is_retained || retained.contains(&resource.logical_id);
    if is_retained && (is_bucket || is_log_group) {
        journal.resource(stack, resource, Status::DeleteSkipped, None);
        return true;
    }
    journal.resource(stack, resource, Status::DeleteInProgress, None);
    if is_bucket
        && cx.surroundings.buckets.has_bucket(&resource.physical_id)
        && let Err(error) = cx.surroundings.buckets.delete_bucket(&resource.physical_id)
    {
        let reason = format!("{} (Service: S3, Status Code: {})", error.message, error.status);
        journal.resource(stack, resource, Status::DeleteFailed, Some(&reason));
        return false;
    }
    if is_log_group {
        log_groups::delete(cx, resource);
    }
    let reason = is_retained.then_some("It is not retained: resources live in their stacks here");
    journal.resource(stack, resource, Status::DeleteComplete, reason);
    true
}
