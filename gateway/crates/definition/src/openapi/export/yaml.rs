//! JSON as YAML in block style.

use gateway_model::Json;
use std::fmt::Write;

/// Words that YAML 1.1 takes for something else than text.
const WORDS: [&str; 10] = ["true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan"];

/// Writes a value as a YAML document. Text that could be read as anything else is in double quotes.
#[must_use]
pub fn to_yaml(value: &Json) -> String {
    let mut out = String::new();
    match value {
        Json::Object(members) if !members.is_empty() => write_members(members, 0, &mut out),
        Json::Array(items) if !items.is_empty() => write_items(items, 0, &mut out),
        scalar => {
            out.push_str(&inline(scalar));
            out.push('\n');
        }
    }
    out
}

fn write_members(members: &[(String, Json)], indent: usize, out: &mut String) {
    for (index, (name, value)) in members.iter().enumerate() {
        // The first member of a list's item stands behind its hyphen.
        if index > 0 || !out.ends_with("- ") {
            out.push_str(&" ".repeat(indent));
        }
        out.push_str(&word(name));
        out.push(':');
        write_value(value, indent, out);
    }
}

fn write_items(items: &[Json], indent: usize, out: &mut String) {
    for (index, item) in items.iter().enumerate() {
        if index > 0 || !out.ends_with("- ") {
            out.push_str(&" ".repeat(indent));
        }
        out.push_str("- ");
        match item {
            Json::Object(members) if !members.is_empty() => write_members(members, indent + 2, out),
            Json::Array(items) if !items.is_empty() => write_items(items, indent + 2, out),
            scalar => {
                let _ = writeln!(out, "{}", inline(scalar));
            }
        }
    }
}

fn write_value(value: &Json, indent: usize, out: &mut String) {
    match value {
        Json::Object(members) if !members.is_empty() => {
            out.push('\n');
            write_members(members, indent + 2, out);
        }
        Json::Array(items) if !items.is_empty() => {
            out.push('\n');
            write_items(items, indent, out);
        }
        scalar => {
            let _ = writeln!(out, " {}", inline(scalar));
        }
    }
}

fn inline(value: &Json) -> String {
    match value {
        Json::String(text) => word(text),
        other => other.to_string(),
    }
}

/// Text as it is where nothing else can be meant, and quoted otherwise: JSON's escapes are YAML's.
fn word(text: &str) -> String {
    let first = text.bytes().next();
    let is_start = first.is_some_and(|b| b.is_ascii_alphabetic() || b"/_$".contains(&b));
    let is_inner = |b: u8| b.is_ascii_alphanumeric() || b"/_.-${}+".contains(&b);
    let is_word = WORDS.iter().any(|word| word.eq_ignore_ascii_case(text));
    if is_start && text.bytes().all(is_inner) && !is_word {
        return text.to_owned();
    }
    let quoted = Json::String(text.to_owned()).to_string();
    // What YAML takes for a line break or refuses, and JSON leaves as it is.
    quoted.chars().fold(String::with_capacity(quoted.len()), |mut out, c| {
        match c {
            '\u{7f}'..='\u{9f}'
            | '\u{2028}'
            | '\u{2029}'
            | '\u{feff}'
            | '\u{fffe}'
            | '\u{ffff}' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_lists_and_odd_words_survive() {
        let text = |text: &str| Json::String(text.to_owned());
        let value = Json::Object(vec![
            ("200".into(), text("on")),
            (
                "a".into(),
                Json::Array(vec![
                    Json::Object(vec![
                        ("b".into(), Json::Array(vec![])),
                        ("c".into(), text("x: y")),
                    ]),
                    Json::Array(vec![Json::Null, text("$ref")]),
                ]),
            ),
            ("/{p+}".into(), text("line\nbreak")),
            ("e".into(), Json::Object(vec![])),
        ]);
        let expect = "\"200\": \"on\"\na:\n- b: []\n  c: \"x: y\"\n- - null\n  - $ref\n\
                      /{p+}: \"line\\nbreak\"\ne: {}\n";
        assert_eq!(to_yaml(&value), expect);
    }
}
