use std::path::PathBuf;

use serde_json::Value;

use super::*;

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

/// A request of the published suite, signed.
struct Signed {
    method: String,
    path: String,
    query: String,
    headers: Vec<(String, String)>,
    body: String,
}

impl Signed {
    fn of(value: &Value) -> Self {
        let text = |name: &str| value[name].as_str().unwrap().to_owned();
        let target = text("target");
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        let headers = value["headers"].as_array().unwrap().iter();
        let headers = headers.map(|pair| {
            let part = |index: usize| pair[index].as_str().unwrap();
            (part(0).to_ascii_lowercase(), part(1).to_owned())
        });
        let headers = headers.collect();
        let (path, query) = (path.to_owned(), query.to_owned());
        Self { method: text("method"), path, query, headers, body: text("body") }
    }

    fn check(&self, unix_ms: u64) -> Result<(), ApiError> {
        let Self { method, path, query, headers, body } = self;
        let request = Request { method, path, query, headers };
        let claim = Claim::of(&request)?.ok_or_else(|| invalid("no claim"))?;
        verify(&claim, &request, body.as_bytes(), unix_ms, |id, _| {
            assert_eq!(id, "AKIDEXAMPLE");
            Ok(SECRET.to_owned())
        })
    }
}

fn vectors() -> Option<Vec<Value>> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../../shared/conformance");
    let root = std::env::var_os("GATEWAY_CONFORMANCE").map_or_else(|| beside.into(), PathBuf::from);
    let path = root.join("sigv4/sigv4.jsonl");
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("left out: signatures of the published suite (no sigv4/sigv4.jsonl)");
        return None;
    };
    Some(text.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

/// The suite's forms of a request, with name and time.
fn each_form(mut work: impl FnMut(&str, Signed, u64)) -> Option<usize> {
    let mut count = 0;
    for vector in vectors()? {
        let compact: String =
            vector["timestamp"].as_str().unwrap().chars().filter(|c| !"-:".contains(*c)).collect();
        let (_, now) = time::parse(&compact).unwrap();
        for form in ["header", "query"] {
            let Some(signed) = vector[form].get("signedRequest") else { continue };
            let name = format!("{} ({form})", vector["name"].as_str().unwrap());
            work(&name, Signed::of(signed), now);
            count += 1;
        }
    }
    assert!(count > 0, "no signature was looked at");
    Some(count)
}

#[test]
fn the_published_signatures_verify() {
    let mut wrong = Vec::new();
    let count = each_form(|name, signed, now| {
        if let Err(error) = signed.check(now) {
            wrong.push(format!("{name}: {error}"));
        }
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    println!("{} signatures verified", count.unwrap_or(0));
}

#[test]
fn nothing_of_what_was_signed_can_be_changed() {
    each_form(|name, mut signed, now| {
        let refused = |signed: &Signed, what: &str| {
            assert!(signed.check(now).is_err(), "{name}: {what} changed and it was taken");
        };
        let method = std::mem::replace(&mut signed.method, "PATCH".to_owned());
        refused(&signed, "method");
        signed.method = method;
        let path = signed.path.clone();
        signed.path.push('x');
        refused(&signed, "path");
        signed.path = path;
        let query = signed.query.clone();
        signed.query.push_str("&x=1");
        refused(&signed, "query");
        signed.query = query;
        signed.body.push('x');
        refused(&signed, "body");
        signed.body.pop();
        let host = signed.headers.iter_mut().find(|(name, _)| name == "host").unwrap();
        host.1.push('x');
        refused(&signed, "host");
        signed.headers.iter_mut().find(|(name, _)| name == "host").unwrap().1.pop();
        assert!(signed.check(now).is_ok(), "{name}: as it was");
    });
}

const NOW: &str = "20260102T030405Z";

/// A request that is signed at [`NOW`], then changed.
fn signed_with(change: impl FnOnce(&mut Vec<(String, String)>)) -> Result<(), ApiError> {
    let (_, now) = time::parse(NOW).unwrap();
    let own = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let mut headers = vec![own("host", "localhost"), own("x-amz-date", NOW)];
    let signed: Vec<(&[u8], &[u8])> =
        headers.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())).collect();
    let hash = sigv4::payload_hash(b"");
    let request = sigv4::Request {
        method: b"GET",
        path: b"/restapis",
        path_form: PathForm::Normalized,
        query: b"",
        headers: &signed,
        payload_hash: &hash,
    };
    let credentials = sigv4::Credentials {
        access_key_id: "AKIDEXAMPLE".to_owned(),
        secret_access_key: SECRET.to_owned(),
        session_token: None,
    };
    let scope = Scope {
        timestamp: NOW.as_bytes().try_into().unwrap(),
        region: "us-east-1",
        service: "apigateway",
    };
    let mut authorization = Vec::new();
    let mut keys = sigv4::SigningKeys::default();
    sigv4::write_authorization(&credentials, &mut keys, &scope, &request, &mut authorization);
    headers.push(own("authorization", std::str::from_utf8(&authorization).unwrap()));
    change(&mut headers);
    let (method, path) = ("GET".to_owned(), "/restapis".to_owned());
    Signed { method, path, query: String::new(), headers, body: String::new() }.check(now)
}

fn set(name: &str, value: &str) -> impl FnOnce(&mut Vec<(String, String)>) + use<> {
    let (name, value) = (name.to_owned(), value.to_owned());
    move |headers| {
        headers.retain(|(key, _)| *key != name);
        headers.push((name, value));
    }
}

#[test]
fn each_step_of_the_ladder_has_its_answer() {
    signed_with(|_| {}).unwrap();
    type Fields = Vec<(String, String)>;
    let check = |change: Box<dyn FnOnce(&mut Fields)>, code: &str, text: &str| {
        let error = signed_with(change).unwrap_err();
        assert_eq!((error.status, error.code), (403, code), "{error}");
        assert!(error.message.starts_with(text), "{error}");
    };
    let authorization = |value: &str| Box::new(set("authorization", value)) as Box<_>;
    check(
        authorization("Bearer x"),
        "IncompleteSignatureException",
        "Invalid key=value pair (missing equal-sign)",
    );
    check(
        authorization("AWS4-FOO Credential=a"),
        "IncompleteSignatureException",
        "Unsupported AWS 'algorithm': 'AWS4-FOO'",
    );
    check(
        authorization("AWS4-HMAC-SHA256 Credential=a/b"),
        "IncompleteSignatureException",
        "Authorization header requires 'Signature' parameter. Authorization header requires 'SignedHeaders' parameter. (Hashed",
    );
    check(
        authorization("AWS4-HMAC-SHA256 Credential=a, SignedHeaders=date, Signature=b"),
        "InvalidSignatureException",
        "'Host' or ':authority' must be a 'SignedHeader'",
    );
    check(
        authorization("AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=b"),
        "IncompleteSignatureException",
        "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got 'a/b'",
    );
    check(
        authorization(
            "AWS4-HMAC-SHA256 Credential=a/20260103/r/s/t, SignedHeaders=host, Signature=b",
        ),
        "InvalidSignatureException",
        "Credential should be scoped with a valid terminator: 'aws4_request', not 't'. Date in Credential scope",
    );
    check(
        Box::new(set("x-amz-date", "20260102T025904Z")),
        "InvalidSignatureException",
        "Signature expired: 20260102T025904Z is now earlier than 20260102T025905Z (20260102T030405Z - 5 min.)",
    );
    check(
        Box::new(set("x-amz-date", "20260102T030906Z")),
        "InvalidSignatureException",
        "Signature not yet current: 20260102T030906Z is still later than 20260102T030905Z (20260102T030405Z + 5 min.)",
    );
    check(
        Box::new(set("x-amz-date", "today")),
        "IncompleteSignatureException",
        "Date must be in ISO-8601 'basic format'. Got 'today'.",
    );
    check(
        Box::new(set("x-amz-target", "Logs_20140328.DescribeLogGroups")),
        "InvalidSignatureException",
        "'X-Amz-Target' must be a 'SignedHeader'",
    );
    check(
        Box::new(set("x-amz-content-sha256", "UNSIGNED-PAYLOAD")),
        "InvalidSignatureException",
        "The provided 'x-amz-content-sha256' header does not match",
    );
    check(
        Box::new(set("host", "other")),
        "InvalidSignatureException",
        "The request signature we calculated does not match",
    );
}
