use super::*;

#[track_caller]
fn check(text: &str, expect: Option<i64>) {
    assert_eq!(status_code(text.as_bytes()), expect, "{text}");
}

#[test]
fn recorded_texts_that_are_accepted() {
    for text in [
        r#"{"statusCode": 200}"#,
        "{statusCode: 200}",
        "{'statusCode': 200}",
        "{'statusCode': 200, '': ''}",
        r#"{"statusCode": 200 ,, }"#,
        r#"{"statusCode": 200 , null: null }"#,
        "{statusCode: 200,super{ f}oo: [ba r]}",
        "{statusCode: 200, foo}: [ba r]}",
        "{statusCode: 200, }foo: ''}",
        "{\n  \"statusCode\": 200,\n}",
    ] {
        check(text, Some(200));
    }
    check(r#"{"statusCode": 0}"#, Some(0));
    check(r#"{"statusCode": -1000}"#, Some(-1000));
}

#[test]
fn recorded_texts_that_are_refused() {
    for text in [
        r#"{"statusCode': 200}"#,
        r#"{'statusCode": 200}"#,
        r#"{statusCode": 200}"#,
        r#"{"statusCode": 200"#,
        "{statusCode: 200, {foo: [ba r]}",
        "{statusCode: 200, what:{}foo: [ba r]}}",
        "statusCode: 200",
        r#""statusCode": 200"#,
        r#"{"statusCode": "200"}"#,
        "{}",
        "",
        "not json",
    ] {
        check(text, None);
    }
}

#[test]
fn only_integers_are_status_codes() {
    check("{statusCode: 0200}", Some(200));
    check("{statusCode: 2e2}", None);
    check("{statusCode: 200.0}", None);
    check("{statusCode: +200}", None);
    check("{statusCode: 200 \"a\": 1}", None);
    check("{statusCode: TRUE}", None);
    check("{statusCode: null}", None);
    check("{statusCode: [200]}", None);
    check("{statusCode: {statusCode: 200}}", None);
    check("{statusCode: 9223372036854775807}", Some(i64::MAX));
    check("{statusCode: 9223372036854775808}", None);
    check("{statusCode: -}", None);
}

#[test]
fn the_last_of_two_wins_and_only_the_outermost_counts() {
    check("{statusCode: 200, 'statusCode': 404}", Some(404));
    check("{statusCode: 200, statusCode: x}", None);
    check("{a: {statusCode: 1}, statusCode: 204, b: [{statusCode: 2}]}", Some(204));
    check("{StatusCode: 200}", None);
    check(r#"{"status\u0043ode": 200}"#, Some(200));
    check(r#"{"statusCode\u0000": 200}"#, None);
    check("{statusCode: 201} and more", Some(201));
    check("{,statusCode: 201}", Some(201));
    check("[{statusCode: 201}]", None);
}

#[test]
fn deep_nesting_is_refused_without_a_crash() {
    let nested = |depth: usize| {
        format!("{{statusCode: 200, a: {}{}}}", "[".repeat(depth), "]".repeat(depth))
    };
    check(&nested(100), Some(200));
    check(&nested(1_000_000), None);
    check(&"{a:".repeat(1_000_000), None);
}

fn templates(all: &[(&str, &str)], passthrough: PassthroughBehavior) -> MockTemplates {
    let templates = all.iter().map(|(key, text)| {
        let template = match *text {
            "broken" => Template::Malformed,
            text if text.contains('$') => {
                Template::Vtl(Box::new(gateway_vtl::Template::parse(text).expect("a template")))
            }
            text => Template::Literal(text.as_bytes().into()),
        };
        (Box::from(*key), template)
    });
    MockTemplates::new(ByMediaType::new(templates), passthrough)
}

#[test]
fn a_template_names_the_status_and_a_body_may() {
    use PassthroughBehavior::{Never, WhenNoMatch, WhenNoTemplates};
    let json = [("application/json", "{statusCode: 204}")];
    let check = |all: &[(&str, &str)],
                 passthrough,
                 content_type: Option<&str>,
                 expected: Result<&str, Failure>| {
        let templates = templates(all, passthrough);
        let said = match templates.select(content_type.map(str::as_bytes)) {
            Ok(MockChoice::Status(status)) => Ok(status.to_string()),
            Ok(MockChoice::Template(_)) => Ok("rendered".to_owned()),
            Ok(MockChoice::ClientBody) => Ok("body".to_owned()),
            Err(failure) => Err(failure),
        };
        let expected = expected.map(str::to_owned);
        assert_eq!(said, expected, "{all:?} {passthrough} {content_type:?}");
    };
    check(&json, WhenNoMatch, None, Ok("204"));
    check(&json, WhenNoMatch, Some("text/xml"), Ok("body"));
    check(&json, Never, Some("text/xml"), Err(Failure::unsupported_media_type()));
    check(&[], WhenNoTemplates, None, Ok("body"));
    let broken = Failure::api_configuration_error();
    check(&[("application/json", "{}")], Never, None, Err(broken));
    check(&[("application/json", "broken")], Never, None, Err(broken));
    check(&[("application/json", "$x")], Never, None, Ok("rendered"));
    check(&[("application/json", "")], WhenNoMatch, None, Ok("body"));
    assert_eq!(body_status(b"{statusCode: 7}"), Ok(7));
    assert_eq!(body_status(b"x"), Err(broken));
}
