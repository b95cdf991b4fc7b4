//! Text to [`Node`]: YAML or JSON, told apart by content.

mod build;
mod json;
mod yaml;

use crate::limits::FILE_BYTES_MAX;
use crate::node::Node;
use crate::report::Report;
use gateway_model::Place;
use std::sync::Arc;

/// Why a text is no tree: the first thing wrong with it.
#[derive(Debug)]
pub(super) struct ReadError {
    pub(super) place: Place,
    pub(super) text: String,
    pub(super) help: Option<String>,
}

/// Reads one file. `None` when it is no tree at all; the reason is in the report.
///
/// JSON is tried first when the text starts like JSON, since YAML's flow style is not JSON. Keys
/// written twice are reported and the first one stays.
pub(crate) fn read(file: &Arc<str>, text: &str, report: &Report) -> Option<Node> {
    let whole = Place::new(file, 1, 1);
    if text.len() > FILE_BYTES_MAX {
        report.error(&whole, format!("the file is longer than {FILE_BYTES_MAX} bytes"));
        return None;
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let first = text.trim_start().chars().next();
    if !matches!(first, Some('{' | '[')) && !file.ends_with(".json") {
        return settle(yaml::read(file, text, report), report);
    }
    let attempt = Report::default();
    let json = json::read(file, text, &attempt);
    // `{a: !Ref B}` starts like JSON and is YAML. When it is neither, the JSON error is the one to
    // show, unless the file is named as YAML.
    if json.is_err() && !file.ends_with(".json") {
        let attempt = Report::default();
        let yaml = yaml::read(file, text, &attempt);
        if yaml.is_ok() || file.ends_with(".yaml") || file.ends_with(".yml") {
            attempt.into_sorted().into_iter().for_each(|d| report.push(d));
            return settle(yaml, report);
        }
    }
    attempt.into_sorted().into_iter().for_each(|d| report.push(d));
    settle(json, report)
}

fn settle(result: Result<Node, ReadError>, report: &Report) -> Option<Node> {
    match result {
        Ok(node) => Some(node),
        Err(error) => {
            let diagnostic = gateway_model::Diagnostic::error(&error.place, error.text);
            report.push(match error.help {
                Some(help) => diagnostic.with_help(help),
                None => diagnostic,
            });
            None
        }
    }
}
