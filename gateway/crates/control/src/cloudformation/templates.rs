//! What templates say of themselves.

use gateway_definition::{Source, Summary, summarize};

use super::inputs::{required, template};
use super::prepare::{invalid, told};
use super::types::{Resource, SourceText};
use super::{Cx, Result, Stacks, view};
use crate::wire::xml;

/// `ValidateTemplate`
pub(super) fn validate(cx: &Cx<'_>) -> Result<String> {
    let text = template(cx)?
        .ok_or_else(|| invalid("Either Template URL or Template Body must be specified."))?;
    let summary = read("template", &text)?;
    let mut out = String::new();
    out.push_str("<Parameters>");
    for parameter in &summary.parameters {
        let mut inside = view::elements(&[
            ("ParameterKey", &parameter.key),
            ("NoEcho", if parameter.no_echo { "true" } else { "false" }),
        ]);
        view::optional("DefaultValue", parameter.default.as_deref(), &mut inside);
        view::optional("Description", parameter.description.as_deref(), &mut inside);
        out.push_str(&format!("<member>{inside}</member>"));
    }
    out.push_str("</Parameters>");
    describe(&summary, &mut out);
    Ok(out)
}

/// `GetTemplateSummary`
pub(super) fn summary(stacks: &Stacks, cx: &Cx<'_>) -> Result<String> {
    let text = match (template(cx)?, cx.form.get("StackName")) {
        (Some(text), _) => text,
        (None, Some(name)) => stacks.stack(name)?.stack.source.template.clone(),
        (None, None) => {
            let text = "At least one of the parameters [StackName, TemplateBody, TemplateURL] must be specified";
            return Err(invalid(text));
        }
    };
    let summary = read("template", &text)?;
    let mut out = String::from("<Parameters>");
    for parameter in &summary.parameters {
        let mut inside = view::elements(&[
            ("ParameterKey", &parameter.key),
            ("ParameterType", &parameter.type_name),
            ("NoEcho", if parameter.no_echo { "true" } else { "false" }),
        ]);
        view::optional("DefaultValue", parameter.default.as_deref(), &mut inside);
        view::optional("Description", parameter.description.as_deref(), &mut inside);
        let allowed = view::members("AllowedValues", &parameter.allowed_values);
        inside.push_str(&format!("<ParameterConstraints>{allowed}</ParameterConstraints>"));
        out.push_str(&format!("<member>{inside}</member>"));
    }
    out.push_str("</Parameters>");
    describe(&summary, &mut out);
    let mut types: Vec<String> =
        summary.resources.iter().map(|resource| resource.type_name.clone()).collect();
    types.sort_unstable();
    types.dedup();
    out.push_str(&view::members("ResourceTypes", &types));
    xml::write_element("Version", "2010-09-09", &mut out);
    view::optional("Metadata", summary.metadata.map(|of| of.to_string()).as_deref(), &mut out);
    Ok(out)
}

/// `GetTemplate`
pub(super) fn get(stacks: &Stacks, cx: &Cx<'_>) -> Result<String> {
    let text = match cx.form.get("ChangeSetName") {
        Some(name) => super::change_sets::find(stacks, cx, name)?.1.source.template.clone(),
        None => {
            let name = required(cx, "StackName")?;
            if let Some(file) = cx.file_stack(name) {
                let read = std::fs::read_to_string(&file.file);
                read.map_err(|error| invalid(format!("{} cannot be read: {error}", file.file)))?
            } else {
                stacks.stack(name)?.stack.source.template.clone()
            }
        }
    };
    let text = match cx.form.get("TemplateStage") {
        Some("Processed") => read("template", &text)?.processed.to_string(),
        None | Some("Original") => text,
        Some(other) => {
            return Err(invalid(format!("TemplateStage is Original or Processed, not {other}")));
        }
    };
    let mut out = String::new();
    xml::write_element("TemplateBody", &text, &mut out);
    let stages = ["Original".to_owned(), "Processed".to_owned()];
    out.push_str(&view::members("StagesAvailable", &stages));
    Ok(out)
}

fn describe(summary: &Summary, out: &mut String) {
    view::optional("Description", summary.description.as_deref(), out);
    let mut needed = Vec::new();
    let types = summary.resources.iter().map(|of| (of.type_name.as_str(), of.is_named));
    if let Some(capability) = iam_capability(types) {
        needed.push(capability.to_owned());
    }
    if is_transformed(summary) {
        needed.push("CAPABILITY_AUTO_EXPAND".to_owned());
    }
    if !needed.is_empty() {
        out.push_str(&view::members("Capabilities", &needed));
        let kinds: Vec<_> = summary
            .resources
            .iter()
            .map(|resource| resource.type_name.as_str())
            .filter(|type_name| IAM_TYPES.contains(type_name))
            .collect();
        if !kinds.is_empty() {
            let mut kinds = kinds;
            kinds.sort_unstable();
            kinds.dedup();
            let text =
                format!("The following resource(s) require capabilities: [{}]", kinds.join(", "));
            xml::write_element("CapabilitiesReason", &text, out);
        }
    }
    if !summary.transforms.is_empty() {
        out.push_str(&view::members("DeclaredTransforms", &summary.transforms));
    }
}

/// The language extensions are no macro.
fn is_transformed(summary: &Summary) -> bool {
    summary.transforms.iter().any(|name| name != "AWS::LanguageExtensions")
}

pub(super) fn read(name: &str, text: &str) -> Result<Summary> {
    let source = Source { name: name.to_owned(), text: text.to_owned() };
    summarize(&source).map_err(|problems| {
        let texts: Vec<String> = problems.iter().map(told).collect();
        invalid(texts.join("; "))
    })
}

/// Refuses a template whose transform the caller did not say that they know of; change sets show what it makes.
pub(super) fn check(source: &SourceText, is_direct: bool) -> Result<()> {
    let summary = read("template", &source.template)?;
    if is_direct && is_transformed(&summary) {
        super::inputs::check_capabilities(source, &["CAPABILITY_AUTO_EXPAND"])?;
    }
    Ok(())
}

const IAM_TYPES: [&str; 8] = [
    "AWS::IAM::AccessKey",
    "AWS::IAM::Group",
    "AWS::IAM::InstanceProfile",
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::Policy",
    "AWS::IAM::Role",
    "AWS::IAM::User",
    "AWS::IAM::UserToGroupAddition",
];

/// What resources need of the caller's consent.
pub(super) fn needed(resources: &[Resource]) -> Vec<&'static str> {
    let named = |resource: &Resource| {
        let names =
            ["RoleName", "UserName", "GroupName", "ManagedPolicyName", "InstanceProfileName"];
        names.iter().any(|name| resource.properties.get(name).is_some())
    };
    let types = resources.iter().map(|of| (of.type_name.as_str(), named(of)));
    iam_capability(types).into_iter().collect()
}

fn iam_capability<'t>(types: impl Iterator<Item = (&'t str, bool)>) -> Option<&'static str> {
    let ours = types.filter(|(type_name, _)| IAM_TYPES.contains(type_name));
    ours.fold(None, |found, (_, is_named)| match is_named {
        true => Some("CAPABILITY_NAMED_IAM"),
        false => found.or(Some("CAPABILITY_IAM")),
    })
}
