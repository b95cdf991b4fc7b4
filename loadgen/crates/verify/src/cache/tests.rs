use super::settings::{Key, Part};
use super::*;
use crate::testing::{api, route, settings};

const PROXY: &str =
    "Type: HTTP_PROXY, IntegrationHttpMethod: GET, Uri: \"http://127.0.0.1:9000/x\"";

#[track_caller]
fn caching(method: (&str, &str, &str), settings: &str) -> Option<Caching> {
    let stage = format!(
        "CacheClusterEnabled: true, CacheClusterSize: \"0.5\", MethodSettings: [{settings}]"
    );
    let definitions = api(&[method], &stage, "");
    Caching::of(&route(&definitions, &method.0.replace("ANY", "GET")))
}

fn ttl(method: &str, settings: &str) -> Option<u64> {
    caching((method, "", PROXY), settings).map(|caching| caching.ttl.as_secs())
}

#[test]
fn the_narrowest_setting_that_says_something_holds() {
    let all = "{ResourcePath: /*, HttpMethod: \"*\", CachingEnabled: true, CacheTtlInSeconds: 60}";
    assert_eq!(ttl("GET /a", all), Some(60));
    assert_eq!(ttl("ANY /a", all), Some(60));
    assert_eq!(
        ttl("GET /a", "{ResourcePath: /*, HttpMethod: \"*\", CachingEnabled: true}"),
        Some(300)
    );
    let own = "{ResourcePath: /a, HttpMethod: GET, CacheTtlInSeconds: 5}";
    assert_eq!(ttl("GET /a", &format!("{all}, {own}")), Some(5));
    let off = "{ResourcePath: /a, HttpMethod: GET, CachingEnabled: false}";
    assert_eq!(ttl("GET /a", &format!("{all}, {off}")), None);
    let zero = "{ResourcePath: /a, HttpMethod: GET, CacheTtlInSeconds: 0}";
    assert_eq!(ttl("GET /a", &format!("{all}, {zero}")), None);
    assert_eq!(ttl("GET /a", ""), None);
}

#[test]
fn a_setting_for_every_verb_caches_get_only() {
    let all = "{ResourcePath: /*, HttpMethod: \"*\", CachingEnabled: true}";
    assert_eq!(ttl("POST /a", all), None);
    let own = "{ResourcePath: /a, HttpMethod: POST, CachingEnabled: true}";
    assert_eq!(ttl("POST /a", &format!("{all}, {own}")), Some(300));
}

#[test]
fn without_a_cluster_nothing_is_cached() {
    let stage = "MethodSettings: [{ResourcePath: /*, HttpMethod: \"*\", CachingEnabled: true}]";
    let definitions = api(&[("GET /a", "", PROXY)], stage, "");
    assert_eq!(Caching::of(&route(&definitions, "GET /a")), None);
}

#[test]
fn keys_are_followed_to_what_a_client_sends() {
    let method = "RequestParameters: {method.request.path.id: true, method.request.querystring.lang: false, \
                  method.request.header.X-Tenant: false},";
    let integration = format!(
        "{PROXY}, RequestParameters: {{integration.request.header.T: method.request.header.X-Tenant}}, \
         CacheKeyParameters: [method.request.path.id, method.request.querystring.lang, integration.request.header.T]"
    );
    let all = "{ResourcePath: /*, HttpMethod: \"*\", CachingEnabled: true}";
    let found = caching(("GET /a/{id}", method, &integration), all).map(|caching| caching.keys);
    let key = |part, name: &str, label: &str| Key { part, name: name.into(), label: label.into() };
    assert_eq!(
        found.unwrap_or_default(),
        [
            key(Part::Path, "id", "path.id"),
            key(Part::Query, "lang", "querystring.lang"),
            key(Part::Header, "X-Tenant", "header.X-Tenant"),
        ]
    );
}

#[test]
fn who_may_invalidate_follows_the_settings() {
    for (settings, expected) in [
        ("", Invalidation::Warn),
        ("RequireAuthorizationForCacheControl: false", Invalidation::Anyone),
        ("UnauthorizedCacheControlHeaderStrategy: FAIL_WITH_403", Invalidation::Fail403),
        (
            "UnauthorizedCacheControlHeaderStrategy: SUCCEED_WITHOUT_RESPONSE_HEADER",
            Invalidation::Ignore,
        ),
        (
            "UnauthorizedCacheControlHeaderStrategy: SUCCEED_WITH_RESPONSE_HEADER",
            Invalidation::Warn,
        ),
    ] {
        let one =
            format!("{{ResourcePath: /*, HttpMethod: \"*\", CachingEnabled: true, {settings}}}");
        let found = caching(("GET /a", "", PROXY), &one).map(|caching| caching.invalidation);
        assert_eq!(found, Some(expected), "{settings}");
    }
}

#[test]
fn what_cannot_be_seen_is_not_checked_and_says_why() {
    let all = "CacheClusterEnabled: true, CacheClusterSize: \"0.5\", MethodSettings: [{ResourcePath: /*, \
               HttpMethod: \"*\", CachingEnabled: true}]";
    let elsewhere = "Type: HTTP_PROXY, IntegrationHttpMethod: GET, Uri: \"http://example.com/x\"";
    for (integration, origin, expected) in [
        (PROXY, None, "--origin 127.0.0.1:9000"),
        (elsewhere, Some("127.0.0.1:0"), "http://example.com/x"),
        ("Type: MOCK", Some("127.0.0.1:0"), "answered by the gateway itself"),
    ] {
        let definitions = api(&[("GET /a", "", integration)], all, "");
        let mut settings = settings();
        settings.origin = origin.and_then(|origin| origin.parse().ok());
        let session = Session::serving(&definitions, &settings);
        let planned = plan(&session);
        assert_eq!(planned.len(), 5, "hit, others, ttl, flush, invalidation");
        for planned in planned {
            match (planned.run)(&session).verdict {
                Verdict::NotChecked(why) => assert!(why.contains(expected), "{why}"),
                other => panic!("{other:?}"),
            }
        }
    }
}
