//! Ctrl-C, a reader that goes away, a target that is not there: what the process leaves, and its exit status.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a panic is how a test reports")]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A definition with one limit, which takes a minute to look at.
const DEFINITION: &str = r#"
Resources:
  Api: {Type: AWS::ApiGateway::RestApi, Properties: {Name: slow}}
  Method:
    Type: AWS::ApiGateway::Method
    Properties:
      RestApiId: !Ref Api
      ResourceId: !GetAtt Api.RootResourceId
      HttpMethod: GET
      AuthorizationType: NONE
      Integration: {Type: MOCK, RequestTemplates: {application/json: '{"statusCode": 200}'}}
  Deployment:
    Type: AWS::ApiGateway::Deployment
    DependsOn: Method
    Properties: {RestApiId: !Ref Api}
  Stage:
    Type: AWS::ApiGateway::Stage
    Properties:
      RestApiId: !Ref Api
      DeploymentId: !Ref Deployment
      StageName: prod
      MethodSettings:
        - {ResourcePath: /*, HttpMethod: "*", ThrottlingRateLimit: 20, ThrottlingBurstLimit: 10}
"#;

/// Answers every request with 200, for as long as the test process lives.
fn target() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            std::thread::spawn(move || answer(stream?));
        }
        Ok::<(), std::io::Error>(())
    });
    url
}

fn answer(mut stream: TcpStream) -> std::io::Result<()> {
    let (mut pending, mut part) = (Vec::new(), [0; 4096]);
    loop {
        while let Some(end) = pending.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            pending.drain(..end + 4);
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")?;
        }
        match stream.read(&mut part)? {
            0 => return Ok(()),
            count => pending.extend_from_slice(&part[..count]),
        }
    }
}

fn start(args: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_loadgen"))
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Presses Ctrl-C after a while; says the exit status and whether that took long.
fn interrupt(child: &mut Child, after: Duration) -> (Option<i32>, Duration) {
    std::thread::sleep(after);
    let pressed = Instant::now();
    let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(kill.success());
    // Little enough is printed that the pipes take it.
    let status = child.wait().unwrap();
    (status.code(), pressed.elapsed())
}

fn report(path: &Path) -> serde_json::Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

#[test]
fn ctrl_c_leaves_the_report_of_a_verification() {
    let dir = tempfile::tempdir().unwrap();
    let (definition, json) = (dir.path().join("slow.yaml"), dir.path().join("report.json"));
    std::fs::write(&definition, DEFINITION).unwrap();
    let (definition, target) = (definition.to_str().unwrap(), target());
    let only = ["--only", "throttle", "--duration", "60s", "--json", json.to_str().unwrap()];
    let mut child = start(&[&["verify", definition, "--target", &target][..], &only].concat());
    let (status, took) = interrupt(&mut child, Duration::from_secs(2));
    assert_eq!(status, Some(130));
    assert!(took < Duration::from_secs(5), "{took:?}");
    let report = report(&json);
    assert_eq!(report["counts"]["not_checked"], 1, "{report}");
    assert!(report.to_string().contains("the run was stopped"), "{report}");
}

#[test]
fn ctrl_c_leaves_the_report_of_a_run() {
    for engine in ["uring", "goose"] {
        let dir = tempfile::tempdir().unwrap();
        let (json, target) = (dir.path().join("report.json"), target());
        let mut child = start(&[
            "run",
            "get",
            "--engine",
            engine,
            "--param",
            "duration=60s",
            "--param",
            "connections=2",
            "--target",
            &target,
            "--json",
            json.to_str().unwrap(),
        ]);
        let (status, took) = interrupt(&mut child, Duration::from_secs(2));
        assert_eq!(status, Some(130), "{engine}");
        assert!(took < Duration::from_secs(10), "{engine}: {took:?}");
        assert_eq!(report(&json)["command"], "run", "{engine}");
    }
}

#[test]
fn a_reader_that_goes_away_does_not_cost_the_report() {
    let dir = tempfile::tempdir().unwrap();
    let json = dir.path().join("report.json");
    let target = target();
    let mut child = start(&[
        "run",
        "get",
        "--param",
        "duration=1s",
        "--target",
        &target,
        "--json",
        json.to_str().unwrap(),
    ]);
    drop(child.stdout.take());
    drop(child.stderr.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(report(&json)["command"], "run");
}

#[test]
fn a_target_that_is_not_there_fails_a_run() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let target = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    for engine in ["uring", "goose"] {
        let run = ["run", "get", "--param", "duration=1s", "--engine", engine, "--target", &target];
        let output = start(&run).wait_with_output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(1), "{engine}: {text}");
        assert!(text.contains("the target is up"), "{engine}: {text}");
    }
}

#[test]
fn what_cannot_be_written_or_is_misspelt_is_said_before_anything_is_sent() {
    let dir = tempfile::tempdir().unwrap();
    let definition = dir.path().join("slow.yaml");
    std::fs::write(&definition, DEFINITION).unwrap();
    let definition = definition.to_str().unwrap();
    let missing = dir.path().join("none/report.json");
    for (more, expected) in [
        (["--json", missing.to_str().unwrap()], "cannot write"),
        (["--slo", "p99<"], "--slo p99<"),
        (["--key", "nobody=1"], "no such key"),
    ] {
        // Nobody listens there: sending would say so.
        let verify = ["verify", definition, "--target", "http://127.0.0.1:1"];
        let output = start(&[&verify[..], &more].concat()).wait_with_output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(text.contains(expected), "{text}");
        assert!(output.stdout.is_empty());
    }
}
