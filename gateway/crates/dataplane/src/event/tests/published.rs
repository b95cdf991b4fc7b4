//! Events against published and recorded ones, and any request against what it was made of.

use gateway_compile::Snapshot;
use proptest::prelude::*;

use super::*;
use crate::testing::conformance;

/// Whether `ours` has all that `theirs` has, of the same types. A value of theirs may be null here: IAM and
/// Cognito are not served.
fn covers(ours: &Value, theirs: &Value, place: &str) -> Result<(), String> {
    // Contents of a request's own, what a fixture invents, and mutual TLS, which is not served.
    let is_free = [
        "headers",
        "multiValueHeaders",
        "queryStringParameters",
        "pathParameters",
        "multiValueQueryStringParameters",
        "stageVariables",
        "otherField",
        "clientCert",
    ];
    match (ours, theirs) {
        (Value::Object(ours), Value::Object(theirs)) => {
            for (name, value) in theirs {
                let place = format!("{place}.{name}");
                let own = ours.get(name);
                if name == "otherField"
                    || name == "clientCert"
                    || place.contains(".authorizer.client")
                {
                    continue;
                }
                let own = own.ok_or_else(|| format!("{place} is missing"))?;
                if is_free.contains(&name.as_str()) {
                    let is_map = |value: &Value| value.is_object() || value.is_null();
                    if !is_map(own) || !is_map(value) {
                        return Err(format!("{place} is no map"));
                    }
                } else {
                    covers(own, value, &place)?;
                }
            }
            Ok(())
        }
        (Value::Null, _) | (_, Value::Null) => Ok(()),
        (ours, theirs) if std::mem::discriminant(ours) == std::mem::discriminant(theirs) => Ok(()),
        _ => Err(format!("{place} has another type")),
    }
}

#[test]
fn events_have_the_shape_of_published_ones() {
    let Some(path) = conformance("lambda-events/events.jsonl") else { return };
    let line = "POST /v/keyed?a=1";
    let fields = format!("X-Api-Key: {KEY}\r\nUser-Agent: x\r\n");
    let mut fixture = fixture(&request(line, &fields, b"{}"));
    fixture.x.authorizer = Some(Arc::new(decision()));
    let mut event: Value = serde_json::from_slice(&event_of(&fixture)).expect("JSON");
    // The one member that only some methods have.
    event["requestContext"]["operationName"] = "GetNamed".into();
    let authorizer: Value = serde_json::from_slice(&authorizer_event(&fixture)).expect("JSON");
    let mut token = Vec::new();
    token_authorizer(b"arn", b"token", &mut token);
    let token: Value = serde_json::from_slice(&token).expect("JSON");
    let mut count = 0;
    for line in std::fs::read_to_string(path).expect("events").lines() {
        let published: Value = serde_json::from_str(line).expect("an event");
        let ours = match published["kind"].as_str() {
            Some("rest-proxy") => &event,
            Some("rest-request-authorizer") => &authorizer,
            Some("rest-token-authorizer") => &token,
            _ => continue,
        };
        let name = &published["name"];
        assert_eq!(covers(ours, &published["event"], ""), Ok(()), "{name}");
        count += 1;
    }
    assert!(count >= 10, "{count} published events were compared");
}

/// The recorded events of real requests: names and spellings, values where they are not masked.
#[test]
fn headers_of_recorded_requests_are_those_recorded() {
    let Some(folder) = conformance("aws-recorded") else { return };
    let names = ["lambda-aws-proxy-integration", "integrations-header-remapping-aws-aws-proxy"];
    let mut count = 0;
    for name in names {
        let text =
            std::fs::read_to_string(folder.join(format!("{name}.json"))).expect("a recording");
        let recording: Value = serde_json::from_str(&text).expect("JSON");
        let steps = recording["steps"].as_array().expect("steps");
        for pair in steps.windows(2) {
            let (Some(http), expected) = (pair[0]["http"].as_object(), &pair[1]["expect"]) else {
                continue;
            };
            let Some(recorded) = expected["headers"].as_object() else { continue };
            // Chunks of nothing: what matters is the head.
            let mut lines = String::new();
            for (name, value) in http["headers"].as_object().into_iter().flatten() {
                let value = value.as_str().unwrap_or_default();
                if !name.eq_ignore_ascii_case("transfer-encoding")
                    && !name.eq_ignore_ascii_case("expect")
                {
                    lines += &format!("{name}: {value}\r\n");
                }
            }
            let path = format!("GET /s/x{}", http["path"].as_str().unwrap_or_default());
            let fixture = fixture(&request(&path, &lines, b""));
            let event: Value = serde_json::from_slice(&event_of(&fixture)).expect("JSON");
            let headers = event["headers"].as_object().expect("headers");
            for (name, value) in recorded {
                // CloudFront's, and what the recording's client adds by itself.
                let is_foreign = name.starts_with("CloudFront-") || name.starts_with("X-Amz-Cf-");
                if is_foreign || ["Via", "Accept", "Accept-Encoding"].contains(&name.as_str()) {
                    continue;
                }
                let value = value.as_str().unwrap_or_default();
                let own = headers.get(name).unwrap_or_else(|| panic!("{name} is missing"));
                assert!(value.starts_with('<') || own == value, "{name}: {own} for {value}");
            }
            for name in headers.keys() {
                let is_recorded = recorded.contains_key(name);
                assert!(is_recorded, "{name} is not recorded");
            }
            count += 1;
        }
    }
    assert!(count >= 7, "{count} recorded events were compared");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn any_request_makes_an_event_that_reads_back(
        value in prop::collection::vec(0x20_u8..=0xff, 0..40),
        query in "[!-~&&[^#]]{0,60}",
        body in prop::collection::vec(any::<u8>(), 0..60),
    ) {
        thread_local!(static SNAPSHOT: Arc<Snapshot> = snapshot(TEMPLATE));
        let mut bytes = format!("POST /s/pets?{query} HTTP/1.1\r\nHost: {HOST}\r\nX-Test: ").into_bytes();
        bytes.extend_from_slice(&value);
        bytes.extend_from_slice(format!("\r\nContent-Length: {}\r\n\r\n", body.len()).as_bytes());
        bytes.extend_from_slice(&body);
        let fixture = SNAPSHOT.with(|snapshot| Fixture::parse(snapshot, &bytes));
        prop_assume!(fixture.is_some());
        let Some(fixture) = fixture else { return Ok(()) };
        let event: Value = serde_json::from_slice(&event_of(&fixture)).expect("JSON");
        let trimmed = value.trim_ascii();
        prop_assert_eq!(&event["headers"]["X-Test"], &*String::from_utf8_lossy(trimmed));
        let text = String::from_utf8_lossy(&body);
        prop_assert_eq!(event["body"].as_str().unwrap_or_default(), text);
        // A slow oracle for the query: all values, name by name.
        let mut all = serde_json::Map::new();
        for pair in query.split(['&', ';']).filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let decoded = |text: &str| {
                let mut out = Vec::new();
                decode_query(text.as_bytes(), &mut out);
                out
            };
            let lossy = |text: &str| String::from_utf8_lossy(&decoded(text)).into_owned();
            let list = all.entry(lossy(name)).or_insert_with(|| Value::Array(Vec::new()));
            list.as_array_mut().expect("a list").push(lossy(value).into());
        }
        // Names that differ only in what is no UTF-8 stay apart in the event, and not in the oracle.
        prop_assume!(!all.keys().any(|name| name.contains('\u{fffd}')));
        let expected = if all.is_empty() { Value::Null } else { Value::Object(all.clone()) };
        prop_assert_eq!(event["multiValueQueryStringParameters"].to_string(), expected.to_string());
        for (name, values) in &all {
            let last = values.as_array().and_then(|values| values.last());
            prop_assert_eq!(event["queryStringParameters"].get(name), last);
        }
    }
}
