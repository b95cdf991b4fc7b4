//! Values without the places that they were read from.

use std::fmt::Debug;

/// A value's text without its places, which differ between files.
pub(crate) fn without_places(value: &impl Debug) -> String {
    let text = format!("{value:#?}");
    let mut out = String::new();
    let mut depth = 0;
    for line in text.lines() {
        let trimmed = line.trim();
        if depth > 0 {
            depth += trimmed.matches('{').count();
            depth -= trimmed.matches('}').count();
            continue;
        }
        if trimmed.ends_with("Place {") {
            depth = 1;
            continue;
        }
        out.push_str(line);
        out.push('\n');
    }
    out
}
