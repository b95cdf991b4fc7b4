//! Parameter mappings against the calls that the real service accepted.
//!
//! The recordings lie outside this repository: in `$GATEWAY_CONFORMANCE`, or beside the checkout in
//! `../shared/conformance`. Without them this test says what it left out.

use std::path::{Path, PathBuf};

use gateway_compile::expression::{Expression, is_name};
use serde_json::Value;

/// Mappings that the recordings hold; fewer means that they were not read.
const EXPRESSIONS_MIN: usize = 189;

fn recordings() -> Option<PathBuf> {
    let root = std::env::var_os("GATEWAY_CONFORMANCE").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../../shared/conformance"),
        PathBuf::from,
    );
    let folder = root.join("aws-recorded");
    folder.is_dir().then_some(folder)
}

/// Mappings (target, source) of the calls of one recording that the service accepted.
fn accepted(recording: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for step in recording["steps"].as_array().into_iter().flatten() {
        let is_refused = step["expect_status"].as_u64().is_some_and(|status| status >= 400)
            || !step["expect"]["Error"].is_null();
        let key = match step["call"].as_str() {
            Some("apigateway.PutIntegration") => "requestParameters",
            Some("apigateway.PutIntegrationResponse" | "apigateway.PutGatewayResponse") => {
                "responseParameters"
            }
            _ => continue,
        };
        for (target, source) in step["params"][key].as_object().into_iter().flatten() {
            if let (false, Some(source)) = (is_refused, source.as_str()) {
                found.push((target.clone(), source.to_owned()));
            }
        }
    }
    found
}

#[test]
fn mappings_that_the_service_accepted_are_read() {
    let Some(folder) = recordings() else {
        println!("left out: aws-recorded (parameter mappings); set GATEWAY_CONFORMANCE");
        return;
    };
    let mut count = 0;
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("a file");
        let recording: Value = serde_json::from_str(&text).expect("JSON");
        for (target, source) in accepted(&recording) {
            let name = target.rsplit_once("header.").or_else(|| target.rsplit_once("querystring."));
            let name = name.or_else(|| target.rsplit_once("path.")).map(|(_, name)| name);
            assert!(name.is_some_and(is_name), "{}: {target}", path.display());
            let parsed = Expression::parse(&source);
            assert!(parsed.is_ok(), "{}: {target} <- {source}", path.display());
            count += 1;
        }
    }
    println!("{count} recorded mappings");
    assert!(count >= EXPRESSIONS_MIN, "only {count} mappings");
}
