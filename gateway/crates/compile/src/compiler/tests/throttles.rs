use gateway_model::{MethodSetting, MethodSettingKey};
use gateway_throttle::{Instant, Leases, Settings, Throttle};

use super::*;

pub(super) fn setting(change: impl FnOnce(&mut MethodSetting)) -> MethodSetting {
    let mut setting = MethodSetting::new(Place::nowhere());
    change(&mut setting);
    setting
}

pub(super) fn key(path: Option<&str>, http_method: Option<HttpMethod>) -> MethodSettingKey {
    MethodSettingKey { resource_path: path.map(str::to_owned), http_method }
}

fn limit(rate_rps: f64, burst: i64) -> MethodSetting {
    setting(|setting| {
        setting.throttling_rate_limit = Some(rate_rps);
        setting.throttling_burst_limit = Some(burst);
    })
}

/// `GET` and `POST` of `/pets/{id}`, with these settings.
pub(super) fn two_methods(
    settings: impl IntoIterator<Item = (MethodSettingKey, MethodSetting)>,
) -> Definitions {
    let mut definitions = with_method(|_| {});
    let pet = definitions.apis[0].resources.get_mut("pet").expect("the resource");
    let mut post = Method::new(HttpMethod::Post, Place::nowhere());
    post.integration = Some(mock(&[]));
    pet.methods.insert(HttpMethod::Post, post);
    dev(&mut definitions).method_settings = settings.into_iter().collect();
    definitions
}

pub(super) fn of(stage: &StagePlan, verb: HttpMethod) -> &MethodPlan {
    let mut methods = stage.methods.iter();
    methods.find(|method| method.http_method == verb).expect("the method")
}

fn settings_of(throttle: &Option<Throttle>) -> Option<(f64, u64)> {
    let settings = throttle.as_ref()?.limit.settings();
    Some((settings.rate_rps, settings.burst))
}

/// The limits of `GET` and `POST`.
#[track_caller]
fn check(
    settings: impl IntoIterator<Item = (MethodSettingKey, MethodSetting)>,
    expect: [Option<(f64, u64)>; 2],
) {
    let stage = clean(&two_methods(settings));
    let found =
        [HttpMethod::Get, HttpMethod::Post].map(|verb| settings_of(&of(&stage, verb).throttle));
    assert_eq!(found, expect);
}

const PATH: Option<&str> = Some("/pets/{id}");

#[test]
fn the_narrowest_setting_of_each_field_holds() {
    let get = Some(HttpMethod::Get);
    let post = Some(HttpMethod::Post);
    check([], [None, None]);
    check([(MethodSettingKey::ALL, limit(9.0, 3))], [Some((9.0, 3)), Some((9.0, 3))]);
    check(
        [(MethodSettingKey::ALL, limit(9.0, 3)), (key(PATH, get), limit(1.0, 2))],
        [Some((1.0, 2)), Some((9.0, 3))],
    );
    check(
        [(key(None, post), limit(4.0, 4)), (key(PATH, None), limit(5.0, 5))],
        [Some((5.0, 5)), Some((5.0, 5))],
    );
    check([(key(None, post), limit(4.0, 4))], [None, Some((4.0, 4))]);
    let burst = setting(|setting| setting.throttling_burst_limit = Some(7));
    check(
        [(MethodSettingKey::ALL, limit(9.0, 3)), (key(PATH, get), burst.clone())],
        [Some((9.0, 7)), Some((9.0, 3))],
    );
    check([(key(PATH, get), burst)], [Some((10_000.0, 7)), None]);
    let rate = setting(|setting| setting.throttling_rate_limit = Some(2.5));
    check([(key(PATH, get), rate)], [Some((2.5, 5_000)), None]);
    check(
        [(MethodSettingKey::ALL, limit(9.0, 3)), (key(PATH, get), limit(-1.0, -1))],
        [None, Some((9.0, 3))],
    );
    check([(MethodSettingKey::ALL, limit(0.0, 0))], [Some((0.0, 0)), Some((0.0, 0))]);
    let metrics = setting(|setting| setting.metrics_enabled = Some(true));
    check([(MethodSettingKey::ALL, metrics)], [None, None]);
}

#[test]
fn a_method_has_metrics_where_its_narrowest_setting_says_so() {
    let on = |is_on| setting(|setting| setting.metrics_enabled = Some(is_on));
    #[track_caller]
    fn check(
        settings: impl IntoIterator<Item = (MethodSettingKey, MethodSetting)>,
        expect: [bool; 2],
    ) {
        let stage = clean(&two_methods(settings));
        let found = [HttpMethod::Get, HttpMethod::Post].map(|verb| of(&stage, verb).has_metrics);
        assert_eq!(found, expect);
    }
    let (get, post) = (Some(HttpMethod::Get), Some(HttpMethod::Post));
    check([], [false, false]);
    check([(MethodSettingKey::ALL, on(true))], [true, true]);
    check([(MethodSettingKey::ALL, on(true)), (key(PATH, get), on(false))], [false, true]);
    check([(MethodSettingKey::ALL, on(true)), (key(PATH, get), limit(1.0, 1))], [true, true]);
    check([(key(None, post), on(true)), (key(PATH, None), on(false))], [false, false]);
}

#[test]
fn every_method_has_a_bucket_of_its_own() {
    let stage = clean(&two_methods([(MethodSettingKey::ALL, limit(1.0, 1))]));
    let throttles = [HttpMethod::Get, HttpMethod::Post]
        .map(|verb| of(&stage, verb).throttle.as_ref().expect("a throttle"));
    let mut leases = Leases::new(1);
    let now = Instant(1_000_000_000);
    for throttle in throttles {
        assert!(leases.take(&[throttle], now).is_ok());
    }
    for throttle in throttles {
        assert!(leases.take(&[throttle], now).is_err(), "its one token is gone");
    }
}

#[test]
fn settings_that_are_wrong_or_for_nothing_are_told() {
    let get = Some(HttpMethod::Get);
    let definitions = two_methods([(key(Some("/pets"), get), limit(1.0, 1))]);
    let (_, said) = compiled(&definitions);
    assert_eq!(said, ["method setting ~1pets/GET is for no method of the API"]);
    let definitions = two_methods([
        (key(PATH, get), limit(-2.0, 1)),
        (MethodSettingKey::ALL, limit(1.0, -5)),
        (key(PATH, None), setting(|setting| setting.cache_ttl_seconds = Some(3_601))),
    ]);
    let mut said = errors(&definitions);
    said.sort();
    assert_eq!(
        said,
        [
            "Cache TTL must be between 0 and 3600 seconds",
            "method setting */*: a burst limit is a number of requests, or -1 for none",
            "method setting ~1pets~1{id}/GET: a rate limit is a number of requests per second, or \
             -1 for none",
        ]
    );
}

#[test]
fn a_limit_keeps_its_bucket_and_changes_when_activated() {
    let with = |rate, burst| two_methods([(MethodSettingKey::ALL, limit(rate, burst))]);
    let options = CompileOptions::default();
    let old = compile(&with(1.0, 1), &options, None).snapshot.expect("compiles");
    let throttle = of(&old.stages[0], HttpMethod::Get).throttle.clone().expect("a throttle");
    let new = compile(&with(50.0, 20), &options, Some(&old)).snapshot.expect("compiles");
    let kept = of(&new.stages[0], HttpMethod::Get).throttle.clone().expect("a throttle");
    assert!(!Arc::ptr_eq(&old.stages[0], &new.stages[0]), "the stage did change");
    assert!(Arc::ptr_eq(&throttle.limit, &kept.limit));
    assert!(Arc::ptr_eq(&throttle.bucket, &kept.bucket));
    assert_eq!(kept.limit.settings(), Settings { rate_rps: 1.0, burst: 1 });
    let mut leases = Leases::new(1);
    let now = Instant(10_000_000_000);
    assert!(leases.take(&[&throttle], now).is_ok());
    new.activate(now);
    assert_eq!(kept.limit.settings(), Settings { rate_rps: 50.0, burst: 20 });
    assert!(leases.take(&[&throttle], now).is_err(), "a reload gives nobody new tokens");
    let later = Instant(now.0 + 20_000_001);
    assert!(leases.take(&[&throttle], later).is_ok(), "one token comes in 20 ms now");
    // Twice is once.
    let again = compile(&with(2.0, 2), &options, Some(&new)).snapshot.expect("compiles");
    again.activate(later);
    new.activate(later);
    assert_eq!(kept.limit.settings(), Settings { rate_rps: 2.0, burst: 2 });
}

#[test]
fn a_snapshot_that_is_not_served_changes_nothing() {
    let with = |rate, burst| two_methods([(MethodSettingKey::ALL, limit(rate, burst))]);
    let options = CompileOptions::default();
    let old = compile(&with(1.0, 1), &options, None).snapshot.expect("compiles");
    let throttle = of(&old.stages[0], HttpMethod::Get).throttle.clone().expect("a throttle");
    drop(compile(&with(9.0, 9), &options, Some(&old)));
    let mut broken = with(7.0, 7);
    let value = Spanned::nowhere("a\r\nb");
    dev(&mut broken).variables.insert("v".to_owned(), value);
    assert!(compile(&broken, &options, Some(&old)).snapshot.is_none());
    let next = compile(&with(1.0, 1), &options, Some(&old)).snapshot.expect("compiles");
    next.activate(Instant(1));
    assert_eq!(throttle.limit.settings(), Settings { rate_rps: 1.0, burst: 1 });
}

#[test]
fn a_limit_belongs_to_api_stage_path_and_verb() {
    let mut definitions = two_methods([(MethodSettingKey::ALL, limit(1.0, 1))]);
    let settings = dev(&mut definitions).method_settings.clone();
    add_stage(&mut definitions.apis[0], "prod");
    let prod = definitions.apis[0].stages.get_mut("prod").expect("the stage");
    prod.method_settings = settings;
    let options = CompileOptions::default();
    let old = compile(&definitions, &options, None).snapshot.expect("compiles");
    // All stages are compiled again, and the resource has another id.
    let pet = definitions.apis[0].resources.remove("pet").expect("the resource");
    let (parent, place) = (ResourceId::new("pets"), Place::nowhere());
    let api = &mut definitions.apis[0];
    let anew = api
        .add_resource(ResourceId::new("pet2"), &parent, pet.path_part.clone(), place)
        .expect("a new resource");
    anew.methods = pet.methods;
    let new = compile(&definitions, &options, Some(&old));
    assert_eq!(new.reused, 0);
    let new = new.snapshot.expect("compiles");
    let mut seen = Vec::new();
    for (before, after) in old.stages.iter().zip(&new.stages) {
        for verb in [HttpMethod::Get, HttpMethod::Post] {
            let throttle = |plan| of(plan, verb).throttle.clone().expect("a throttle").bucket;
            assert!(Arc::ptr_eq(&throttle(before), &throttle(after)));
            seen.push(Arc::as_ptr(&throttle(after)));
        }
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 4, "no two methods share a bucket");
}

#[test]
fn the_account_limit_outlives_snapshots_and_recompiles_no_stage() {
    let definitions = with_method(|_| {});
    let options = |account_limit| CompileOptions { account_limit, ..CompileOptions::default() };
    let limit = |rate_rps| Some(Settings { rate_rps, burst: 5 });
    let none = compile(&definitions, &options(None), None).snapshot.expect("compiles");
    assert!(none.account.is_none());
    let old = compile(&definitions, &options(limit(1.0)), Some(&none)).snapshot.expect("compiles");
    let new = compile(&definitions, &options(limit(2.0)), Some(&old));
    assert_eq!(new.reused, 1);
    let new = new.snapshot.expect("compiles");
    let (old, kept) = (old.account.expect("a limit"), new.account.clone().expect("a limit"));
    assert!(Arc::ptr_eq(&old.limit, &kept.limit) && Arc::ptr_eq(&old.bucket, &kept.bucket));
    assert_eq!(Some(kept.limit.settings()), limit(1.0));
    new.activate(Instant(0));
    assert_eq!(Some(kept.limit.settings()), limit(2.0));
    let gone = compile(&definitions, &options(None), Some(&new)).snapshot.expect("compiles");
    assert!(gone.account.is_none());
}
