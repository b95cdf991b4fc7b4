use gateway_model::{CacheCluster, CanarySetting, MethodSettingKey};
use gateway_throttle::Instant;

use super::throttles::{of, setting, two_methods};
use super::*;
use crate::plan::UriPart;

fn canary(percent: f64) -> CanarySetting {
    CanarySetting {
        deployment: Some(DeploymentId::new("d2")),
        percent_traffic: Some(percent),
        stage_variable_overrides: BTreeMap::new(),
        use_stage_cache: false,
        place: Place::nowhere(),
    }
}

/// Throttled and cached, with a canary.
fn with_canary(setting_of: CanarySetting) -> Definitions {
    let all = setting(|setting| {
        setting.throttling_rate_limit = Some(5.0);
        setting.caching_enabled = Some(true);
    });
    let mut definitions = two_methods([(MethodSettingKey::ALL, all)]);
    dev(&mut definitions).cache_cluster = CacheCluster { enabled: true, size: None };
    dev(&mut definitions).canary = Some(setting_of);
    definitions
}

#[test]
fn a_canary_is_the_same_api_with_its_own_deployment() {
    let stage = clean(&with_canary(canary(12.5)));
    let canary = stage.canary.as_ref().expect("a canary");
    assert_eq!(canary.split.percent(), 12.5);
    assert_eq!((&*stage.deployment_id, &*canary.plan.deployment_id), ("d1", "d2"));
    assert_eq!((stage.is_canary, canary.plan.is_canary), (false, true));
    assert!(canary.plan.canary.is_none());
    for (of_stage, of_canary) in stage.methods.iter().zip(&canary.plan.methods) {
        assert_eq!(of_stage.index, of_canary.index);
        assert_eq!(of_stage.resource_path, of_canary.resource_path);
        assert_eq!(of_stage.http_method, of_canary.http_method);
        let throttles = [of_stage, of_canary].map(|method| method.throttle.as_ref().expect("one"));
        assert!(Arc::ptr_eq(&throttles[0].bucket, &throttles[1].bucket));
    }
    assert_eq!(stage.methods.len(), canary.plan.methods.len());
}

#[test]
fn variables_of_a_canary_lie_over_those_of_its_stage() {
    let mut over = canary(1.0);
    let overrides = [("host", "new.example"), ("only", "canary")];
    over.stage_variable_overrides =
        overrides.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let uri = "http://${stageVariables.host}/${stageVariables.path}";
    let mut definitions = with_integration(http(IntegrationType::HttpProxy, uri));
    let stage = dev(&mut definitions);
    stage.canary = Some(over);
    for (name, value) in [("host", "old.example"), ("path", "p")] {
        stage.variables.insert(name.to_owned(), Spanned::nowhere(value));
    }
    let stage = clean(&definitions);
    let canary = &stage.canary.as_ref().expect("a canary").plan;
    for (plan, host) in [(&stage, "old.example"), (canary, "new.example")] {
        let IntegrationPlan::Http(http) = &pet(plan).integration else { panic!("an HTTP plan") };
        assert_eq!(&*plan.endpoint(http.endpoint).host, host);
        assert_eq!(http.path, [UriPart::Literal(b"/p"[..].into())]);
    }
    assert_eq!(
        (stage.stage_variable("only"), canary.stage_variable("only")),
        (None, Some("canary"))
    );
    assert_eq!(canary.stage_variable("path"), Some("p"));
}

#[test]
fn a_canary_uses_the_stage_cache_only_if_told_so() {
    let stage = clean(&with_canary(canary(1.0)));
    let without = stage.canary.as_ref().expect("a canary");
    assert!(!without.uses_stage_cache && without.plan.cache.is_none());
    assert!(of(&stage, HttpMethod::Get).cache.is_some());
    assert!(of(&without.plan, HttpMethod::Get).cache.is_none());

    let prefixes = |deployment: Option<&str>| {
        let mut setting = canary(1.0);
        setting.use_stage_cache = true;
        setting.deployment = deployment.map(DeploymentId::new);
        let stage = clean(&with_canary(setting));
        let with = stage.canary.as_ref().expect("a canary");
        let caches = [&stage, &with.plan].map(|plan| plan.cache.clone().expect("a cache").cache);
        assert!(with.uses_stage_cache && Arc::ptr_eq(&caches[0], &caches[1]));
        [&stage, &with.plan]
            .map(|plan| of(plan, HttpMethod::Get).cache.clone().expect("cached").prefix)
    };
    let [stage, other] = prefixes(Some("d2"));
    assert_ne!(stage, other, "different deployments share no entries");
    let [stage, same] = prefixes(None);
    assert_eq!(stage, same, "one deployment does");
}

#[test]
fn a_share_is_from_0_to_100() {
    for wrong in [-0.1, 100.1, f64::NAN] {
        let expect = "PercentTraffic of a canary is a number from 0 to 100";
        assert_eq!(errors(&with_canary(canary(wrong))), [expect]);
    }
    let mut absent = canary(1.0);
    absent.percent_traffic = None;
    let stage = clean(&with_canary(absent));
    assert_eq!(stage.canary.as_ref().expect("a canary").split.percent(), 0.0);
}

#[test]
fn a_share_changes_when_activated_and_the_split_goes_on() {
    let options = CompileOptions::default();
    let old = compile(&with_canary(canary(10.0)), &options, None).snapshot.expect("compiles");
    let new = compile(&with_canary(canary(30.0)), &options, Some(&old)).snapshot.expect("compiles");
    let [split, kept] = [&old, &new]
        .map(|snapshot| Arc::clone(&snapshot.stages[0].canary.as_ref().expect("one").split));
    assert!(Arc::ptr_eq(&split, &kept));
    assert_eq!(split.percent(), 10.0);
    new.activate(Instant(0));
    assert_eq!(split.percent(), 30.0);
    // Promoted: the canary is gone, and its method throttles go on as the stage's.
    let mut promoted = with_canary(canary(30.0));
    dev(&mut promoted).canary = None;
    let after = compile(&promoted, &options, Some(&new)).snapshot.expect("compiles");
    assert!(after.stages[0].canary.is_none());
    let [before, after] = [&new, &after].map(|snapshot| {
        let method = of(&snapshot.stages[0], HttpMethod::Get);
        Arc::clone(&method.throttle.as_ref().expect("a throttle").bucket)
    });
    assert!(Arc::ptr_eq(&before, &after));
}
