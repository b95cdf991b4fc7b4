//! One case: its text read, its requests sent.

use std::fmt::Write as _;
use std::net::TcpListener;

use super::normal::{Known, escaped, normal_header, normal_text};
use crate::support::{Answer, Backend, Client, Gateway, Received, Response, in_package};

/// A case as its file has it, before the dashes.
pub(super) struct Case {
    template: String,
    args: Vec<String>,
    backend: Script,
    blocks: Vec<Block>,
}

/// How the backend of a case behaves.
enum Script {
    /// The same answer for all.
    Same(Answer),
    /// Never answers. What it read is not part of the case: the gateway may have given up before.
    Never,
}

/// Requests that are sent at once.
struct Block {
    /// Bytes, and between them waits for an interim response.
    parts: Vec<Vec<u8>>,
    /// Methods of the requests in it.
    methods: Vec<String>,
}

impl Case {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut lines = text.lines().enumerate();
        let source = lines.next().map_or("", |(_, line)| line);
        if !source.contains('§') && !source.starts_with("RFC ") {
            return Err("the first line names no section".into());
        }
        let mut case = Self {
            template: String::new(),
            args: Vec::new(),
            backend: Script::Same(Answer::ok("text/plain", b"hello")),
            blocks: Vec::new(),
        };
        let mut canned: Vec<&str> = Vec::new();
        let mut block: Vec<&str> = Vec::new();
        for (index, line) in lines {
            if line.starts_with('>') || line == "..." {
                block.push(line);
                continue;
            }
            case.blocks.extend(Block::parse(&std::mem::take(&mut block))?);
            if let Some(words) = line.strip_prefix("template: ") {
                let mut words = words.split_whitespace().map(str::to_owned);
                case.template = words.next().unwrap_or_default();
                case.args = words.collect();
            } else if line == "backend: never" {
                case.backend = Script::Never;
            } else if line.starts_with('<') {
                canned.push(line);
            } else if !line.is_empty() && line != "backend:" && line != "backend: closes" {
                return Err(format!("line {}: {line}", index + 1));
            }
        }
        case.blocks.extend(Block::parse(&block)?);
        if !canned.is_empty() {
            let bytes = wire(&canned)?;
            let is_last = text.lines().any(|line| line == "backend: closes");
            case.backend = Script::Same(match is_last {
                true => Answer::Close(bytes),
                false => Answer::Bytes(bytes),
            });
        }
        match case.template.is_empty() || case.blocks.is_empty() {
            true => Err("it has no template or no request".into()),
            false => Ok(case),
        }
    }

    /// Sends the requests; all that came back and all that reached the backend.
    pub(super) fn run(&self) -> String {
        let answer = match &self.backend {
            Script::Same(answer) => answer.clone(),
            Script::Never => Answer::Never,
        };
        let backend = Backend::canned(answer);
        let path = match self.template.strip_prefix("example/") {
            Some(name) => format!("../config/examples/{name}"),
            None => format!("tests/golden/templates/{}", self.template),
        };
        let args = self.arguments(&std::fs::read_to_string(in_package(&path)).unwrap(), &backend);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let gateway = Gateway::start(&path, &args);
        let known = Known { backend: backend.addr(), gateway: gateway.addr() };
        let mut out = String::new();
        let mut seen = 0;
        let mut connection: Option<Client> = None;
        for block in &self.blocks {
            let client = connection.get_or_insert_with(|| Client::connect(gateway.addr()));
            if block.run(client, &known, &mut out) {
                connection = None;
            }
            if matches!(self.backend, Script::Never) {
                continue;
            }
            let requests = backend.requests();
            for request in &requests[seen..] {
                show_request(request, &known, &mut out);
            }
            seen = requests.len();
        }
        out
    }

    /// Extra arguments, and a value for each parameter that the template has.
    fn arguments(&self, template: &str, backend: &Backend) -> Vec<String> {
        let mut args = self.args.clone();
        let mut give = |name: &str, value: String| {
            if template.contains(&format!("{name}:")) || template.contains(&format!("\"{name}\"")) {
                args.extend(["--param".to_owned(), format!("{name}={value}")]);
            }
        };
        give("BackendUrl", backend.url());
        give("BackendHost", backend.addr().to_string());
        // A port that was free a moment ago, and that nobody listens on.
        let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        give("ClosedUrl", format!("http://{closed}"));
        args
    }
}

impl Block {
    fn parse(lines: &[&str]) -> Result<Option<Self>, String> {
        if lines.is_empty() {
            return Ok(None);
        }
        let mut parts = Vec::new();
        let pieces: Vec<_> = lines.split(|line| *line == "...").collect();
        for (index, piece) in pieces.iter().enumerate() {
            let mut bytes = wire(piece)?;
            if index + 1 < pieces.len() {
                bytes.extend(b"\r\n");
            }
            parts.push(bytes);
        }
        let is_request = |line: &&&str| line.ends_with(" HTTP/1.1") || line.ends_with(" HTTP/1.0");
        let method = |line: &&str| line[2..].split(' ').next().unwrap_or_default().to_owned();
        let methods = lines.iter().filter(is_request).map(method).collect();
        Ok(Some(Self { parts, methods }))
    }

    /// Sends it and reads the answers; whether the connection is closed then.
    fn run(&self, client: &mut Client, known: &Known, out: &mut String) -> bool {
        for (index, part) in self.parts.iter().enumerate() {
            if index > 0 {
                show_response(&client.response(), known, out);
            }
            // A peer that refuses a body closes while it is sent.
            if client.try_send(part).is_err() {
                break;
            }
        }
        let mut is_closed = false;
        let mut methods = self.methods.iter().peekable();
        while let Some(method) = methods.peek() {
            match client.try_response_to(method) {
                Ok(Some(response)) => {
                    show_response(&response, known, out);
                    is_closed = response.header("connection") == Some("close");
                    if response.status >= 200 {
                        methods.next();
                    }
                }
                Ok(None) => {
                    out.push_str("(closed)\n\n");
                    return true;
                }
                Err(error) => {
                    let _ = writeln!(out, "(broken: {error})\n");
                    return true;
                }
            }
        }
        if is_closed {
            let rest = client.rest();
            assert!(rest.is_empty(), "behind the last response: {}", escaped(&rest));
            out.push_str("(closed)\n\n");
        }
        is_closed
    }
}

fn show_response(response: &Response, known: &Known, out: &mut String) {
    let Response { version, status, reason, headers, body } = response;
    let _ = writeln!(out, "< {version} {status} {reason}");
    show_message('<', headers, body, known, out);
}

fn show_request(request: &Received, known: &Known, out: &mut String) {
    let head = request.head_text();
    let line = head.split("\r\n").next().unwrap_or_default();
    let _ = writeln!(out, "= backend\n> {line}");
    show_message('>', &request.headers(), &request.raw_body, known, out);
}

fn show_message(
    mark: char,
    headers: &[(String, String)],
    body: &[u8],
    known: &Known,
    out: &mut String,
) {
    for (name, value) in headers {
        let value = normal_header(name, value, known);
        let _ = writeln!(out, "{mark} {name}: {}", escaped(value.as_bytes()));
    }
    const BODY_BYTES_MAX: usize = 4096;
    if body.len() > BODY_BYTES_MAX {
        let _ = writeln!(out, "{mark}\n{mark} ({} bytes)", body.len());
    } else if !body.is_empty() {
        let _ = writeln!(out, "{mark}");
        for line in body.split(|byte| *byte == b'\n') {
            let _ = writeln!(out, "{mark} {}", normal_text(&escaped(line), known));
        }
    }
    out.push('\n');
}

/// The bytes of lines that start with a mark and a blank.
fn wire(lines: &[&str]) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        if index > 0 {
            bytes.extend(b"\r\n");
        }
        let text = line.get(2..).unwrap_or_default();
        bytes.extend(unescaped(text).ok_or_else(|| format!("an escape in {line}"))?);
    }
    Ok(bytes)
}

fn unescaped(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        bytes.extend(rest[..at].bytes());
        rest = &rest[at + 1..];
        let used = match rest.as_bytes().first()? {
            b'r' => push(&mut bytes, b"\r", 1),
            b'n' => push(&mut bytes, b"\n", 1),
            b't' => push(&mut bytes, b"\t", 1),
            b'\\' => push(&mut bytes, b"\\", 1),
            b'x' => push(&mut bytes, &[u8::from_str_radix(rest.get(1..3)?, 16).ok()?], 3),
            b'(' => {
                let end = rest.find(')')?;
                let (count, text) = rest[1..end].split_once('*')?;
                push(&mut bytes, text.repeat(count.parse().ok()?).as_bytes(), end + 1)
            }
            _ => return None,
        };
        rest = &rest[used..];
    }
    bytes.extend(rest.bytes());
    Some(bytes)
}

fn push(bytes: &mut Vec<u8>, more: &[u8], used: usize) -> usize {
    bytes.extend(more);
    used
}
