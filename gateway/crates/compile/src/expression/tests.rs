use proptest::prelude::*;

use super::*;

#[track_caller]
fn check(text: &str, expect: Option<Expression>) {
    assert_eq!(Expression::parse(text).ok(), expect, "{text}");
    if let Ok(parsed) = Expression::parse(text) {
        assert_eq!(parsed.to_string(), text);
    }
}

fn request(part: RequestPart, name: &str) -> Option<Expression> {
    Some(Expression::Request(part, name.to_owned()))
}

#[test]
fn every_source_of_the_reference_is_read() {
    check("method.request.path.id", request(RequestPart::Path, "id"));
    check("method.request.querystring.q", request(RequestPart::Query, "q"));
    check("method.request.multivaluequerystring.q", request(RequestPart::MultiQuery, "q"));
    check("method.request.header.X-A", request(RequestPart::Header, "X-A"));
    check("method.request.multivalueheader.x.$y_z", request(RequestPart::MultiHeader, "x.$y_z"));
    check("method.request.body", Some(Expression::RequestBody(Body::Whole)));
    let path = |text| BodyPath::parse(text).expect("a path");
    let body = Some(Expression::RequestBody(Body::Path(path("[0].price"))));
    check("method.request.body[0].price", body);
    let body = Some(Expression::ResponseBody(Body::Path(path(".err.c"))));
    check("integration.response.body.err.c", body);
    check("integration.response.header.ETag", Some(Expression::ResponseHeader("ETag".to_owned())));
    let multi = Some(Expression::ResponseMultiHeader("Set-Cookie".to_owned()));
    check("integration.response.multivalueheader.Set-Cookie", multi);
    check("stageVariables.v", Some(Expression::StageVariable("v".to_owned())));
    let context = Some(Expression::Context("identity.sourceIp".to_owned()));
    check("context.identity.sourceIp", context);
    check("'it works'", Some(Expression::Static("it works".to_owned())));
    check("''", Some(Expression::Static(String::new())));
    check("'*'", Some(Expression::Static("*".to_owned())));
    check("'default-src 'self''", Some(Expression::Static("default-src 'self'".to_owned())));
}

#[test]
fn a_path_of_several_nodes_is_told_apart() {
    let unserved = |text: &str| Some(Expression::RequestBody(Body::Unserved(text.to_owned())));
    check("method.request.body.a[*].b", unserved(".a[*].b"));
    check("method.request.body..b", unserved("..b"));
}

#[test]
fn what_is_no_expression_is_refused_in_awss_words() {
    for bad in [
        "",
        "'",
        "'x",
        "x'",
        "\"x\"",
        "'a\nb'",
        "'a\0'",
        "method.request.path",
        "method.request.path.",
        "method.request.path.a b",
        "method.request.path.a/b",
        "method.request.cookie.a",
        "method.request.bodyx",
        "method.request.body.",
        "method.request.body[",
        "method.request.body[x]",
        "integration.response.body.a.",
        "integration.response.path.a",
        "stageVariables.",
        "context.",
        "context",
        "stageVariables.a}",
        " 'a'",
        "'a' ",
        "Method.request.path.id",
        "$context.stage",
    ] {
        check(bad, None);
    }
    let error = Expression::parse("nonsense").expect_err("it is none");
    assert_eq!(error.to_string(), "Invalid mapping expression specified: nonsense");
}

fn any_expression() -> impl Strategy<Value = Expression> {
    let name = "[a-zA-Z0-9._$-]{1,12}";
    let part = prop_oneof![
        Just(RequestPart::Path),
        Just(RequestPart::Query),
        Just(RequestPart::MultiQuery),
        Just(RequestPart::Header),
        Just(RequestPart::MultiHeader),
    ];
    let body =
        "((\\.[a-z_-]{1,4})|(\\[-?[0-9]{1,3}\\])|(\\['[a-z .*]{0,5}'\\])){0,4}".prop_map(|text| {
            if text.is_empty() {
                Body::Whole
            } else {
                Body::Path(BodyPath::parse(&text).expect("a path"))
            }
        });
    prop_oneof![
        "[^\\p{Cc}]{0,12}".prop_map(Expression::Static),
        (part, name).prop_map(|(part, name)| Expression::Request(part, name)),
        body.clone().prop_map(Expression::RequestBody),
        body.prop_map(Expression::ResponseBody),
        name.prop_map(Expression::ResponseHeader),
        name.prop_map(Expression::ResponseMultiHeader),
        name.prop_map(Expression::StageVariable),
        name.prop_map(Expression::Context),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn an_expression_round_trips(expression in any_expression()) {
        let parsed = Expression::parse(&expression.to_string());
        prop_assert_eq!(parsed, Ok(expression));
    }
}
