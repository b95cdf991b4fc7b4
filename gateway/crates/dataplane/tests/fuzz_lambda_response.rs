//! Any result of a proxy function is a response or malformed, and nothing of a response ends its head.
#![forbid(unsafe_code)]

use gateway_dataplane::lambda::reply;

#[test]
fn any_result_is_a_response_or_malformed() {
    bolero::check!().for_each(|payload: &[u8]| check(payload));
}

/// As above, from pieces that make results likely.
#[test]
fn any_likely_result_is_a_response_or_malformed() {
    const PIECES: [&str; 24] = [
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"",
        "\\",
        "\\u00",
        "\\ud83d\\ude00",
        "\\r\\n",
        "0a",
        "200",
        "null",
        "true",
        "\"statusCode\":",
        "\"headers\":{",
        "\"multiValueHeaders\":{",
        "\"body\":\"",
        "\"a\":\"b\"",
        "\"a\":[\"b\",\"c\"]",
        "\"isBase64Encoded\":",
        " ",
        "\u{e9}",
    ];
    bolero::check!().with_type::<Vec<u8>>().for_each(|choice: &Vec<u8>| {
        let pieces = choice.iter().map(|at| PIECES[usize::from(*at) % PIECES.len()]);
        check(format!("{{{}}}", pieces.collect::<String>()).as_bytes());
    });
}

fn check(payload: &[u8]) {
    let mut bytes = payload.to_vec();
    let Ok(reply) = reply::parse(&mut bytes) else { return };
    assert!(serde_json::from_slice::<serde_json::Value>(payload).is_ok(), "only JSON is a result");
    assert!((200..600).contains(&reply.status));
    assert!(std::str::from_utf8(reply.body.of(&bytes)).is_ok(), "a body is text");
    for field in &reply.fields {
        let name = field.name.of(&bytes);
        assert!(!name.is_empty() && name.iter().all(|b| b.is_ascii_graphic() && *b != b':'));
        let value = field.value.of(&bytes);
        assert!(!value.iter().any(|b| matches!(b, b'\r' | b'\n' | 0)), "{}", value.escape_ascii());
    }
}
