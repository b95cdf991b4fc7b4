//! Templates and documents of AWS's own tools: `gateway check` finds no error in any of them, and
//! warns of nothing but what is not served, of functions that they expect to be there, and of keys that get another value at
//! each start.

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
            let is_expected = ["not served", "key has no Value", "is not defined here"]
                .iter()
                .any(|expected| text.contains(expected));
            !(text.starts_with(" warning: ") && is_expected)
        })
        .map(|line| format!("not a warning that is expected: {line}"))
        .collect();
    if !matches!(output.status.code(), Some(0 | 1)) {
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
