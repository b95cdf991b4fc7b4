use proptest::prelude::*;

use super::*;

/// Three APIs: `abc` with dev and prod, `Custom-1` (closed) with live, `xyz` with dev; two domains.
pub(super) fn table() -> HostTable {
    let mut builder = HostTableBuilder::default();
    let stages = |names: &[(&str, u32)]| {
        names.iter().map(|(name, at)| (Box::from(*name), StageIndex(*at))).collect::<Vec<_>>()
    };
    assert!(builder.add_api("xyz", false, stages(&[("dev", 0)])));
    assert!(builder.add_api("abc", false, stages(&[("prod", 1), ("dev", 2)])));
    assert!(builder.add_api("Custom-1", true, stages(&[("live", 3)])));
    assert!(!builder.add_api("ABC", false, stages(&[])), "ids compare without case");
    let domain = builder.add_domain("API.example.com");
    builder.add_mapping(domain, "orders/v1", "abc", Some("prod")).expect("fits");
    builder.add_mapping(domain, "orders", "abc", None).expect("fits");
    builder.add_mapping(domain, "closed", "Custom-1", Some("live")).expect("fits");
    let domain = builder.add_domain("*.example.org");
    builder.add_mapping(domain, "(none)", "xyz", Some("dev")).expect("fits");
    assert!(builder.add_function_url("u0r1", StageIndex(4)));
    assert!(!builder.add_function_url("U0R1", StageIndex(5)), "ids compare without case");
    builder.build(true)
}

/// Says stage, resource path and base path of a request.
fn show(table: &HostTable, host: &str, path: &str) -> String {
    match table.resolve(host.as_bytes(), path.as_bytes()) {
        None => "403".to_owned(),
        Some(found) => {
            let base = table.base_path_matched(found.base).map(|base| format!(" base={base}"));
            format!("{} {}{}", found.stage.0, &path[found.path_offset..], base.unwrap_or_default())
        }
    }
}

#[track_caller]
fn check(host: &str, path: &str, expect: &str) {
    assert_eq!(show(&table(), host, path), expect, "{host} {path}");
}

#[test]
fn the_default_endpoint_takes_the_stage_from_the_path() {
    check("abc.execute-api.us-east-1.amazonaws.com", "/dev/pets", "2 /pets");
    check("ABC.Execute-API.localhost:8080", "/prod/pets/", "1 /pets/");
    check("abc.execute-api.x.", "/dev", "2 ");
    check("abc.execute-api.x", "/dev/", "2 /");
    check("abc.execute-api.x", "//dev/pets", "2 /pets");
    check("abc.execute-api.x", "/dev//pets", "2 //pets");
    check("abc.execute-api.x", "/Dev/pets", "403");
    check("abc.execute-api.x", "/", "403");
    check("abc.execute-api.x", "", "403");
    check("nope.execute-api.x", "/dev/pets", "403");
    check("abc.execute-apix.y", "/dev/pets", "403");
    check("abc.execute-api", "/dev/pets", "403");
}

#[test]
fn a_function_url_takes_every_path_on_its_host() {
    check("u0r1.lambda-url.us-east-1.on.aws", "/a/b", "4 /a/b");
    check("U0R1.Lambda-URL.us-east-1.localhost:8080", "", "4 ");
    check("api.example.com", "/_aws/lambda-url/u0r1/a", "4 /a");
    check("x", "//_aws/lambda-url/U0R1", "4 ");
    for host in [
        "nope.lambda-url.x",
        ".lambda-url.x",
        "u0r1.lambda-url",
        "u0r1.lambda-urls.x",
        "a.u0r1.lambda-url.x",
    ] {
        check(host, "/a", "403");
    }
    check("x", "/_aws/lambda-url/", "403");
    check("x", "/_aws/lambda-url/nope/a", "403");
    let table = table();
    assert!(
        table.is_function_url(b"nope.lambda-url.x:1", b"/")
            && table.is_function_url(b"x", b"/_aws/lambda-url/a")
    );
    assert!(!table.is_function_url(b"lambda-url.x", b"/") && !table.is_function_url(b"", b""));
}

#[test]
fn a_vpc_endpoint_may_follow_the_api_id() {
    check("abc-vpce-0123abcd.execute-api.us-east-1.vpce.amazonaws.com", "/dev/x", "2 /x");
    check("abc-other-0123.execute-api.us-east-1.amazonaws.com", "/dev/x", "403");
}

#[test]
fn a_disabled_default_endpoint_is_forbidden_but_its_domain_serves() {
    check("custom-1.execute-api.x", "/live/a", "403");
    check("api.example.com", "/closed/a", "3 /a base=closed");
    check("localhost", "/_aws/execute-api/custom-1/live/a", "3 /a");
}

#[test]
fn the_longest_base_path_wins_by_whole_segments() {
    check("api.example.com", "/orders/v1/x", "1 /x base=orders/v1");
    check("api.example.com:443", "/orders/v1", "1  base=orders/v1");
    check("api.example.com", "/orders/dev/x", "2 /x base=orders");
    check("api.example.com", "/orders/v12/x", "403");
    check("api.example.com", "/Orders/v1", "403");
    check("api.example.com", "/", "403");
    check("api.example.com", "//orders/v1//x", "1 //x base=orders/v1");
}

#[test]
fn a_wildcard_domain_covers_one_label() {
    check("a.example.org", "/x/y", "0 /x/y base=");
    check("A.EXAMPLE.ORG", "", "0  base=");
    check("example.org", "/x", "403");
    check("a.b.example.org", "/x", "403");
}

#[test]
fn local_paths_work_on_any_host() {
    for host in ["localhost:8080", "", "[::1]:8080", "[::1]", "abc.execute-api.x", "a.example.org"]
    {
        check(host, "/_aws/execute-api/abc/dev/pets/1", "2 /pets/1");
        check(host, "/restapis/abc/prod/_user_request_/pets/", "1 /pets/");
        check(host, "/restapis/ABC/prod/_user_request_", "1 ");
    }
    check("localhost", "/_aws/execute-api/abc/nope/pets", "403");
    check("localhost", "/_aws/execute-api/abc", "403");
    check("localhost", "/restapis/abc/prod/pets", "403");
    check("localhost", "/restapis/abc/prod/_user_request_x/pets", "403");
}

#[test]
fn one_api_with_one_stage_is_served_on_any_host() {
    let build = |serves_any_host, stages: &[&str]| {
        let mut builder = HostTableBuilder::default();
        let stages = stages.iter().enumerate();
        builder.add_api(
            "one",
            false,
            stages.map(|(at, stage)| (Box::from(*stage), StageIndex(at as u32))),
        );
        builder.build(serves_any_host)
    };
    let one = build(true, &["dev"]);
    assert_eq!(show(&one, "localhost:8080", "/dev/pets"), "0 /pets");
    assert_eq!(show(&one, "other.execute-api.x", "/dev/pets"), "0 /pets");
    assert_eq!(show(&one, "localhost", "/other/pets"), "403");
    assert_eq!(show(&build(false, &["dev"]), "localhost", "/dev/pets"), "403");
    assert_eq!(show(&build(true, &["dev", "prod"]), "localhost", "/dev/pets"), "403");
    let urls: Vec<_> =
        one.invoke_urls().map(|url| (url.api_id, url.stage, url.is_on_any_host)).collect();
    assert_eq!(urls, [("one", "dev", true)]);
}

#[test]
fn custom_domains_are_known_by_their_host() {
    assert!(table().is_custom_domain(b"api.example.com:443"));
    assert!(table().is_custom_domain(b"x.example.org"));
    assert!(!table().is_custom_domain(b"localhost"));
}

#[test]
fn a_private_caller_may_name_the_api() {
    let path = b"/dev/x";
    let found = table().resolve_api(b"abc", path).expect("it exists");
    assert_eq!((found.stage, &path[found.path_offset..]), (StageIndex(2), &b"/x"[..]));
    assert_eq!(table().resolve_api(b"custom-1", b"/live/x"), None);
}

#[test]
fn mappings_to_nowhere_are_refused() {
    let mut builder = HostTableBuilder::default();
    builder.add_api("abc", false, [(Box::from("dev"), StageIndex(0))]);
    let domain = builder.add_domain("d");
    let mut add = |base: &str, api: &str, stage| builder.add_mapping(domain, base, api, stage);
    assert_eq!(add("", "nope", None), Err("there is no REST API \"nope\"".to_owned()));
    assert_eq!(add("", "abc", Some("x")), Err("REST API \"abc\" has no stage \"x\"".to_owned()));
    assert_eq!(add("a", "abc", Some("dev")), Ok(()));
    assert_eq!(add("/a/", "abc", None), Err("base path \"a\" of \"d\" is mapped twice".to_owned()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// The oracle looks at every mapping in text form and takes the longest.
    #[test]
    fn base_paths_agree_with_a_linear_scan(
        bases in proptest::collection::btree_set("((a|b|ab)(/(a|b|ab)){0,2})?", 0..6),
        path in "(/{1,2}(a|b|ab|c)){0,4}/{0,1}",
    ) {
        let bases: Vec<String> = bases.into_iter().collect();
        let mut builder = HostTableBuilder::default();
        let stages = (0..bases.len()).map(|at| (format!("s{at}").into(), StageIndex(at as u32)));
        builder.add_api("abc", false, stages);
        let domain = builder.add_domain("d.x");
        for (at, base) in bases.iter().enumerate() {
            builder.add_mapping(domain, base, "abc", Some(&format!("s{at}"))).expect("fits");
        }
        let trimmed = path.trim_start_matches('/');
        let fits = |base: &str| {
            base.is_empty() || trimmed == base || trimmed.starts_with(&format!("{base}/"))
        };
        let best = bases.iter().enumerate().filter(|(_, base)| fits(base)).max_by_key(|(_, base)| base.len());
        let expect = best.map_or_else(|| "403".to_owned(), |(at, base)| {
            let rest = if base.is_empty() { path.as_str() } else { &trimmed[base.len()..] };
            format!("{at} {rest} base={base}")
        });
        prop_assert_eq!(show(&builder.build(true), "D.X:80", &path), expect);
    }

    #[test]
    fn an_offset_is_always_inside_the_path(host in ".{0,40}", path in ".{0,40}") {
        if let Some(found) = table().resolve(host.as_bytes(), path.as_bytes()) {
            prop_assert!(found.path_offset <= path.len());
        }
    }
}
