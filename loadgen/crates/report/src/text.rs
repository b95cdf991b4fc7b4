//! Strings of targets and definitions, made harmless for where they are shown.

use std::fmt::Write as _;

/// For text and attributes of XML 1.0 and HTML: markup is escaped, what XML cannot hold is replaced.
pub(crate) fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\t' => out.push_str("&#9;"),
            '\n' => out.push_str("&#10;"),
            '\r' => out.push_str("&#13;"),
            c if c.is_control() || reorders(c) || matches!(c, '\u{fffe}' | '\u{ffff}') => {
                out.push('\u{fffd}');
            }
            c => out.push(c),
        }
    }
    out
}

/// For a terminal, on one line: control characters, which could move its cursor, are spelled out.
pub(crate) fn terminal(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\t' => out.push(' '),
            c if c.is_control() || reorders(c) => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

/// Whether the character only changes the order in which others are shown.
fn reorders(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A length of time as people say it: `850 ms`, `3.0 s`, `2 min 05 s`.
pub(crate) fn span(ms: u64) -> String {
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..60_000 => format!("{}.{} s", ms / 1_000, ms % 1_000 / 100),
        _ => format!("{} min {:02} s", ms / 60_000, ms % 60_000 / 1_000),
    }
}

/// An instant as `2026-11-22 16:52:55 UTC` (RFC 3339 without its `T`).
pub(crate) fn instant(unix_ms: u64) -> String {
    let (date, time) = date_time(unix_ms);
    format!("{date} {time} UTC")
}

/// Date and time of day in UTC.
pub(crate) fn date_time(unix_ms: u64) -> (String, String) {
    let seconds = unix_ms / 1_000;
    let (year, month, day) = civil(seconds / 86_400);
    let s = seconds % 86_400;
    (
        format!("{year:04}-{month:02}-{day:02}"),
        format!("{:02}:{:02}:{:02}", s / 3_600, s / 60 % 60, s % 60),
    )
}

/// Year, month and day of the days since 1970-01-01: Howard Hinnant's `civil_from_days`, for days after 1970.
fn civil(days: u64) -> (u64, u64, u64) {
    let z = days + 719_468;
    let era = z / 146_097;
    let day_of_era = z % 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let m = (5 * day_of_year + 2) / 153;
    let month = if m < 10 { m + 3 } else { m - 9 };
    (year_of_era + era * 400 + u64::from(month <= 2), month, day_of_year - (153 * m + 2) / 5 + 1)
}

/// Whether a table's cell reads as a number, with or without a unit: `1,234`, `1.5 ms`, `99.9 %`, `–`.
pub(crate) fn is_number(cell: &str) -> bool {
    let cell = cell.trim();
    if matches!(cell, "–" | "-" | "—") {
        return true;
    }
    let digits = cell.trim_start_matches(['+', '-', '−', '±', '<', '>', '≤', '≥', '~', '≈', ' ']);
    let unit = digits.trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | ','));
    digits.starts_with(|c: char| c.is_ascii_digit())
        && unit.trim_start().chars().count() <= 5
        && !unit.contains(|c: char| matches!(c, ':' | '-') || c.is_ascii_digit())
}

#[cfg(test)]
mod tests;
