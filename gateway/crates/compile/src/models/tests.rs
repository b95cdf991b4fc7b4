use gateway_model::{
    Diagnostic, Json, Model, ModelId, Place, ResourceId, RestApi, RestApiId, Spanned,
};
use serde_json::Value;

use super::*;

mod suite;

/// The `Json` of a definition, from its text.
fn json(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(value) => Json::Bool(*value),
        Value::Number(digits) => Json::Number(digits.to_string()),
        Value::String(text) => Json::String(text.clone()),
        Value::Array(items) => Json::Array(items.iter().map(json).collect()),
        Value::Object(members) => {
            Json::Object(members.iter().map(|(name, value)| (name.clone(), json(value))).collect())
        }
    }
}

fn api(models: &[(&str, &Value)]) -> RestApi {
    let root = ResourceId::new("root");
    let mut api = RestApi::new(RestApiId::new("abc123"), "A", root, Place::nowhere());
    for (name, schema) in models {
        let model = Model {
            id: ModelId::new(name),
            name: (*name).to_owned(),
            content_type: "application/json".to_owned(),
            description: None,
            schema: Some(Spanned::new(json(schema), Place::nowhere())),
            place: Place::nowhere(),
        };
        api.models.insert((*name).to_owned(), model);
    }
    api
}

fn parse(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

#[track_caller]
fn compiled(models: &[(&str, &str)]) -> ApiModels {
    let models: Vec<_> = models.iter().map(|(name, text)| (*name, parse(text))).collect();
    let by_ref: Vec<_> = models.iter().map(|(name, schema)| (*name, schema)).collect();
    ApiModels::compile(&api(&by_ref))
}

/// The schema of the last of these models.
#[track_caller]
fn schema(models: &[(&str, &str)]) -> std::sync::Arc<ModelSchema> {
    let (name, _) = models.last().expect("a model");
    let made = compiled(models);
    assert_eq!(made.problems_of(name), [], "{name}");
    std::sync::Arc::clone(made.get(name).expect("a model").expect("a schema"))
}

/// What is said of the last of these models, which is wrong.
#[track_caller]
fn said(models: &[(&str, &str)]) -> String {
    let (name, _) = models.last().expect("a model");
    let made = compiled(models);
    let problems: Vec<String> = made.problems_of(name).iter().map(Diagnostic::to_string).collect();
    assert!(
        made.get(name).is_some_and(|schema| schema.is_none()),
        "it is known, and checks nothing"
    );
    problems.join("\n")
}

const URL: &str = "https://apigateway.amazonaws.com/restapis/abc123/models";

#[test]
fn models_refer_to_each_other_and_in_circles() {
    let house = format!(
        r#"{{"type":"object","properties":{{"contains":{{"type":"array","minItems":1,"items":{{"$ref":"{URL}/Person"}}}}}}}}"#
    );
    let person = format!(
        r#"{{"type":"object","required":["b","name"],"properties":{{"name":{{"type":"string"}},"b":{{"type":"number"}},
            "house":{{"$ref":"{URL}/House"}}}}}}"#
    );
    let schema = schema(&[("House", &house), ("Person", &person)]);
    for good in [
        r#"{"name":"a","b":1}"#,
        r#"{"name":"a","b":1,"house":{"contains":[{"name":"c","b":2,"house":{}}]}}"#,
    ] {
        assert!(schema.accepts(good.as_bytes()), "{good}");
    }
    for bad in [
        r#"{"name":"a"}"#,
        r#"{"name":"a","b":1,"house":{"contains":[]}}"#,
        r#"{"name":"a","b":1,"house":{"contains":[{"name":"c","b":"2"}]}}"#,
        r#"{"name":"a","b":1,"house":{"contains":[{"name":"c","b":2,"house":[]}]}}"#,
    ] {
        assert!(!schema.accepts(bad.as_bytes()), "{bad}");
    }
}

#[test]
fn one_of_null_and_a_model_is_as_recorded() {
    let test = format!(
        r#"{{"type":"object","required":["status"],"properties":{{"status":{{"oneOf":[{{"type":"null"}},{{"$ref":"{URL}/StatusModel"}}]}}}}}}"#
    );
    let status = r#"{"type":"object","properties":{"Status":{"type":"string"},"Order":{"type":"integer"}},"required":["Status","Order"]}"#;
    let schema = schema(&[("StatusModel", status), ("TestModel", &test)]);
    assert!(schema.accepts(br#"{"status":null}"#));
    assert!(schema.accepts(br#"{"status":{"Status":"works","Order":1}}"#));
    assert!(!schema.accepts(br#"{"status":{"Status":"works"}}"#));
    assert!(!schema.accepts(br#"{"status":"x"}"#));
}

#[test]
fn a_part_of_another_model_can_be_referred_to() {
    let schema = schema(&[
        ("Base", r#"{"definitions":{"id":{"type":"string","pattern":"^[a-z]+$"}}}"#),
        ("Use", &format!(r#"{{"properties":{{"id":{{"$ref":"{URL}/Base#/definitions/id"}}}}}}"#)),
    ]);
    assert!(schema.accepts(br#"{"id":"abc"}"#));
    assert!(!schema.accepts(br#"{"id":"ABC"}"#));
}

#[test]
fn an_empty_body_is_an_object_without_members() {
    assert!(schema(&[("M", r#"{"type":"object"}"#)]).accepts(b""));
    assert!(!schema(&[("M", r#"{"type":"object","required":["a"]}"#)]).accepts(b""));
    assert!(!schema(&[("M", r#"{"type":"array"}"#)]).accepts(b""));
    assert!(!schema(&[("M", "{}")]).accepts(b"{"), "what is no JSON is accepted by nothing");
}

#[test]
fn what_is_wrong_with_a_schema_is_said_with_its_pointer() {
    let outside = said(&[("M", r#"{"properties":{"a/b":{"$ref":"http://example.com/x.json"}}}"#)]);
    assert_eq!(
        outside,
        "-:0:0: error: model \"M\", at /properties/a~1b/$ref: \"http://example.com/x.json\" is outside of the \
         API, and nothing is fetched for a schema; put the schema into a model of the API"
    );
    for file in
        ["file:///etc/passwd", "/etc/passwd", "other.json", "https://apigateway.amazonaws.com/x"]
    {
        let text = said(&[("M", &format!(r#"{{"items":{{"$ref":"{file}"}}}}"#))]);
        assert!(text.contains("at /items/$ref: "), "{text}");
        assert!(text.contains("is outside of the API"), "{text}");
    }
    let text = said(&[("M", r##"{"allOf":[{"$ref":"#/definitions/gone"}]}"##)]);
    assert!(text.contains("at /allOf/0/$ref: \"#/definitions/gone\" leads to nothing"), "{text}");
    let text = said(&[("M", &format!(r#"{{"$ref":"{URL}/Gone"}}"#))]);
    assert!(text.contains("at /$ref: ") && text.contains("has no model \"Gone\""), "{text}");
    let text = said(&[("M", &format!(r#"{{"$ref":"{}/M"}}"#, URL.replace("abc123", "other")))]);
    assert!(text.contains("is a model of another API"), "{text}");
    let text = said(&[("M", r#"{"properties":{"a":{"type":"strange"}}}"#)]);
    assert!(text.contains("model \"M\", at /properties/a/type: "), "{text}");
    let text = said(&[("M", r#"{"properties":{"a":{"required":true}}}"#)]);
    assert!(text.contains("at /properties/a/required: "), "{text}");
    let text = said(&[("M", "[]")]);
    assert!(text.contains("a schema is a JSON object"), "{text}");
}

#[test]
fn a_wrong_model_does_not_spoil_the_others() {
    let made = compiled(&[("Bad", r#"{"type":"strange"}"#), ("Good", r#"{"type":"array"}"#)]);
    let good = made.get("Good").flatten().expect("a schema");
    assert!(good.accepts(b"[]") && !good.accepts(b"{}"));
    let unused = made.unused_problems(|name| name == "Good");
    assert_eq!(unused.len(), 1);
    assert!(!unused[0].is_error(), "nobody uses it");
    assert!(made.unused_problems(|_| true).is_empty());
}

#[test]
fn patterns_that_need_back_tracking_are_refused_with_their_place() {
    for pattern in ["(a)\\\\1", "(?=a)b", "(?<!a)b"] {
        let text =
            said(&[("M", &format!(r#"{{"properties":{{"p":{{"pattern":"{pattern}"}}}}}}"#))]);
        assert!(text.contains("model \"M\""), "{text}");
        assert!(text.contains("/properties/p"), "{pattern}: {text}");
    }
    let text = said(&[("M", r#"{"pattern":"(((a{99}){99}){99}){99}"}"#)]);
    assert!(text.contains("model \"M\""), "{text}");
    // What makes an engine that goes back take forever.
    let schema = schema(&[("M", r#"{"type":"string","pattern":"^(a+)+$"}"#)]);
    let body = format!("\"{}b\"", "a".repeat(100_000));
    assert!(!schema.accepts(body.as_bytes()));
}

#[test]
fn bounds_of_a_schema_hold() {
    let long = format!(r#"{{"description":"{}"}}"#, "x".repeat(crate::limits::MODEL_BYTES_MAX));
    assert!(said(&[("M", &long)]).contains("bytes, at most 409600 are allowed"));
    let deep = format!("{}{{}}{}", r#"{"items":"#.repeat(64), "}".repeat(64));
    assert!(said(&[("M", &deep)]).contains("nests more than 64 levels"));
    let just = format!("{}{{}}{}", r#"{"items":"#.repeat(63), "}".repeat(63));
    assert!(schema(&[("M", &just)]).accepts(b"[[[[[[]]]]]]"));
}

/// Alternatives of a recursive schema multiply with each level for whoever tries all of them.
#[test]
fn recursive_alternatives_do_not_multiply() {
    let branch = r##"{"properties":{"a":{"$ref":"#"}},"type":"object","required":["a"]}"##;
    let leaf = r#"{"type":"integer"}"#;
    let text = format!(r#"{{"anyOf":[{branch},{branch},{branch},{leaf}]}}"#);
    let schema = schema(&[("M", &text)]);
    for depth in [6, 8, 100] {
        let body = format!("{}\"x\"{}", r#"{"a":"#.repeat(depth), "}".repeat(depth));
        let started = std::time::Instant::now();
        assert!(!schema.accepts(body.as_bytes()));
        assert!(schema.problems(body.as_bytes()).starts_with("[instance failed to match"));
        assert!(started.elapsed().as_secs() < 5, "depth {depth}: {:?}", started.elapsed());
    }
}

#[test]
fn many_unique_items_are_compared_in_time() {
    let schema = schema(&[("M", r#"{"uniqueItems":true}"#)]);
    let items: Vec<String> = (0..100_000).map(|n| n.to_string()).collect();
    let body = format!("[{}]", items.join(","));
    let started = std::time::Instant::now();
    assert!(schema.accepts(body.as_bytes()));
    assert!(started.elapsed().as_secs() < 5, "{:?}", started.elapsed());
}

#[test]
fn numbers_beyond_every_range_end_quickly() {
    let schema = schema(&[("M", r#"{"multipleOf":0.01,"maximum":100,"enum":[1,2]}"#)]);
    for body in [
        "1e999999999",
        "-1e999999999",
        "1e-999999999",
        "999999999999999999999999999999999999999999",
    ] {
        assert!(!schema.accepts(body.as_bytes()), "{body}");
        assert!(schema.problems(body.as_bytes()).starts_with('['));
    }
}

#[test]
fn problems_are_told_in_the_validators_words() {
    let of = |text: &str, body: &str| {
        let schema = schema(&[("M", text)]);
        assert!(!schema.accepts(body.as_bytes()), "{text} {body}");
        schema.problems(body.as_bytes())
    };
    let check = |text: &str, body: &str, expected: &str| assert_eq!(of(text, body), expected);
    check(r#"{"required":["bar"]}"#, "{}", r#"[object has missing required properties (["bar"])]"#);
    check(
        r#"{"required":["b","a"]}"#,
        "{\"c\":1}",
        r#"[object has missing required properties (["a","b"])]"#,
    );
    check(
        r#"{"properties":{"a":{"type":"string"},"b":{"type":["array","null"]}}}"#,
        r#"{"a":1,"b":1.5}"#,
        "[instance type (integer) does not match any allowed primitive type (allowed: [\"string\"]), instance type \
         (number) does not match any allowed primitive type (allowed: [\"array\",\"null\"])]",
    );
    check(
        r#"{"enum":["a","b"]}"#,
        "\"c\"",
        r#"[instance value ("c") not found in enum (possible values: ["a","b"])]"#,
    );
    check(
        r#"{"minimum":0}"#,
        "-1",
        "[numeric instance is lower than the required minimum (minimum: 0, found: -1)]",
    );
    check(
        r#"{"maximum":9,"exclusiveMaximum":true}"#,
        "9",
        "[numeric instance is not strictly lower than the required maximum 9]",
    );
    check(
        r#"{"minLength":2}"#,
        "\"x\"",
        r#"[string "x" is too short (length: 1, required minimum: 2)]"#,
    );
    check(
        r#"{"pattern":"^a$"}"#,
        "\"x\"",
        r#"[ECMA 262 regex "^a$" does not match input string "x"]"#,
    );
    check(
        r#"{"additionalProperties":false}"#,
        r#"{"z":1,"y":2}"#,
        r#"[object instance has properties which are not allowed by the schema: ["z","y"]]"#,
    );
    check(
        r#"{"properties":{"a":{"items":{"properties":{"b":{}},"additionalProperties":false}}}}"#,
        r#"{"a":[{"b":1},{"b":1,"c":2}]}"#,
        r#"[object instance has properties which are not allowed by the schema: ["c"]]"#,
    );
    check(
        r#"{"oneOf":[{"type":"null"},{"type":"array"}]}"#,
        "1",
        "[instance failed to match exactly one schema (matched 0 out of 2)]",
    );
    check(
        r#"{"oneOf":[{"type":"integer"},{"type":"number"}]}"#,
        "1",
        "[instance failed to match exactly one schema (matched 2 out of 2)]",
    );
    check(
        r#"{"minItems":2}"#,
        "[1]",
        "[array is too short: must have at least 2 elements but instance has 1 elements]",
    );
    check(r#"{"uniqueItems":true}"#, "[1,1]", "[array must not contain duplicate elements]");
    check("{}", "{", "[Unable to parse the request body as JSON]");
    let many = format!("[{}]", vec!["1"; 2_000].join(","));
    let text = of(r#"{"items":{"type":"string"}}"#, &many);
    assert_eq!(text.matches("instance type").count(), crate::limits::PROBLEMS_MAX);
    let long = format!("\"{}\"", "é".repeat(5_000));
    let text = of(r#"{"maxLength":1}"#, &long);
    assert!(text.len() < 4_200 && text.ends_with("…]"), "{}", text.len());
}
