use gateway_proto::HeadLimits;
use gateway_proto::h1::{Parsed, ResponseHead};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::lambda::reply;

fn head(payload: &str) -> String {
    let mut payload = payload.as_bytes().to_vec();
    let reply = reply::parse(&mut payload).expect("a response");
    let mut out = Vec::new();
    write_head(&reply, &payload, &mut out);
    String::from_utf8(out).expect("text")
}

#[track_caller]
fn check(payload: &str, lines: &[&str]) {
    let head = head(payload);
    let expected: Vec<_> = lines.iter().map(|line| format!("{line}\r\n")).collect();
    assert_eq!(head, expected.concat(), "{payload}");
}

const JSON: &str = "Content-Type: application/json";

#[test]
fn status_and_default_content_type() {
    check("{}", &["HTTP/1.1 200 OK", JSON]);
    check("{\"statusCode\":204}", &["HTTP/1.1 204 No Content", JSON]);
    let html = "{\"headers\":{\"content-type\":\"text/html\"}}";
    check(html, &["HTTP/1.1 200 OK", "content-type: text/html"]);
}

#[test]
fn lists_come_first_and_take_on_the_single_value() {
    let both = "{\"multiValueHeaders\":{\"tesT-Multi\":[\"a\",\"b\"]},\"headers\":{\"x\":\"1\",\"test-multi\":\"c\"}}";
    check(
        both,
        &["HTTP/1.1 200 OK", "tesT-Multi: a", "tesT-Multi: b", "tesT-Multi: c", "x: 1", JSON],
    );
    let same = "{\"headers\":{\"A\":\"1\"},\"multiValueHeaders\":{\"a\":[\"1\",\"2\"]}}";
    check(same, &["HTTP/1.1 200 OK", "a: 1", "a: 2", JSON]);
    let none = "{\"headers\":{\"a\":\"1\"},\"multiValueHeaders\":{\"a\":[]}}";
    check(none, &["HTTP/1.1 200 OK", "a: 1", JSON]);
}

/// Source: recorded behaviour, "Remap / drop", the column of `AWS_PROXY`.
#[test]
fn headers_that_are_ours_get_other_names() {
    let names = [
        "connection",
        "CONTENT-LENGTH",
        "Date",
        "Server",
        "www-authenticate",
        "transfer-encoding",
        "Keep-Alive",
        "x-amzn-requestid",
        "X-Amzn-Trace-Id",
        "Host",
        "Upgrade",
        "Via",
        "Content-Encoding",
        "TE",
        "User-Agent",
        "x-amz-apigw-other",
    ];
    let headers: serde_json::Map<_, _> =
        names.iter().map(|n| ((*n).to_owned(), "v".into())).collect();
    check(
        &json!({ "headers": headers }).to_string(),
        &[
            "HTTP/1.1 200 OK",
            "x-amzn-Remapped-Connection: v",
            "x-amzn-Remapped-Content-Length: v",
            "x-amzn-Remapped-Date: v",
            "x-amzn-Remapped-Server: v",
            "x-amzn-Remapped-WWW-Authenticate: v",
            "x-amzn-Remapped-x-amzn-RequestId: v",
            "Host: v",
            "Upgrade: v",
            "Via: v",
            "Content-Encoding: v",
            "TE: v",
            "User-Agent: v",
            "x-amz-apigw-other: v",
            JSON,
        ],
    );
}

proptest! {
    /// Whatever a function says, its head is one head, with the lines that were written.
    #[test]
    fn no_value_ends_the_head(
        name in "[a-zA-Z\r\n: -]{0,6}",
        values in prop::collection::vec("[a-z\r\n\t:\u{0}\u{85}\u{2028} -]{0,12}", 0..4),
    ) {
        let result = json!({ "headers": { &name: values.first() }, "multiValueHeaders": { "m": values } });
        let mut payload = result.to_string().into_bytes();
        let Ok(reply) = reply::parse(&mut payload) else { return Ok(()) };
        let mut out = Vec::new();
        write_head(&reply, &payload, &mut out);
        let lines = out.split(|byte| *byte == b'\n').count() - 2;
        out.extend_from_slice(b"\r\n");
        let mut head = ResponseHead::new();
        prop_assert_eq!(head.parse(&out, true, &HeadLimits::DEFAULT), Ok(Parsed::Complete));
        prop_assert_eq!(head.len, out.len());
        prop_assert_eq!(head.fields.len(), lines);
    }
}
