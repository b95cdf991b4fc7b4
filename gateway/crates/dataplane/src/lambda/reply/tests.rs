use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::testing::conformance;

/// Status, headers as `[name, value, is_multi]`, body, flag.
type Read = (u16, Vec<(String, String, bool)>, String, bool);

fn read(payload: &str) -> Result<Read, Malformed> {
    let mut payload = payload.as_bytes().to_vec();
    let reply = parse(&mut payload)?;
    let text = |text: Text| String::from_utf8_lossy(text.of(&payload)).into_owned();
    let field = |f: &ReplyField| (text(f.name), text(f.value), f.is_multi);
    let fields = reply.fields.iter().map(field).collect();
    Ok((reply.status, fields, text(reply.body), reply.is_base64_encoded))
}

#[track_caller]
fn check(payload: &str, status: u16, fields: &[(&str, &str, bool)], body: &str) {
    let fields = fields.iter().map(|(n, v, m)| ((*n).to_owned(), (*v).to_owned(), *m)).collect();
    let got = read(payload).map(|(status, fields, body, _)| (status, fields, body));
    assert_eq!(got, Ok((status, fields, body.to_owned())), "{payload}");
}

#[test]
fn results_that_are_responses() {
    check("{}", 200, &[], "");
    check(" {\"statusCode\" : 201 , \"body\":\"x\"}\n", 201, &[], "x");
    check("{\"statusCode\":\"404\"}", 404, &[], "");
    check(
        "{\"statusCode\":null,\"headers\":null,\"multiValueHeaders\":null,\"body\":null}",
        200,
        &[],
        "",
    );
    check(
        "{\"headers\":{\"a\":\"b\",\"c\":true,\"d\":false}}",
        200,
        &[("a", "b", false), ("c", "true", false), ("d", "false", false)],
        "",
    );
    check(
        "{\"multiValueHeaders\":{\"a\":[\"1\",\"2\"],\"b\":[]},\"headers\":{\"A\":\"3\"}}",
        200,
        &[("a", "1", true), ("a", "2", true), ("A", "3", false)],
        "",
    );
    check(
        "{\"body\":\"a\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\ude00\"}",
        200,
        &[],
        "a\"\\/\u{8}\u{c}\n\r\t\u{e9}\u{1f600}",
    );
    check("{\"\\u0062ody\":\"x\"}", 200, &[], "x");
}

#[test]
fn the_last_of_two_members_counts() {
    check("{\"body\":\"a\",\"body\":\"b\",\"statusCode\":201,\"statusCode\":202}", 202, &[], "b");
    check(
        "{\"headers\":{\"a\":\"1\",\"b\":\"2\",\"a\":\"3\"}}",
        200,
        &[("b", "2", false), ("a", "3", false)],
        "",
    );
    check("{\"headers\":{\"a\":\"1\"},\"headers\":{\"b\":\"1\"}}", 200, &[("b", "1", false)], "");
}

#[test]
fn results_that_are_none() {
    let wrong = [
        "",
        "null",
        "\"x\"",
        "1",
        "[]",
        "true",
        "{",
        "{}x",
        "{\"a\":1}",
        "{\"statusCode\":200,}",
        "{\"statusCode\":\"test\"}",
        "{\"statusCode\":\"\"}",
        "{\"statusCode\":200.0}",
        "{\"statusCode\":2e2}",
        "{\"statusCode\":-200}",
        "{\"statusCode\":0200}",
        "{\"statusCode\":99}",
        "{\"statusCode\":100}",
        "{\"statusCode\":199}",
        "{\"statusCode\":600}",
        "{\"statusCode\":99999999999}",
        "{\"statusCode\":true}",
        "{\"statusCode\":[]}",
        "{\"headers\":[]}",
        "{\"headers\":\"x\"}",
        "{\"headers\":{\"a\":1}}",
        "{\"headers\":{\"a\":null}}",
        "{\"headers\":{\"a\":[\"b\"]}}",
        "{\"headers\":{\"a\":{}}}",
        "{\"headers\":{\"\":\"b\"}}",
        "{\"headers\":{\"a b\":\"b\"}}",
        "{\"headers\":{\"a:\":\"b\"}}",
        "{\"headers\":{\"a\\r\":\"b\"}}",
        "{\"headers\":{\"a\":\"b\\r\\nc: d\"}}",
        "{\"headers\":{\"a\":\"b\\u0000\"}}",
        "{\"headers\":{\"\u{e9}\":\"b\"}}",
        "{\"multiValueHeaders\":{\"a\":\"b\"}}",
        "{\"multiValueHeaders\":{\"a\":[1]}}",
        "{\"multiValueHeaders\":{\"a\":[null]}}",
        "{\"multiValueHeaders\":{\"a\":[\"b\\n\"]}}",
        "{\"body\":{}}",
        "{\"body\":[]}",
        "{\"body\":1}",
        "{\"body\":true}",
        "{\"body\":\"\n\"}",
        "{\"body\":\"\\x\"}",
        "{\"body\":\"\\ud800\"}",
        "{\"body\":\"\\udc00\"}",
        "{\"body\":\"\\u12\"}",
        "{\"isBase64Encoded\":\"true\"}",
        "{\"isBase64Encoded\":1}",
        "{\"errorMessage\":\"x\"}",
        "{\"StatusCode\":200}",
    ];
    for payload in wrong {
        assert!(read(payload).is_err(), "{payload}: {:?}", read(payload));
    }
    assert!(parse(&mut b"{\"body\":\"\xff\"}".to_vec()).is_err());
}

#[test]
fn there_is_an_end_to_headers() {
    let result = |count: usize| {
        let list = vec!["\"v\""; count].join(",");
        read(&format!("{{\"multiValueHeaders\":{{\"a\":[{list}]}}}}")).is_ok()
    };
    assert!(result(REPLY_FIELDS_MAX));
    assert!(!result(REPLY_FIELDS_MAX + 1));
}

#[test]
fn what_the_service_refused_is_refused() {
    let Some(folder) = conformance("aws-recorded") else { return };
    let name = "lambda-aws-proxy-response-payload-format-validation.json";
    let text = std::fs::read_to_string(folder.join(name)).expect("a recording");
    let recording: Value = serde_json::from_str(&text).expect("JSON");
    let (mut result, mut count) = (None, 0);
    for step in recording["steps"].as_array().expect("steps") {
        if let Some(http) = step["http"].as_object() {
            // The function answers with its request's body, and fails without one.
            result = http.get("body").and_then(|body| body["$text"].as_str());
            continue;
        }
        let (Some(payload), Some(expected)) = (result, step.get("expect")) else { continue };
        let label = &step["label"];
        let is_refused = expected["content"]["message"] == "Internal server error";
        assert_eq!(read(payload).is_err(), is_refused, "{label}");
        count += 1;
        let Ok((_, fields, body, _)) = read(payload) else { continue };
        if let Some(content) = expected["content"].as_str() {
            assert_eq!(body, content, "{label}");
        }
        for (name, value, _) in fields {
            let recorded = expected["headers"].as_object().and_then(|headers| {
                headers.iter().find(|(other, _)| other.eq_ignore_ascii_case(&name))
            });
            let (_, recorded) = recorded.unwrap_or_else(|| panic!("{label}: {name}"));
            assert!(recorded.as_str().is_some_and(|all| all.contains(&value)), "{label}: {name}");
        }
    }
    assert!(count >= 11, "{count} recorded results were compared");
}

#[test]
fn published_responses_are_read() {
    let Some(path) = conformance("lambda-events/events.jsonl") else { return };
    let mut count = 0;
    for line in std::fs::read_to_string(path).expect("events").lines() {
        let published: Value = serde_json::from_str(line).expect("an event");
        if published["kind"] == "proxy-response" {
            assert!(read(&published["event"].to_string()).is_ok(), "{}", published["name"]);
            count += 1;
        }
    }
    assert!(count >= 1, "{count} published responses were read");
}

/// What the contract says of a result, for a slow and plain reader.
fn model(result: &Value) -> Option<Read> {
    let result = result.as_object()?;
    let known = ["statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded"];
    if !result.keys().all(|key| known.contains(&key.as_str())) {
        return None;
    }
    let member = |name: &str| result.get(name).filter(|value| !value.is_null());
    let status = match member("statusCode") {
        None => 200,
        Some(Value::String(text)) if text.bytes().all(|b| b.is_ascii_digit()) => {
            text.parse().ok()?
        }
        Some(Value::Number(number)) => number.as_u64()?,
        Some(_) => return None,
    };
    let scalar = |value: &Value| match value {
        Value::String(text) if !text.chars().any(|c| c.is_ascii_control() && c != '\t') => {
            Some(text.clone())
        }
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    };
    let is_token = |name: &String| {
        !name.is_empty()
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
    };
    let mut fields = Vec::new();
    for (key, is_multi) in [("headers", false), ("multiValueHeaders", true)] {
        let none = serde_json::Map::new();
        for (name, value) in member(key).map_or(Some(&none), Value::as_object)? {
            let one = [value.clone()];
            let values = if is_multi { &value.as_array()?[..] } else { &one[..] };
            for value in values {
                fields.push((
                    Some(name).filter(|n| is_token(n))?.clone(),
                    scalar(value)?,
                    is_multi,
                ));
            }
        }
    }
    let body = member("body").map_or(Some(""), Value::as_str)?.to_owned();
    let flag = member("isBase64Encoded").map_or(Some(false), Value::as_bool)?;
    let status = u16::try_from(status).ok().filter(|status| (200..600).contains(status))?;
    Some((status, fields, body, flag))
}

fn scalars() -> impl Strategy<Value = Value> {
    prop_oneof![
        8 => "[ -~\u{e9}\u{1f600}]{0,12}".prop_map(Value::from),
        1 => "\\PC{0,4}[\n\r\t\"\\\\]?".prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
        1 => any::<i32>().prop_map(Value::from),
        1 => Just(Value::Null),
    ]
}

fn results() -> impl Strategy<Value = Value> {
    let status = prop_oneof![
        4 => (100_u32..700).prop_map(Value::from),
        2 => (100_u32..700).prop_map(|status| status.to_string().into()),
        1 => scalars(),
    ];
    let headers = prop::collection::btree_map("[a-zA-Z-]{1,3}| ?", scalars(), 0..4);
    let multi =
        prop::collection::btree_map("[a-zA-Z-]{1,3}", prop::collection::vec(scalars(), 0..3), 0..3);
    let body = prop_oneof![6 => scalars(), 1 => Just(json!({"a": []}))];
    (status, headers, multi, body, any::<Option<bool>>(), prop::bool::weighted(0.1)).prop_map(
        |(status, headers, multi, body, flag, is_odd)| {
            let mut result = json!({ "statusCode": status, "headers": headers, "multiValueHeaders": multi,
                "body": body, "isBase64Encoded": flag });
            if is_odd {
                result["other"] = Value::Null;
            }
            result
        },
    )
}

proptest! {
    #[test]
    fn reading_agrees_with_a_plain_reader(result in results(), is_pretty in any::<bool>()) {
        let text = if is_pretty { format!("{result:#}") } else { result.to_string() };
        prop_assert_eq!(read(&text).ok(), model(&result), "{}", text);
    }
}
