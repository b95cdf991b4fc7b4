//! Many API keys: how long they take to load, what each costs in memory, and that they are found.
//!
//! For the figures of a million: `SCALE_KEYS=1000000 cargo test --release -p gateway --test it scale --
//! --nocapture`.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tempfile::TempDir;

use super::exact::mock;
use crate::support::{Client, Gateway, PATIENCE};

/// Keys of an ordinary run; another count by the environment variable `SCALE_KEYS`.
const KEYS: usize = 300_000;

/// Resident memory of a key, everything included.
const KEY_BYTES_MAX: f64 = 300.0;

/// From the start of the process to the first answer, for a million keys; a build without optimisation
/// is given twenty times as long, and a small number of keys a second for all that is not keys.
const MILLION_S_MAX: f64 = 5.0;

#[test]
fn many_keys() {
    let keys = std::env::var("SCALE_KEYS").ok().and_then(|text| text.parse().ok()).unwrap_or(KEYS);
    let home = TempDir::new().unwrap();
    let csv = home.path().join("keys.csv");
    std::fs::write(&csv, key_file(keys)).unwrap();
    let csv = csv.display().to_string();
    let last = value(keys - 1);

    let without = Gateway::start(&template("one"), &["--shards", "2"]);
    assert_eq!(ask(&without, &last).0, 403);
    let base = resident(&without);
    // A reload costs something of its own, however many keys there are.
    replace(without.template(), &template("two"));
    without.signal(Signal::HUP);
    without.wait_for_stderr("Reloaded", 1);
    assert_eq!(ask(&without, &last).0, 403);
    let base_reloaded = resident(&without);
    drop(without);

    let started = Instant::now();
    let gateway = Gateway::start(&template("one"), &["--shards", "2", "--api-keys", &csv]);
    assert_eq!(ask(&gateway, &last), (200, "one".to_owned()));
    let start_s = started.elapsed().as_secs_f64();
    let key_bytes = |base: u64| (resident(&gateway) - base) as f64 / keys as f64;
    let loaded_bytes = key_bytes(base);
    for value in [value(keys), format!("{last}0"), last.replace("many", "mony")] {
        assert_eq!(ask(&gateway, &value).0, 403, "{value}");
    }
    assert_eq!(ask(&gateway, &value(0)).0, 200);

    // A changed definition with the same keys: they are not read again, and nobody waits for them.
    let (is_over, asked) = (AtomicBool::new(false), AtomicU64::new(0));
    let (reload_s, pause) = std::thread::scope(|scope| {
        let asking = scope.spawn(|| {
            let mut pause = Duration::ZERO;
            while !is_over.load(Ordering::SeqCst) {
                let before = Instant::now();
                assert_eq!(ask(&gateway, &last).0, 200);
                pause = pause.max(before.elapsed());
                asked.fetch_add(1, Ordering::SeqCst);
            }
            pause
        });
        replace(gateway.template(), &template("two"));
        let started = Instant::now();
        gateway.signal(Signal::HUP);
        while ask(&gateway, &last).1 != "two" {
            assert!(started.elapsed() < PATIENCE, "{}", gateway.stderr());
            std::thread::sleep(Duration::from_millis(1));
        }
        let reload_s = started.elapsed().as_secs_f64();
        is_over.store(true, Ordering::SeqCst);
        (reload_s, asking.join().unwrap())
    });
    let reloaded_bytes = key_bytes(base_reloaded);
    println!(
        "{keys} keys: first answer after {start_s:.2} s, {loaded_bytes:.0} bytes each (peak {:.0}); reloaded in \
         {reload_s:.3} s, then {reloaded_bytes:.0} bytes each; {} requests meanwhile, the longest {pause:?}",
        (peak(&gateway) - base) as f64 / keys as f64,
        asked.into_inner(),
    );
    let slowness = if cfg!(debug_assertions) { 20.0 } else { 1.0 };
    let start_s_max = 1.0 + MILLION_S_MAX * slowness * keys as f64 / 1e6;
    assert!(start_s < start_s_max, "{start_s} s, at most {start_s_max}");
    assert!(loaded_bytes <= KEY_BYTES_MAX, "{loaded_bytes} bytes a key");
    assert!(reloaded_bytes <= KEY_BYTES_MAX, "{reloaded_bytes} bytes a key after a reload");
    // Reading the keys again would take as long as at the start.
    assert!(reload_s < start_s / 2.0 + 0.5, "reloaded in {reload_s} s, started in {start_s}");
}

/// Of 40 characters, as API Gateway makes them.
fn value(index: usize) -> String {
    format!("many-key-{index:031}")
}

/// Keys with ids of 10 and names of 12 characters, all in the plan `many`.
fn key_file(count: usize) -> String {
    let mut text = String::with_capacity(count * 80);
    text.push_str("Id,Name,Key,Enabled,UsagePlanIds\n");
    for index in 0..count {
        writeln!(text, "k{index:09},customer{index:04x},{},TRUE,many", value(index)).unwrap();
    }
    text
}

#[track_caller]
fn ask(gateway: &Gateway, value: &str) -> (u16, String) {
    let mut client = Client::connect(gateway.addr());
    let request = format!("GET /prod/mock HTTP/1.1\r\nHost: a\r\nx-api-key: {value}\r\n\r\n");
    client.send(request.as_bytes());
    let response = client.response();
    (response.status, response.text().to_owned())
}

/// Resident memory, bytes; the kernel's count of pages lags a little.
#[track_caller]
fn resident(gateway: &Gateway) -> u64 {
    status(gateway, "RssAnon:")
}

#[track_caller]
fn peak(gateway: &Gateway) -> u64 {
    status(gateway, "VmHWM:")
}

#[track_caller]
fn status(gateway: &Gateway, name: &str) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{}/status", gateway.pid())).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim().split(' ').next().unwrap().parse::<u64>().unwrap() * 1024
}

fn replace(path: &Path, text: &str) {
    let beside = path.with_extension("next");
    std::fs::write(&beside, text).unwrap();
    std::fs::rename(&beside, path).unwrap();
}

/// `/prod/mock` answers `text` to keys of the plan `many`, which has all that a plan can have.
fn template(text: &str) -> String {
    let mock =
        mock("mock", true).replace("application/json: ok", &format!("application/json: {text}"));
    format!(
        "Resources:
  Api: {{Type: AWS::ApiGateway::RestApi, Properties: {{Name: counted}}}}
{mock}  Deployment:
    Type: AWS::ApiGateway::Deployment
    DependsOn: [Getmock]
    Properties: {{RestApiId: !Ref Api}}
  Prod:
    Type: AWS::ApiGateway::Stage
    Properties: {{RestApiId: !Ref Api, DeploymentId: !Ref Deployment, StageName: prod}}
  Many:
    Type: AWS::ApiGateway::UsagePlan
    Properties:
      UsagePlanName: many
      ApiStages: [{{ApiId: !Ref Api, Stage: !Ref Prod}}]
      Throttle: {{RateLimit: 100000, BurstLimit: 100000}}
      Quota: {{Limit: 1000000000, Period: MONTH}}
"
    )
}
