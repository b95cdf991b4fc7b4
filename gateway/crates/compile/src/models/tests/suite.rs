//! The draft-04 part of the JSON Schema Test Suite, read from `GATEWAY_CONFORMANCE` or `../shared/conformance`.

use std::path::{Path, PathBuf};

use super::*;

/// Groups that a model cannot have, and why.
const LEFT_OUT: &[(&str, &str)] = &[
    ("refRemote.json: remote ref", REMOTE),
    ("refRemote.json: fragment within remote ref", REMOTE),
    ("refRemote.json: ref within remote ref", REMOTE),
    ("refRemote.json: base URI change", REMOTE),
    ("refRemote.json: base URI change - change folder", REMOTE),
    ("refRemote.json: base URI change - change folder in subschema", REMOTE),
    ("refRemote.json: root ref in remote ref", REMOTE),
    ("refRemote.json: Location-independent identifier in remote ref", REMOTE),
];

/// A schema refers to models of its API alone; nothing is fetched, whoever wrote it.
const REMOTE: &str = "refers to a document on another server";

fn suite() -> Option<PathBuf> {
    let named = std::env::var_os("GATEWAY_CONFORMANCE").map(PathBuf::from);
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../../shared/conformance");
    let folder = named.unwrap_or(shared).join("json-schema-draft4/tests");
    folder.is_dir().then_some(folder)
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "json") {
            found.push(path);
        }
    }
    found.sort();
}

#[test]
fn draft_4_of_the_test_suite() {
    let Some(folder) = suite() else {
        println!("left out: json-schema-draft4 is not there");
        return;
    };
    let mut paths = Vec::new();
    files(&folder, &mut paths);
    let (mut ran, mut left_out, mut failed) = (0, 0, Vec::new());
    for path in paths {
        let file = path.strip_prefix(&folder).expect("inside").display().to_string();
        let groups = std::fs::read_to_string(&path).expect("a file");
        for group in parse(&groups).as_array().expect("groups") {
            let name = format!("{file}: {}", group["description"].as_str().expect("a description"));
            let cases = group["tests"].as_array().expect("cases");
            if let Some((_, why)) = LEFT_OUT.iter().find(|(known, _)| *known == name) {
                println!("left out: {name}: {why}");
                left_out += cases.len();
                continue;
            }
            let made = ApiModels::compile(&api(&[("M", &group["schema"])]));
            let Some(schema) = made.get("M").flatten() else {
                failed.push(format!("{name}: {:?}", made.problems_of("M")));
                continue;
            };
            for case in cases {
                ran += 1;
                let body = case["data"].to_string();
                if schema.accepts(body.as_bytes()) != case["valid"].as_bool().expect("a verdict") {
                    failed.push(format!("{name}: {}", case["description"]));
                }
            }
        }
    }
    println!("{ran} cases, {left_out} left out");
    assert!(ran > 0, "a suite without cases");
    assert!(failed.is_empty(), "{} failed:\n{}", failed.len(), failed.join("\n"));
}
