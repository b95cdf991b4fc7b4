use gateway_model::{CanarySetting, Deployment, MethodSettingKey, Shared};

use super::throttles::setting;
use super::*;
use crate::plan::MethodIndex;

/// The entry of API `abc` for a deployment: a resource for each of `paths` with one method, and stages that show it.
fn entry(deployment: &str, paths: &[&str], stages: &[&str]) -> Shared<RestApi> {
    let root = ResourceId::new("root");
    let mut api = RestApi::new(RestApiId::new("abc"), "Pets", root.clone(), Place::nowhere());
    for path in paths {
        let part = PathPart::Literal((*path).to_owned());
        let resource = api.add_resource(ResourceId::new(path), &root, part, Place::nowhere());
        let mut method = Method::new(HttpMethod::Get, Place::nowhere());
        method.integration = Some(mock(&[]));
        resource.expect("a new resource").methods.insert(HttpMethod::Get, method);
    }
    let id = DeploymentId::new(deployment);
    let of_entry = Deployment {
        id: id.clone(),
        logical_id: deployment.to_owned(),
        description: None,
        canary: None,
        place: Place::nowhere(),
    };
    api.deployments.insert(id.clone(), of_entry);
    for name in stages {
        let name = StageName::parse(name).expect("a stage name");
        api.stages.insert(name.clone(), Stage::new(name, id.clone(), Place::nowhere()));
    }
    Shared::new(api)
}

fn of(apis: Vec<Shared<RestApi>>) -> Definitions {
    Definitions { apis, ..Definitions::default() }
}

#[track_caller]
fn served(definitions: &Definitions, previous: Option<&Snapshot>) -> (Snapshot, usize) {
    let compiled = compile(definitions, &CompileOptions::default(), previous);
    let texts: Vec<_> = compiled.diagnostics.iter().map(|found| &found.text).collect();
    assert!(texts.is_empty(), "{texts:?}");
    (compiled.snapshot.expect("compiles"), compiled.reused)
}

/// The paths that a stage has, found as a request finds it.
#[track_caller]
fn paths(snapshot: &Snapshot, stage: &str) -> Vec<String> {
    let paths = plan(snapshot, stage).methods.iter();
    paths.map(|method| method.resource_path.to_string()).collect()
}

#[track_caller]
fn plan<'s>(snapshot: &'s Snapshot, stage: &str) -> &'s Arc<StagePlan> {
    let path = format!("/{stage}/x");
    let host = b"abc.execute-api.us-east-1.amazonaws.com";
    let found = snapshot.hosts.resolve(host, path.as_bytes()).expect("the stage is served");
    snapshot.stage(found.stage)
}

fn with_canary(api: &mut RestApi, stage: &str, deployment: &str) {
    let setting = CanarySetting {
        deployment: Some(DeploymentId::new(deployment)),
        percent_traffic: Some(50.0),
        stage_variable_overrides: BTreeMap::new(),
        use_stage_cache: false,
        place: Place::nowhere(),
    };
    api.stages.get_mut(stage).expect("the stage").canary = Some(setting);
}

#[test]
fn stages_of_one_api_show_their_own_deployments() {
    let definitions =
        of(vec![entry("d1", &["old"], &["prod", "test"]), entry("d2", &["old", "new"], &["dev"])]);
    let (snapshot, _) = served(&definitions, None);
    assert_eq!(paths(&snapshot, "prod"), ["/old"]);
    assert_eq!(paths(&snapshot, "test"), ["/old"]);
    assert_eq!(paths(&snapshot, "dev"), ["/new", "/old"]);
    let deployments = ["prod", "dev"].map(|stage| plan(&snapshot, stage).deployment_id.clone());
    assert_eq!(deployments, ["d1".into(), "d2".into()]);
    assert_eq!(snapshot.hosts.invoke_urls().count(), 3);
}

#[test]
fn a_deployment_leaves_the_stages_of_others_as_they_are() {
    let before = of(vec![entry("d1", &["old"], &["prod"]), entry("d2", &["new"], &["dev"])]);
    let (old, _) = served(&before, None);
    // As the control plane makes them anew, and as it hands on what it kept.
    for first in [entry("d1", &["old"], &["prod"]), before.apis[0].clone()] {
        let after = of(vec![first, entry("d3", &["newer"], &["dev"])]);
        let (new, reused) = served(&after, Some(&old));
        assert_eq!(reused, 1);
        assert!(Arc::ptr_eq(plan(&old, "prod"), plan(&new, "prod")));
        assert_eq!(paths(&new, "dev"), ["/newer"]);
    }
    // A stage that comes to a deployment leaves those that show it.
    let moved = of(vec![entry("d1", &["old"], &["dev", "prod"])]);
    let (new, reused) = served(&moved, Some(&old));
    assert_eq!((reused, paths(&new, "dev")), (1, vec!["/old".to_owned()]));
    assert!(Arc::ptr_eq(plan(&old, "prod"), plan(&new, "prod")));
}

#[test]
fn a_canary_shows_the_entry_of_its_deployment() {
    let definitions = |of_canary: &[&str]| {
        let mut stable = entry("d1", &["b"], &["prod"]);
        with_canary(&mut stable, "prod", "d2");
        of(vec![stable, entry("d2", of_canary, &[])])
    };
    let (old, _) = served(&definitions(&["a", "b"]), None);
    let stage = plan(&old, "prod");
    let canary = &stage.canary.as_ref().expect("a canary").plan;
    let names = |plan: &StagePlan| -> Vec<_> {
        plan.methods.iter().map(|method| (method.resource_path.clone(), method.index)).collect()
    };
    assert_eq!(names(stage), [("/b".into(), MethodIndex(0))]);
    // What limits the stage's `/b` limits the canary's; `/a` is not the stage's.
    assert_eq!(names(canary), [("/a".into(), MethodIndex::NONE), ("/b".into(), MethodIndex(0))]);
    assert_eq!((&*stage.deployment_id, &*canary.deployment_id), ("d1", "d2"));
    let (same, reused) = served(&definitions(&["a", "b"]), Some(&old));
    assert_eq!(reused, 1, "nothing has changed");
    let (new, reused) = served(&definitions(&["a", "c"]), Some(&same));
    assert_eq!(reused, 0, "the canary has");
    let canary = &plan(&new, "prod").canary.as_ref().expect("a canary").plan;
    assert_eq!(canary.methods[1].resource_path, "/c".into());
}

#[test]
fn limits_stay_when_a_stage_moves_and_a_canary_is_promoted() {
    let limited = |mut api: Shared<RestApi>| {
        let limits = setting(|setting| setting.throttling_rate_limit = Some(5.0));
        let stage = api.stages.get_mut("prod").expect("the stage");
        stage.method_settings.insert(MethodSettingKey::ALL, limits);
        api
    };
    let bucket = |plan: &StagePlan, path: &str| {
        let method = plan.methods.iter().find(|method| *method.resource_path == *path);
        let throttle = method.and_then(|method| method.throttle.clone()).expect("a limit");
        throttle.bucket
    };
    let (first, _) = served(&of(vec![limited(entry("d1", &["b"], &["prod"]))]), None);
    let mut stable = limited(entry("d1", &["b"], &["prod"]));
    with_canary(&mut stable, "prod", "d2");
    let (second, _) = served(&of(vec![stable, entry("d2", &["a", "b"], &[])]), Some(&first));
    let stage = plan(&second, "prod");
    let canary = &stage.canary.as_ref().expect("a canary").plan;
    let promoted = of(vec![limited(entry("d2", &["a", "b"], &["prod"]))]);
    let (third, _) = served(&promoted, Some(&second));
    let of_b = bucket(plan(&first, "prod"), "/b");
    for (name, plan) in [("stage", stage), ("canary", canary), ("promoted", plan(&third, "prod"))] {
        assert!(Arc::ptr_eq(&of_b, &bucket(plan, "/b")), "{name}");
    }
    assert!(Arc::ptr_eq(&bucket(canary, "/a"), &bucket(plan(&third, "prod"), "/a")));
}

#[test]
fn what_is_another_api_is_no_entry() {
    let text = "another REST API has the id \"abc\" (ids compare without case)";
    let first = || entry("d1", &["a"], &["prod"]);
    let mut other_root = entry("d2", &["a"], &["dev"]);
    other_root.root = ResourceId::new("elsewhere");
    let mut no_deployment = entry("d2", &["a"], &["dev"]);
    no_deployment.deployments.clear();
    for other in
        [entry("d2", &["a"], &["prod"]), entry("d1", &["a"], &["dev"]), other_root, no_deployment]
    {
        let compiled = compile(&of(vec![first(), other]), &CompileOptions::default(), None);
        assert!(compiled.snapshot.is_none());
        assert!(compiled.diagnostics.iter().any(|found| found.text == text));
    }
}
