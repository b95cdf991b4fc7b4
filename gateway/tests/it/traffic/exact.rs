//! What is admitted through real sockets, against the bound of the token bucket.
//!
//! A run begins with full buckets and asks for far more than they hold. Time is taken twice: from before the load
//! starts until the last of its connections is gone, for the upper bound, which allows nothing; and from the first response to
//! the last, for the lower, because nobody can take a token without asking. A run in which the load
//! generator itself paused, or asked for too little, proves nothing and is repeated: that is decided by
//! its demand, never by what was admitted.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Client, Gateway, PATIENCE};

const RATE_RPS: f64 = 300.0;
const BURST: f64 = 300.0;

/// How long a run is, in milliseconds: 2 % of what is admitted then are 15 requests, which is 50 ms.
const RUN_MS: u64 = 1_500;

/// A longer pause of the load shortly before its end could hide tokens that nobody asked for.
const PAUSE_MS_MAX: f64 = 30.0;

/// Runs until one has enough demand.
const TRIES_MAX: u32 = 8;

/// What limits the requests of a path, the path, and the plan that counts them.
const LAYERS: [(&str, &str, Option<&str>); 3] = [
    ("method", "/prod/method", None),
    ("plan × key", "/prod/plan", Some("keyed")),
    ("plan × key × method", "/prod/both", Some("overridden")),
];

#[test]
fn over_shards_and_connections() {
    if !has_wrk("over_shards_and_connections") {
        return;
    }
    println!("{:<20} {:>6} {:>5}  {}", "layer", "shards", "conns", Run::HEAD);
    for shards in [1, 2, 4] {
        for connections in [1, 16, 64] {
            let gateway = Limited::start(shards);
            for (layer, path, plan) in LAYERS {
                let run = gateway.enough_demand(path, plan, connections);
                println!("{layer:<20} {shards:>6} {connections:>5}  {run}");
                run.check(connections);
            }
        }
    }
}

/// Of each key's bucket in `ten_thousand_keys_at_once`.
const KEYS: usize = 10_000;
const KEY_RATE_RPS: f64 = 0.15;
const KEY_BURST: f64 = 5.0;
const KEYS_RUN_MS: u64 = 10_000;

#[test]
fn ten_thousand_keys_at_once() {
    if !has_wrk("ten_thousand_keys_at_once") {
        return;
    }
    let directory = TempDir::new().unwrap();
    let csv = directory.path().join("keys.csv");
    std::fs::write(&csv, key_file(KEYS, "many")).unwrap();
    let csv = csv.display().to_string();
    let gateway = Gateway::start(&template(), &["--api-keys", &csv, "--shards", "2"]);
    let script = directory.path().join("keys.lua");
    let keys = format!(
        "function prepare()\n  for i = 0, {} do\n    {}\n  end\nend\n",
        KEYS - 1,
        "requests[i] = wrk.format(nil, nil, {['x-api-key'] = string.format('many-key-%012d', i)})"
    );
    std::fs::write(&script, format!("{SCRIPT}{keys}")).unwrap();
    let started = Instant::now();
    let load = Load::run(gateway.addr(), "/prod/many", "", 16, KEYS_RUN_MS, &script);
    wait_until_quiet(gateway.ops_addr());
    let outer_s = started.elapsed().as_secs_f64();
    let counts = usage_of_all(gateway.ops_addr(), "many");
    assert_eq!(counts.len(), KEYS);

    // Each key's turn comes once in a round; its first may be a round late and its last a round early.
    let round_s = load.inner_s * KEYS as f64 / load.responses as f64;
    let most = KEY_BURST + KEY_RATE_RPS * outer_s;
    let least = KEY_BURST + KEY_RATE_RPS * (load.inner_s - 2.0 * round_s - load.pause_ms / 1e3);
    // A key can ask no more often than its turn comes.
    let turns = (load.responses / KEYS as u64).saturating_sub(1);
    let least = (0.98 * least).floor().min(turns as f64) as u64;
    let sum: u64 = counts.iter().map(|(_, count)| count).sum();
    let (low, high) = (
        counts.iter().map(|(_, count)| *count).min().unwrap(),
        counts.iter().map(|(_, count)| *count).max().unwrap(),
    );
    println!(
        "{KEYS} keys, {} responses, rounds of {round_s:.2} s: admitted {low}..={high} of each, bound \
         {least}..={most:.2}; {sum} of all, at most {:.0}",
        load.responses,
        KEYS as f64 * most,
    );
    // And no bucket is full again before its next turn, so that no token is due that nobody asked for.
    let is_slow = turns < 2 || KEY_RATE_RPS * round_s > 1.0;
    assert!(!is_slow, "rounds of {round_s} s: this machine is too busy to tell anything");
    for (key, count) in &counts {
        assert!(*count as f64 <= most, "{key} was admitted {count} times, at most {most:.2}");
        assert!(*count >= least, "{key} was admitted {count} times, at least {least}");
    }
    assert!(sum as f64 <= KEYS as f64 * most && sum >= KEYS as u64 * least);
    let ok = responses(gateway.ops_addr(), "2xx");
    assert_eq!(sum, ok, "each admitted request is counted and answered");
    assert!(load.ok <= ok && ok <= load.ok + 16, "{} seen of {ok}", load.ok);
}

/// A gateway with one throttled path for each layer.
struct Limited {
    gateway: Gateway,
    script: PathBuf,
    _directory: TempDir,
}

/// What came of one run.
struct Run {
    load: Load,
    outer_s: f64,
    /// By the gateway's own count.
    admitted: u64,
}

impl Limited {
    #[track_caller]
    fn start(shards: usize) -> Self {
        let directory = TempDir::new().unwrap();
        let script = directory.path().join("one.lua");
        let one = "function prepare()\n  requests[0] = wrk.format()\nend\n";
        std::fs::write(&script, format!("{SCRIPT}{one}")).unwrap();
        let gateway = Gateway::start(&template(), &["--shards", &shards.to_string()]);
        Self { gateway, script, _directory: directory }
    }

    /// Runs until there was demand enough; buckets fill up between runs.
    #[track_caller]
    fn enough_demand(&self, path: &str, plan: Option<&str>, connections: u64) -> Run {
        for _ in 1..=TRIES_MAX {
            let run = self.run(path, plan, connections);
            if run.has_demand() {
                return run;
            }
            println!("repeated, the load was too small: {path} {run}");
            std::thread::sleep(Duration::from_secs_f64(BURST / RATE_RPS));
        }
        panic!("{TRIES_MAX} runs without demand enough: this machine is too busy to tell anything")
    }

    #[track_caller]
    fn run(&self, path: &str, plan: Option<&str>, connections: u64) -> Run {
        let key = plan.map(key_of).unwrap_or_default();
        let before = self.admitted(plan);
        let started = Instant::now();
        let load = Load::run(self.gateway.addr(), path, &key, connections, RUN_MS, &self.script);
        wait_until_quiet(self.gateway.ops_addr());
        let outer_s = started.elapsed().as_secs_f64();
        Run { load, outer_s, admitted: self.admitted(plan) - before }
    }

    /// By the usage of the plan that limits the path, or by all responses where none does.
    #[track_caller]
    fn admitted(&self, plan: Option<&str>) -> u64 {
        let ops = self.gateway.ops_addr();
        let ok = responses(ops, "2xx");
        plan.map_or(ok, |plan| usage_of_all(ops, plan).iter().map(|(_, count)| count).sum())
    }
}

impl Run {
    const HEAD: &'static str =
        "offered admitted   least    most   share  inner s  outer s  pause ms";

    fn most(&self) -> f64 {
        BURST + RATE_RPS * self.outer_s
    }

    fn fair(&self) -> f64 {
        BURST + RATE_RPS * self.load.inner_s
    }

    /// Whether whoever admits less must be wrong.
    fn has_demand(&self) -> bool {
        self.load.pause_ms <= PAUSE_MS_MAX && self.load.responses as f64 >= 1.3 * self.most()
    }

    #[track_caller]
    fn check(&self, connections: u64) {
        let admitted = self.admitted as f64;
        assert!(admitted <= self.most() + 1.0, "more than the bound: {self}");
        assert!(admitted >= 0.98 * self.fair() - 1.0, "less than what was due: {self}");
        // What was on its way when the load ended is not in its count.
        let seen = self.load.ok;
        let is_same = seen <= self.admitted && self.admitted <= seen + connections;
        assert!(is_same, "clients saw {seen}: {self}");
        assert_eq!(self.load.others, 0, "neither 200 nor 429: {self}");
    }
}

impl std::fmt::Display for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{:>7} {:>8} {:>7.1} {:>7.1} {:>7.4} {:>8.3} {:>8.3} {:>9.1}",
            self.load.responses,
            self.admitted,
            0.98 * self.fair(),
            self.most() + 1.0,
            self.admitted as f64 / self.fair(),
            self.load.inner_s,
            self.outer_s,
            self.load.pause_ms,
        )
    }
}

/// What wrk saw.
struct Load {
    responses: u64,
    /// With status 200.
    ok: u64,
    /// With a status that is neither 200 nor 429, and broken connections.
    others: u64,
    /// From the first response to the last.
    inner_s: f64,
    /// The longest pause between responses that ended less than 150 ms before the last one.
    pause_ms: f64,
}

impl Load {
    #[track_caller]
    fn run(
        addr: SocketAddr,
        path: &str,
        key: &str,
        connections: u64,
        run_ms: u64,
        script: &Path,
    ) -> Self {
        // wrk runs whole seconds; a signal ends it early, and it reports all the same.
        let mut wrk = Command::new("wrk")
            .args(["--threads", "1", "--duration", "60", "--timeout", "20"])
            .args(["--connections", &connections.to_string()])
            .args(["--header", &format!("x-api-key: {key}")])
            .arg("--script")
            .arg(script)
            .arg(format!("http://{addr}{path}"))
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(run_ms));
        let pid = rustix::process::Pid::from_raw(i32::try_from(wrk.id()).unwrap()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
        let mut text = String::new();
        std::io::Read::read_to_string(&mut wrk.stdout.take().unwrap(), &mut text).unwrap();
        assert!(wrk.wait().unwrap().success(), "{text}");
        let line = text.lines().find_map(|line| line.strip_prefix("seen ")).unwrap_or_else(|| {
            panic!("wrk did not say what it saw:\n{text}");
        });
        let numbers: Vec<f64> = line.split(' ').map(|number| number.parse().unwrap()).collect();
        let [responses, ok, limited, errors, inner_s, pause_s] = numbers[..] else {
            panic!("{line}")
        };
        Self {
            responses: responses as u64,
            ok: ok as u64,
            others: (responses - ok - limited + errors) as u64,
            inner_s,
            pause_ms: pause_s * 1e3,
        }
    }
}

/// What wrk's one thread does: sends `requests` in turn, and notes when responses come.
const SCRIPT: &str = r#"
local ffi = require("ffi")
ffi.cdef[[
typedef struct { long s; long ns; } instant;
int clock_gettime(int clock, instant *to);
]]
local at = ffi.new("instant")
local function now()
  ffi.C.clock_gettime(1, at)
  return tonumber(at.s) + tonumber(at.ns) * 1e-9
end

requests = {}
local turn = -1
seen, ok, limited, first, last, pause, pause_end = 0, 0, 0, 0, 0, 0, 0

function setup(thread) the_thread = thread end
function init() prepare() end

function request()
  turn = turn + 1
  if requests[turn] == nil then turn = 0 end
  return requests[turn]
end

function response(status)
  local instant = now()
  if seen == 0 then
    first = instant
  elseif instant - pause_end > 0.15 or instant - last >= pause then
    pause, pause_end = instant - last, instant
  end
  seen, last = seen + 1, instant
  if status == 200 then ok = ok + 1 elseif status == 429 then limited = limited + 1 end
end

function done(summary)
  local get = function(name) return the_thread:get(name) end
  local errors = summary.errors.connect + summary.errors.read + summary.errors.write
  print(string.format("seen %d %d %d %d %.6f %.6f", get("seen"), get("ok"), get("limited"), errors,
    get("last") - get("first"), get("pause")))
end

"#;

/// Whether wrk is here; names the test that it is left out where not.
fn has_wrk(test: &str) -> bool {
    let found = Command::new("wrk").arg("-v").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if found.is_err() {
        println!("left out, wrk is not installed: traffic::exact::{test}");
    }
    found.is_ok()
}

/// Waits until the connections of the load are gone: requests that it left on its way may still be admitted
/// after it has ended.
#[track_caller]
fn wait_until_quiet(ops: SocketAddr) {
    let deadline = Instant::now() + PATIENCE;
    while metric(ops, "gateway_connections_active") > 0 {
        assert!(Instant::now() < deadline, "connections of a load that has ended are still there");
    }
}

/// Responses of a class of status, counted by the gateway.
#[track_caller]
fn responses(ops: SocketAddr, class: &str) -> u64 {
    metric(ops, &format!("gateway_responses_total{{status_class=\"{class}\"}}"))
}

/// The sum of the series whose names begin like this.
#[track_caller]
pub(super) fn metric(ops: SocketAddr, series: &str) -> u64 {
    let response = Client::get(ops, "/metrics");
    let of_series = response.text().lines().filter(|line| line.starts_with(series));
    of_series.map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap() as u64).sum()
}

/// What each key of a plan used, by key id, over yesterday, today and tomorrow.
#[track_caller]
pub(super) fn usage_of_all(ops: SocketAddr, plan: &str) -> Vec<(String, u64)> {
    let mut counts = Vec::new();
    let mut position = String::new();
    loop {
        let page = usage_page(ops, plan, &format!("&limit=500{position}"));
        for (key, pairs) in page["values"].as_object().unwrap() {
            let used = pairs.as_array().unwrap().iter().map(|pair| pair[0].as_u64().unwrap());
            counts.push((key.clone(), used.sum()));
        }
        let Some(last) = page["position"].as_str() else { return counts };
        position = format!("&position={last}");
    }
}

/// A report over yesterday, today and tomorrow, so that midnight does not matter.
#[track_caller]
pub(super) fn usage_page(ops: SocketAddr, plan: &str, more: &str) -> Value {
    let today = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let today = today.as_secs() / 86_400;
    let (from, to) = (date(today - 1), date(today + 1));
    let target = format!("/usageplans/{plan}/usage?startDate={from}&endDate={to}{more}");
    let response = Client::get(ops, &target);
    assert_eq!(response.status, 200, "{target}: {}", response.text());
    serde_json::from_slice(&response.body).unwrap()
}

/// A day after the epoch as `YYYY-MM-DD`.
pub(super) fn date(day: u64) -> String {
    let (mut year, mut left) = (1970, day);
    let is_leap = |year: u64| {
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
    };
    while left >= 365 + u64::from(is_leap(year)) {
        left -= 365 + u64::from(is_leap(year));
        year += 1;
    }
    let february = 28 + u64::from(is_leap(year));
    let mut month = 1;
    for days in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if left < days {
            break;
        }
        left -= days;
        month += 1;
    }
    format!("{year:04}-{month:02}-{:02}", left + 1)
}

/// Keys `{plan}-key-000000000000` and so on, with ids `{plan}0` and so on, all in one plan.
pub(super) fn key_file(count: usize, plan: &str) -> String {
    let mut text = String::with_capacity(count * 64);
    text.push_str("Id,Name,Key,Enabled,UsagePlanIds\n");
    for index in 0..count {
        writeln!(text, "{plan}{index},name{index},{plan}-key-{index:012},TRUE,{plan}").unwrap();
    }
    text
}

/// `/prod/method`, `/prod/plan` and `/prod/both` are limited each by a layer of their own; `/prod/many` by the
/// plan of `ten_thousand_keys_at_once`.
fn template() -> String {
    let mut text = String::from(
        "Resources:
  Api: {Type: AWS::ApiGateway::RestApi, Properties: {Name: limited}}
",
    );
    for (name, is_keyed) in [("method", false), ("plan", true), ("both", true), ("many", true)] {
        text.push_str(&mock(name, is_keyed));
    }
    let (key_of_keyed, key_of_overridden) = (key_of("keyed"), key_of("overridden"));
    write!(
        text,
        "  Deployment:
    Type: AWS::ApiGateway::Deployment
    DependsOn: [Getmethod, Getplan, Getboth, Getmany]
    Properties: {{RestApiId: !Ref Api}}
  Prod:
    Type: AWS::ApiGateway::Stage
    Properties:
      RestApiId: !Ref Api
      DeploymentId: !Ref Deployment
      StageName: prod
      MethodSettings:
        - {{ResourcePath: /method, HttpMethod: GET, ThrottlingRateLimit: {RATE_RPS}, ThrottlingBurstLimit: {BURST}}}
  Keyed:
    Type: AWS::ApiGateway::UsagePlan
    Properties:
      UsagePlanName: keyed
      ApiStages: [{{ApiId: !Ref Api, Stage: !Ref Prod}}]
      Throttle: {{RateLimit: {RATE_RPS}, BurstLimit: {BURST}}}
  Overridden:
    Type: AWS::ApiGateway::UsagePlan
    Properties:
      UsagePlanName: overridden
      ApiStages:
        - ApiId: !Ref Api
          Stage: !Ref Prod
          Throttle: {{/both/GET: {{RateLimit: {RATE_RPS}, BurstLimit: {BURST}}}}}
      Throttle: {{RateLimit: 100000, BurstLimit: 100000}}
  Many:
    Type: AWS::ApiGateway::UsagePlan
    Properties:
      UsagePlanName: many
      ApiStages: [{{ApiId: !Ref Api, Stage: !Ref Prod}}]
      Throttle: {{RateLimit: {KEY_RATE_RPS}, BurstLimit: {KEY_BURST}}}
  KeyOfKeyed: {{Type: AWS::ApiGateway::ApiKey, Properties: {{Name: a, Enabled: true, Value: {key_of_keyed}}}}}
  KeyOfOverridden: {{Type: AWS::ApiGateway::ApiKey, Properties: {{Name: b, Enabled: true, Value: {key_of_overridden}}}}}
  InKeyed:
    Type: AWS::ApiGateway::UsagePlanKey
    Properties: {{KeyId: !Ref KeyOfKeyed, KeyType: API_KEY, UsagePlanId: !Ref Keyed}}
  InOverridden:
    Type: AWS::ApiGateway::UsagePlanKey
    Properties: {{KeyId: !Ref KeyOfOverridden, KeyType: API_KEY, UsagePlanId: !Ref Overridden}}
"
    )
    .unwrap();
    text
}

/// The value of the only key in a plan.
fn key_of(plan: &str) -> String {
    format!("{plan}-0123456789-0123456789")
}

/// A resource `/{name}` whose GET answers by itself.
pub(super) fn mock(name: &str, is_keyed: bool) -> String {
    format!(
        "  Path{name}:
    Type: AWS::ApiGateway::Resource
    Properties: {{RestApiId: !Ref Api, ParentId: !GetAtt Api.RootResourceId, PathPart: {name}}}
  Get{name}:
    Type: AWS::ApiGateway::Method
    Properties:
      RestApiId: !Ref Api
      ResourceId: !Ref Path{name}
      HttpMethod: GET
      AuthorizationType: NONE
      ApiKeyRequired: {is_keyed}
      Integration:
        Type: MOCK
        RequestTemplates: {{application/json: '{{\"statusCode\": 200}}'}}
        IntegrationResponses: [{{StatusCode: \"200\", ResponseTemplates: {{application/json: ok}}}}]
      MethodResponses: [{{StatusCode: \"200\"}}]
"
    )
}
