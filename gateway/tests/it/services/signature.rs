//! The signature of what is sent, computed again from what arrived.

use std::collections::BTreeMap;

use gateway_auth::sigv4::{
    Credentials, PathForm, Request, Scope, SigningKeys, payload_hash, write_authorization,
};
use serde_json::json;

use super::{ask, post, serve};
use crate::support::{Answer, Backend, Received};

fn backend() -> Backend {
    Backend::canned(Answer::status(200, &[("Content-Type", "application/json")], b"{}"))
}

/// Holds a request to its `Authorization`; gives the signed headers.
#[track_caller]
fn verify(received: &Received, region: &str, service: &str) -> BTreeMap<String, String> {
    let authorization = received.header("authorization").unwrap();
    let names = authorization.split("SignedHeaders=").nth(1).unwrap().split(',').next().unwrap();
    let signed: BTreeMap<String, String> = names
        .split(';')
        .map(|name| (name.to_owned(), received.header(name).expect("a signed header is sent")))
        .collect();
    let headers: Vec<(&[u8], &[u8])> =
        signed.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())).collect();
    let (method, target) = (received.method(), received.target());
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let hash = payload_hash(&received.body);
    let request = Request {
        method: method.as_bytes(),
        path: path.as_bytes(),
        path_form: if service == "s3" { PathForm::Encoded } else { PathForm::Normalized },
        query: query.as_bytes(),
        headers: &headers,
        payload_hash: &hash,
    };
    let timestamp = signed["x-amz-date"].clone().into_bytes().try_into().unwrap();
    let scope = Scope { timestamp, region, service };
    let credentials = Credentials {
        access_key_id: "AKIDEXAMPLE".to_owned(),
        secret_access_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned(),
        session_token: None,
    };
    let mut expected = Vec::new();
    let mut keys = SigningKeys::default();
    write_authorization(&credentials, &mut keys, &scope, &request, &mut expected);
    assert_eq!(authorization, String::from_utf8(expected).unwrap(), "{}", received.head_text());
    signed
}

#[test]
fn a_call_with_json_is_signed() {
    let backend = backend();
    let gateway = serve(&backend.url());
    let item = json!({ "table": "t", "owner": "ann", "title": "tea" });
    assert_eq!(post(&gateway, "/s/items", &item).0, 200);
    let received = &backend.wait_requests(1)[0];
    let signed = verify(received, "us-east-1", "dynamodb");
    let names: Vec<_> = signed.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "content-type",
            "host",
            "x-amz-date",
            "x-amz-security-token",
            "x-amz-source-arn",
            "x-amz-target"
        ]
    );
    assert_eq!(signed["host"], backend.addr().to_string());
    assert_eq!(signed["x-amz-security-token"], "token");
}

#[test]
fn a_call_with_a_query_is_signed() {
    let backend = backend();
    let gateway = serve(&backend.url());
    let text = json!({ "text": "50% & ü +/=?#" });
    assert_eq!(post(&gateway, "/s/topics/news?subject=a+b%26c", &text).0, 200);
    let received = &backend.wait_requests(1)[0];
    let expected = "/?Action=Publish&Message=50%25%20%26%20%C3%BC%20%2B%2F%3D%3F%23&Subject=a%20b%26c&\
                    TopicArn=arn%3Aaws%3Asns%3Aus-east-1%3A123456789012%3Anews";
    assert_eq!(received.target(), expected);
    verify(received, "us-east-1", "sns");
}

#[test]
fn a_path_of_s3_is_sent_as_it_is_signed() {
    let backend = backend();
    let gateway = serve(&backend.url());
    let kind = ["Content-Type: application/octet-stream"];
    for (sent, expected) in [
        ("a%20b/c+(d).bin", "a%20b/c%2B%28d%29.bin"),
        ("%c3%bc%2Fx", "%C3%BC/x"),
        ("a%2520b", "a%2520b"),
        ("a//b/", "a//b"),
    ] {
        let put = ask(&gateway, "PUT", &format!("/s/objects/photos/{sent}"), &kind, b"\x00\xff");
        assert_eq!(put.status, 200, "{sent}");
        let requests = backend.requests();
        let received = requests.last().unwrap();
        assert_eq!(received.target(), format!("/photos/{expected}"), "{sent}");
        assert_eq!(received.body, b"\x00\xff");
        let signed = verify(received, "us-east-1", "s3");
        let hash = String::from_utf8(payload_hash(b"\x00\xff").to_vec()).unwrap();
        assert_eq!(signed["x-amz-content-sha256"], hash);
        assert_eq!(signed["x-amz-meta-by"], "gateway");
    }
}

#[test]
fn a_path_of_another_service_is_signed_normalized() {
    let backend = backend();
    let gateway = serve(&backend.url());
    assert_eq!(ask(&gateway, "POST", "/s/queues/a%20b.fifo", &[], b"{}").status, 200);
    let received = &backend.wait_requests(1)[0];
    assert_eq!(received.target(), "/123456789012/a%20b.fifo");
    assert_eq!(received.body, b"Action=SendMessage&MessageBody=%7B%7D");
    verify(received, "us-east-1", "sqs");
}
