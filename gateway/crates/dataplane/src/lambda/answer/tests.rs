use super::*;
use proptest::prelude::*;

fn text(result: &str) -> String {
    match read(result.as_bytes()) {
        Err(why) => format!("no answer: {why}"),
        Ok(Answer { status, fields, body, is_base64_encoded }) => {
            let fields: String =
                fields.iter().map(|(name, value)| format!(" {name}={value}")).collect();
            let body = match body {
                Body::Result => "as it is".to_owned(),
                Body::Text(text) => format!("{text:?}"),
            };
            let encoded = if is_base64_encoded { " base64" } else { "" };
            format!("{status}{fields} {body}{encoded}")
        }
    }
}

#[test]
fn a_result_without_a_status_is_the_body() {
    for (result, expect) in [
        (r#""some \"text\"""#, r#"200 "some \"text\"""#),
        (r#"{"a": 1, "body": "b", "headers": 5}"#, "200 as it is"),
        (r#"{"statusCode": null}"#, "200 as it is"),
        ("[1, 2]", "200 as it is"),
        (" null", "200 as it is"),
        ("3.50", "200 as it is"),
    ] {
        assert_eq!(text(result), expect, "{result}");
    }
}

#[test]
fn a_result_with_a_status_says_how_to_answer() {
    for (result, expect) in [
        (r#"{"statusCode": 201}"#, r#"201 """#),
        (r#"{"statusCode": "404", "body": "gone"}"#, r#"404 "gone""#),
        (r#"{"statusCode": 200, "body": {"a": [1]}}"#, r#"200 "{\"a\":[1]}""#),
        (r#"{"statusCode": 200, "body": null, "other": 1}"#, r#"200 """#),
        (
            r#"{"statusCode": 200, "headers": {"A": "b", "n": 5, "t": true, "gone": null}, "cookies": ["c=d; Secure", "e=f"]}"#,
            r#"200 A=b n=5 t=true Set-Cookie=c=d; Secure Set-Cookie=e=f """#,
        ),
        (r#"{"statusCode": 200, "multiValueHeaders": {"A": ["b"]}}"#, r#"200 """#),
        (r#"{"statusCode": 200, "body": "AA==", "isBase64Encoded": true}"#, r#"200 "AA==" base64"#),
    ] {
        assert_eq!(text(result), expect, "{result}");
    }
}

#[test]
fn what_is_no_answer_is_refused() {
    for result in [
        "",
        "{",
        "nul",
        "\"a",
        "{} {}",
        r#"{"statusCode": 199}"#,
        r#"{"statusCode": 600}"#,
        r#"{"statusCode": "0200"}"#,
        r#"{"statusCode": 200.5}"#,
        r#"{"statusCode": []}"#,
        r#"{"statusCode": 200, "headers": []}"#,
        r#"{"statusCode": 200, "headers": {"A": ["b"]}}"#,
        r#"{"statusCode": 200, "headers": {"A b": "c"}}"#,
        r#"{"statusCode": 200, "headers": {"": "c"}}"#,
        r#"{"statusCode": 200, "headers": {"A": "b\r\nSet-Cookie: c"}}"#,
        r#"{"statusCode": 200, "cookies": "a=b"}"#,
        r#"{"statusCode": 200, "cookies": [1]}"#,
        r#"{"statusCode": 200, "cookies": ["a\n"]}"#,
        r#"{"statusCode": 200, "isBase64Encoded": "true"}"#,
    ] {
        assert!(text(result).starts_with("no answer"), "{result}: {}", text(result));
    }
    assert!(read(b"[\"\xff\"]").is_err() && read(b"{\"a\": \"\xff\"}").is_err());
    assert!(read(b"\xff").is_err() && read(b"\"\xff\"").is_err());
}

proptest! {
    /// Whatever a function says, no field ends another and the status is final.
    #[test]
    fn an_answer_can_be_written(
        status in any::<u16>(),
        name in ".{0,8}",
        value in "[a-z\\x00-\\x20:;\\x7f]{0,12}",
        cookie in "[a-z\\x00-\\x20=;]{0,12}",
    ) {
        let result = serde_json::json!({
            "statusCode": status, "headers": { name: value }, "cookies": [cookie],
        });
        if let Ok(answer) = read(result.to_string().as_bytes()) {
            prop_assert!((200..=599).contains(&answer.status));
            for (name, value) in &answer.fields {
                prop_assert!(!name.is_empty() && !name.contains([':', ' ', '\r', '\n']));
                prop_assert!(!value.contains(['\r', '\n', '\0']));
            }
        }
    }

    #[test]
    fn every_text_comes_back_as_the_body(text in ".{0,40}") {
        let result = serde_json::to_string(&text).expect("a string");
        let answer = read(result.as_bytes()).expect("a string is an answer");
        prop_assert_eq!(answer.body, Body::Text(text));
    }
}
