//! Authorizers' answers that others have collected are accepted as they stand.

use std::path::PathBuf;

use gateway_auth::decisions::Decision;
use serde_json::Value;

fn fixtures() -> PathBuf {
    let root = std::env::var_os("GATEWAY_CONFORMANCE").map(PathBuf::from).unwrap_or_else(|| {
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../../shared/conformance")
    });
    root.join("lambda-events/events.jsonl")
}

#[test]
fn collected_answers_are_decisions() {
    let path = fixtures();
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("left out: lambda-events, authorizer-response: no {}", path.display());
        return;
    };
    let mut count = 0;
    for line in text.lines() {
        let fixture: Value = serde_json::from_str(line).expect("a line is JSON");
        if fixture["kind"] != "authorizer-response" {
            continue;
        }
        count += 1;
        let name = &fixture["name"];
        let decision = Decision::parse(fixture["event"].to_string().as_bytes());
        let decision = decision.unwrap_or_else(|error| panic!("{name}: {error:?}"));
        let event = &fixture["event"];
        assert_eq!(decision.principal_id, event["principalId"], "{name}");
        assert_eq!(decision.usage_identifier_key.as_deref(), event["usageIdentifierKey"].as_str());
        for (key, value) in event["context"].as_object().expect("an object") {
            assert_eq!(decision.value(key), value.as_str(), "{name} {key}");
        }
    }
    assert!(count > 0, "{} has no authorizer-response", path.display());
}
