use PassthroughBehavior::{Never, WhenNoMatch, WhenNoTemplates};

use super::*;

fn templates(all: &[(&str, &str)]) -> ByMediaType<Template> {
    ByMediaType::new(
        all.iter().map(|(key, text)| (Box::from(*key), Template::Literal(text.as_bytes().into()))),
    )
}

fn text(template: &Template) -> String {
    match template {
        Template::Literal(text) => String::from_utf8_lossy(text).into_owned(),
        Template::Vtl(_) => "rendered".to_owned(),
        Template::Malformed => "malformed".to_owned(),
    }
}

#[track_caller]
fn check(all: &[(&str, &str)], content_type: Option<&str>, expect: [&str; 3]) {
    for (passthrough, expect) in [WhenNoMatch, WhenNoTemplates, Never].into_iter().zip(expect) {
        let request = RequestTemplates::new(templates(all), passthrough, None);
        let said = match request.select(content_type.map(str::as_bytes)) {
            RequestChoice::Template(template) => text(template),
            RequestChoice::Passthrough => "passes".to_owned(),
            RequestChoice::UnsupportedMediaType => "415".to_owned(),
        };
        assert_eq!(said, expect, "{all:?} {content_type:?} {passthrough}");
    }
}

#[test]
fn the_table_of_passthrough_behavior() {
    let json = [("application/json", "J")];
    check(&[], None, ["passes", "passes", "415"]);
    check(&json, Some("application/json; charset=utf-8"), ["J", "J", "J"]);
    check(&json, None, ["J", "J", "J"]);
    check(&json, Some("text/xml"), ["passes", "415", "415"]);
    check(&json, Some("application/jsonx"), ["passes", "415", "415"]);
    check(&json, Some("Application/JSON"), ["J", "J", "J"]);
    check(&[("$default", "D"), ("text/xml", "X")], Some("a/b"), ["D", "D", "D"]);
    check(&[("$default", "D"), ("text/xml", "X")], Some("text/xml"), ["X", "X", "X"]);
}

#[test]
fn an_empty_template_passes_the_body_yet_counts_as_defined() {
    check(&[("application/json", "")], None, ["passes", "415", "415"]);
    check(&[("application/json", ""), ("$default", "D")], None, ["passes", "415", "415"]);
}

#[test]
fn a_response_template_follows_accept() {
    let select = |all: &[(&str, &str)], accept: Option<&str>| {
        let templates = ResponseTemplates::new(templates(all));
        templates.select(accept.map(str::as_bytes)).map_or_else(|| "passes".to_owned(), text)
    };
    let all = [("text/html", "H"), ("application/json", "J")];
    assert_eq!(select(&all, Some("text/html")), "H");
    assert_eq!(select(&all, Some("image/png")), "J");
    assert_eq!(select(&all, None), "J");
    assert_eq!(select(&[("text/html", "H"), ("a/b", "B")], Some("*/*")), "H");
    assert_eq!(select(&[("application/json", "")], None), "passes");
    assert_eq!(select(&[], Some("*/*")), "passes");
}

#[test]
fn vtl_is_told_from_text() {
    for text in [
        "$input.body",
        "${x}",
        "$!x",
        "$!{x}",
        "a $_b",
        "#if($x)",
        "#set( $a = 1)",
        "x\n#end",
        "#{else}",
        "## note",
        "#* note *#",
        "#[[ raw ]]#",
        "ends with $",
        "ends with #",
        "\\$x",
        "#foreach",
    ] {
        assert!(is_vtl(text), "{text}");
    }
    for text in [
        "",
        "{\"statusCode\": 200}",
        "$5.00",
        "$$ ",
        "$ x",
        "$.x",
        "$[x]",
        "#1",
        "#-",
        "#!",
        "\"#\"",
        "#13ff93",
        "&#39;",
        "#fff",
        "a#b",
        "#[x]",
    ] {
        assert!(!is_vtl(text), "{text}");
    }
}
