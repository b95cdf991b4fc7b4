use gateway_cache::{Level1, Lookup};
use gateway_model::{CacheCluster, MethodSettingKey, UnauthorizedCacheControlHeaderStrategy};

use super::throttles::{key, of, setting, two_methods};
use super::*;
use crate::caching::{CachePlan, Invalidation};
use crate::source::Source;

const PATH: Option<&str> = Some("/pets/{id}");

fn cluster(size: Option<&str>) -> CacheCluster {
    CacheCluster { enabled: true, size: size.map(str::to_owned) }
}

/// `GET` and `POST`, cached as `*/*` says.
fn cached() -> Definitions {
    let mut definitions = two_methods([(
        MethodSettingKey::ALL,
        setting(|setting| setting.caching_enabled = Some(true)),
    )]);
    dev(&mut definitions).cache_cluster = cluster(None);
    definitions
}

fn plan(definitions: &Definitions) -> Option<CachePlan> {
    of(&clean(definitions), HttpMethod::Get).cache.clone()
}

fn pet_method(definitions: &mut Definitions) -> &mut Method {
    let pet = definitions.apis[0].resources.get_mut("pet").expect("the resource");
    pet.methods.get_mut(&HttpMethod::Get).expect("the method")
}

#[test]
fn all_methods_means_get_and_a_verb_means_itself() {
    let mut definitions = cached();
    let stage = clean(&definitions);
    assert!(of(&stage, HttpMethod::Get).cache.is_some());
    assert!(of(&stage, HttpMethod::Post).cache.is_none());
    let post = key(PATH, Some(HttpMethod::Post));
    let on = setting(|setting| setting.caching_enabled = Some(true));
    dev(&mut definitions).method_settings.insert(post.clone(), on);
    let stage = clean(&definitions);
    assert!(of(&stage, HttpMethod::Post).cache.is_some());
    // A narrower setting of another field leaves `*/*` to be for GET only.
    let ttl = setting(|setting| setting.cache_ttl_seconds = Some(60));
    dev(&mut definitions).method_settings.insert(post, ttl);
    assert!(of(&clean(&definitions), HttpMethod::Post).cache.is_none());
    let off = setting(|setting| setting.caching_enabled = Some(false));
    dev(&mut definitions).method_settings.insert(key(PATH, Some(HttpMethod::Get)), off);
    assert!(of(&clean(&definitions), HttpMethod::Get).cache.is_none());
}

#[test]
fn without_a_cluster_nothing_is_cached() {
    let mut definitions = cached();
    dev(&mut definitions).cache_cluster.enabled = false;
    let stage = clean(&definitions);
    assert!(stage.cache.is_none() && of(&stage, HttpMethod::Get).cache.is_none());
}

#[test]
fn a_response_is_kept_for_300_seconds_unless_a_setting_says_otherwise() {
    let mut definitions = cached();
    assert_eq!(plan(&definitions).map(|plan| plan.ttl_us), Some(300_000_000));
    for (ttl_s, expect) in [(1, Some(1_000_000)), (3_600, Some(3_600_000_000)), (0, None)] {
        let all = setting(|setting| {
            setting.caching_enabled = Some(true);
            setting.cache_ttl_seconds = Some(ttl_s);
        });
        dev(&mut definitions).method_settings = [(MethodSettingKey::ALL, all)].into();
        assert_eq!(plan(&definitions).map(|plan| plan.ttl_us), expect);
    }
}

#[test]
fn the_prefix_tells_deployments_namespaces_and_verbs_apart() {
    let mut definitions = cached();
    let prefix = |definitions: &Definitions| plan(definitions).expect("cached").prefix;
    assert_eq!(&*prefix(&definitions), b"d1\0pet\0GET\0");
    let integration = pet_method(&mut definitions).integration.as_mut().expect("it has one");
    integration.cache_namespace = Some("shared".to_owned());
    assert_eq!(&*prefix(&definitions), b"d1\0shared\0GET\0");
}

#[test]
fn cache_key_parameters_are_resolved_to_their_sources() {
    let mut definitions = cached();
    let method = pet_method(&mut definitions);
    for declared in [
        "method.request.path.id",
        "method.request.querystring.q",
        "method.request.header.H",
        "method.request.multivalueheader.M",
    ] {
        method.request_parameters.insert(declared.to_owned(), false);
    }
    let integration = method.integration.as_mut().expect("it has one");
    integration.request_parameters = mappings(&[
        ("integration.request.header.X", "method.request.querystring.q"),
        ("integration.request.querystring.s", "'static'"),
        ("integration.request.path.p", "context.identity.sourceIp"),
    ]);
    integration.cache_key_parameters = [
        "integration.request.header.X",
        "method.request.path.id",
        "method.request.querystring.q",
        "method.request.header.H",
        "method.request.header.M",
        "integration.request.querystring.s",
    ]
    .map(Spanned::nowhere)
    .into();
    assert_eq!(
        plan(&definitions).expect("cached").key,
        [
            Source::Query(b"q"[..].into()),
            Source::Path(0),
            Source::MultiQuery(b"q"[..].into()),
            Source::MultiHeader(b"H"[..].into()),
            Source::MultiHeader(b"M"[..].into()),
            Source::Literal(b"static"[..].into()),
        ]
    );
}

#[test]
fn a_cache_key_of_the_body_waits_for_the_body() {
    let needs = |is_key| {
        let mut definitions = cached();
        let integration = pet_method(&mut definitions).integration.as_mut().expect("it has one");
        // A header that is never sent, so that no mapping needs the body.
        let dropped = "integration.request.header.Via";
        integration.request_parameters = mappings(&[(dropped, "method.request.body.kind")]);
        if is_key {
            integration.cache_key_parameters = vec![Spanned::nowhere(dropped)];
        }
        let (stage, _) = compiled(&definitions);
        match &of(&stage, HttpMethod::Get).integration {
            IntegrationPlan::Mock(plan) => plan.needs_request_body,
            other => panic!("{other:?}"),
        }
    };
    assert!(needs(true) && !needs(false));
}

#[test]
fn a_cache_key_parameter_that_is_not_declared_is_an_error() {
    for wrong in [
        "method.request.querystring.q",
        "integration.request.header.X",
        "method.request.body.q",
        "request.header.Authorization",
        "context.identity.sourceIp",
        "",
    ] {
        // Whether or not anything is cached.
        let mut definitions = with_method(|_| {});
        let integration = pet_method(&mut definitions).integration.as_mut().expect("it has one");
        integration.cache_key_parameters = vec![Spanned::nowhere(wrong)];
        let expect = format!("Invalid cache key parameter specified: {wrong}");
        assert_eq!(errors(&definitions), [expect]);
    }
}

#[test]
fn who_may_invalidate_follows_the_settings() {
    use UnauthorizedCacheControlHeaderStrategy as Strategy;
    for (required, strategy, expect) in [
        (None, None, Invalidation::Warn),
        (Some(true), None, Invalidation::Warn),
        (Some(true), Some(Strategy::SucceedWithResponseHeader), Invalidation::Warn),
        (None, Some(Strategy::FailWith403), Invalidation::Fail403),
        (Some(true), Some(Strategy::SucceedWithoutResponseHeader), Invalidation::Ignore),
        (Some(false), Some(Strategy::FailWith403), Invalidation::Anyone),
    ] {
        let mut definitions = cached();
        let settings = &mut dev(&mut definitions).method_settings;
        let all = settings.get_mut(&MethodSettingKey::ALL).expect("it is there");
        all.require_authorization_for_cache_control = required;
        all.unauthorized_cache_control_header_strategy = strategy;
        assert_eq!(plan(&definitions).expect("cached").invalidation, expect);
    }
}

#[test]
fn a_cache_has_its_cluster_size_or_what_the_operator_allows() {
    let size = |written: Option<&str>, cache_bytes_max| {
        let mut definitions = cached();
        dev(&mut definitions).cache_cluster = cluster(written);
        let options = CompileOptions { cache_bytes_max, ..CompileOptions::default() };
        let snapshot = compile(&definitions, &options, None).snapshot.expect("compiles");
        snapshot.stages[0].cache.as_ref().expect("a cache").bytes_max
    };
    assert_eq!(size(None, u64::MAX), 1 << 29);
    assert_eq!(size(Some("118"), u64::MAX), 118 << 30);
    assert_eq!(size(Some("237"), 1_000_000), 1_000_000);
    let mut definitions = cached();
    dev(&mut definitions).cache_cluster = cluster(Some("2"));
    let said = errors(&definitions);
    assert_eq!(said, ["CacheClusterSize is one of 0.5, 1.6, 6.1, 13.5, 28.4, 58.2, 118, 237"]);
}

#[test]
fn a_cache_and_its_entries_outlive_a_reload_unless_the_size_changes() {
    let options = CompileOptions { cache_bytes_max: 1 << 31, ..CompileOptions::default() };
    let old = compile(&cached(), &options, None).snapshot.expect("compiles");
    let cache = |snapshot: &Snapshot| snapshot.stages[0].cache.clone().expect("a cache").cache;
    let mut level1 = Level1::new();
    let Lookup::Fill(fill) = cache(&old).lookup(&mut level1, b"k", 1, 0) else {
        panic!("an empty cache asks for a fill")
    };
    let (_, waiters) = fill.store(200, b"", b"body", 1_000_000, 1);
    assert!(waiters.is_empty());

    let mut changed = cached();
    dev(&mut changed).variables.insert("v".to_owned(), Spanned::nowhere("1"));
    let new = compile(&changed, &options, Some(&old)).snapshot.expect("compiles");
    assert!(!Arc::ptr_eq(&old.stages[0], &new.stages[0]));
    assert!(Arc::ptr_eq(&cache(&old), &cache(&new)));
    let mut other_shard = Level1::new();
    assert!(matches!(cache(&new).lookup(&mut other_shard, b"k", 2, 1), Lookup::Hit(_)));

    dev(&mut changed).cache_cluster = cluster(Some("1.6"));
    let bigger = compile(&changed, &options, Some(&new)).snapshot.expect("compiles");
    assert!(!Arc::ptr_eq(&cache(&new), &cache(&bigger)));
    assert!(Arc::ptr_eq(&new.cache_budget, &bigger.cache_budget));
    let found = cache(&bigger).lookup(&mut other_shard, b"k", 3, 1);
    assert!(!matches!(found, Lookup::Hit(_)), "a size change empties the cache");

    let more = CompileOptions { cache_bytes_max: 1 << 32, ..CompileOptions::default() };
    let other = compile(&changed, &more, Some(&bigger)).snapshot.expect("compiles");
    assert_eq!(other.cache_budget.bytes_max(), 1 << 32);
    assert!(!Arc::ptr_eq(&cache(&other), &cache(&bigger)), "each cache has the snapshot's budget");
}
