//! Templates and documents of AWS's own tools: `gateway check` finds no error in any of them, and
//! warns of nothing but what is not served, of functions that they expect to be there, and of keys that get another value at
//! each start. Those of SAM's transform are judged pair by pair in `gateway-definition`; they are made to be transformed and not
//! to be deployed (their origins lack quotes, properties are misspelt), so that of them only an answer is asked.

use std::path::{Path, PathBuf};

use super::data;
use crate::support::check;

#[test]
fn every_definition_loads() {
    let Some(root) = data("definitions") else { return };
    let mut paths = Vec::new();
    collect(&root, &mut paths);
    assert!(!paths.is_empty(), "{} holds no definition", root.display());
    let problems: Vec<String> = paths.iter().flat_map(|path| problems(path)).collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    println!("{} definitions", paths.len());
}

/// What warnings say of what only their author has: a function, its code, a bucket, a key.
const EXPECTED: [&str; 6] = [
    "not served",
    "key has no Value",
    "is not defined here",
    "its code is not on this machine",
    "is not mapped to a directory",
    "no credentials to sign",
];

/// What is wrong with the answer of `gateway check`.
fn problems(path: &Path) -> Vec<String> {
    let output = check(&[path.as_os_str()]);
    let stdout = String::from_utf8_lossy(&output.stdout);
    let prefix = format!("{}:", path.display());
    let mut problems: Vec<String> = stdout
        .lines()
        .filter(|line| {
            let rest = line.strip_prefix(&prefix).unwrap_or_default();
            let text = rest.splitn(3, ':').nth(2).unwrap_or_default();
            let is_expected = EXPECTED.iter().any(|expected| text.contains(expected));
            !(text.starts_with(" warning: ") && is_expected)
        })
        .map(|line| format!("not a warning that is expected: {line}"))
        .collect();
    let is_of_sam = path.components().any(|part| part.as_os_str() == "sam");
    if is_of_sam {
        problems.clear();
    }
    let may_refuse = is_of_sam && output.status.code() == Some(2);
    if !matches!(output.status.code(), Some(0 | 1)) && !may_refuse {
        let stderr = String::from_utf8_lossy(&output.stderr);
        problems.push(format!("{}: {}: {stderr}", path.display(), output.status));
    }
    problems
}

fn collect(directory: &Path, paths: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, paths);
        } else if path.extension().is_some_and(|e| e == "json" || e == "yaml" || e == "yml") {
            paths.push(path);
        }
    }
}
