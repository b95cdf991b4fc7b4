//! Drift: where what is there differs from what a stack's template says.
//!
//! A stack's APIs and functions are made from its template alone and cannot be changed beside it, so they are in sync by
//! construction. What lives a life of its own is its buckets, and the copies of the code of its functions.

use super::inputs::required;
use super::prepare::invalid;
use super::types::{Drift, Resource, ResourceDrift, Stack};
use super::{Cx, Result, Stacks, view};
use crate::wire::uuid;

impl Drift {
    pub(super) fn status(&self) -> &'static str {
        match self.resources.iter().any(ResourceDrift::has_drifted) {
            true => "DRIFTED",
            false => "IN_SYNC",
        }
    }

    pub(super) fn of(&self, logical_id: &str) -> Option<&ResourceDrift> {
        self.resources.iter().find(|of| of.logical_id == logical_id)
    }
}

impl ResourceDrift {
    fn has_drifted(&self) -> bool {
        self.is_deleted || !self.differences.is_empty()
    }

    pub(super) fn status(&self) -> &'static str {
        match (self.is_deleted, self.differences.is_empty()) {
            (true, _) => "DELETED",
            (false, true) => "IN_SYNC",
            (false, false) => "MODIFIED",
        }
    }
}

/// Compares a resource with what is there; none of a type that is nowhere but in its stack.
fn look(cx: &Cx<'_>, stack: &Stack, resource: &Resource) -> Option<ResourceDrift> {
    let is_code_there = || {
        let code = &resource.properties["Code"];
        let (bucket, key) = (code["S3Bucket"].as_str(), code["S3Key"].as_str());
        let mut artifacts = stack.source.artifacts.iter();
        let artifact =
            artifacts.find(|of| Some(of.bucket.as_str()) == bucket && Some(of.key.as_str()) == key);
        artifact.is_none_or(|of| cx.surroundings.code.join(&of.file).is_file())
    };
    let is_deleted = match resource.type_name.as_str() {
        "AWS::S3::Bucket" => !cx.surroundings.buckets.has_bucket(&resource.physical_id),
        "AWS::Logs::LogGroup" => cx.surroundings.logs.group(&resource.physical_id).is_none(),
        "AWS::Lambda::Function" => !is_code_there(),
        of if of.starts_with("AWS::ApiGateway::") => false,
        _ => return None,
    };
    Some(ResourceDrift {
        logical_id: resource.logical_id.clone(),
        is_deleted,
        actual: if is_deleted { serde_json::json!({}) } else { resource.properties.clone() },
        differences: Vec::new(),
    })
}

/// `DetectStackDrift`
pub(super) fn detect(stacks: &mut Stacks, cx: &mut Cx<'_>) -> Result<String> {
    let name = required(cx, "StackName")?.to_owned();
    let wanted = cx.form.list("LogicalResourceIds");
    let stack = stacks.stack_mut(cx, &name)?.stack.clone();
    if !stack.is_served() {
        let status = stack.status.as_str();
        return Err(invalid(format!(
            "Drift detection cannot be performed on stack in status {status}"
        )));
    }
    let is_wanted = |of: &&Resource| wanted.is_empty() || wanted.contains(&of.logical_id);
    let looked = stack.resources.iter().filter(is_wanted);
    let resources = looked.filter_map(|resource| look(cx, &stack, resource)).collect();
    let mut random = [0; 16];
    let _ = getrandom::fill(&mut random);
    let drift = Drift { id: uuid(random), unix_ms: cx.call.unix_ms, resources };
    let answer = view::elements(&[("StackDriftDetectionId", &drift.id)]);
    let kept = &mut stacks.stack_mut(cx, &name)?.stack;
    kept.drift = Some(drift);
    let kept = kept.clone();
    cx.put(&kept);
    Ok(answer)
}

/// `DescribeStackDriftDetectionStatus`
pub(super) fn status(stacks: &Stacks, cx: &Cx<'_>) -> Result<String> {
    let id = required(cx, "StackDriftDetectionId")?;
    let mut all = stacks.stacks.values().map(|live| &live.stack);
    let found = all.find_map(|stack| {
        let drift = stack.drift.as_ref().filter(|drift| drift.id == id)?;
        Some((stack, drift))
    });
    let (stack, drift) =
        found.ok_or_else(|| invalid(format!("Drift detection status not found for {id}")))?;
    let count = drift.resources.iter().filter(|of| of.has_drifted()).count();
    Ok(view::elements(&[
        ("StackId", &stack.id),
        ("StackDriftDetectionId", id),
        ("StackDriftStatus", drift.status()),
        ("DetectionStatus", "DETECTION_COMPLETE"),
        ("DriftedStackResourceCount", &count.to_string()),
        ("Timestamp", &view::time(drift.unix_ms)),
    ]))
}

/// `DescribeStackResourceDrifts`
pub(super) fn resources(stacks: &Stacks, cx: &Cx<'_>) -> Result<String> {
    let stack = &stacks.stack(required(cx, "StackName")?)?.stack;
    let wanted = cx.form.list("StackResourceDriftStatusFilters");
    let drift = stack.drift.as_ref().ok_or_else(|| {
        invalid(format!("Drift detection has not been run on stack {}", stack.name))
    })?;
    let shown = drift
        .resources
        .iter()
        .filter(|of| wanted.is_empty() || wanted.iter().any(|status| status == of.status()));
    Ok(view::list("StackResourceDrifts", shown, |of| shown_drift(stack, drift.unix_ms, of)))
}

/// `DetectStackResourceDrift`
pub(super) fn detect_resource(stacks: &mut Stacks, cx: &mut Cx<'_>) -> Result<String> {
    let name = required(cx, "StackName")?.to_owned();
    let logical_id = required(cx, "LogicalResourceId")?.to_owned();
    let stack = stacks.stack_mut(cx, &name)?.stack.clone();
    let resource = stack.resources.iter().find(|of| of.logical_id == logical_id);
    let resource = resource
        .ok_or_else(|| invalid(format!("Resource {logical_id} does not exist for stack {name}")))?;
    let drift = look(cx, &stack, resource).ok_or_else(|| {
        let type_name = &resource.type_name;
        invalid(format!("Drift detection is not supported for the resource type {type_name}"))
    })?;
    let inside = shown_drift(&stack, cx.call.unix_ms, &drift);
    Ok(format!("<StackResourceDrift>{inside}</StackResourceDrift>"))
}

fn shown_drift(stack: &Stack, unix_ms: u64, drift: &ResourceDrift) -> String {
    let resource = stack.resources.iter().find(|of| of.logical_id == drift.logical_id);
    let (physical_id, type_name, expected) = match resource {
        Some(of) => (of.physical_id.as_str(), of.type_name.as_str(), of.properties.to_string()),
        None => ("", "", "{}".to_owned()),
    };
    let mut out = view::elements(&[
        ("StackId", &stack.id),
        ("LogicalResourceId", &drift.logical_id),
        ("PhysicalResourceId", physical_id),
        ("ResourceType", type_name),
        ("ExpectedProperties", &expected),
        ("ActualProperties", &drift.actual.to_string()),
        ("StackResourceDriftStatus", drift.status()),
        ("Timestamp", &view::time(unix_ms)),
    ]);
    out.push_str(&view::list(
        "PropertyDifferences",
        &drift.differences,
        |(path, expected, actual)| {
            view::elements(&[
                ("PropertyPath", path),
                ("ExpectedValue", expected),
                ("ActualValue", actual),
                ("DifferenceType", "NOT_EQUAL"),
            ])
        },
    ));
    out
}
