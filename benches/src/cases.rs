//! What is measured, by path: the same closures for criterion and for valgrind.

use std::fmt::Write as _;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use gateway_compile::{PathParams, RequestMethod, Snapshot};
use gateway_proto::HeadLimits;
use gateway_proto::h1::{Parsed, RequestHead};
use gateway_telemetry::log_format::presets;
use gateway_telemetry::{
    AccessLog, BuildInfo, LogFormat, LogRecord, Registry, SinkConfig, ValueWriter, Variable,
};

use crate::plane::snapshot;

/// One thing to measure.
pub struct Case {
    /// Its path, e.g. `proto/request_head/wrk`.
    pub name: &'static str,
    /// Does it once.
    pub run: Box<dyn FnMut()>,
}

impl Case {
    pub(crate) fn new(name: &'static str, run: impl FnMut() + 'static) -> Self {
        Self { name, run: Box::new(run) }
    }
}

/// What `wrk` sends.
pub const WRK: &[u8] = b"GET /prod/small HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\
    User-Agent: wrk/4.2\r\nAccept: */*\r\nConnection: keep-alive\r\n\r\n";

/// What a browser sends.
pub const BROWSER: &[u8] = b"GET /prod/items/42?view=full HTTP/1.1\r\n\
    Host: abc123.execute-api.eu-west-1.amazonaws.com\r\nConnection: keep-alive\r\n\
    sec-ch-ua: \"Chromium\";v=\"130\", \"Google Chrome\";v=\"130\", \"Not?A_Brand\";v=\"99\"\r\n\
    sec-ch-ua-mobile: ?0\r\nsec-ch-ua-platform: \"Linux\"\r\nUpgrade-Insecure-Requests: 1\r\n\
    User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) \
    Chrome/130.0.0.0 Safari/537.36\r\n\
    Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8\r\n\
    Sec-Fetch-Site: none\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-User: ?1\r\n\
    Sec-Fetch-Dest: document\r\nAccept-Encoding: gzip, deflate, br, zstd\r\n\
    Accept-Language: en-GB,en;q=0.9,de;q=0.8\r\n\
    Cookie: session=0123456789abcdef0123456789abcdef; theme=dark\r\n\r\n";

/// All cases that need no shard.
///
/// # Errors
/// When a template of a case does not compile.
pub fn cases() -> Result<Vec<Case>> {
    let mut cases = vec![
        request_head("proto/request_head/wrk", WRK),
        request_head("proto/request_head/browser", BROWSER),
    ];
    let routes = Arc::new(snapshot(&thousand_routes())?);
    let path = |name, path| find(name, &routes, path);
    cases.push(path("compile/routes/find/1000_routes/hit", "/r500/42/detail")?);
    cases.push(path("compile/routes/find/1000_routes/miss", "/r500/42/detail/more")?);
    cases.push(path("compile/routes/find/1000_routes/backtrack", "/r500/42/other")?);
    cases.push(Case::new("compile/hosts/resolve", move || {
        let host = b"abc123.execute-api.eu-west-1.amazonaws.com";
        black_box(routes.hosts.resolve(black_box(host), black_box(b"/prod/r500/42")));
    }));
    cases.push(access_log_line()?);
    cases.extend(crate::templates::cases()?);
    Ok(cases)
}

fn request_head(name: &'static str, bytes: &'static [u8]) -> Case {
    let mut head = RequestHead::new();
    Case::new(name, move || {
        let parsed = head.parse(black_box(bytes), &HeadLimits::DEFAULT);
        assert_eq!(parsed, Ok(Parsed::Complete));
    })
}

/// One look-up; whether it finds something is checked here, once.
fn find(name: &'static str, snapshot: &Arc<Snapshot>, path: &'static str) -> Result<Case> {
    let plan = snapshot.stages[0].clone();
    let mut params = PathParams::default();
    let mut look_up =
        move || plan.routes.find(black_box(path.as_bytes()), RequestMethod::Get, &mut params);
    ensure!(look_up().is_some() != name.ends_with("miss"), "{name} is not what it says");
    Ok(Case::new(name, move || {
        black_box(look_up());
    }))
}

/// For each N `/rN/{id}/` with `detail` and `{name}`, which have GET, and `other`, which has no method.
fn thousand_routes() -> String {
    let mut text = "Resources:\n  Api:\n    Type: AWS::ApiGateway::RestApi\n    Properties: \
        {Name: routes, Tags: [{Key: _custom_id_, Value: abc123}]}\n"
        .to_owned();
    let mut resource = |id: &str, parent: &str, part: &str| {
        let _ = write!(
            text,
            "  {id}:\n    Type: AWS::ApiGateway::Resource\n    Properties: \
             {{RestApiId: !Ref Api, ParentId: {parent}, PathPart: \"{part}\"}}\n"
        );
        if part == "detail" || part == "{name}" {
            let _ = write!(
                text,
                "  {id}Get:\n    Type: AWS::ApiGateway::Method\n    Properties:\n      RestApiId: \
                 !Ref Api\n      ResourceId: !Ref {id}\n      HttpMethod: GET\n      \
                 AuthorizationType: NONE\n      Integration: {{Type: HTTP_PROXY, \
                 IntegrationHttpMethod: GET, Uri: \"http://127.0.0.1:9/\"}}\n"
            );
        }
    };
    for n in 0..1_000 {
        resource(&format!("R{n}"), "!GetAtt Api.RootResourceId", &format!("r{n}"));
        resource(&format!("R{n}Id"), &format!("!Ref R{n}"), "{id}");
        resource(&format!("R{n}Detail"), &format!("!Ref R{n}Id"), "detail");
        // A literal without a method: whoever walks into it has to come back.
        resource(&format!("R{n}Other"), &format!("!Ref R{n}Id"), "other");
        resource(&format!("R{n}Name"), &format!("!Ref R{n}Id"), "{name}");
    }
    text.push_str(
        "  D:\n    Type: AWS::ApiGateway::Deployment\n    Properties: {RestApiId: !Ref Api}\n  \
         S:\n    Type: AWS::ApiGateway::Stage\n    Properties: {RestApiId: !Ref Api, \
         DeploymentId: !Ref D, StageName: prod}\n",
    );
    text
}

struct Record;

impl LogRecord for Record {
    fn write(&self, variable: &Variable, out: &mut ValueWriter<'_>) -> bool {
        match variable {
            Variable::RequestId => out.str("5b3f2c1e-0d77-4a6f-9a57-2d4b7c1d9e10"),
            Variable::RequestTime => out.clf_time(1_700_000_000),
            Variable::Status => out.u64(200),
            Variable::ResponseLatency => out.millis(Duration::from_micros(1_234)),
            Variable::IdentitySourceIp => out.str("192.0.2.1"),
            _ => return false,
        }
        true
    }
}

/// One line into the shard's buffer; full buffers go to a writer that forgets them.
fn access_log_line() -> Result<Case> {
    let log = AccessLog::new(vec![SinkConfig::Null])?;
    let build = BuildInfo { version: "", os: "", arch: "" };
    let registry = Registry::new(build, 1, &[]);
    let mut shard_log = log.shard(registry.shards()[0].clone());
    let (format, _) = LogFormat::parse(presets::DEFAULT).ok().context("a preset parses")?;
    Ok(Case::new("telemetry/access_log/line", move || {
        let _keeps_the_writer = &log;
        shard_log.line(0, |out| format.render(&Record, out));
    }))
}
