//! Change sets: what would become of a stack, and making it so.

use super::deploy::{
    OnFailure, check_new, check_updatable, deploy, is_unchanged, new_stack, read, take,
};
use super::events::Journal;
use super::inputs::{flag, new_name, required, source};
use super::prepare::invalid;
use super::types::{ChangeSet, Stack, Status};
use super::{Cx, Live, Result, Stacks, diff, templates, view};
use crate::ApiError;
use crate::limits::{CHANGE_SETS_MAX, STACK_NAME_CHARS_MAX};
use crate::wire::uuid;

/// What clients look for when they say that nothing has changed.
const NO_CHANGES: &str = "The submitted information didn't contain changes. Submit different information to create a change set.";

/// `CreateChangeSet`
pub(super) fn create(stacks: &mut Stacks, cx: &mut Cx<'_>) -> Result<String> {
    let name = required(cx, "ChangeSetName")?.to_owned();
    let is_name = name.len() <= STACK_NAME_CHARS_MAX
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if !is_name {
        return Err(invalid(format!(
            "1 validation error detected: Value '{name}' at 'changeSetName' failed to satisfy constraint: Member must \
             satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*"
        )));
    }
    let is_create = match cx.form.get("ChangeSetType") {
        Some("CREATE") => true,
        Some("UPDATE") | None => false,
        Some("IMPORT") => return Err(ApiError::not_implemented("CreateChangeSet of type IMPORT")),
        Some(other) => {
            let text = format!("ChangeSetType is CREATE, UPDATE or IMPORT, not {other}");
            return Err(invalid(text));
        }
    };
    let on_failure = cx.form.get("OnStackFailure").map(str::to_owned);
    OnFailure::named(on_failure.as_deref())?;
    let mut stack = match is_create {
        true => {
            let name = new_name(cx)?.to_owned();
            check_new(stacks, cx, &name)?;
            match stacks.find(&name) {
                Some(live) => live.stack.clone(),
                None => {
                    let mut stack = new_stack(cx, &name);
                    Journal::new(&stack, cx.call.unix_ms, None).stack(
                        &mut stack,
                        Status::ReviewInProgress,
                        Some("User Initiated"),
                    );
                    stack
                }
            }
        }
        false => {
            let name = required(cx, "StackName")?.to_owned();
            let stack = stacks.stack_mut(cx, &name)?.stack.clone();
            check_updatable(&stack)?;
            stack
        }
    };
    if stack.change_sets.iter().any(|set| set.name == name) {
        let text = format!(
            "ChangeSet {name} cannot be created due to a mismatch with existing attribute Template"
        );
        return Err(ApiError::new(400, "AlreadyExistsException", text));
    }
    let before = (!is_create).then_some(&stack);
    let source = source(cx, before)?;
    templates::check(&source, false)?;
    let after = read(stacks, cx, &stack, &source)?;
    let resources = after.resources(cx.call.unix_ms);
    super::inputs::check_capabilities(&source, &templates::needed(&resources))?;
    let changes = diff::changes(&stack.resources, &resources);
    let is_empty = !is_create && is_unchanged(&stack, &after, &source, cx.call.unix_ms);
    let mut random = [0; 16];
    let _ = getrandom::fill(&mut random);
    let (region, account) = (&cx.call.region, &cx.call.account_id);
    let id = format!("arn:aws:cloudformation:{region}:{account}:changeSet/{name}/{}", uuid(random));
    stack.change_sets.push(ChangeSet {
        id: id.clone(),
        name,
        description: cx.form.get("Description").map(str::to_owned),
        created_ms: cx.call.unix_ms,
        is_create,
        source,
        shown: after.stack.parameters,
        changes,
        failure: is_empty.then(|| NO_CHANGES.to_owned()),
        is_obsolete: false,
        on_failure,
    });
    if stack.change_sets.len() > CHANGE_SETS_MAX {
        stack.change_sets.remove(0);
    }
    let stack_id = stack.id.clone();
    let live = Live { definitions: take(stacks, &stack).definitions, stack };
    stacks.save(cx, live);
    Ok(view::elements(&[("Id", &id), ("StackId", &stack_id)]))
}

/// A change set by its id, or by its name and that of its stack.
pub(super) fn find<'s>(
    stacks: &'s Stacks,
    cx: &Cx<'_>,
    name: &str,
) -> Result<(&'s Stack, &'s ChangeSet)> {
    let not_found = || {
        let text = format!("ChangeSet [{name}] does not exist");
        ApiError::new(404, "ChangeSetNotFound", text)
    };
    let by_id = name.starts_with("arn:");
    let all = stacks.stacks.values().map(|live| &live.stack);
    let mut sets = all.flat_map(|stack| stack.change_sets.iter().map(move |set| (stack, set)));
    if by_id {
        return sets.find(|(_, set)| set.id == name).ok_or_else(not_found);
    }
    let Some(stack_name) = cx.form.get("StackName") else {
        return Err(invalid(
            "StackName must be specified if ChangeSetName is not specified as an ARN.",
        ));
    };
    let stack = &stacks.stack(stack_name)?.stack;
    sets.find(|(of, set)| of.id == stack.id && set.name == name).ok_or_else(not_found)
}

/// `DescribeChangeSet`
pub(super) fn describe(stacks: &Stacks, cx: &Cx<'_>) -> Result<String> {
    let (stack, set) = find(stacks, cx, required(cx, "ChangeSetName")?)?;
    let mut out = view::change_set(stack, set);
    view::optional("OnStackFailure", set.on_failure.as_deref(), &mut out);
    out.push_str(&view::parameters(&set.shown));
    out.push_str(&view::members("NotificationARNs", &set.source.notification_arns));
    out.push_str(&view::members("Capabilities", &set.source.capabilities));
    out.push_str(&view::tags(&set.source.tags));
    out.push_str(&view::list("Changes", &set.changes, view::change));
    Ok(out)
}

/// `ListChangeSets`
pub(super) fn list(stacks: &Stacks, cx: &Cx<'_>) -> Result<String> {
    let stack = &stacks.stack(required(cx, "StackName")?)?.stack;
    Ok(view::list("Summaries", &stack.change_sets, |set| view::change_set(stack, set)))
}

/// `DeleteChangeSet`; one that is not there is no error.
pub(super) fn delete(stacks: &mut Stacks, cx: &mut Cx<'_>) -> Result<String> {
    let name = required(cx, "ChangeSetName")?.to_owned();
    let (stack_id, id) = match find(stacks, cx, &name) {
        Ok((stack, set)) => (stack.id.clone(), set.id.clone()),
        Err(error) if error.code == "ChangeSetNotFound" => return Ok(String::new()),
        Err(error) => return Err(error),
    };
    let stack = &mut stacks.stack_mut(cx, &stack_id)?.stack;
    stack.change_sets.retain(|set| set.id != id);
    let stack = stack.clone();
    cx.put(&stack);
    Ok(String::new())
}

/// `ExecuteChangeSet`: the stack is done when it is answered.
pub(super) fn execute(stacks: &mut Stacks, cx: &mut Cx<'_>) -> Result<String> {
    let name = required(cx, "ChangeSetName")?.to_owned();
    let (stack, set) = find(stacks, cx, &name)?;
    if set.execution() != "AVAILABLE" {
        let text = format!(
            "ChangeSet [{}] cannot be executed in its current execution status of [{}]",
            set.id,
            set.execution()
        );
        return Err(ApiError::new(400, "InvalidChangeSetStatus", text));
    }
    check_updatable(stack)?;
    let (stack, set) = (stack.clone(), set.clone());
    let on_failure = match flag(cx, "DisableRollback") {
        true => OnFailure::DoNothing,
        false => OnFailure::named(set.on_failure.as_deref())?,
    };
    // What it reads is read again: an object, or an export, may have gone.
    read(stacks, cx, &stack, &set.source)?;
    let mut live = take(stacks, &stack);
    live.stack.change_sets.clear();
    live.stack.change_set_id = Some(set.id);
    let live = deploy(stacks, cx, live, set.source, on_failure)?;
    stacks.save(cx, live);
    Ok(String::new())
}
