//! llhttp's request cases through our server side: 135 inputs as bytes, each fed in every split.
//!
//! Three things are done to the data before it is judged, all of them visible in [`Case::prepare`]:
//! rows whose final empty line was cut off get it back; rows without `Host`, which a server must
//! refuse, are also run with one; and rows with a fragment in the target, which we refuse for that
//! alone, are also run without it, so that what the row is about is judged too.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a panic is how a test reports")]

mod driver;

use std::collections::BTreeSet;
use std::path::PathBuf;

use driver::{End, Outcome};
use serde_json::Value;

/// Rows that llhttp accepts and we refuse: the row, our reason code, and why.
const STRICTER: &[(&str, &str, &str)] = &[
    ("method/CONNECT request", "method-connect", "we are no tunnel"),
    ("method/CONNECT request with CAPS", "method-connect", "we are no tunnel"),
    ("method/CONNECT with body", "method-connect", "we are no tunnel"),
    ("uri/Underscore in hostname", "method-connect", "we are no tunnel"),
    (
        "method/M-SEARCH request",
        "target-asterisk",
        "asterisk-form is for OPTIONS only (RFC 9112 3.2.4)",
    ),
    ("sample/No HTTP version", "request-line-malformed", "RFC 9112 has no HTTP/0.9 simple request"),
    (
        "transfer-encoding/POST with chunked as last transfer-encoding",
        "transfer-coding-unknown",
        "we have no transfer coding but chunked; RFC 9112 6.1 answers 501",
    ),
    (
        "transfer-encoding/POST with chunked as last transfer-encoding (multiple headers)",
        "te-repeated",
        "several Transfer-Encoding lines are how TE.TE smuggling starts",
    ),
    ("uri/Quotes in URI", "path-byte", "a double quote is no URI character (RFC 3986)"),
    ("uri/Fragment in URI", "target-fragment", "a fragment is never sent (RFC 9112 3.2)"),
    ("uri/host:port and basic auth", "host-userinfo", "RFC 9110 4.2.4 treats it as an error"),
];

/// Rows that llhttp refuses and we accept, and why.
const LOOSER: &[(&str, &str)] = &[
    ("invalid/HTTP protocol and ANNOUNCE method", "RFC 9110 lets a method be any token"),
    ("invalid/Invalid method", "RFC 9110 lets a method be any token"),
];

#[test]
fn llhttp_request_cases() {
    let Some(path) = data("http1/request.jsonl") else { return };
    let text = std::fs::read_to_string(&path).unwrap();
    let rows: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(!rows.is_empty(), "{} holds no case", path.display());
    let mut failures = Vec::new();
    let mut stricter = BTreeSet::new();
    let mut looser = BTreeSet::new();
    for row in &rows {
        match Case::new(row).judge() {
            Ok(Verdict::AsExpected) => {}
            Ok(Verdict::Stricter(reason)) => {
                stricter.insert((row["name"].as_str().unwrap(), reason));
            }
            Ok(Verdict::Looser) => {
                looser.insert(row["name"].as_str().unwrap());
            }
            Err(problem) => failures.push(format!("{}: {problem}", row["name"])),
        }
    }
    assert!(failures.is_empty(), "{} of {}:\n{}", failures.len(), rows.len(), failures.join("\n"));
    assert_eq!(stricter, STRICTER.iter().map(|&(name, reason, _)| (name, reason)).collect());
    assert_eq!(looser, LOOSER.iter().map(|&(name, _)| name).collect());
    println!("{} cases, {} stricter, {} looser", rows.len(), stricter.len(), looser.len());
}

/// How a row fared.
enum Verdict {
    AsExpected,
    Stricter(&'static str),
    Looser,
}

struct Case<'a> {
    row: &'a Value,
    expected: &'a str,
    sent: Vec<u8>,
    /// `sent` with a `Host` and without fragments.
    mended: Vec<u8>,
}

impl<'a> Case<'a> {
    fn new(row: &'a Value) -> Self {
        let sent =
            row["bytes"].as_str().unwrap().chars().map(|c| u8::try_from(c).unwrap()).collect();
        let mut case =
            Self { row, expected: row["expected"].as_str().unwrap(), sent, mended: Vec::new() };
        case.prepare();
        case
    }

    fn prepare(&mut self) {
        self.mended = self.sent.clone();
        if self.row["name"] != "uri/Fragment in URI" {
            self.mended = replace(&self.mended, b"#hey ", b" ");
        }
        if !contains(&self.sent.to_ascii_lowercase(), b"host:") {
            let target = self.row["messages"][0]["target"].as_str().unwrap_or_default();
            let host =
                target.strip_prefix("http://").unwrap_or("h").split(['/', '?']).next().unwrap();
            let line = format!(" HTTP/1.1\r\nHost: {host}\r\n");
            self.mended = replace(&self.mended, b" HTTP/1.1\r\n", line.as_bytes());
        }
        let cut_off: &[u8] = match (self.expected, driver::run([&self.mended[..]]).end) {
            // The file lost the last empty line of these; a whole row needs nothing.
            ("accept", End::Head | End::Body) => b"\r\n",
            // The error may sit in a line that has no end yet, and we judge lines.
            ("reject", End::Head) => b"\r\n\r\n",
            ("reject", End::Body) => b"\r\n",
            _ => b"",
        };
        self.sent.extend_from_slice(cut_off);
        self.mended.extend_from_slice(cut_off);
    }

    fn judge(&self) -> Result<Verdict, String> {
        let as_sent = every_split(&self.sent)?;
        let outcome = every_split(&self.mended)?;
        let is_refused = matches!(as_sent.end, End::Head | End::Refused(..));
        if self.row["missingHost"] == true && !is_refused {
            return Err(format!("no Host, and yet {as_sent:?}"));
        }
        if self.expected == "reject" {
            return match outcome.end {
                End::Refused("host-missing", _) => Err("refused for want of Host only".into()),
                End::Refused(..) => Ok(Verdict::AsExpected),
                _ if self.row["rfc"] == "differs" => Ok(Verdict::Looser),
                _ => Err(format!("accepted: {outcome:?}")),
            };
        }
        if let End::Refused(reason, _) = outcome.end {
            return Ok(Verdict::Stricter(reason));
        }
        self.compare(&outcome).map(|()| Verdict::AsExpected)
    }

    /// Compares what was read with what llhttp read.
    fn compare(&self, outcome: &Outcome) -> Result<(), String> {
        let end_fits = match self.expected {
            "accept" if self.row["upgrade"] == true => outcome.end == End::Upgraded,
            "accept" if self.row["closes"] == true => outcome.end == End::Closed,
            "accept" => matches!(outcome.end, End::Idle | End::Closed),
            _ => matches!(outcome.end, End::Head | End::Body),
        };
        if !end_fits {
            return Err(format!("ended as {:?}", outcome.end));
        }
        let mut expected: Vec<&Value> = self.row["messages"].as_array().unwrap().iter().collect();
        if outcome.end == End::Head {
            // A head that is not whole is no event of ours.
            let cut = expected.pop().unwrap();
            assert_eq!(cut["complete"], false);
        }
        if expected.len() != outcome.messages.len() {
            return Err(format!("{} messages", outcome.messages.len()));
        }
        for (expect, message) in expected.iter().zip(&outcome.messages) {
            let mut fields = message.fields.clone();
            if self.sent != self.mended {
                fields.retain(|(name, _)| name != b"Host" || contains(&self.sent, b"Host:"));
            }
            let mut headers: Vec<_> = expect["headers"]
                .as_array()
                .unwrap()
                .iter()
                .map(|pair| (latin1(&pair[0]), latin1(&pair[1]).trim_ascii_end().to_vec()))
                .collect();
            if self.row["name"] == "transfer-encoding/Trailing headers" {
                headers.truncate(1); // we drop trailers
            }
            let same = message.method == latin1(&expect["method"])
                && message.target == latin1(&expect["target"])
                && message.is_http_11 == (expect["version"] == "1.1")
                && fields == headers
                && message.body == latin1(&expect["body"])
                && message.is_chunked == fields.iter().any(|(name, _)| is_te(name))
                && message.is_whole == (expect["complete"] == true);
            if !same {
                return Err(format!("read {message:?}"));
            }
        }
        Ok(())
    }
}

/// Feeds `bytes` whole, one by one, and split in two at each offset; the one outcome of all.
fn every_split(bytes: &[u8]) -> Result<Outcome, String> {
    let whole = driver::run([bytes]);
    let dribbled = driver::run(bytes.chunks(1));
    if dribbled != whole {
        return Err(format!("byte by byte {dribbled:?}, whole {whole:?}"));
    }
    for at in 1..bytes.len() {
        let (front, back) = bytes.split_at(at);
        let split = driver::run([front, back]);
        if split != whole {
            return Err(format!("split at {at} {split:?}, whole {whole:?}"));
        }
    }
    Ok(whole)
}

fn is_te(name: &[u8]) -> bool {
    name.eq_ignore_ascii_case(b"transfer-encoding")
}

fn latin1(value: &Value) -> Vec<u8> {
    value.as_str().unwrap_or_default().chars().map(|c| u8::try_from(c).unwrap()).collect()
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

fn replace(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = bytes;
    while let Some(at) = rest.windows(from.len()).position(|window| window == from) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(to);
        rest = &rest[at + from.len()..];
    }
    out.extend_from_slice(rest);
    out
}

/// The place of a shared conformance file, or a note on what is left out.
fn data(name: &str) -> Option<PathBuf> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../../shared/conformance");
    let root = std::env::var_os("GATEWAY_CONFORMANCE").map_or_else(|| beside.into(), PathBuf::from);
    let path = root.join(name);
    if path.exists() {
        return Some(path);
    }
    println!("left out: {name} (set GATEWAY_CONFORMANCE to the directory of the shared cases)");
    None
}
