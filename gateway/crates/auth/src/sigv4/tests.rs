use std::path::PathBuf;

use serde_json::Value;

use super::*;

/// The published suite, read in place; `None`, said aloud, where it is not there.
fn suite() -> Option<String> {
    let in_place =
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../../shared/conformance");
    let root = std::env::var_os("GATEWAY_CONFORMANCE").map_or_else(in_place, PathBuf::from);
    let path = root.join("sigv4/sigv4.jsonl");
    if !path.exists() {
        eprintln!("left out: sigv4/sigv4.jsonl is not there");
        return None;
    }
    Some(std::fs::read_to_string(path).expect("the suite can be read"))
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap_or_default()
}

/// `2015-08-30T12:36:00Z` as `20150830T123600Z`.
fn timestamp(iso: &str) -> [u8; 16] {
    let bytes: Vec<u8> = iso.bytes().filter(|b| !b"-:".contains(b)).collect();
    bytes.try_into().expect("a date")
}

fn headers(request: &Value) -> Vec<(String, String)> {
    let list = request["headers"].as_array().expect("headers");
    let pair = |h: &Value| (h[0].as_str().unwrap_or("").into(), h[1].as_str().unwrap_or("").into());
    list.iter().map(pair).collect()
}

/// Canonical request, string to sign and signature of one form of one case.
fn check(case: &Value, form: &Value, request: &Value, headers: &[(String, String)]) {
    let name = text(case, "name");
    let target = text(request, "target");
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let unsigned = |pair: &&str| !pair.starts_with("X-Amz-Signature=");
    let query = query.split('&').filter(unsigned).collect::<Vec<_>>().join("&");
    let headers: Vec<(&[u8], &[u8])> =
        headers.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())).collect();
    let is_normalized = case["normalizePath"].as_bool().expect("a flag");
    let request = Request {
        method: text(request, "method").as_bytes(),
        path: path.as_bytes(),
        path_form: if is_normalized { PathForm::Normalized } else { PathForm::AsSent },
        query: query.as_bytes(),
        headers: &headers,
        payload_hash: &payload_hash(text(request, "body").as_bytes()),
    };
    let mut canonical = Vec::new();
    canonical_request(&request, &mut canonical);
    assert_eq!(String::from_utf8_lossy(&canonical), text(form, "canonicalRequest"), "{name}");
    let (region, service) = (text(case, "region"), text(case, "service"));
    let scope = Scope { timestamp: timestamp(text(case, "timestamp")), region, service };
    let mut to_sign = Vec::new();
    string_to_sign(&scope, &canonical, &mut to_sign);
    assert_eq!(String::from_utf8_lossy(&to_sign), text(form, "stringToSign"), "{name}");
    let secret = text(&case["credentials"], "secretAccessKey");
    let signature = SigningKey::derive(secret, &scope).sign(&to_sign);
    assert_eq!(String::from_utf8_lossy(&signature), text(form, "signature"), "{name}");
}

#[test]
fn the_published_suite_is_signed_as_published() {
    let Some(suite) = suite() else { return };
    let mut count = 0;
    for line in suite.lines() {
        let case: Value = serde_json::from_str(line).expect("a case");
        let mut signed = headers(&case["request"]);
        let date = String::from_utf8_lossy(&timestamp(text(&case, "timestamp"))).into_owned();
        signed.push(("X-Amz-Date".into(), date));
        let token = text(&case["credentials"], "sessionToken");
        let is_token_signed = !token.is_empty() && case["omitSessionToken"] != Value::Bool(true);
        if is_token_signed {
            signed.push(("X-Amz-Security-Token".into(), token.into()));
        }
        if case["signBody"] == Value::Bool(true) {
            let body = text(&case["request"], "body");
            let hash = String::from_utf8_lossy(&payload_hash(body.as_bytes())).into_owned();
            signed.push(("x-amz-content-sha256".into(), hash));
        }
        check(&case, &case["header"], &case["request"], &signed);
        count += 1;
        // The query form signs what the signed request has, but for a token that was added later.
        let mut presigned = case["query"]["signedRequest"].clone();
        if case["omitSessionToken"] == Value::Bool(true) {
            let target = text(&presigned, "target");
            let kept = target.split('&').filter(|p| !p.starts_with("X-Amz-Security-Token="));
            presigned["target"] = kept.collect::<Vec<_>>().join("&").into();
        }
        let signed = headers(&presigned);
        check(&case, &case["query"], &presigned, &signed);
        count += 1;
    }
    assert!(count >= 76, "{count} signatures of the suite were compared");
}

/// Source: the vectors for execute-api in the security behaviour, header form.
#[test]
fn a_path_is_encoded_once_more_and_a_query_sorted() {
    let host = b"abcdef1234.execute-api.us-east-1.amazonaws.com";
    let request = Request {
        method: b"GET",
        path: b"/prod/pets/a%20b%2Fc",
        path_form: PathForm::Normalized,
        query: b"z=1&a=%2F&a=b%20c&empty",
        headers: &[(b"X-Amz-Date", b"20260102T030405Z"), (b"Host", host)],
        payload_hash: &payload_hash(b""),
    };
    let mut canonical = Vec::new();
    canonical_request(&request, &mut canonical);
    let hash = payload_hash(&canonical);
    assert_eq!(&hash[..], b"64c079647eee7ce72aa5a595d351702ddb8d6d290cea517dbac001a0e7d80ae6");
    let credentials = Credentials {
        access_key_id: "AKIDEXAMPLE".to_owned(),
        secret_access_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned(),
        session_token: None,
    };
    let scope =
        Scope { timestamp: *b"20260102T030405Z", region: "us-east-1", service: "execute-api" };
    let mut out = Vec::new();
    let mut keys = SigningKeys::default();
    write_authorization(&credentials, &mut keys, &scope, &request, &mut out);
    assert_eq!(
        String::from_utf8_lossy(&out),
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260102/us-east-1/execute-api/aws4_request, \
         SignedHeaders=host;x-amz-date, \
         Signature=b8de9f134c21747697b02d08aa1b06be1f7a67e76323165d411479fd78226130"
    );
}

/// Source: "Signature Calculations for the Authorization Header" of the S3 API reference, the example PUT object, whose
/// key is `test$file.text`.
#[test]
fn a_path_for_s3_is_signed_as_it_is_sent() {
    let payload_hash = payload_hash(b"Welcome to Amazon S3.");
    let request = Request {
        method: b"PUT",
        path: b"/test%24file.text",
        path_form: PathForm::Encoded,
        query: b"",
        headers: &[
            (b"date", b"Fri, 24 May 2013 00:00:00 GMT"),
            (b"host", b"examplebucket.s3.amazonaws.com"),
            (b"x-amz-content-sha256", &payload_hash),
            (b"x-amz-date", b"20130524T000000Z"),
            (b"x-amz-storage-class", b"REDUCED_REDUNDANCY"),
        ],
        payload_hash: &payload_hash,
    };
    let credentials = Credentials {
        access_key_id: "AKIAIOSFODNN7EXAMPLE".to_owned(),
        secret_access_key: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned(),
        session_token: None,
    };
    let scope = Scope { timestamp: *b"20130524T000000Z", region: "us-east-1", service: "s3" };
    let mut out = Vec::new();
    write_authorization(&credentials, &mut SigningKeys::default(), &scope, &request, &mut out);
    let text = String::from_utf8_lossy(&out);
    let signature = "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd";
    assert!(text.ends_with(&format!("Signature={signature}")), "{text}");
}

#[test]
fn keys_are_kept_for_a_day_and_not_for_ever() {
    let mut keys = SigningKeys::default();
    let scope = |timestamp: &[u8; 16]| Scope { timestamp: *timestamp, region: "r", service: "s" };
    let mut sign = |scope: &Scope<'_>| keys.key("secret", scope).sign(b"x");
    let first = sign(&scope(b"20260102T030405Z"));
    assert_eq!(first, sign(&scope(b"20260102T235959Z")));
    assert_ne!(first, sign(&scope(b"20260103T000000Z")));
    for day in b'0'..=b'9' {
        sign(&scope(&[
            b'2', b'0', b'2', b'7', b'0', b'1', b'1', day, b'T', 48, 48, 48, 48, 48, 48, 90,
        ]));
    }
    assert_eq!(keys.keys.len(), crate::limits::SIGNING_KEYS_MAX);
    assert_eq!(first, keys.key("secret", &scope(b"20260102T030405Z")).sign(b"x"));
}

#[test]
fn secrets_are_not_shown() {
    let credentials = Credentials {
        access_key_id: "AKID".to_owned(),
        secret_access_key: "hush".to_owned(),
        session_token: Some("psst".to_owned()),
    };
    let shown = format!("{credentials:?}");
    assert!(
        shown.contains("AKID") && !shown.contains("hush") && !shown.contains("psst"),
        "{shown}"
    );
}
