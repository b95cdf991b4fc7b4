//! Stacks and what belongs to them, as XML.

use super::types::{Change, ChangeSet, Event, Output, Resource, Stack};
use crate::wire::xml::write_element;

/// `<name>text</name>` of each.
pub(super) fn elements(parts: &[(&str, &str)]) -> String {
    let mut out = String::new();
    for (name, value) in parts {
        write_element(name, value, &mut out);
    }
    out
}

/// An element, if there is something in it.
pub(super) fn optional(name: &str, value: Option<&str>, out: &mut String) {
    if let Some(value) = value {
        write_element(name, value, out);
    }
}

/// A list of texts.
pub(super) fn members(name: &str, texts: &[String]) -> String {
    let mut out = format!("<{name}>");
    for text in texts {
        write_element("member", text, &mut out);
    }
    out.push_str(&format!("</{name}>"));
    out
}

/// A list of structures.
pub(super) fn list<T>(
    name: &str,
    items: impl IntoIterator<Item = T>,
    view: impl Fn(T) -> String,
) -> String {
    let mut out = format!("<{name}>");
    for item in items {
        out.push_str(&format!("<member>{}</member>", view(item)));
    }
    out.push_str(&format!("</{name}>"));
    out
}

/// An ISO time with milliseconds: clients sort events by it.
pub(super) fn time(unix_ms: u64) -> String {
    let fraction = format!(".{:03}Z", unix_ms % 1000);
    crate::signature::iso(unix_ms).replace('Z', &fraction)
}

/// What a parameter has instead of a secret.
const SECRET: &str = "****";

pub(super) fn parameters(parameters: &[(String, Option<String>)]) -> String {
    list("Parameters", parameters, |(key, value)| {
        let value = value.as_deref().unwrap_or(SECRET);
        elements(&[("ParameterKey", key), ("ParameterValue", value)])
    })
}

pub(super) fn tags(tags: &[(String, String)]) -> String {
    list("Tags", tags, |(key, value)| elements(&[("Key", key), ("Value", value)]))
}

pub(super) fn outputs(outputs: &[Output]) -> String {
    list("Outputs", outputs, |output| {
        let mut out = elements(&[("OutputKey", &output.key), ("OutputValue", &output.value)]);
        optional("Description", output.description.as_deref(), &mut out);
        optional("ExportName", output.export.as_deref(), &mut out);
        out
    })
}

fn boolean(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}

/// A stack of DescribeStacks.
pub(super) fn stack(stack: &Stack) -> String {
    let mut out = elements(&[
        ("StackId", &stack.id),
        ("StackName", &stack.name),
        ("CreationTime", &time(stack.created_ms)),
        ("StackStatus", stack.status.as_str()),
        ("DisableRollback", boolean(stack.disable_rollback)),
        ("EnableTerminationProtection", boolean(stack.is_protected)),
    ]);
    optional("ChangeSetId", stack.change_set_id.as_deref(), &mut out);
    optional("Description", stack.description.as_deref(), &mut out);
    optional("LastUpdatedTime", stack.updated_ms.map(time).as_deref(), &mut out);
    optional("DeletionTime", stack.deleted_ms.map(time).as_deref(), &mut out);
    optional("StackStatusReason", stack.reason.as_deref(), &mut out);
    optional("RoleARN", stack.source.role_arn.as_deref(), &mut out);
    out.push_str("<RollbackConfiguration></RollbackConfiguration>");
    out.push_str(&drift_information(stack));
    out.push_str(&members("NotificationARNs", &stack.source.notification_arns));
    out.push_str(&members("Capabilities", &stack.source.capabilities));
    out.push_str(&parameters(&stack.parameters));
    out.push_str(&outputs(&stack.outputs));
    out.push_str(&tags(&stack.source.tags));
    out
}

fn drift_information(stack: &Stack) -> String {
    let Some(drift) = &stack.drift else {
        let inside = elements(&[("StackDriftStatus", "NOT_CHECKED")]);
        return format!("<DriftInformation>{inside}</DriftInformation>");
    };
    let inside = elements(&[
        ("StackDriftStatus", drift.status()),
        ("LastCheckTimestamp", &time(drift.unix_ms)),
    ]);
    format!("<DriftInformation>{inside}</DriftInformation>")
}

/// A stack of ListStacks.
pub(super) fn summary(stack: &Stack) -> String {
    let mut out = elements(&[
        ("StackId", &stack.id),
        ("StackName", &stack.name),
        ("CreationTime", &time(stack.created_ms)),
        ("StackStatus", stack.status.as_str()),
    ]);
    optional("TemplateDescription", stack.description.as_deref(), &mut out);
    optional("LastUpdatedTime", stack.updated_ms.map(time).as_deref(), &mut out);
    optional("DeletionTime", stack.deleted_ms.map(time).as_deref(), &mut out);
    optional("StackStatusReason", stack.reason.as_deref(), &mut out);
    out.push_str(&drift_information(stack));
    out
}

pub(super) fn event(stack: &Stack, event: &Event) -> String {
    let mut out = elements(&[
        ("StackId", &stack.id),
        ("EventId", &event.id),
        ("StackName", &stack.name),
        ("LogicalResourceId", &event.logical_id),
        ("PhysicalResourceId", &event.physical_id),
        ("ResourceType", &event.type_name),
        ("Timestamp", &time(event.unix_ms)),
        ("ResourceStatus", event.status.as_str()),
    ]);
    optional("ResourceStatusReason", event.reason.as_deref(), &mut out);
    optional("ClientRequestToken", event.token.as_deref(), &mut out);
    out
}

/// A resource; the name of its time differs from operation to operation.
pub(super) fn resource(stack: &Stack, resource: &Resource, time_name: &str) -> String {
    let mut out = elements(&[
        ("StackName", &stack.name),
        ("StackId", &stack.id),
        ("LogicalResourceId", &resource.logical_id),
        ("PhysicalResourceId", &resource.physical_id),
        ("ResourceType", &resource.type_name),
        (time_name, &time(resource.updated_ms)),
        ("ResourceStatus", resource.status.as_str()),
    ]);
    optional("ResourceStatusReason", resource.reason.as_deref(), &mut out);
    let checked = stack.drift.as_ref().and_then(|drift| drift.of(&resource.logical_id));
    let status = checked.map_or("NOT_CHECKED", |drift| drift.status());
    let drift = elements(&[("StackResourceDriftStatus", status)]);
    out.push_str(&format!("<DriftInformation>{drift}</DriftInformation>"));
    out
}

/// What stands in DescribeChangeSet and in ListChangeSets.
pub(super) fn change_set(stack: &Stack, set: &ChangeSet) -> String {
    let status = if set.failure.is_some() { "FAILED" } else { "CREATE_COMPLETE" };
    let mut out = elements(&[
        ("ChangeSetName", &set.name),
        ("ChangeSetId", &set.id),
        ("StackId", &stack.id),
        ("StackName", &stack.name),
        ("CreationTime", &time(set.created_ms)),
        ("ExecutionStatus", set.execution()),
        ("Status", status),
        ("IncludeNestedStacks", "false"),
    ]);
    optional("Description", set.description.as_deref(), &mut out);
    optional("StatusReason", set.failure.as_deref(), &mut out);
    out
}

pub(super) fn change(change: &Change) -> String {
    let mut out = elements(&[
        ("Action", change.action.as_str()),
        ("LogicalResourceId", &change.logical_id),
        ("ResourceType", &change.type_name),
    ]);
    optional("PhysicalResourceId", change.physical_id.as_deref(), &mut out);
    if change.action == super::types::Action::Modify {
        let replacement = if change.is_replacement { "True" } else { "False" };
        write_element("Replacement", replacement, &mut out);
        out.push_str(&members("Scope", &["Properties".to_owned()]));
        out.push_str(&list("Details", &change.properties, |property| {
            let target = elements(&[
                ("Attribute", "Properties"),
                ("Name", property),
                ("RequiresRecreation", if change.is_replacement { "Always" } else { "Never" }),
            ]);
            let rest =
                elements(&[("Evaluation", "Static"), ("ChangeSource", "DirectModification")]);
            format!("<Target>{target}</Target>{rest}")
        }));
    } else {
        out.push_str("<Scope></Scope><Details></Details>");
    }
    format!("<Type>Resource</Type><ResourceChange>{out}</ResourceChange>")
}
