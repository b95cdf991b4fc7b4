//! CloudWatch Logs: its operations, what stages and functions write, and what survives.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rustix::process::Signal;
use serde_json::{Value, json};

use super::client::{Control, ControlGateway as _};
use super::dev;
use super::tools::{Desk, aws, aws2, said};
use crate::support::{Backend, Gateway};

fn script(name: &str) -> String {
    format!("{}/tests/control/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as u64
}

/// A client of CloudWatch Logs.
struct Logs(Control);

impl Logs {
    fn of(gateway: &Gateway) -> Self {
        let mut control = Control::dev(gateway.control_addr());
        control.service("logs");
        Self(control)
    }

    /// Status and document of one operation.
    fn try_ask(&mut self, operation: &str, input: &Value) -> std::io::Result<(u16, Value)> {
        self.0.try_target(&format!("Logs_20140328.{operation}"), &input.to_string())?;
        let answer = self.0.try_response()?;
        Ok((answer.status, serde_json::from_slice(&answer.body).unwrap_or_default()))
    }

    #[track_caller]
    fn ask(&mut self, operation: &str, input: Value) -> Value {
        let (status, document) = self.try_ask(operation, &input).unwrap();
        assert_eq!(status, 200, "{operation}: {document}");
        document
    }
}

#[test]
fn boto3_does_every_operation_of_cloudwatch_logs() {
    let Some(aws) = aws() else { return };
    let gateway = dev(&[]);
    let desk = Desk::at(&gateway);
    said(&desk.run(&aws.with_file_name("python"), &[&script("logs.py")]));
}

#[test]
fn boto3_does_every_operation_of_cloudwatch_logs_on_a_disk() {
    let Some(aws) = aws() else { return };
    let state = tempfile::tempdir().unwrap();
    let gateway = dev(&["--state", state.path().to_str().unwrap()]);
    let desk = Desk::at(&gateway);
    said(&desk.run(&aws.with_file_name("python"), &[&script("logs.py")]));
}

#[test]
fn stages_and_functions_write_what_becomes_of_requests() {
    let Some(aws) = aws() else { return };
    let backend = Backend::echo();
    let gateway = dev(&[]);
    let desk = Desk::at(&gateway);
    let args = [&script("execution_logs.py"), &gateway.addr().to_string(), &backend.url()];
    said(&desk.run(&aws.with_file_name("python"), &args.map(String::as_str)));
}

#[test]
fn aws_logs_tail_shows_what_was_said_and_follows() {
    let Some(aws) = aws2() else { return };
    let gateway = dev(&[]);
    let mut logs = Logs::of(&gateway);
    logs.ask("CreateLogGroup", json!({"logGroupName": "/tailed"}));
    let stream = json!({"logGroupName": "/tailed", "logStreamName": "s"});
    logs.ask("CreateLogStream", stream.clone());
    let mut put = |text: &str| {
        let mut input = stream.clone();
        input["logEvents"] = json!([{"timestamp": now_ms(), "message": text}]);
        logs.ask("PutLogEvents", input);
    };
    put("first ERROR");
    put("second");
    let desk = Desk::at(&gateway);
    // Older ones of version 2 do not know AWS_ENDPOINT_URL.
    let at = ["--endpoint-url", desk.url()];
    let tail = [&["logs", "tail", "/tailed", "--format", "short"][..], &at].concat();
    let shown = said(&desk.run(&aws, &tail));
    let texts: Vec<&str> =
        shown.lines().filter_map(|line| line.split_once(' ')).map(|of| of.1).collect();
    assert_eq!(texts, ["first ERROR", "second"], "{shown}");
    let filtered = said(&desk.run(&aws, &[&tail[..], &["--filter-pattern", "ERROR"]].concat()));
    assert!(filtered.ends_with("first ERROR") && filtered.lines().count() == 1, "{filtered}");

    let mut command = Command::new(&aws);
    command.args(&tail).arg("--follow").env("AWS_ENDPOINT_URL", desk.url());
    command.env("AWS_ACCESS_KEY_ID", "test").env("AWS_SECRET_ACCESS_KEY", "test");
    command.env("AWS_DEFAULT_REGION", "us-east-1").env("PYTHONUNBUFFERED", "1");
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut next = || lines.next().unwrap().unwrap().split_once(' ').unwrap().1.to_owned();
    assert_eq!((next(), next()), ("first ERROR".to_owned(), "second".to_owned()));
    put("third, while it is followed");
    assert_eq!(next(), "third, while it is followed");
    child.kill().unwrap();
    child.wait().unwrap();
}

/// Texts of all events of a group.
fn texts(gateway: &Gateway, group: &str) -> Vec<String> {
    let mut logs = Logs::of(gateway);
    let (mut found, mut token) = (Vec::new(), Value::Null);
    loop {
        let mut input = json!({"logGroupName": group});
        if !token.is_null() {
            input["nextToken"] = token;
        }
        let page = logs.ask("FilterLogEvents", input);
        let events = page["events"].as_array().unwrap();
        found.extend(events.iter().map(|event| event["message"].as_str().unwrap().to_owned()));
        token = page["nextToken"].clone();
        if token.is_null() {
            return found;
        }
    }
}

#[test]
fn groups_and_their_events_outlive_a_restart() {
    let state = tempfile::tempdir().unwrap();
    let args = ["--state", state.path().to_str().unwrap()];
    let gateway = dev(&args);
    let mut logs = Logs::of(&gateway);
    logs.ask("CreateLogGroup", json!({"logGroupName": "/kept", "tags": {"a": "b"}}));
    logs.ask("PutRetentionPolicy", json!({"logGroupName": "/kept", "retentionInDays": 3}));
    logs.ask("CreateLogStream", json!({"logGroupName": "/kept", "logStreamName": "s"}));
    let events = json!([{"timestamp": now_ms(), "message": "one"}, {"timestamp": now_ms(), "message": "two"}]);
    logs.ask(
        "PutLogEvents",
        json!({"logGroupName": "/kept", "logStreamName": "s", "logEvents": events}),
    );
    let all = |logs: &mut Logs| {
        let groups = logs.ask("DescribeLogGroups", json!({}));
        let streams = logs.ask("DescribeLogStreams", json!({"logGroupName": "/kept"}));
        let events = logs.ask("FilterLogEvents", json!({"logGroupName": "/kept"}));
        json!([groups, streams, events])
    };
    let before = all(&mut logs);
    assert_eq!(before[0]["logGroups"][0]["retentionInDays"], 3);
    gateway.stop();
    let gateway = dev(&args);
    let mut logs = Logs::of(&gateway);
    assert_eq!(all(&mut logs), before);
    logs.ask("DeleteLogGroup", json!({"logGroupName": "/kept"}));
    gateway.stop();
    let gateway = dev(&args);
    assert_eq!(Logs::of(&gateway).ask("DescribeLogGroups", json!({})), json!({"logGroups": []}));
}

/// How often the gateway is killed while a client writes.
const KILLS: u64 = 8;

#[test]
fn every_acknowledged_event_outlives_a_kill() {
    let state = tempfile::tempdir().unwrap();
    let mut acknowledged = Vec::new();
    for kill in 0..KILLS {
        acknowledged.extend(write_until_killed(state.path(), kill));
    }
    let gateway = dev(&["--state", state.path().to_str().unwrap()]);
    let there = texts(&gateway, "/written");
    println!("{} events were acknowledged over {KILLS} kills", acknowledged.len());
    assert!(acknowledged.len() > KILLS as usize, "there was time to write");
    let missing: Vec<_> = acknowledged.iter().filter(|text| !there.contains(text)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    let mut once = there.clone();
    once.sort();
    once.dedup();
    assert_eq!(once.len(), there.len(), "nothing is there twice");
}

/// Writes until the gateway is gone; says what was acknowledged.
fn write_until_killed(state: &Path, kill: u64) -> Vec<String> {
    let gateway = dev(&["--state", state.to_str().unwrap()]);
    let mut logs = Logs::of(&gateway);
    let stream = json!({"logGroupName": "/written", "logStreamName": format!("s{kill}")});
    if kill == 0 {
        logs.ask("CreateLogGroup", json!({"logGroupName": "/written"}));
    }
    logs.ask("CreateLogStream", stream.clone());
    let ends = Instant::now() + Duration::from_millis(40 + 17 * kill);
    let mut acknowledged = Vec::new();
    std::thread::scope(|scope| {
        let killer = scope.spawn(|| {
            std::thread::sleep(ends.saturating_duration_since(Instant::now()));
            gateway.signal(Signal::KILL);
        });
        for number in 0.. {
            let texts = [0, 1].map(|part| format!("{kill}/{number}/{part}"));
            let mut input = stream.clone();
            input["logEvents"] =
                texts.iter().map(|text| json!({"timestamp": now_ms(), "message": text})).collect();
            match logs.try_ask("PutLogEvents", &input) {
                Ok((200, _)) => acknowledged.extend(texts),
                Ok(other) => panic!("{other:?}"),
                Err(_) => break,
            }
        }
        killer.join().unwrap();
    });
    gateway.ended();
    acknowledged
}

#[test]
fn log_groups_of_stacks_are_made_changed_and_deleted() {
    let gateway = dev(&[]);
    let mut control = Control::dev(gateway.control_addr());
    let mut ask = |form: &str| {
        control.form("cloudformation", &format!("Version=2010-05-15&StackName=s&{form}"))
    };
    let template = |name: &str, more: &str| {
        format!(
            "TemplateBody={{\"Resources\":{{\"G\":{{\"Type\":\"AWS::Logs::LogGroup\",\"Properties\":{{\"LogGroupName\":\"{name}\"{more}}}}}}}}}"
        )
    };
    let groups = || Logs::of(&gateway).ask("DescribeLogGroups", json!({}))["logGroups"].clone();
    let tags = ",\"RetentionInDays\":7,\"Tags\":[{\"Key\":\"a\",\"Value\":\"b\"}]";
    assert_eq!(ask(&format!("Action=CreateStack&{}", template("/one", tags))).status, 200);
    let made = groups();
    assert_eq!(
        (&made[0]["logGroupName"], &made[0]["retentionInDays"]),
        (&json!("/one"), &json!(7))
    );
    let shown = Logs::of(&gateway).ask("ListTagsLogGroup", json!({"logGroupName": "/one"}));
    assert_eq!(shown, json!({"tags": {"a": "b"}}));
    let update = |text: String| format!("Action=UpdateStack&{text}");
    assert_eq!(ask(&update(template("/one", ""))).status, 200);
    let changed = groups();
    assert_eq!(changed[0].get("retentionInDays"), None, "{changed}");
    let shown = Logs::of(&gateway).ask("ListTagsLogGroup", json!({"logGroupName": "/one"}));
    assert_eq!(shown, json!({"tags": {}}));
    assert_eq!(ask(&update(template("/two", ""))).status, 200);
    assert_eq!(groups().as_array().unwrap().len(), 1);
    assert_eq!(groups()[0]["logGroupName"], "/two");
    let wrong = update(template("/two", ",\"RetentionInDays\":2"));
    assert_eq!(ask(&wrong).status, 200);
    let events = ask("Action=DescribeStackEvents").text().to_owned();
    assert!(events.contains("RetentionInDays: 2 is not a number of days"), "{events}");
    assert_eq!(ask("Action=DeleteStack").status, 200);
    assert_eq!(groups(), json!([]));
}
