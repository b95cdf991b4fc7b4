//! Scripts that were recorded at AWS, and what their placeholders match.

use serde_json::Value;
use std::path::{Path, PathBuf};

/// One script with its inputs.
pub(crate) struct Script {
    pub(crate) name: String,
    folder: PathBuf,
    text: Value,
}

impl Script {
    pub(crate) fn steps(&self) -> impl Iterator<Item = &Value> {
        self.text["steps"].as_array().into_iter().flatten()
    }

    /// A body of a call: a text, or a file beside the script.
    pub(crate) fn body(&self, body: &Value) -> Option<String> {
        if let Some(text) = body.as_str() {
            return Some(text.to_owned());
        }
        let file = body["$file"].as_str()?;
        let text = std::fs::read_to_string(self.folder.join(file)).expect("an input is text");
        // What the script made up, as it was recorded.
        let made_up =
            [("${aws.account}", "000000000000"), ("${uid1}", "28378339"), ("${uid2}", "c1359550")];
        Some(made_up.iter().fold(text, |text, (name, value)| text.replace(name, value)))
    }
}

/// The scripts whose names begin so; `None`, and said so, where there is no suite.
pub(crate) fn scripts(prefix: &str) -> Option<Vec<Script>> {
    let given = std::env::var_os("GATEWAY_CONFORMANCE").map(PathBuf::from);
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../../shared/conformance");
    let folder = given.unwrap_or(beside).join("aws-recorded");
    if !folder.is_dir() {
        println!("left out: aws-recorded/{prefix}* (no suite here)");
        return None;
    }
    let mut scripts = Vec::new();
    for entry in std::fs::read_dir(&folder).expect("the suite can be listed") {
        let path = entry.expect("the suite can be listed").path();
        let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default().to_owned();
        if name.starts_with(prefix) && name.ends_with(".json") {
            let text = std::fs::read_to_string(&path).expect("a script is text");
            let text = serde_json::from_str(&text).expect("a script is JSON");
            scripts.push(Script { name, folder: folder.clone(), text });
        }
    }
    scripts.sort_by(|a, b| a.name.cmp(&b.name));
    assert!(!scripts.is_empty(), "no script {prefix}*");
    Some(scripts)
}

/// Whether an answer is what was recorded. Lists have no order; `<…>` is any text; an object where a
/// text is, is the text's JSON.
pub(crate) fn matches(expect: &Value, got: &Value) -> bool {
    match (expect, got) {
        (Value::String(pattern), Value::String(text)) => fits(pattern, text),
        (Value::String(pattern), _) => pattern == "<any>",
        (Value::Object(_), Value::String(text)) => {
            serde_json::from_str(text).is_ok_and(|inner: Value| matches(expect, &inner))
        }
        (Value::Object(expect), Value::Object(got)) => {
            expect.len() == got.len()
                && expect.iter().all(|(key, value)| got.get(key).is_some_and(|g| matches(value, g)))
        }
        (Value::Array(expect), Value::Array(got)) => {
            let mut left: Vec<&Value> = got.iter().collect();
            expect.len() == got.len()
                && expect.iter().all(|value| {
                    let at = left.iter().position(|got| matches(value, got));
                    at.map(|at| left.swap_remove(at)).is_some()
                })
        }
        _ => expect == got,
    }
}

/// A text against a pattern of literal pieces and `<…>`. HTML has such pieces too, and fits itself.
fn fits(pattern: &str, text: &str) -> bool {
    if pattern == text {
        return true;
    }
    let mut rest = text;
    let mut pieces = Vec::new();
    let mut left = pattern;
    while let Some((before, after)) = left.split_once('<') {
        let Some((_, after)) = after.split_once('>') else { break };
        pieces.push(before);
        left = after;
    }
    let Some(first) = pieces.first() else { return false };
    let Some(after) = rest.strip_prefix(first) else { return false };
    rest = after;
    for piece in pieces.iter().skip(1) {
        let Some(at) = rest.find(piece) else { return false };
        rest = &rest[at + piece.len()..];
    }
    rest.ends_with(left)
}
