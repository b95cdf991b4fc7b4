//! llhttp's request cases at the front door: what is refused is answered, closed, and reaches no
//! backend; what is accepted is served, and what the backend reads is what was sent.
//!
//! The gateway serves every host that a row names, with any method on any path. Three things are
//! done to a row first, as in the parser's own suite: one without `Host` gets one, and is also
//! sent as it is; fragments, which we refuse for themselves, are cut off; and the empty line that
//! the file lost at the end of many rows is put back.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::Value;

use super::data;
use crate::support::{Answer, Backend, Client, Gateway, Received, Response, find};

/// Rows that llhttp accepts and we refuse: the row, our status, and why.
const STRICTER: &[(&str, u16, &str)] = &[
    ("method/CONNECT request", 501, "we are no tunnel"),
    ("method/CONNECT request with CAPS", 501, "we are no tunnel"),
    ("method/CONNECT with body", 501, "we are no tunnel"),
    ("method/M-SEARCH request", 400, "asterisk-form is for OPTIONS only (RFC 9112 3.2.4)"),
    ("sample/No HTTP version", 400, "RFC 9112 has no HTTP/0.9 simple request"),
    (
        "transfer-encoding/POST with chunked as last transfer-encoding",
        501,
        "we have no transfer coding but chunked; RFC 9112 6.1 answers 501",
    ),
    (
        "transfer-encoding/POST with chunked as last transfer-encoding (multiple headers)",
        400,
        "several Transfer-Encoding lines are how TE.TE smuggling starts",
    ),
    ("uri/Fragment in URI", 400, "a fragment is never sent (RFC 9112 3.2)"),
    ("uri/Quotes in URI", 400, "a double quote is no URI character (RFC 3986)"),
    ("uri/Underscore in hostname", 501, "we are no tunnel"),
    ("uri/host:port and basic auth", 400, "RFC 9110 4.2.4 treats it as an error"),
];

/// Rows that llhttp refuses and we accept, and why.
const LOOSER: &[(&str, &str)] = &[
    ("invalid/HTTP protocol and ANNOUNCE method", "RFC 9110 lets a method be any token"),
    ("invalid/Invalid method", "RFC 9110 lets a method be any token"),
];

#[test]
fn llhttp_request_cases_at_the_front_door() {
    let Some(path) = data("http1/request.jsonl") else { return };
    let text = std::fs::read_to_string(&path).unwrap();
    let rows: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(!rows.is_empty(), "{} holds no case", path.display());
    let door = Door::open(&rows);
    let mut problems = Vec::new();
    let mut stricter = BTreeSet::new();
    let mut looser = BTreeSet::new();
    // A request that breaks off may reach the backend after its connection has ended, so these come
    // last: no other row is to meet what they left.
    let (incomplete, whole): (Vec<_>, Vec<_>) =
        rows.iter().map(Row::new).partition(|row| row.expected == "incomplete");
    for row in whole.into_iter().chain(incomplete) {
        match door.judge(&row) {
            Ok(Verdict::AsExpected) => {}
            Ok(Verdict::Stricter(status)) => {
                stricter.insert((row.name, status));
            }
            Ok(Verdict::Looser) => {
                looser.insert(row.name);
            }
            Err(problem) => problems.push(format!("{}: {problem}", row.name)),
        }
    }
    let (failed, all) = (problems.len(), rows.len());
    assert!(problems.is_empty(), "{failed} of {all}:\n{}", problems.join("\n"));
    assert_eq!(stricter, STRICTER.iter().map(|&(name, status, _)| (name, status)).collect());
    assert_eq!(looser, LOOSER.iter().map(|&(name, _)| name).collect());
    let served = door.backend.requests().len();
    assert!(served > 30, "only {served} requests reached the backend: the cases prove little");
    println!("{all} cases, {served} requests served");
}

enum Verdict {
    AsExpected,
    Stricter(u16),
    Looser,
}

/// A row, ready to be sent.
struct Row<'r> {
    name: &'r str,
    expected: &'r str,
    /// As the file has it.
    sent: Vec<u8>,
    /// With a `Host`, without fragments, with its end.
    mended: Vec<u8>,
    messages: &'r [Value],
    lacks_host: bool,
    leaves_http: bool,
    is_free: bool,
}

impl<'r> Row<'r> {
    fn new(row: &'r Value) -> Self {
        let name = row["name"].as_str().unwrap();
        let expected = row["expected"].as_str().unwrap();
        let mut sent: Vec<u8> = latin1(&row["bytes"]);
        let mut mended = sent.clone();
        if name != "uri/Fragment in URI" {
            mended = replace(&mended, b"#hey ", b" ");
        }
        if find(&sent.to_ascii_lowercase(), b"host:").is_none() {
            let host = target_authority(row).unwrap_or(DEFAULT_HOST);
            let line = format!(" HTTP/1.1\r\nHost: {host}\r\n");
            mended = replace(&mended, b" HTTP/1.1\r\n", line.as_bytes());
        }
        let end: &[u8] = match expected {
            // The file lost the last empty line of many; where it did not, one more is no harm.
            "accept" => b"\r\n",
            // The error may sit in a line that has no end yet.
            "reject" => b"\r\n\r\n",
            _ => b"",
        };
        sent.extend(end);
        mended.extend(end);
        Self {
            name,
            expected,
            sent,
            mended,
            messages: row["messages"].as_array().map_or(&[], Vec::as_slice),
            lacks_host: row["missingHost"] == true,
            leaves_http: row["upgrade"] == true,
            is_free: row["rfc"] == "differs",
        }
    }

    /// The messages that are whole.
    fn whole(&self) -> Vec<&'r Value> {
        self.messages.iter().filter(|message| message["complete"] == true).collect()
    }
}

/// A gateway that serves whatever host a row names.
struct Door {
    backend: Backend,
    gateway: Gateway,
}

/// What came of some bytes.
struct Outcome {
    responses: Vec<Response>,
    /// Whether the gateway closed while the client could still send.
    is_closed: bool,
    received: Vec<Received>,
}

impl Door {
    fn open(rows: &[Value]) -> Self {
        let backend = Backend::canned(Answer::ok("text/plain", b"ok"));
        let mut hosts: BTreeSet<&str> = rows.iter().filter_map(target_host).collect();
        hosts.extend(rows.iter().filter_map(header_host));
        hosts.insert(DEFAULT_HOST);
        let gateway = Gateway::start(&template(&backend, &hosts), &[]);
        Self { backend, gateway }
    }

    fn judge(&self, row: &Row<'_>) -> Result<Verdict, String> {
        if row.lacks_host && row.expected == "accept" {
            let outcome = self.send(row, &row.sent, 1, false)?;
            let statuses = outcome.statuses();
            if statuses != [400] || !outcome.received.is_empty() {
                return Err(format!("without Host: {statuses:?}"));
            }
        }
        match row.expected {
            "accept" => self.judge_accept(row),
            "reject" => self.judge_reject(row),
            _ => self.judge_incomplete(row),
        }
    }

    fn judge_accept(&self, row: &Row<'_>) -> Result<Verdict, String> {
        let count = if row.leaves_http { 1 } else { row.messages.len() };
        let outcome = self.send(row, &row.mended, count, true)?;
        if let Some(refusal) = outcome.responses.iter().find(|r| is_refusal(r.status)) {
            if !outcome.received.is_empty() {
                return Err("refused, and yet the backend was called".into());
            }
            return Ok(Verdict::Stricter(refusal.status));
        }
        if outcome.responses.len() != count {
            return Err(format!("{count} messages, {:?}", outcome.statuses()));
        }
        self.compare(row, &outcome)
    }

    /// What the backend read is what llhttp read, as far as it was served.
    fn compare(&self, row: &Row<'_>, outcome: &Outcome) -> Result<Verdict, String> {
        let served: Vec<&Value> = row
            .messages
            .iter()
            .zip(&outcome.responses)
            .filter(|(_, response)| response.status == 200)
            .map(|(message, _)| message)
            .collect();
        if served.len() > outcome.received.len() {
            return Err(format!("{} served, {:?}", served.len(), outcome.received));
        }
        for (message, received) in served.iter().zip(&outcome.received) {
            let is_same = received.is_whole
                && received.method().as_bytes() == latin1(&message["method"])
                && received.body == latin1(&message["body"]);
            if !is_same {
                return Err(format!("the backend read {received:?}"));
            }
        }
        let others = outcome.responses.iter().filter(|r| !matches!(r.status, 200 | 403)).count();
        if others > 0 { Err(format!("{:?}", outcome.statuses())) } else { Ok(Verdict::AsExpected) }
    }

    fn judge_reject(&self, row: &Row<'_>) -> Result<Verdict, String> {
        let count = if row.is_free { 1 } else { usize::MAX };
        let outcome = self.send(row, &row.mended, count, false)?;
        let statuses = outcome.statuses();
        let Some((last, before)) = outcome.responses.split_last() else {
            return Err("no answer at all".into());
        };
        if !is_refusal(last.status) {
            let is_looser = row.is_free && outcome.responses.len() == 1;
            return if is_looser { Ok(Verdict::Looser) } else { Err(format!("{statuses:?}")) };
        }
        if !outcome.is_closed {
            return Err("refused and not closed".into());
        }
        // Only messages before the refused one reach the backend, and no byte of it.
        if outcome.received.len() > before.len() || outcome.received.iter().any(|r| !r.is_whole) {
            return Err(format!("{statuses:?}, and the backend read {:?}", outcome.received));
        }
        Ok(Verdict::AsExpected)
    }

    /// No answer to what is not whole, and no whole request of it at the backend.
    fn judge_incomplete(&self, row: &Row<'_>) -> Result<Verdict, String> {
        let whole = row.whole();
        let outcome = self.send(row, &row.mended, whole.len(), true)?;
        let statuses = outcome.statuses();
        if statuses.iter().any(|status| is_refusal(*status)) || statuses.len() != whole.len() {
            return Err(format!("{} whole messages, {statuses:?}", whole.len()));
        }
        let received = outcome.received.iter().filter(|r| r.is_whole).count();
        if received > whole.len() {
            return Err(format!("the backend read {:?}", outcome.received));
        }
        Ok(Verdict::AsExpected)
    }

    /// Sends bytes on a connection of their own and reads up to `count` answers, or to a refusal.
    /// A client that `finishes` says then that nothing follows, and waits for the end.
    fn send(
        &self,
        row: &Row<'_>,
        bytes: &[u8],
        count: usize,
        finishes: bool,
    ) -> Result<Outcome, String> {
        let before = self.backend.requests().len();
        let mut client = Client::connect(self.gateway.addr());
        client.send(bytes);
        let mut responses: Vec<Response> = Vec::new();
        let mut is_closed = false;
        while responses.len() < count && !is_closed {
            let method = row.messages.get(responses.len()).map_or("", |m| text(&m["method"]));
            let response = client.try_response_to(method);
            match response.map_err(|error| format!("{responses:?}, then {error}"))? {
                Some(response) if response.status < 200 => {}
                Some(response) => {
                    is_closed = response.header("connection") == Some("close");
                    responses.push(response);
                }
                None => is_closed = true,
            }
        }
        if is_closed {
            is_closed = client.is_closed();
        } else if finishes {
            client.finish();
            let rest = client.rest();
            if !rest.is_empty() && !row.leaves_http {
                return Err(format!("more answers: {}", String::from_utf8_lossy(&rest)));
            }
        }
        Ok(Outcome { responses, is_closed, received: self.backend.requests().split_off(before) })
    }
}

impl Outcome {
    fn statuses(&self) -> Vec<u16> {
        self.responses.iter().map(|response| response.status).collect()
    }
}

/// Whether a status says that the message is not taken, rather than that nobody serves it.
fn is_refusal(status: u16) -> bool {
    matches!(status, 400 | 408 | 411 | 413 | 414 | 417 | 431 | 501 | 505)
}

/// Host of a row without any.
const DEFAULT_HOST: &str = "rows.example";

/// A template with a domain name for each host: any method, any path, the root included.
fn template(backend: &Backend, hosts: &BTreeSet<&str>) -> String {
    let mut text = TEMPLATE.replace("BACKEND", &backend.url());
    for (index, host) in hosts.iter().enumerate() {
        let _ = write!(
            text,
            "  Domain{index}:\n    Type: AWS::ApiGateway::DomainName\n    Properties:\n      \
             DomainName: \"{host}\"\n      EndpointConfiguration: {{Types: [REGIONAL]}}\n  \
             Mapping{index}:\n    Type: AWS::ApiGateway::BasePathMapping\n    Properties: \
             {{DomainName: !Ref Domain{index}, RestApiId: !Ref Api, Stage: !Ref Stage}}\n"
        );
    }
    text
}

const TEMPLATE: &str = r#"AWSTemplateFormatVersion: "2010-09-09"
Resources:
  Api:
    Type: AWS::ApiGateway::RestApi
    Properties: {Name: rows}
  Any:
    Type: AWS::ApiGateway::Method
    Properties:
      RestApiId: !Ref Api
      ResourceId: !GetAtt Api.RootResourceId
      HttpMethod: ANY
      AuthorizationType: NONE
      Integration: {Type: HTTP_PROXY, IntegrationHttpMethod: ANY, Uri: "BACKEND/"}
  Proxy:
    Type: AWS::ApiGateway::Resource
    Properties: {RestApiId: !Ref Api, ParentId: !GetAtt Api.RootResourceId, PathPart: "{proxy+}"}
  AnyProxy:
    Type: AWS::ApiGateway::Method
    Properties:
      RestApiId: !Ref Api
      ResourceId: !Ref Proxy
      HttpMethod: ANY
      AuthorizationType: NONE
      RequestParameters: {method.request.path.proxy: true}
      Integration:
        Type: HTTP_PROXY
        IntegrationHttpMethod: ANY
        Uri: "BACKEND/{proxy}"
        RequestParameters: {integration.request.path.proxy: method.request.path.proxy}
  Deployment:
    Type: AWS::ApiGateway::Deployment
    DependsOn: [Any, AnyProxy]
    Properties: {RestApiId: !Ref Api}
  Stage:
    Type: AWS::ApiGateway::Stage
    Properties: {RestApiId: !Ref Api, DeploymentId: !Ref Deployment, StageName: dev}
"#;

/// The host of an absolute target.
fn target_host(row: &Value) -> Option<&str> {
    name(target_authority(row)?)
}

/// The host and port of an absolute target.
fn target_authority(row: &Value) -> Option<&str> {
    text(&row["messages"][0]["target"]).strip_prefix("http://")?.split(['/', '?']).next()
}

/// The host of the first `Host`.
fn header_host(row: &Value) -> Option<&str> {
    let headers = row["messages"][0]["headers"].as_array()?;
    let host = headers.iter().find(|pair| text(&pair[0]).eq_ignore_ascii_case("host"))?;
    name(text(&host[1]))
}

/// A host without its port, if a domain can have that name.
fn name(authority: &str) -> Option<&str> {
    let name = authority.split(':').next()?;
    let is_plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.';
    (!name.is_empty() && name.bytes().all(is_plain)).then_some(name)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn latin1(value: &Value) -> Vec<u8> {
    text(value).chars().map(|c| u8::try_from(c).unwrap()).collect()
}

fn replace(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = bytes;
    while let Some(at) = find(rest, from) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(to);
        rest = &rest[at + from.len()..];
    }
    out.extend_from_slice(rest);
    out
}
