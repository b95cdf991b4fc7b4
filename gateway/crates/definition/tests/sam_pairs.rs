//! Templates before and after the SAM transform: both load to the same APIs.

mod places;

use gateway_definition::{Loaded, Options, Source, load};
use gateway_model::{Definitions, DeploymentId, Json};
use places::without_places;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Pairs whose templates CloudFormation would refuse, or that the transform itself gets wrong.
const LEFT_OUT: [(&str, &str); 1] =
    [("api_with_any_method_in_swagger", "its authorizer names no function")];

#[test]
fn a_template_is_what_the_transform_makes_of_it() {
    let given = std::env::var_os("GATEWAY_CONFORMANCE").map(PathBuf::from);
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../../shared/conformance");
    let folder = given.unwrap_or(beside).join("definitions/sam");
    if !folder.is_dir() {
        println!("left out: definitions/sam (no suite here)");
        return;
    }
    let mut names: Vec<PathBuf> = std::fs::read_dir(&folder)
        .expect("the folder can be listed")
        .map(|entry| entry.expect("the folder can be listed").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .collect();
    names.sort();
    let mut cases = 0;
    let mut failures = Vec::new();
    for path in names {
        let name = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default().to_owned();
        if let Some((name, why)) = LEFT_OUT.iter().find(|(left_out, _)| *left_out == name) {
            println!("left out: {name} ({why})");
            continue;
        }
        cases += 1;
        let ours = read(&path);
        let theirs = read(&path.with_extension("json"));
        let facts = [facts(ours.definitions), facts(theirs.definitions)];
        let [ours, theirs] = facts.each_ref().map(|text| text.lines().collect::<Vec<_>>());
        if let Some(at) =
            (0..ours.len().max(theirs.len())).find(|at| ours.get(*at) != theirs.get(*at))
        {
            let around = |lines: &[&str]| {
                let lines = lines.get(at.saturating_sub(6)..).unwrap_or_default();
                lines.iter().take(9).map(|line| format!("    {line}\n")).collect::<String>()
            };
            failures.push(format!(
                "{name}\n  expected\n{}  got\n{}",
                around(&theirs),
                around(&ours)
            ));
        }
    }
    assert!(failures.is_empty(), "{} of {cases}\n{}", failures.len(), failures.join("\n"));
    assert!(cases >= 29, "only {cases} pairs were there");
}

fn read(path: &Path) -> Loaded {
    let text = std::fs::read_to_string(path).expect("a template is text");
    let mut options = Options {
        region: "ap-southeast-1".to_owned(),
        stack_name: Some("sam".to_owned()),
        ..Options::default()
    };
    if text.contains("Ref: EndpointConfig") || text.contains("\"Ref\": \"EndpointConfig\"") {
        options.parameters.insert("EndpointConfig".to_owned(), "REGIONAL".to_owned());
    }
    load(&[Source { name: path.display().to_string(), text }], &options)
}

/// Members of objects by name.
fn sort(json: &mut Json) {
    match json {
        Json::Object(members) => {
            members.sort_by(|(a, _), (b, _)| a.cmp(b));
            members.iter_mut().for_each(|(_, value)| sort(value));
        }
        Json::Array(items) => items.iter_mut().for_each(sort),
        _ => {}
    }
}

/// All that requests can meet, without the names of deployments, which the transform derives from the
/// definition.
fn facts(mut definitions: Definitions) -> String {
    let mut out = String::new();
    let mut ids = Vec::new();
    definitions.apis.sort_by(|a, b| a.logical_id.cmp(&b.logical_id));
    for mut api in definitions.apis {
        ids.push((format!(":{}/", api.logical_id), format!(":{}/", api.id)));
        api.deployments.clear();
        for stage in api.stages.values_mut() {
            stage.deployment = DeploymentId::new("deployment");
            if let Some(canary) = &mut stage.canary {
                canary.deployment = None;
            }
        }
        if let Some(policy) = &mut api.policy {
            sort(&mut policy.value);
        }
        for model in api.models.values_mut() {
            model.schema.iter_mut().for_each(|schema| sort(&mut schema.value));
        }
        // What is written in any order.
        for method in api.resources.values_mut().flat_map(|r| r.methods.values_mut()) {
            if let Some(integration) = &mut method.integration {
                for response in &mut integration.integration_responses {
                    response
                        .response_parameters
                        .sort_by(|a, b| a.target.value.cmp(&b.target.value));
                }
            }
        }
        for response in api.gateway_responses.values_mut() {
            response.response_parameters.sort_by(|a, b| a.target.value.cmp(&b.target.value));
        }
        out.push_str(&without_places(&api));
    }
    let mut permissions = BTreeSet::new();
    for permission in definitions.function_permissions {
        let source = permission.source_arn.map(|arn| arn.value).unwrap_or_default();
        // The transform leaves a bare name where an id belongs.
        let source = ids.iter().fold(source, |source, (name, id)| source.replace(name, id));
        // HTTP and WebSocket APIs are not served yet.
        if !ids.iter().any(|(_, id)| source.contains(id)) {
            continue;
        }
        permissions.insert(format!(
            "{} {} {} {source}\n",
            permission.function.value, permission.action, permission.principal
        ));
    }
    out.extend(permissions);
    let mut rest: Vec<String> = Vec::new();
    rest.extend(definitions.usage_plans.iter().map(without_places));
    rest.extend(definitions.api_keys.iter().map(without_places));
    rest.extend(definitions.usage_plan_keys.iter().map(without_places));
    rest.extend(definitions.domain_names.iter().map(without_places));
    rest.extend(definitions.base_path_mappings.iter().map(without_places));
    rest.sort();
    out.extend(rest);
    out
}
