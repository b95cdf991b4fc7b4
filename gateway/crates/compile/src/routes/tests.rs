use gateway_model::{HttpMethod, PathPart};
use proptest::prelude::*;

use super::*;

/// A resource by its path and methods, e.g. `/a/{id} GET ANY`.
fn tree(resources: &[&str]) -> (Routes, Vec<String>) {
    let mut builder = RoutesBuilder::new();
    let mut names = Vec::new();
    for resource in resources {
        let mut words = resource.split(' ');
        let path = words.next().expect("a path");
        let parts = parse(path);
        let methods: Vec<_> = words
            .map(|verb| {
                names.push(format!("{verb} {path}"));
                let index = MethodIndex(names.len() as u32 - 1);
                (HttpMethod::parse(verb).expect("a verb"), index)
            })
            .collect();
        builder.add(&parts.iter().collect::<Vec<_>>(), methods).expect("no conflict");
    }
    (builder.build(), names)
}

fn parse(path: &str) -> Vec<PathPart> {
    let segments = path.split('/').filter(|segment| !segment.is_empty());
    segments.map(|segment| PathPart::parse(segment).expect("a path part")).collect()
}

/// Says which resource serves a request, with its path parameters.
fn find(routes: &Routes, names: &[String], verb: &str, path: &str) -> String {
    let mut params = PathParams::default();
    match routes.find(path.as_bytes(), RequestMethod::parse(verb.as_bytes()), &mut params) {
        None => "-".to_owned(),
        Some(index) => {
            let mut said = names[index.0 as usize].clone();
            for at in 0..params.count() as u8 {
                let value = params.value(path.as_bytes(), at).expect("a span in range");
                said.push_str(&format!(" [{}]", String::from_utf8_lossy(value)));
            }
            said
        }
    }
}

#[track_caller]
fn check(resources: &[&str], request: &str, expect: &str) {
    let (routes, names) = tree(resources);
    let (verb, path) = request.split_once(' ').expect("a verb and a path");
    assert_eq!(find(&routes, &names, verb, path), expect, "{request} on {resources:?}");
}

#[test]
fn a_literal_beats_a_parameter_beats_a_greedy_one() {
    let tree = &["/a GET", "/{p} GET", "/{x+} GET"];
    check(tree, "GET /a", "GET /a");
    check(tree, "GET /b", "GET /{p} [b]");
    check(tree, "GET /b/c", "GET /{x+} [b/c]");
    check(&["/a/fixed GET", "/{p+} GET"], "GET /a/other", "GET /{p+} [a/other]");
    check(&["/a/{id} GET", "/{q}/b GET"], "GET /a/b", "GET /a/{id} [b]");
    check(&["/a/{id} GET", "/{q}/b/c GET"], "GET /a/b/c", "GET /{q}/b/c [a]");
}

#[test]
fn a_resource_without_the_verb_is_passed_over() {
    let tree = &["/test POST", "/{proxy+} OPTIONS"];
    check(tree, "OPTIONS /test", "OPTIONS /{proxy+} [test]");
    check(tree, "POST /test", "POST /test");
    check(tree, "GET /test", "-");
    check(&["/{proxy+} ANY", "/a POST"], "GET /a", "ANY /{proxy+} [a]");
    check(&["/a/b GET", "/{p}/b POST", "/{x+} ANY"], "POST /a/b", "POST /{p}/b [a]");
    check(&["/a/b GET", "/{p}/b POST", "/{x+} ANY"], "PUT /a/b", "ANY /{x+} [a/b]");
}

#[test]
fn an_exact_verb_beats_any() {
    check(&["/a ANY GET"], "GET /a", "GET /a");
    check(&["/a ANY GET"], "PUT /a", "ANY /a");
    check(&["/a ANY"], "TRACE /a", "-");
    check(&["/a ANY"], "get /a", "-");
}

#[test]
fn a_greedy_parameter_needs_a_segment() {
    check(&["/{proxy+} GET"], "GET /", "-");
    check(&["/{proxy+} GET"], "GET ", "-");
    check(&["/a/{proxy+} GET"], "GET /a/", "-");
    check(&["/a/{proxy+} GET"], "GET /a//", "-");
    check(&["/a/{proxy+} GET"], "GET /a/b", "GET /a/{proxy+} [b]");
}

#[test]
fn slashes_follow_the_specification() {
    let tree = &["/ GET", "/pets GET", "/pets/{id} GET", "/{proxy+} PUT"];
    check(tree, "GET ", "GET /");
    check(tree, "GET /", "GET /");
    check(tree, "GET ///", "GET /");
    check(tree, "GET //pets/", "GET /pets");
    check(tree, "GET /pets//", "-");
    check(tree, "GET /pets//7", "-");
    check(tree, "GET /pets/7/", "GET /pets/{id} [7]");
    check(tree, "PUT /a//b", "PUT /{proxy+} [a//b]");
    check(tree, "PUT //a/b/", "PUT /{proxy+} [a/b]");
    check(tree, "PUT /a/b//", "PUT /{proxy+} [a/b/]");
}

#[test]
fn nothing_is_decoded() {
    check(&["/{p} GET"], "GET /test%2Balias@x.com", "GET /{p} [test%2Balias@x.com]");
    check(&["/a GET", "/{p} GET"], "GET /%61", "GET /{p} [%61]");
    check(&["/a/b GET", "/{p} GET"], "GET /a%2Fb", "GET /{p} [a%2Fb]");
}

#[test]
fn conflicts_are_told() {
    let add = |paths: &[&str]| {
        let mut builder = RoutesBuilder::new();
        let mut last = Ok(());
        for path in paths {
            let parts = parse(path);
            last = builder.add(&parts.iter().collect::<Vec<_>>(), []);
        }
        last.map_err(|conflict| conflict.to_string())
    };
    let sibling =
        "a sibling ({a}) of this resource already has a variable path part -- only one is allowed";
    assert_eq!(add(&["/x/{a}", "/x/{b}"]), Err(sibling.to_owned()));
    assert_eq!(add(&["/x/{a}/y", "/x/{a}"]), Ok(()));
    assert_eq!(
        add(&["/{a+}/y"]),
        Err("cannot create a child of a resource with a greedy path variable: {a+}".to_owned())
    );
    let duplicate = "another resource with the same parent already has this name";
    assert_eq!(add(&["/x", "/x"]), Err(duplicate.to_owned()));
    assert_eq!(add(&["/{x+}", "/{x+}"]), Err(duplicate.to_owned()));
    let long = |count: usize| (0..count).map(|at| format!("/{{p{at}}}")).collect::<String>();
    assert_eq!(add(&[&long(PATH_PARAMS_MAX)]), Ok(()));
    assert!(add(&[&long(PATH_PARAMS_MAX + 1)]).is_err());
    assert!(add(&[&"/x".repeat(crate::limits::TREE_DEPTH_MAX + 1)]).is_err());
}

#[test]
fn a_full_tree_is_visited_once_per_node() {
    // Literal `a` and `{p}` at each of 12 levels, the verb nowhere: the worst tree for going back.
    let mut paths = vec![String::new()];
    let mut resources = Vec::new();
    for _ in 0..12 {
        paths =
            paths.iter().flat_map(|path| [format!("{path}/a"), format!("{path}/{{p}}")]).collect();
        resources.extend(paths.iter().map(|path| format!("{path} GET")));
    }
    let resources: Vec<&str> = resources.iter().map(String::as_str).collect();
    let (routes, names) = tree(&resources);
    let start = std::time::Instant::now();
    assert_eq!(find(&routes, &names, "POST", &"/a".repeat(12)), "-");
    assert_eq!(find(&routes, &names, "GET", &"/a".repeat(5000)), "-");
    assert!(start.elapsed() < std::time::Duration::from_secs(2), "{:?}", start.elapsed());
}

#[test]
fn a_path_over_the_limit_matches_nothing() {
    let long = format!("GET /{}", "x".repeat(PATH_BYTES_MAX));
    check(&["/{proxy+} GET"], &long, "-");
}

/// The slow oracle: every resource is matched on its own, the best one wins.
fn oracle(
    resources: &[(Vec<PathPart>, Vec<HttpMethod>)],
    verb: &str,
    path: &str,
) -> Option<String> {
    let verb = HttpMethod::parse(verb).ok()?;
    let trimmed = path.trim_start_matches('/');
    let trimmed = trimmed.strip_suffix('/').unwrap_or(trimmed);
    let segments: Vec<&str> =
        if trimmed.is_empty() { Vec::new() } else { trimmed.split('/').collect() };
    let mut best: Option<(Vec<u8>, String)> = None;
    for (parts, methods) in resources {
        let Some(served) = [verb, HttpMethod::Any].into_iter().find(|verb| methods.contains(verb))
        else {
            continue;
        };
        let Some((rank, values)) = matches(parts, &segments) else { continue };
        let shown: String = parts.iter().map(|part| format!("/{part}")).collect();
        let shown = if shown.is_empty() { "/".to_owned() } else { shown };
        let said = format!("{served} {shown}{values}");
        if best.as_ref().is_none_or(|(known, _)| rank < *known) {
            best = Some((rank, said));
        }
    }
    best.map(|(_, said)| said)
}

/// Rank per level (0 literal, 1 parameter, 2 greedy; smaller wins) and the values.
fn matches(parts: &[PathPart], segments: &[&str]) -> Option<(Vec<u8>, String)> {
    let mut rank = Vec::new();
    let mut values = String::new();
    let mut at = 0;
    for part in parts {
        match part {
            PathPart::Root => {}
            PathPart::Literal(text) => {
                (segments.get(at)? == text && !text.is_empty()).then_some(())?;
                rank.push(0);
                at += 1;
            }
            PathPart::Parameter(_) => {
                let value = segments.get(at).filter(|value| !value.is_empty())?;
                values.push_str(&format!(" [{value}]"));
                rank.push(1);
                at += 1;
            }
            PathPart::Greedy(_) => {
                let value = segments.get(at..)?.join("/");
                if at == segments.len() || value.is_empty() {
                    return None;
                }
                values.push_str(&format!(" [{value}]"));
                rank.push(2);
                at = segments.len();
            }
        }
    }
    (at == segments.len()).then_some((rank, values))
}

prop_compose! {
    fn resource()(
        parts in proptest::collection::vec(0..4_u8, 0..4),
        greedy in any::<bool>(),
        verbs in proptest::collection::vec(0..4_usize, 0..3),
    ) -> (Vec<PathPart>, Vec<HttpMethod>) {
        let mut path: Vec<PathPart> = parts.iter().map(|part| match part {
            0 => PathPart::Literal("a".to_owned()),
            1 => PathPart::Literal("b".to_owned()),
            2 => PathPart::Literal("ab".to_owned()),
            _ => PathPart::Parameter("p".to_owned()),
        }).collect();
        if greedy {
            path.push(PathPart::Greedy("x".to_owned()));
        }
        const VERBS: [HttpMethod; 4] =
            [HttpMethod::Get, HttpMethod::Post, HttpMethod::Put, HttpMethod::Any];
        let mut verbs: Vec<_> = verbs.into_iter().map(|at| VERBS[at]).collect();
        verbs.sort();
        verbs.dedup();
        (path, verbs)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn routing_agrees_with_a_linear_scan(
        mut resources in proptest::collection::vec(resource(), 0..10),
        paths in proptest::collection::vec("/{0,2}((a|b|ab|c)?/{1,2}){0,4}(a|b|c)?/{0,2}", 1..8),
    ) {
        resources.sort();
        resources.dedup_by(|a, b| a.0 == b.0);
        let mut builder = RoutesBuilder::new();
        let mut names = Vec::new();
        for (parts, verbs) in &resources {
            let shown: String = parts.iter().map(|part| format!("/{part}")).collect();
            let shown = if shown.is_empty() { "/".to_owned() } else { shown };
            let methods: Vec<_> = verbs.iter().map(|verb| {
                names.push(format!("{verb} {shown}"));
                (*verb, MethodIndex(names.len() as u32 - 1))
            }).collect();
            builder.add(&parts.iter().collect::<Vec<_>>(), methods).expect("no conflict");
        }
        let routes = builder.build();
        for path in &paths {
            for verb in ["GET", "POST", "DELETE"] {
                let expect = oracle(&resources, verb, path).unwrap_or_else(|| "-".to_owned());
                prop_assert_eq!(find(&routes, &names, verb, path), expect, "{} {}", verb, path);
            }
        }
    }
}
