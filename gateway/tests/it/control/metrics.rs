//! CloudWatch's metrics: exact sums through boto3, the other protocols, and what outlives a process, a reload and a stage.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rustix::process::Signal;
use serde_json::{Value, json};

use super::client::{Control, ControlGateway as _};
use super::tools::{Desk, aws, said};
use crate::support::{Client, Gateway, PATIENCE, in_package};

const TEMPLATE: &str = "tests/it/control/metrics.yaml";

fn serve(more: &[&str]) -> Gateway {
    let text = std::fs::read_to_string(in_package(TEMPLATE)).unwrap();
    let mut args = vec!["--control", "127.0.0.1:0", "--dev", "--shards", "2"];
    args.extend_from_slice(more);
    Gateway::start(&text, &args)
}

#[test]
fn boto3_is_told_exactly_what_was_counted() {
    let Some(venv) = std::env::var_os("GATEWAY_TEST_VENV").map(PathBuf::from) else {
        eprintln!("left out: GATEWAY_TEST_VENV does not say where boto3 is; scripts/test does");
        return;
    };
    let gateway = serve(&["--test-clock"]);
    let output = Command::new(venv.join("bin/python"))
        .arg(in_package("tests/control/metrics.py"))
        .arg(format!("http://{}", gateway.control_addr()))
        .args([gateway.addr().to_string(), gateway.ops_addr().to_string()])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Sends a request `count` times.
#[track_caller]
fn get(gateway: &Gateway, path: &str, count: usize, status: u16) {
    let mut client = Client::connect(gateway.addr());
    for _ in 0..count {
        client.send(
            format!("GET /_aws/execute-api/shop1{path} HTTP/1.1\r\nHost: localhost\r\n\r\n")
                .as_bytes(),
        );
        assert_eq!(client.response().status, status);
    }
}

/// Moves the gateway's clock to the next minute.
#[track_caller]
fn end_minute(gateway: &Gateway) {
    let mut client = Client::connect(gateway.ops_addr());
    let target = "/clock?advance_seconds=60";
    client.send(format!("POST {target} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes());
    assert_eq!(client.response().status, 200);
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// One signed request in JSON 1.0.
#[track_caller]
fn ask(gateway: &Gateway, operation: &str, input: &Value) -> Result<Value, (u16, String, Value)> {
    let mut control = Control::dev(gateway.control_addr());
    let target = format!("GraniteServiceVersion20100801.{operation}");
    control.service("monitoring").try_target(&target, &input.to_string()).unwrap();
    let answer = control.try_response().unwrap();
    assert_eq!(answer.header("content-type"), Some("application/x-amz-json-1.0"));
    let document = serde_json::from_slice(&answer.body).unwrap();
    match answer.status {
        200 => Ok(document),
        status => {
            let error = answer.header("x-amzn-query-error").unwrap_or_default().to_owned();
            Err((status, error, document))
        }
    }
}

fn statistics(metric: &str, stage: &str) -> Value {
    json!({
        "Namespace": "AWS/ApiGateway",
        "MetricName": metric,
        "Dimensions": [{"Name": "ApiName", "Value": "shop"}, {"Name": "Stage", "Value": stage}],
        "StartTime": now() - 7_200,
        "EndTime": now() + 7_200,
        "Period": 60,
        "Statistics": ["Sum"],
    })
}

#[track_caller]
fn sum(gateway: &Gateway, metric: &str, stage: &str) -> f64 {
    let found = ask(gateway, "GetMetricStatistics", &statistics(metric, stage)).unwrap();
    let points = found["Datapoints"].as_array().unwrap();
    points.iter().map(|point| point["Sum"].as_f64().unwrap()).sum()
}

/// A request is counted when its last byte has gone, which its client may see a little earlier.
#[track_caller]
fn settled(gateway: &Gateway, metric: &str, stage: &str, expect: f64) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let found = sum(gateway, metric, stage);
        assert!(found <= expect, "{metric} of {stage}: {found}, not {expect}");
        if found == expect {
            return;
        }
        assert!(Instant::now() < deadline, "{metric} of {stage}: {found}, not {expect}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn older_clients_are_answered_in_json_and_in_xml() {
    let gateway = serve(&[]);
    get(&gateway, "/prod/pets?status=404", 3, 404);
    settled(&gateway, "4XXError", "prod", 3.0);
    let mut wrong = statistics("Count", "prod");
    wrong["Period"] = 7.into();
    let (status, error, document) = ask(&gateway, "GetMetricStatistics", &wrong).unwrap_err();
    assert_eq!((status, &*error), (400, "InvalidParameterValue;Sender"));
    assert_eq!(document["__type"], "com.amazonaws.cloudwatch#InvalidParameterValueException");
    let (status, error, _) = ask(&gateway, "PutMetricAlarm", &json!({})).unwrap_err();
    assert_eq!((status, &*error), (501, "NotImplementedException;Receiver"));
    let now = now();
    let form = format!(
        "Action=GetMetricStatistics&Version=2010-08-01&Namespace=AWS%2FApiGateway&MetricName=4XXError&Period=3600&\
         Dimensions.member.1.Name=ApiName&Dimensions.member.1.Value=shop&StartTime={}&EndTime={}&\
         Statistics.member.1=Sum",
        now - 3_600,
        now + 3_600
    );
    let mut control = Control::dev(gateway.control_addr());
    let answer = control.form("monitoring", &form);
    assert_eq!(answer.status, 400, "seconds are no time of the query protocol");
    assert!(answer.text().contains("<Code>InvalidParameterValue</Code>"), "{}", answer.text());
    let form = form
        .replace(&format!("StartTime={}", now - 3_600), "StartTime=2020-01-01T00%3A00%3A00Z")
        .replace("Period=3600", "Period=864000000");
    let form =
        form.replace(&format!("EndTime={}", now + 3_600), "EndTime=2120-01-01T00%3A00%3A00Z");
    let answer = control.form("monitoring", &form);
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert!(answer.text().contains("<Sum>3.0</Sum><Unit>Count</Unit>"), "{}", answer.text());
    let answer = control.form("monitoring", "Action=DescribeAlarms&Version=2010-08-01");
    assert_eq!(answer.status, 501);
    assert!(answer.text().contains("<Code>NotImplemented</Code>"), "{}", answer.text());
}

#[test]
fn the_aws_command_line_has_it_at_once() {
    let Some(aws) = aws() else { return };
    let gateway = serve(&[]);
    get(&gateway, "/prod/pets?status=200", 5, 200);
    settled(&gateway, "Count", "prod", 5.0);
    let desk = Desk::at(&gateway);
    let text = said(&desk.run(
        &aws,
        &[
            "cloudwatch",
            "get-metric-statistics",
            "--namespace",
            "AWS/ApiGateway",
            "--metric-name",
            "Count",
            "--dimensions",
            "Name=ApiName,Value=shop",
            "Name=Stage,Value=prod",
            "--start-time",
            "2020-01-01T00:00:00Z",
            "--end-time",
            "2120-01-01T00:00:00Z",
            "--period",
            "864000000",
            "--statistics",
            "Sum",
            "--query",
            "Datapoints[0].Sum",
            "--output",
            "text",
        ],
    ));
    assert_eq!(text, "5.0");
}

fn with_state(state: &Path) -> Gateway {
    serve(&["--state", state.to_str().unwrap()])
}

/// Puts more than waits for the end of a minute: what was counted so far goes to the disk at once.
#[track_caller]
fn fill(gateway: &Gateway) {
    for part in 0..3 {
        let data: Vec<_> = (0..700)
            .map(|n| json!({"MetricName": format!("m{part}-{n}"), "Value": 1, "Timestamp": now()}))
            .collect();
        ask(gateway, "PutMetricData", &json!({"Namespace": "Shop", "MetricData": data})).unwrap();
    }
}

#[test]
fn what_is_kept_outlives_a_kill_and_the_minute_that_runs_a_stop() {
    let state = tempfile::tempdir().unwrap();
    let gateway = with_state(state.path());
    get(&gateway, "/prod/pets?status=200", 4, 200);
    settled(&gateway, "Count", "prod", 4.0);
    fill(&gateway);
    gateway.signal(Signal::KILL);
    gateway.ended();
    let gateway = with_state(state.path());
    assert_eq!(sum(&gateway, "Count", "prod"), 4.0, "it was on the disk");
    get(&gateway, "/prod/pets?status=502", 2, 502);
    settled(&gateway, "5XXError", "prod", 2.0);
    gateway.stop();
    // What a crash cut in two, behind all that is whole.
    let file = state.path().join("metrics").join("0000000001.minutes");
    let mut bytes = std::fs::read(&file).unwrap();
    bytes.extend_from_within(..20);
    std::fs::write(&file, bytes).unwrap();
    let gateway = with_state(state.path());
    assert_eq!(sum(&gateway, "Count", "prod"), 6.0, "a stop keeps the minute that runs");
    get(&gateway, "/prod/pets?status=200", 1, 200);
    settled(&gateway, "Count", "prod", 7.0);
    gateway.stop();
    let gateway = with_state(state.path());
    assert_eq!((sum(&gateway, "Count", "prod"), sum(&gateway, "5XXError", "prod")), (7.0, 2.0));
}

#[test]
fn counts_go_on_over_reloads_and_a_stage_that_ends_keeps_its_own() {
    let gateway = serve(&["--test-clock"]);
    get(&gateway, "/prod/pets?status=200", 3, 200);
    get(&gateway, "/cached/pets/1?status=200", 2, 200);
    settled(&gateway, "Count", "prod", 3.0);
    settled(&gateway, "Count", "cached", 2.0);
    let text = std::fs::read_to_string(gateway.template()).unwrap();
    gateway.signal(Signal::HUP);
    gateway.wait_for_stderr("Reloaded", 1);
    get(&gateway, "/prod/pets?status=200", 2, 200);
    settled(&gateway, "Count", "prod", 5.0);
    // Counted and not yet sampled when its stage ends.
    get(&gateway, "/cached/pets/1?status=200", 4, 200);
    let without = text.split("\n  Cached:\n").next().unwrap();
    std::fs::write(gateway.template(), format!("{without}\n")).unwrap();
    gateway.signal(Signal::HUP);
    gateway.wait_for_stderr("Reloaded", 2);
    get(&gateway, "/cached/pets/1?status=200", 1, 403);
    // A scrape forgets what has ended, yet not what nobody has sampled.
    for _ in 0..2 {
        let answer = Client::get(gateway.ops_addr(), "/metrics");
        assert_eq!(answer.status, 200);
    }
    settled(&gateway, "Count", "cached", 6.0);
    settled(&gateway, "Count", "prod", 5.0);
    end_minute(&gateway);
    assert_eq!(sum(&gateway, "Count", "cached"), 6.0);
    assert!(!Client::get(gateway.ops_addr(), "/metrics").text().contains("stage=\"cached\""));
}
