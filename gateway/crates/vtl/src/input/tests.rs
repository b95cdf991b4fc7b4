use crate::request::fake::Fake;
use crate::{Overrides, Root, Value, World};

const PETS: &str = r#"{"owner":"Ada","nil":null,"tags":["a/b","c"],"addr":{"city":"Rome"},"pets":[{"id":1},{"id":2}]}"#;

/// What `$input.method('argument')` gives, for `body`.
#[track_caller]
fn check(body: &'static str, method: &str, argument: &str, expected: &str) {
    let request = Fake { body, ..Fake::default() };
    let mut overrides = Overrides::default();
    let mut world = World::new(&request, &mut overrides);
    let given = Root::Input.call(&mut world, method, &[argument.into()]);
    let value = given.unwrap_or_else(|error| panic!("{argument}: {error}"));
    let text = match value {
        None | Some(Value::Null) => String::new(),
        Some(value) => value.to_string(),
    };
    assert_eq!(text, expected, "{method} {argument} of {body}");
}

#[test]
fn a_path_finds_live_values() {
    check(PETS, "path", "$.owner", "Ada");
    check(PETS, "path", "owner", "Ada");
    check(PETS, "path", "addr.city", "Rome");
    check(PETS, "path", "$.nil", "");
    check(PETS, "path", "$.missing", "");
    check(PETS, "path", "$.tags", r#"["a\/b","c"]"#);
    check(PETS, "path", "$.addr", "{city=Rome}");
    let request = Fake { body: PETS, ..Fake::default() };
    let mut overrides = Overrides::default();
    let mut world = World::new(&request, &mut overrides);
    let found = Root::Input.call(&mut world, "path", &["$.addr".into()]).expect("it is found");
    let Some(Value::Map(addr)) = found else { panic!("{found:?}") };
    addr.insert("city", "Oslo".into());
    let json = Root::Input.call(&mut world, "json", &["$.addr".into()]).expect("it is JSON");
    assert_eq!(json.expect("a text").to_string(), r#"{"city":"Oslo"}"#);
}

#[test]
fn json_is_compact_and_quoted() {
    check(PETS, "json", "$.owner", r#""Ada""#);
    check(PETS, "json", "$.tags", r#"["a/b","c"]"#);
    check(PETS, "json", "$.pets[*].id", "[1,2]");
    check(PETS, "json", "$..nope", "[]");
    check(PETS, "json", "$.missing", "\"\"");
    check(PETS, "json", "$.nil", "\"\"");
    check(PETS, "json", "$", PETS);
}

#[test]
fn an_empty_body_is_an_empty_object() {
    check("", "json", "$", "{}");
    check("", "path", "$.x", "");
    let request = Fake::default();
    let mut overrides = Overrides::default();
    let mut world = World::new(&request, &mut overrides);
    let body = Root::Input.get(&mut world, "body").expect("it reads").expect("a body");
    assert_eq!(body.to_string(), "{}");
}

#[test]
fn a_body_that_is_text_has_nothing_in_it() {
    check("not json", "path", "$.a", "");
    check("not json", "json", "$.a", "\"\"");
    check("not json", "json", "$", "\"not json\"");
}

#[test]
fn a_broken_body_or_path_throws_when_it_is_asked() {
    let request = Fake { body: "{\"a\":", ..Fake::default() };
    let mut overrides = Overrides::default();
    let mut world = World::new(&request, &mut overrides);
    let body = Root::Input.get(&mut world, "body").expect("the text is there").expect("a body");
    assert_eq!(body.to_string(), "{\"a\":");
    for (method, path) in [("path", "$.a"), ("json", "$"), ("path", "$.."), ("json", "$[?")] {
        let result = Root::Input.call(&mut world, method, &[path.into()]);
        assert!(result.is_err(), "{path} gives {result:?}");
    }
}

#[test]
fn parameters_come_from_the_path_then_the_query_then_the_fields() {
    let request = Fake {
        path: &[("id", "p"), ("a", "1")],
        query: &[("id", "q"), ("q", "first"), ("q", "last")],
        headers: &[("X-b", "1"), ("accept", "x"), ("ID", "h"), ("Host", "y"), ("x-B", "2")],
        ..Fake::default()
    };
    let mut overrides = Overrides::default();
    let mut world = World::new(&request, &mut overrides);
    let mut parameter = |name: &str| {
        let value = Root::Input.call(&mut world, "params", &[name.into()]).expect("it reads");
        value.expect("a text").to_string()
    };
    assert_eq!(parameter("id"), "p");
    assert_eq!(parameter("q"), "last");
    assert_eq!(parameter("Accept"), "x", "fields are found in any case");
    assert_eq!(parameter("x-b"), "2", "the last one");
    assert_eq!(parameter("nope"), "");
    let all = Root::Input.call(&mut world, "params", &[]).expect("it reads").expect("a map");
    assert_eq!(
        all.to_string(),
        "{path={id=p, a=1}, querystring={id=q, q=last}, header={accept=x, Host=y, ID=h, X-b=2}}"
    );
}

#[test]
fn what_does_not_exist_is_nothing() {
    let request = Fake::default();
    let mut overrides = Overrides::default();
    let mut world = World::new(&request, &mut overrides);
    assert!(Root::Input.get(&mut world, "nope").expect("it reads").is_none());
    assert!(Root::Input.call(&mut world, "nope", &[]).expect("it reads").is_none());
    assert!(
        Root::Input.call(&mut world, "json", &[Value::Integer(1)]).expect("it reads").is_none()
    );
}
