//! A client that signs.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use gateway_auth::sigv4::{
    self, Credentials, PathForm, Request, Scope, SigningKeys, write_authorization,
};
use gateway_control::signature::timestamp;
use serde_json::Value;

use crate::support::{Client, Gateway, Response};

/// Where a gateway's control plane is.
pub(super) trait ControlGateway {
    /// From the port file.
    fn control_addr(&self) -> SocketAddr;
}

impl ControlGateway for Gateway {
    #[track_caller]
    fn control_addr(&self) -> SocketAddr {
        let ports = std::fs::read_to_string(self.directory().join("ports")).unwrap();
        let line = ports.lines().find_map(|line| line.strip_prefix("control "));
        line.expect("the port file names the control plane").parse().unwrap()
    }
}

/// One connection of a signing client.
pub(super) struct Control {
    addr: SocketAddr,
    client: Client,
    credentials: Credentials,
    keys: SigningKeys,
    service: &'static str,
}

impl Control {
    /// With the well-known credentials.
    pub(super) fn dev(addr: SocketAddr) -> Self {
        Self::with(addr, "test", "test")
    }

    /// With the credentials of a state directory.
    pub(super) fn of(addr: SocketAddr, state: &Path) -> Self {
        let admin = gateway_control::Credentials::read(&state.join("credentials")).unwrap();
        Self::with(addr, admin.access_key_id(), admin.secret_access_key())
    }

    pub(super) fn with(addr: SocketAddr, id: &str, secret: &str) -> Self {
        let credentials = Credentials {
            access_key_id: id.to_owned(),
            secret_access_key: secret.to_owned(),
            session_token: None,
        };
        let client = Client::connect(addr);
        Self { addr, client, credentials, keys: SigningKeys::default(), service: "apigateway" }
    }

    /// What the next calls are signed for.
    pub(super) fn service(&mut self, service: &'static str) -> &mut Self {
        self.service = service;
        self
    }

    /// A call of a service of the query protocol.
    #[track_caller]
    pub(super) fn form(&mut self, service: &'static str, form: &str) -> Response {
        self.service(service).call("POST", "/", form)
    }

    /// One signed request; the connection stays open.
    #[track_caller]
    pub(super) fn call(&mut self, method: &str, target: &str, body: &str) -> Response {
        self.try_send(method, target, body).unwrap();
        self.client.response()
    }

    /// As [`Control::call`], with the status checked and the answer as JSON; null without a body.
    #[track_caller]
    pub(super) fn json(&mut self, method: &str, target: &str, body: &str, status: u16) -> Value {
        let answer = self.call(method, target, body);
        assert_eq!(answer.status, status, "{method} {target}: {}", answer.text());
        serde_json::from_slice(&answer.body).unwrap_or_default()
    }

    /// Sends a request to a gateway that may be gone.
    pub(super) fn try_send(
        &mut self,
        method: &str,
        target: &str,
        body: &str,
    ) -> std::io::Result<()> {
        let mut bytes = self.head(method, target, body.as_bytes()).into_bytes();
        bytes.extend_from_slice(body.as_bytes());
        self.client.try_send(&bytes)
    }

    /// Sends an operation of a service that names them in `X-Amz-Target`, to a gateway that may be gone.
    pub(super) fn try_target(&mut self, target: &str, body: &str) -> std::io::Result<()> {
        let head = self.signed("POST", "/", body.as_bytes(), Some(target));
        self.client.try_send(&[head.as_bytes(), body.as_bytes()].concat())
    }

    /// The answer of a gateway that may be gone.
    pub(super) fn try_response(&mut self) -> std::io::Result<Response> {
        let gone = || std::io::Error::from(std::io::ErrorKind::UnexpectedEof);
        self.client.try_response_to("POST")?.ok_or_else(gone)
    }

    /// The signed head of a request.
    pub(super) fn head(&mut self, method: &str, target: &str, body: &[u8]) -> String {
        self.signed(method, target, body, None)
    }

    /// As [`Control::head`], perhaps with an operation in `X-Amz-Target`.
    fn signed(
        &mut self,
        method: &str,
        target: &str,
        body: &[u8],
        operation: Option<&str>,
    ) -> String {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64;
        let (host, now) = (self.addr.to_string(), timestamp(now));
        let hash = sigv4::payload_hash(body);
        let mut headers: Vec<(&[u8], &[u8])> =
            vec![(b"host", host.as_bytes()), (b"x-amz-date", now.as_bytes())];
        let mut more = String::new();
        if let Some(operation) = operation {
            headers.push((b"x-amz-target", operation.as_bytes()));
            more = format!("X-Amz-Target: {operation}\r\n");
        }
        let request = Request {
            method: method.as_bytes(),
            path: path.as_bytes(),
            path_form: PathForm::Normalized,
            query: query.as_bytes(),
            headers: &headers,
            payload_hash: &hash,
        };
        let scope = Scope {
            timestamp: now.as_bytes().try_into().unwrap(),
            region: "us-east-1",
            service: self.service,
        };
        let mut authorization = Vec::new();
        write_authorization(
            &self.credentials,
            &mut self.keys,
            &scope,
            &request,
            &mut authorization,
        );
        let authorization = String::from_utf8(authorization).unwrap();
        let len = body.len();
        format!(
            "{method} {target} HTTP/1.1\r\nHost: {host}\r\nX-Amz-Date: {now}\r\nContent-Length: {len}\r\n{more}\
             Authorization: {authorization}\r\n\r\n"
        )
    }
}
