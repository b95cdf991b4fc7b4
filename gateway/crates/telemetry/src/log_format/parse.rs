//! From text to segments.

use super::{FormatError, FormatWarning, LogFormat, Segment, Variable, variable};
use crate::limits::FORMAT_BYTES_MAX;

const CONTEXT: &str = "$context.";
const NOT_CONTEXT: [&str; 2] = ["$input", "$stageVariables"];

pub(super) fn parse(format: &str) -> Result<(LogFormat, Vec<FormatWarning>), FormatError> {
    let line = format.strip_suffix('\n').unwrap_or(format);
    let line = line.strip_suffix('\r').unwrap_or(line);
    if line.is_empty() {
        return Err(FormatError::Empty);
    }
    if line.len() > FORMAT_BYTES_MAX {
        return Err(FormatError::TooLong { bytes: line.len() });
    }
    if let Some(offset) = line.find(['\n', '\r']) {
        return Err(FormatError::InnerNewline { offset });
    }

    let mut parser = Parser::default();
    let mut offset = 0;
    while let Some(found) = line[offset..].find('$') {
        parser.text.push_str(&line[offset..offset + found]);
        offset += found;
        offset += parser.dollar(&line[offset..], offset);
    }
    parser.text.push_str(&line[offset..]);
    parser.end_text();
    Ok(parser.finish())
}

#[derive(Default)]
struct Parser {
    segments: Vec<Segment>,
    warnings: Vec<FormatWarning>,
    text: String,
}

impl Parser {
    /// Takes what starts with a `$` at `offset`; returns how many bytes it took.
    fn dollar(&mut self, rest: &str, offset: usize) -> usize {
        if let Some(name) = rest.strip_prefix(CONTEXT) {
            let len = name.find(|c| !is_name(c)).unwrap_or(name.len());
            if len > 0 {
                return CONTEXT.len() + self.variable(&name[..len], offset);
            }
        }
        for name in NOT_CONTEXT {
            let is_whole = rest.strip_prefix(name).is_some_and(|after| {
                !after.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
            });
            if is_whole {
                let name = name.to_owned();
                self.warnings.push(FormatWarning::NotContext { offset, name });
            }
        }
        self.text.push('$');
        1
    }

    /// Takes the longest name at the start of `run`; returns its length.
    fn variable(&mut self, run: &str, offset: usize) -> usize {
        let full = |name: &str| format!("{CONTEXT}{name}");
        for len in ends(run) {
            let (name, after) = run.split_at(len);
            let segment = match variable::lookup(name) {
                variable::Lookup::Known(variable) => Segment::Variable(variable),
                variable::Lookup::OtherApiType => {
                    let name = full(name);
                    self.warnings.push(FormatWarning::OtherApiType { offset, name });
                    Segment::Unset
                }
                variable::Lookup::Unknown => continue,
            };
            if after.starts_with('.') && after.contains(|c| c != '.') {
                let (name, text) = (full(name), after.to_owned());
                self.warnings.push(FormatWarning::TextAfterVariable { offset, name, text });
            }
            self.push(segment);
            return len;
        }
        let name = run.trim_end_matches(['.', '-']);
        self.warnings.push(FormatWarning::UnknownVariable { offset, name: full(name) });
        self.push(Segment::Unset);
        name.len()
    }

    fn push(&mut self, segment: Segment) {
        self.end_text();
        self.segments.push(segment);
    }

    fn end_text(&mut self) {
        if !self.text.is_empty() {
            let text = std::mem::take(&mut self.text);
            self.segments.push(Segment::Text(text.into()));
        }
    }

    fn finish(mut self) -> (LogFormat, Vec<FormatWarning>) {
        let segments = self.segments.into_boxed_slice();
        let format = LogFormat { segments };
        let has_id = format
            .variables()
            .any(|v| matches!(v, Variable::RequestId | Variable::ExtendedRequestId));
        if !has_id {
            self.warnings.push(FormatWarning::NoRequestId);
        }
        (format, self.warnings)
    }
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-')
}

/// Where a name may end in `run`, longest first: at its end and before every dot and hyphen.
fn ends(run: &str) -> impl Iterator<Item = usize> + '_ {
    let inner = run.char_indices().rev();
    let inner = inner.filter_map(|(index, c)| matches!(c, '.' | '-').then_some(index));
    std::iter::once(run.len()).chain(inner)
}
