//! Any text may be given as a format, and any bytes as values.

use gateway_telemetry::limits::{FORMAT_BYTES_MAX, LINE_BYTES_MAX};
use gateway_telemetry::{LogFormat, LogRecord, ValueWriter, Variable};

/// Gives the same bytes for every variable whose name has an even length.
struct Bytes<'a>(&'a [u8]);

impl LogRecord for Bytes<'_> {
    fn write(&self, variable: &Variable, out: &mut ValueWriter<'_>) -> bool {
        out.bytes(self.0);
        variable.name().len().is_multiple_of(2)
    }
}

#[test]
fn any_format_renders_one_line_of_utf8() {
    bolero::check!()
        .with_type::<(String, Vec<u8>)>()
        .for_each(|(format, value)| check(format, value));
}

/// Random text seldom has a variable; this target puts random text between pieces of names.
#[test]
fn any_arrangement_of_names_renders_one_line_of_utf8() {
    const PIECES: [&str; 16] = [
        "$context.",
        "$",
        "status",
        ".",
        "-",
        "authorizer.",
        "claims.",
        "requestId",
        "error.",
        "messageString",
        " ",
        "$input",
        "routeKey",
        "identity.user",
        "\n",
        "é",
    ];
    bolero::check!().with_type::<(Vec<u8>, Vec<u8>)>().for_each(|(order, value)| {
        let pieces = order.iter().map(|&index| PIECES[usize::from(index) % PIECES.len()]);
        check(&pieces.collect::<String>(), value);
    });
}

fn check(format: &str, value: &[u8]) {
    let Ok((parsed, warnings)) = LogFormat::parse(format) else {
        let line = format.trim_end_matches(['\r', '\n']);
        assert!(line.is_empty() || line.len() > FORMAT_BYTES_MAX || format.contains(['\r', '\n']));
        return;
    };
    for warning in &warnings {
        assert!(!warning.to_string().is_empty());
    }
    let mut out = b"before\n".to_vec();
    parsed.render(&Bytes(value), &mut out);
    let text = std::str::from_utf8(&out).expect("a line is UTF-8");
    let line = text.strip_prefix("before\n").expect("what was there stays");
    assert!(line.len() <= LINE_BYTES_MAX);
    assert!(line.ends_with('\n') && line.matches('\n').count() == 1, "{line:?}");
}
