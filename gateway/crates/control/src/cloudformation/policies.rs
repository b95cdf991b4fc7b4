//! Policies of stacks, termination protection, and updates that cannot be cancelled.

use super::inputs::{flag, required};
use super::prepare::invalid;
use super::{Cx, Result, Stacks, view};
use crate::limits::STACK_POLICY_BYTES_MAX;

/// `SetStackPolicy`: stored, without effect.
pub(super) fn set_stack_policy(stacks: &mut Stacks, cx: &mut Cx<'_>) -> Result<String> {
    let name = required(cx, "StackName")?.to_owned();
    let policy = required(cx, "StackPolicyBody")?.to_owned();
    if policy.len() > STACK_POLICY_BYTES_MAX {
        return Err(invalid(format!("A stack policy may have {STACK_POLICY_BYTES_MAX} bytes")));
    }
    if serde_json::from_str::<serde_json::Value>(&policy).is_err() {
        return Err(invalid("Error validating stack policy: Invalid stack policy"));
    }
    let stack = &mut stacks.stack_mut(cx, &name)?.stack;
    stack.policy = Some(policy);
    let stack = stack.clone();
    cx.put(&stack);
    Ok(String::new())
}

/// `GetStackPolicy`
pub(super) fn get_stack_policy(stacks: &Stacks, cx: &Cx<'_>) -> Result<String> {
    let stack = &stacks.stack(required(cx, "StackName")?)?.stack;
    let mut out = String::new();
    view::optional("StackPolicyBody", stack.policy.as_deref(), &mut out);
    Ok(out)
}

/// `UpdateTerminationProtection`
pub(super) fn protect(stacks: &mut Stacks, cx: &mut Cx<'_>) -> Result<String> {
    let name = required(cx, "StackName")?.to_owned();
    required(cx, "EnableTerminationProtection")?;
    let is_protected = flag(cx, "EnableTerminationProtection");
    let stack = &mut stacks.stack_mut(cx, &name)?.stack;
    stack.is_protected = is_protected;
    let stack = stack.clone();
    cx.put(&stack);
    Ok(view::elements(&[("StackId", &stack.id)]))
}

/// `CancelUpdateStack`: an update is over when it is answered.
pub(super) fn cancel_update(stacks: &Stacks, cx: &Cx<'_>) -> Result<String> {
    stacks.stack(required(cx, "StackName")?)?;
    Err(invalid("CancelUpdateStack cannot be called from current stack status"))
}
