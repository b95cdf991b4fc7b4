//! Hostile clients and broken backends, over real sockets.
//!
//! What each test claims comes in three parts: the answer that is documented, what the backend sees
//! of it (mostly nothing), and that the gateway serves others as before.

mod abandoned;
mod backends;
mod early;
mod exhaustion;
mod pressure;
mod refused;
mod slow;
mod stripped;

use std::fmt::Write as _;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::support::{Backend, Client, Gateway, PATIENCE, Response};

/// A gateway in front of `backend`: `/s/…` is proxied, `/s/mock` answered by the gateway, `/s/short`
/// proxied with the shortest integration timeout that tests can tell from a hiccup, `/s/whole`
/// answered once the backend's body is there.
pub(crate) struct Hostile {
    pub(crate) gateway: Gateway,
    /// The configuration file's directory.
    _directory: TempDir,
}

/// The integration timeout of `/s/short`, in milliseconds.
pub(crate) const SHORT_MS: u64 = 700;

impl Hostile {
    /// Starts it with a configuration file of these lines.
    #[track_caller]
    pub(crate) fn start(backend: &impl Upstream, config: &str) -> Self {
        Self::start_with(backend, config, &[])
    }

    /// The same, with more arguments.
    #[track_caller]
    pub(crate) fn start_with(backend: &impl Upstream, config: &str, args: &[&str]) -> Self {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("gateway.toml");
        std::fs::write(&path, config).unwrap();
        let path = path.display().to_string();
        let args = [&["-c", path.as_str()], args].concat();
        let gateway = Gateway::start(&template(&backend.url()), &args);
        Self { gateway, _directory: directory }
    }

    /// A connection to it.
    #[track_caller]
    pub(crate) fn client(&self) -> Client {
        Client::connect(self.gateway.addr())
    }

    /// Sends bytes on a connection of their own and reads the answer.
    #[track_caller]
    pub(crate) fn ask(&self, bytes: &[u8]) -> Response {
        let mut client = self.client();
        client.send(bytes);
        client.response()
    }

    /// Others are served: the gateway answers by itself.
    #[track_caller]
    pub(crate) fn assert_serves(&self) {
        let response = Client::get(self.gateway.addr(), "/s/mock");
        assert_eq!(response.status, 200, "{response:?}");
    }

    /// Open descriptors of the process.
    pub(crate) fn descriptors(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.gateway.pid())).unwrap().count()
    }

    /// Resident memory of the process, in KiB.
    pub(crate) fn resident_kib(&self) -> u64 {
        resident_kib(self.gateway.pid())
    }

    /// Waits until the process has at most `count` descriptors open.
    #[track_caller]
    pub(crate) fn wait_descriptors(&self, count: usize) {
        let deadline = Instant::now() + PATIENCE;
        while self.descriptors() > count {
            assert!(Instant::now() < deadline, "{} descriptors, not {count}", self.descriptors());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// What a gateway can be put in front of.
pub(crate) trait Upstream {
    /// `http://` and where it listens.
    fn url(&self) -> String;
}

impl Upstream for Backend {
    fn url(&self) -> String {
        Backend::url(self)
    }
}

/// A backend whose connections are the script's alone: when it drops one, it is closed, or reset.
pub(crate) struct Mortal {
    addr: SocketAddr,
    is_stopped: Arc<AtomicBool>,
}

impl Mortal {
    /// Leaves each connection to `script`; reads are bounded by [`PATIENCE`].
    pub(crate) fn start(script: impl Fn(TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let is_stopped = Arc::new(AtomicBool::new(false));
        let (script, stop) = (Arc::new(script), is_stopped.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if stop.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                let script = script.clone();
                std::thread::spawn(move || {
                    let _ = stream.set_read_timeout(Some(PATIENCE));
                    let _ = stream.set_nodelay(true);
                    script(stream);
                });
            }
        });
        Self { addr, is_stopped }
    }
}

impl Upstream for Mortal {
    fn url(&self) -> String {
        format!("http://{}", self.addr)
    }
}

impl Drop for Mortal {
    fn drop(&mut self) {
        self.is_stopped.store(true, Ordering::SeqCst);
        // Wakes the acceptor.
        drop(TcpStream::connect(self.addr));
    }
}

/// Resident memory of a process, in KiB.
pub(crate) fn resident_kib(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// `GET` of a path, for a connection that lives on.
pub(crate) fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n").into_bytes()
}

/// The definition that [`Hostile`] serves.
pub(crate) fn template(backend: &str) -> String {
    let mut text = String::from(
        "Resources:\n  Api:\n    Type: AWS::ApiGateway::RestApi\n    Properties:\n      Name: h\n",
    );
    let proxied = |path: &str, extra: &str| {
        format!(
            "Integration: {{Type: HTTP_PROXY, IntegrationHttpMethod: ANY, \
             Uri: \"{backend}/{path}\"{extra}}}"
        )
    };
    let greedy = "RequestParameters: {method.request.path.proxy: true}, ".to_owned()
        + &proxied(
            "{proxy}",
            ", RequestParameters: {integration.request.path.proxy: method.request.path.proxy}",
        );
    let mock = "MethodResponses: [{StatusCode: \"200\"}], Integration: {Type: MOCK, \
                RequestTemplates: {application/json: '{\"statusCode\": 200}'}, \
                IntegrationResponses: [{StatusCode: \"200\", \
                ResponseTemplates: {application/json: ok}}]}"
        .to_owned();
    let whole = format!(
        "MethodResponses: [{{StatusCode: \"200\", \
         ResponseParameters: {{method.response.header.X-Id: false}}}}], \
         Integration: {{Type: HTTP, IntegrationHttpMethod: POST, Uri: \"{backend}/whole\", \
         IntegrationResponses: [{{StatusCode: \"200\", ResponseParameters: \
         {{method.response.header.X-Id: integration.response.body.id}}}}]}}"
    );
    let mapped = "RequestParameters: {method.request.querystring.q: false, method.request.header.X-V: false}, "
        .to_owned()
        + &proxied(
            "mapped/{q}/{v}/end",
            ", RequestParameters: {integration.request.path.q: method.request.querystring.q, \
             integration.request.path.v: method.request.header.X-V}",
        );
    let short = proxied("short", &format!(", TimeoutInMillis: {SHORT_MS}"));
    let methods = [
        ("Greedy", "{proxy+}", greedy),
        ("Mapped", "mapped", mapped),
        ("Mock", "mock", mock),
        ("Short", "short", short),
        ("Whole", "whole", whole),
    ];
    for (name, path, method) in &methods {
        write!(
            text,
            "  {name}R: {{Type: AWS::ApiGateway::Resource, Properties: {{RestApiId: !Ref Api, \
             ParentId: !GetAtt Api.RootResourceId, PathPart: \"{path}\"}}}}\n  \
             {name}: {{Type: AWS::ApiGateway::Method, Properties: {{RestApiId: !Ref Api, \
             ResourceId: !Ref {name}R, HttpMethod: ANY, AuthorizationType: NONE, {method}}}}}\n"
        )
        .unwrap();
    }
    let names: Vec<_> = methods.iter().map(|(name, ..)| *name).collect();
    write!(
        text,
        "  D: {{Type: AWS::ApiGateway::Deployment, DependsOn: [{}], \
         Properties: {{RestApiId: !Ref Api}}}}\n  \
         S: {{Type: AWS::ApiGateway::Stage, Properties: {{RestApiId: !Ref Api, \
         DeploymentId: !Ref D, StageName: s}}}}\n",
        names.join(", ")
    )
    .unwrap();
    text
}
