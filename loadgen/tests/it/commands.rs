//! `run` and `tune` from the command line, and what every command refuses.

use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::Gateway;

const HOST: [&str; 2] = ["--host", "limits.execute-api.localhost"];

fn loadgen(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_loadgen")).args(args).output().unwrap()
}

fn texts(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}

/// `loadgen run` of a scenario on `/release`, which answers 200 without key and backend.
fn run(gateway: &Gateway, scenario: &str, more: &[&str]) -> Output {
    let target = format!("http://{}/preview", gateway.address());
    let mut args = vec!["run", scenario, "--target", &target];
    args.extend(HOST);
    args.extend(more);
    loadgen(&args)
}

#[test]
fn thresholds_decide_the_exit_status_on_both_engines() {
    let gateway = Gateway::limits();
    let directory = TempDir::new().unwrap();
    let scenario = directory.path().join("mine.yaml");
    let text = "name: mine\nrequests: [{path: /release}]\nload: {arrival: {rate: 200/s}}\nduration: 2500ms\n";
    std::fs::write(&scenario, text).unwrap();
    let scenario = scenario.to_str().unwrap();
    for engine in ["goose", "uring"] {
        let kept = ["--engine", engine, "--threshold", "errors<0.1%", "--json", "-"];
        let output = run(&gateway, scenario, &kept);
        let (stdout, stderr) = texts(&output);
        assert_eq!(output.status.code(), Some(0), "{engine}: {stdout}{stderr}");
        // Standard output is the report and nothing else.
        let report: Value = serde_json::from_str(&stdout).unwrap();
        let checks = report["checks"].as_array().unwrap();
        assert!(checks.iter().any(|check| check["verdict"] == "passed"), "{engine}: {report}");
        assert!(stderr.contains("mine: "), "{engine} tells no progress: {stderr}");
        let broken = ["--engine", engine, "--threshold", "throughput>1000000", "--quiet"];
        let output = run(&gateway, scenario, &broken);
        assert_eq!(output.status.code(), Some(1), "{engine}: {:?}", texts(&output));
    }
}

#[test]
fn a_run_is_compared_with_its_baseline() {
    let gateway = Gateway::limits();
    let directory = TempDir::new().unwrap();
    let file = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    let (baseline, log) = (file("baseline.json"), file("latencies.hlog"));
    let short = ["--param", "path=/release", "--param", "duration=1s", "--quiet"];
    let saved = [&short[..], &["--save-baseline", &baseline]].concat();
    let output = run(&gateway, "get", &saved);
    assert_eq!(output.status.code(), Some(0), "{:?}", texts(&output));
    // A baseline that no machine reaches.
    let mut kept: Value = serde_json::from_slice(&std::fs::read(&baseline).unwrap()).unwrap();
    kept["throughput_rps"] = 1e9.into();
    std::fs::write(&baseline, kept.to_string()).unwrap();
    let output = run(&gateway, "get", &[&short[..], &["--baseline", &baseline]].concat());
    assert_eq!(output.status.code(), Some(1), "{:?}", texts(&output));
    // The log of histograms is goose's part.
    let goose = ["--param", "list=/release", "--param", "item=/release", "--param", "users=2"];
    let goose = [&goose[..], &["--param", "duration=2s", "--hdr-log", &log, "--quiet"]].concat();
    let output = run(&gateway, "browse", &goose);
    assert!(output.status.code() != Some(2), "{:?}", texts(&output));
    let text = std::fs::read_to_string(&log).unwrap();
    assert!(text.starts_with("#[Histogram log format version 1.3]"), "{text}");
    assert!(text.lines().any(|line| line.contains(",HISTFAAA")), "{text}");
}

#[test]
fn tune_finds_a_rate_and_says_what_a_request_costs() {
    let gateway = Gateway::limits();
    let target = format!("http://{}/preview", gateway.address());
    let pid = gateway.pid().to_string();
    let mut args = vec!["tune", "--target", &target, "--path", "/release", "--gateway-pid", &pid];
    // A service level that a busy machine holds at some rate.
    args.extend([
        "--slo",
        "p50<500ms",
        "--slo",
        "errors<5%",
        "--step",
        "500ms",
        "--duration",
        "20s",
    ]);
    args.extend(["--rate-max", "2000", "--connections", "8", "--json", "-"]);
    args.extend(HOST);
    let output = loadgen(&args);
    let (stdout, stderr) = texts(&output);
    assert_eq!(output.status.code(), Some(0), "{stdout}{stderr}");
    let report: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(report["command"], "tune");
    assert!(!report["plots"].as_array().unwrap().is_empty(), "{report}");
    assert!(stdout.contains("CPU"), "{report}");
}

#[test]
fn what_cannot_be_run_says_what_to_do() {
    let definition = crate::support::example("limits.yaml");
    let definition = definition.to_str().unwrap();
    let nobody = format!("http://{}", crate::support::free_address());
    for (args, expected) in [
        (&["verify", "no-such-file.yaml"][..], "cannot read no-such-file.yaml"),
        (&["verify", definition, "--stage", "none"], "it has preview, prod"),
        (&["verify", definition, "--only", "nothing"], "nothing to check"),
        (&["verify", definition, "--target", "127.0.0.1:8080"], "a target is a URL"),
        (&["verify", definition, "--slo", "p99"], "--slo p99"),
        // A test address of RFC 5737: were anything sent, nobody would get it.
        (&["verify", definition, "--target", "http://192.0.2.1"], "--yes"),
        (&["run", "spike", "--target", "http://192.0.2.1", "--param", "peak=2000/s"], "--yes"),
        (&["run", "get", "--target", "http://192.0.2.1"], "--yes"),
        (&["tune", "--target", "http://192.0.2.1"], "--yes"),
        (&["run", "no-such-scenario"], "one of the built-in scenarios: browse"),
        (&["run", "browse", "--param", "color=red"], "color"),
        (&["tune", "--path", "health"], "starts with a slash"),
        (&["tune", "--target", &nobody], "answer"),
    ] {
        let output = loadgen(args);
        let (stdout, stderr) = texts(&output);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {stdout}{stderr}");
        assert!(stderr.contains(expected), "{args:?}: {stderr}");
    }
}

#[test]
fn help_leads_to_a_429() {
    for args in [&["--help"][..], &["verify", "--help"], &["run", "--help"], &["tune", "--help"]] {
        let output = loadgen(args);
        let (stdout, _) = texts(&output);
        assert!(
            output.status.success() && stdout.contains("Examples:") || args.len() == 1,
            "{stdout}"
        );
        if args.len() == 1 {
            assert!(stdout.contains("Prove a 429 on purpose"), "{stdout}");
            assert!(stdout.contains("loadgen verify config/examples/limits.yaml"), "{stdout}");
        }
    }
    let (stdout, _) = texts(&loadgen(&["run", "--list"]));
    for name in ["browse", "write-heavy", "mixed-auth", "bursty", "slow-clients", "spike", "soak"] {
        assert!(stdout.contains(name), "{stdout}");
    }
}
