//! moto, from PyPI: a server that stands in for AWS.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Client, Response};

/// A moto server with nothing in it. It ends with the test, as its standard input does.
pub(crate) struct Moto {
    child: Child,
    addr: SocketAddr,
    _directory: TempDir,
}

const PROGRAM: &str = "
import sys
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(ip_address='127.0.0.1', port=0, verbose=False)
server.start()
print('%s:%d' % server.get_host_and_port(), flush=True)
sys.stdin.read()
";

impl Moto {
    /// Starts a server; `None`, said aloud, where moto is not installed: `scripts/test` does that.
    #[track_caller]
    pub(crate) fn start() -> Option<Self> {
        let Some(venv) = std::env::var_os("GATEWAY_TEST_VENV").map(PathBuf::from) else {
            eprintln!("left out: GATEWAY_TEST_VENV does not say where moto is; scripts/test does");
            return None;
        };
        let directory = TempDir::new().unwrap();
        let log = directory.path().join("log");
        let mut child = Command::new(venv.join("bin/python"))
            .args(["-c", PROGRAM])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let Ok(addr) = line.trim().parse() else {
            panic!("moto does not start:\n{}", std::fs::read_to_string(&log).unwrap())
        };
        Some(Self { child, addr, _directory: directory })
    }

    /// Where it listens.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Calls an action of a service that takes JSON, as `DynamoDB_20120810.GetItem`.
    #[track_caller]
    pub(super) fn json(&self, service: &str, target: &str, body: &Value) -> Value {
        let kind = ["Content-Type: application/x-amz-json-1.0", &format!("X-Amz-Target: {target}")];
        let response = self.ask(service, "POST", "/", &kind, body.to_string().as_bytes());
        assert_eq!(response.status, 200, "{target}: {}", response.text());
        if response.body.is_empty() {
            return Value::Null;
        }
        serde_json::from_slice(&response.body).unwrap()
    }

    /// Calls an action of a service that takes forms.
    #[track_caller]
    pub(super) fn form(&self, service: &str, form: &str) -> String {
        let kind = ["Content-Type: application/x-www-form-urlencoded"];
        let response = self.ask(service, "POST", "/", &kind, form.as_bytes());
        assert_eq!(response.status, 200, "{form}: {}", response.text());
        response.text().to_owned()
    }

    /// Any request. moto finds the service in the signature, which it does not check.
    #[track_caller]
    pub(super) fn ask(
        &self,
        service: &str,
        verb: &str,
        target: &str,
        lines: &[&str],
        body: &[u8],
    ) -> Response {
        let lines: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
        let (addr, length) = (self.addr, body.len());
        let head = format!(
            "{verb} {target} HTTP/1.1\r\nHost: {addr}\r\n\
             Authorization: AWS4-HMAC-SHA256 Credential=test/20260102/us-east-1/{service}/aws4_request, \
             SignedHeaders=host, Signature=0\r\n{lines}Content-Length: {length}\r\n\r\n"
        );
        let mut client = Client::connect(addr);
        client.send(&[head.as_bytes(), body].concat());
        client.response_to(verb)
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        // Both fail only for a process that has ended and was waited for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
