use gateway_definition::{Options, Source};

use super::*;
use crate::simulated::settings;

const TEMPLATE: &str = include_str!("tests/template.yaml");

fn definitions() -> Definitions {
    let source = Source { name: "template.yaml".into(), text: TEMPLATE.into() };
    let loaded = gateway_definition::load(&[source], &Options::default());
    assert!(!loaded.has_errors(), "{:?}", loaded.diagnostics);
    loaded.definitions
}

fn layers_of(session: &Session<'_>, route: &str, key: Option<&str>) -> Vec<(Scope, f64, u64)> {
    let ways = ways(session);
    let way = ways.iter().find(|way| {
        way.route.name() == route && way.member.map(|member| member.key.name.as_str()) == key
    });
    let way = way.unwrap_or_else(|| panic!("no way to {route} with {key:?}"));
    way.layers.iter().map(|l| (l.scope, l.limit.rate_rps, l.limit.burst)).collect()
}

#[test]
fn layers_stack_in_their_order_and_the_narrower_setting_wins() {
    let (definitions, settings) = (definitions(), settings());
    let session = Session::new(&definitions, &settings);
    let layers = |route, key| layers_of(&session, route, key);
    use Scope::{Method, Plan, PlanMethod, Stage};
    assert_eq!(layers("GET /a", Some("one")), [(Plan, 100.0, 20), (Stage, 300.0, 100)]);
    assert_eq!(
        layers("GET /c", Some("one")),
        [(PlanMethod, 10.0, 3), (Plan, 100.0, 20), (Stage, 300.0, 100)]
    );
    // Field by field: the rate is the method's, the burst is that of all.
    assert_eq!(layers("GET /b", None), [(Method, 20.0, 100)]);
    // -1 is no limit.
    assert_eq!(layers("POST /b", None), []);
}

#[test]
fn each_limit_is_one_promise_and_the_cheapest_way_comes_first() {
    let (definitions, settings) = (definitions(), settings());
    let session = Session::new(&definitions, &settings);
    let found = promises(&session);
    let names: Vec<_> = found.iter().map(|p| (p.layer.scope, p.ways[0].route.name())).collect();
    let name = |scope, text: &str| (scope, text.to_owned());
    assert_eq!(
        names,
        [
            name(Scope::PlanMethod, "GET /c"),
            name(Scope::Plan, "GET /a"),
            name(Scope::Method, "GET /b"),
            name(Scope::Stage, "GET /a"),
        ]
    );
    // Both keys of the plan, but not the disabled one, lead to its limit.
    assert_eq!(found[1].ways.len(), 8);
}

#[test]
fn a_plan_without_a_known_key_is_said() {
    let mut definitions = definitions();
    let settings = settings();
    for key in &mut definitions.api_keys {
        key.value = None;
    }
    let session = Session::new(&definitions, &settings);
    let names: Vec<_> = keyless_plans(&session).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["Partners"]);
    let mut settings = settings.clone();
    settings.keys.insert("one".into(), "value".into());
    let session = Session::new(&definitions, &settings);
    assert!(keyless_plans(&session).is_empty());
}

#[test]
fn a_method_of_a_plan_may_be_written_with_escapes() {
    for written in ["/pets/{id}/GET", "pets/{id}/GET", "/~1pets~1{id}/GET", "~1pets~1{id}/GET"] {
        assert!(is_method(written, "/pets/{id}", HttpMethod::Get), "{written}");
    }
    assert!(!is_method("/pets/{id}/POST", "/pets/{id}", HttpMethod::Get));
    assert!(!is_method("/pets/GET", "/pets/{id}", HttpMethod::Get));
    assert!(is_method("//GET", "/", HttpMethod::Get) && is_method("/GET", "/", HttpMethod::Get));
}
