//! Stacks, their resources and their events, as they are.

use gateway_definition::LoadedStack;

use super::inputs::required;
use super::prepare::invalid;
use super::types::{Output, Resource, SourceText, Stack, Status};
use super::{Cx, Result, Stacks, view};

/// A stack that a file is, as one that is done.
pub(super) fn of_file(file: &LoadedStack) -> Stack {
    let outputs = file.outputs.iter().map(|output| Output {
        key: output.key.clone(),
        value: output.value.clone(),
        description: output.description.clone(),
        export: output.export_name.clone(),
    });
    let resources = file.resources.iter().map(|resource| Resource {
        logical_id: resource.logical_id.clone(),
        physical_id: resource.physical_id.clone(),
        type_name: resource.type_name.clone(),
        properties: serde_json::Value::Null,
        is_retained: false,
        status: Status::CreateComplete,
        reason: None,
        updated_ms: 0,
    });
    Stack {
        id: file.id.clone(),
        name: file.name.clone(),
        status: Status::CreateComplete,
        reason: Some(format!("Read from the file {}; it changes when the file does", file.file)),
        description: file.description.clone(),
        parameters: file.parameters.clone(),
        outputs: outputs.collect(),
        resources: resources.collect(),
        imports: file.imports.iter().cloned().collect(),
        source: SourceText::default(),
        ..Stack::default()
    }
}

/// A stack of either kind.
fn find(stacks: &Stacks, cx: &Cx<'_>, name: &str) -> Result<Stack> {
    match cx.file_stack(name) {
        Some(file) => Ok(of_file(&file)),
        None => stacks.stack(name).map(|live| live.stack.clone()),
    }
}

/// `DescribeStacks`
pub(super) fn stacks(stacks: &Stacks, cx: &Cx<'_>) -> Result<String> {
    let shown = match cx.form.get("StackName") {
        Some(name) => vec![find(stacks, cx, name)?],
        None => all(stacks, cx).into_iter().filter(Stack::is_live).collect(),
    };
    Ok(view::list("Stacks", &shown, view::stack))
}

/// Those of files first, then the newest first.
fn all(stacks: &Stacks, cx: &Cx<'_>) -> Vec<Stack> {
    let mut own: Vec<Stack> = stacks.stacks.values().map(|live| live.stack.clone()).collect();
    own.sort_by_key(|stack| std::cmp::Reverse(stack.created_ms));
    cx.file_stacks().iter().map(of_file).chain(own).collect()
}

/// `ListStacks`
pub(super) fn list(stacks: &Stacks, cx: &Cx<'_>) -> String {
    let wanted = cx.form.list("StackStatusFilter");
    let is_wanted = |stack: &Stack| {
        wanted.is_empty() || wanted.iter().any(|status| status == stack.status.as_str())
    };
    let shown: Vec<Stack> = all(stacks, cx).into_iter().filter(is_wanted).collect();
    view::list("StackSummaries", &shown, view::summary)
}

/// `DescribeStackEvents`, the newest first.
pub(super) fn events(stacks: &Stacks, cx: &Cx<'_>) -> Result<String> {
    let name = required(cx, "StackName")?;
    let stack = match find(stacks, cx, name) {
        Ok(stack) => stack,
        Err(_) => return Err(invalid(format!("Stack [{name}] does not exist"))),
    };
    let events = stack.events.iter().rev();
    Ok(view::list("StackEvents", events, |event| view::event(&stack, event)))
}

/// `DescribeStackResource`
pub(super) fn resource(stacks: &Stacks, cx: &Cx<'_>) -> Result<String> {
    let name = required(cx, "StackName")?;
    let logical_id = required(cx, "LogicalResourceId")?;
    let stack = find(stacks, cx, name)?;
    let found = stack.resources.iter().find(|resource| resource.logical_id == logical_id);
    let found = found
        .ok_or_else(|| invalid(format!("Resource {logical_id} does not exist for stack {name}")))?;
    let inside = view::resource(&stack, found, "LastUpdatedTimestamp");
    Ok(format!("<StackResourceDetail>{inside}</StackResourceDetail>"))
}

/// `DescribeStackResources`
pub(super) fn resources(stacks: &Stacks, cx: &Cx<'_>) -> Result<String> {
    let logical_id = cx.form.get("LogicalResourceId");
    let stack = match (cx.form.get("StackName"), cx.form.get("PhysicalResourceId")) {
        (Some(_), Some(_)) => {
            return Err(invalid("StackName and PhysicalResourceId cannot be specified together"));
        }
        (Some(name), None) => find(stacks, cx, name)?,
        (None, Some(physical_id)) => all(stacks, cx)
            .into_iter()
            .find(|stack| {
                stack.is_live()
                    && stack.resources.iter().any(|resource| resource.physical_id == physical_id)
            })
            .ok_or_else(|| invalid(format!("Stack for {physical_id} does not exist")))?,
        (None, None) => {
            return Err(invalid("Either StackName or PhysicalResourceId must be specified"));
        }
    };
    let shown = stack
        .resources
        .iter()
        .filter(|resource| logical_id.is_none_or(|logical_id| resource.logical_id == logical_id));
    Ok(view::list("StackResources", shown, |of| view::resource(&stack, of, "Timestamp")))
}

/// `ListStackResources`
pub(super) fn list_resources(stacks: &Stacks, cx: &Cx<'_>) -> Result<String> {
    let stack = find(stacks, cx, required(cx, "StackName")?)?;
    Ok(view::list("StackResourceSummaries", &stack.resources, |of| {
        view::resource(&stack, of, "LastUpdatedTimestamp")
    }))
}

/// `ListExports`
pub(super) fn exports(stacks: &Stacks) -> String {
    let files = stacks.surroundings.as_ref().map(|of| (of.file_stacks)()).unwrap_or_default();
    let of_files = files.iter().map(of_file);
    let own = stacks.stacks.values().map(|live| &live.stack).filter(|stack| stack.is_served());
    let all: Vec<Stack> = of_files.chain(own.cloned()).collect();
    let exported = all.iter().flat_map(|stack| {
        stack.outputs.iter().filter_map(move |output| {
            Some((stack.id.as_str(), output.export.as_deref()?, output.value.as_str()))
        })
    });
    view::list("Exports", exported, |(id, name, value)| {
        view::elements(&[("ExportingStackId", id), ("Name", name), ("Value", value)])
    })
}

/// `ListImports`
pub(super) fn imports(stacks: &Stacks, cx: &Cx<'_>) -> Result<String> {
    let name = required(cx, "ExportName")?.to_owned();
    let users: Vec<String> = all(stacks, cx)
        .into_iter()
        .filter(|stack| stack.is_served() && stack.imports.contains(&name))
        .map(|stack| stack.name)
        .collect();
    if users.is_empty() {
        return Err(invalid(format!("Export '{name}' is not imported by any stack.")));
    }
    Ok(view::members("Imports", &users))
}
