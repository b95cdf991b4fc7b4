//! What the command prints beside output: diagnostics, the trace, overrides.

use std::fmt::Write;

use gateway_vtl::{Overrides, RenderError, Step, SyntaxError, Trace, Value};
use serde_json::json;

/// Characters of a value that a trace shows.
const SHOWN_CHARS_MAX: usize = 200;

/// What is wrong with a template, and where.
#[derive(Clone, Debug)]
pub(super) struct Problem {
    pub(super) line: u32,
    pub(super) column: u32,
    /// Whether it is about the template's text, and not about what happened when it rendered.
    pub(super) is_syntax: bool,
    text: String,
}

impl From<SyntaxError> for Problem {
    fn from(error: SyntaxError) -> Self {
        Self { line: error.line, column: error.column, is_syntax: true, text: error.message }
    }
}

impl From<RenderError> for Problem {
    fn from(error: RenderError) -> Self {
        Self {
            line: error.line,
            column: error.column,
            is_syntax: false,
            text: error.reason.to_string(),
        }
    }
}

impl Problem {
    /// As a diagnostic of `file`.
    pub(super) fn at(&self, file: &str) -> String {
        format!("{file}:{}:{}: error: {}", self.line.max(1), self.column.max(1), self.text)
    }
}

/// Prints each step to standard error.
pub(super) struct Tracer<'a> {
    file: &'a str,
    /// Steps up to this line are told already.
    known_lines: u32,
}

impl<'a> Tracer<'a> {
    pub(super) fn new(file: &'a str, known_lines: u32) -> Self {
        Self { file, known_lines }
    }
}

impl Trace for Tracer<'_> {
    fn step(&mut self, step: &Step<'_>) {
        if step.line <= self.known_lines {
            return;
        }
        let mut text = format!("{}:{}:{}: {}", self.file, step.line, step.column, step.directive);
        for (index, (name, value)) in step.values.iter().enumerate() {
            // A reference that is printed is also the only one in what is printed.
            if step.values[..index].iter().any(|(earlier, _)| earlier == name) {
                continue;
            }
            text.push_str(if index == 0 { " " } else { ", " });
            text.push_str(name);
            text.push_str(" = ");
            text.push_str(&shown(value.as_ref()));
        }
        eprintln!("{text}");
    }
}

/// A value in one line: text in quotes, the rest as it prints.
fn shown(value: Option<&Value>) -> String {
    let mut text = String::new();
    let printed = match value {
        None => return "(nothing)".to_owned(),
        Some(Value::String(string)) => write!(text, "{string:?}"),
        Some(Value::Root(_)) => return "(object)".to_owned(),
        Some(value) => write!(text, "{value}"),
    };
    if printed.is_err() {
        return "(nests too deeply)".to_owned();
    }
    match text.char_indices().nth(SHOWN_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]).replace('\n', "\\n"),
        None => text.replace('\n', "\\n"),
    }
}

/// The overrides by their names in a template, in the order of places.
fn overrides_of(overrides: &Overrides) -> Vec<(String, String)> {
    let mut all = Vec::new();
    let mut add = |place: &str, name: &str, value: &Value| {
        let mut text = String::new();
        if write!(text, "{value}").is_ok() {
            all.push((format!("{place}.{name}"), text));
        }
    };
    overrides.path(|name, value| add("requestOverride.path", name, value));
    overrides.query(|name, value| add("requestOverride.querystring", name, value));
    overrides.request_headers(|name, value| add("requestOverride.header", name, value));
    overrides.response_headers(|name, value| add("responseOverride.header", name, value));
    if let Some(status) = overrides.status() {
        all.push(("responseOverride.status".to_owned(), status.to_string()));
    }
    all
}

/// Prints what was overridden to standard error.
pub(super) fn print_overrides(overrides: &Overrides) {
    for (name, value) in overrides_of(overrides) {
        eprintln!("$context.{name} = {value:?}");
    }
}

/// Everything as one JSON document.
pub(super) fn document(
    file: &str,
    rendered: &Result<String, Problem>,
    overrides: &Overrides,
) -> serde_json::Value {
    let overridden: serde_json::Map<_, _> =
        overrides_of(overrides).into_iter().map(|(name, value)| (name, value.into())).collect();
    match rendered {
        Ok(output) => json!({ "output": output, "overrides": overridden, "diagnostics": [] }),
        Err(problem) => json!({
            "output": null,
            "overrides": {},
            "diagnostics": [{
                "file": file,
                "line": problem.line.max(1),
                "column": problem.column.max(1),
                "severity": "error",
                "text": problem.text,
            }],
        }),
    }
}
