//! `kill -9` at random moments under load: what the disk has afterwards was really counted, and only
//! the last second may be missing.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tempfile::TempDir;

use super::super::exact::{mock, usage_page};
use crate::support::{Client, Gateway, PATIENCE};

/// Kills, over all lanes.
const ROUNDS: u64 = 100;

/// Gateways at once, each with a directory of its own: a round mostly waits.
const LANES: u64 = 4;

/// From the beginning of the load to the kill, in milliseconds: from before the first write until after several,
/// so that there is something that must not be lost.
const KILL_MS: std::ops::Range<u64> = 20..1_800;

/// What a crash may lose, as `gateway/docs/operations.md` promises.
const LOSS_MAX: Duration = Duration::from_millis(1_000);

/// Requests of each key with a quota; used up within a few rounds.
const QUOTA: u64 = 1_500;

/// Rounds with the same key.
const ROUNDS_OF_KEY: u64 = 5;

/// Of a request to the next on a connection: what is counted matters here, not how fast.
const PAUSE: Duration = Duration::from_millis(1);

/// How many connections ask with each of a round's keys.
const CONNECTIONS: usize = 3;

/// Seed of the moments; another one by the environment variable `QUOTA_CRASH_SEED`.
const SEED: u64 = 0x005E_ED0F_C0DE;

#[test]
fn counts_outlive_a_hundred_kills() {
    let seed = std::env::var("QUOTA_CRASH_SEED").ok().and_then(|text| text.parse().ok());
    let seed = seed.unwrap_or(SEED);
    let lanes: Vec<Lane> = std::thread::scope(|scope| {
        let running: Vec<_> = (0..LANES)
            .map(|lane| scope.spawn(move || Lane::default().run(Random(seed ^ (lane << 32)))))
            .collect();
        running.into_iter().map(|lane| lane.join().unwrap()).collect()
    });
    let sum = |of: fn(&Lane) -> u64| lanes.iter().map(of).sum::<u64>();
    let lost_ms = lanes.iter().map(|lane| lane.loss_max.as_millis()).max().unwrap();
    println!(
        "seed {seed}: {} kills, {} requests answered, {} refused, {} counts lost; the oldest lost count was \
         {lost_ms} ms old; {} quotas used up; {} rounds in which something had to be there",
        sum(|lane| lane.rounds),
        sum(|lane| lane.answered),
        sum(|lane| lane.refused),
        sum(|lane| lane.lost),
        sum(|lane| lane.used_up),
        sum(|lane| lane.proving),
    );
    assert_eq!(sum(|lane| lane.rounds), ROUNDS);
    // Otherwise this test would be true of a gateway that counts nothing.
    assert!(sum(|lane| lane.used_up) >= LANES && sum(|lane| lane.refused) > 0);
    assert!(sum(|lane| lane.proving) >= ROUNDS / 5);
}

#[test]
fn a_stop_in_order_loses_nothing() {
    let state = TempDir::new().unwrap();
    let gateway = start(state.path(), 1);
    let load =
        Load::run(&gateway, "quota-key-0-0123456789", Duration::from_millis(400), Signal::TERM);
    let stopped = gateway.ended();
    assert_eq!(stopped.code, Some(0), "{}", stopped.stderr);
    let gateway = start(state.path(), 1);
    let ops = gateway.ops_addr();
    let (limited, free) = (used(ops, "limited", "q0"), used(ops, "free", "free"));
    let (answered, answered_free) = (load.limited.answers.len(), load.free.answers.len());
    assert!(answered > 20 && answered_free > 20, "{answered}, {answered_free}");
    assert_eq!(limited, (answered as u64, QUOTA - answered as u64));
    assert_eq!(free.0, answered_free as u64);
    // A second time nothing was asked for, and nothing is counted twice.
    assert_eq!(gateway.stop().code, Some(0));
    let gateway = start(state.path(), 1);
    assert_eq!(used(gateway.ops_addr(), "limited", "q0"), limited);
}

/// What came of the rounds on one directory.
#[derive(Default)]
struct Lane {
    rounds: u64,
    answered: u64,
    refused: u64,
    lost: u64,
    /// How long before the kill the oldest request was answered whose count is missing.
    loss_max: Duration,
    used_up: u64,
    /// Rounds with requests that were answered so early that their counts must be there.
    proving: u64,
}

impl Lane {
    fn run(mut self, mut random: Random) -> Self {
        let state = TempDir::new().unwrap();
        let rounds = ROUNDS / LANES;
        let mut gateway = start(state.path(), rounds / ROUNDS_OF_KEY);
        let mut lost_of_key = 0;
        let mut answered_of_key = 0;
        for round in 0..rounds {
            let key = round / ROUNDS_OF_KEY;
            if round % ROUNDS_OF_KEY == 0 {
                (lost_of_key, answered_of_key) = (0, 0);
            }
            let id = format!("q{key}");
            let before = used(gateway.ops_addr(), "limited", &id);
            let free_before = used(gateway.ops_addr(), "free", "free").0;
            // A request is counted twice, against the quota and for the day. A kill may come when only one
            // of the two is written, for one request of each connection.
            let skew = CONNECTIONS as u64 * (round % ROUNDS_OF_KEY);
            let of_quota = QUOTA - before.1;
            assert!(of_quota.abs_diff(before.0) <= skew, "round {round}: what remains: {before:?}");
            let kill_at = KILL_MS.start + random.next() % (KILL_MS.end - KILL_MS.start);
            let value = format!("quota-key-{key}-0123456789");
            let load = Load::run(&gateway, &value, Duration::from_millis(kill_at), Signal::KILL);
            gateway.ended();
            gateway = start(state.path(), rounds / ROUNDS_OF_KEY);
            let after = used(gateway.ops_addr(), "limited", &id).0;
            let free_after = used(gateway.ops_addr(), "free", "free").0;

            let limited = &load.limited;
            lost_of_key += self.compare(round, limited, after.checked_sub(before.0), load.killed);
            self.compare(round, &load.free, free_after.checked_sub(free_before), load.killed);
            assert_eq!(load.free.refused, 0, "a key without a quota is never refused");
            // Nobody was refused who had a request left: all were on their way or answered.
            let asked = of_quota + limited.answers.len() as u64 + limited.unanswered;
            if limited.refused > 0 {
                assert!(asked >= QUOTA, "round {round}: refused after {asked} of {QUOTA}");
                self.used_up += 1;
            }
            // And the quota is exceeded by no more than what was lost.
            answered_of_key += limited.answers.len() as u64;
            assert!(of_quota + limited.answers.len() as u64 <= QUOTA);
            assert!(after <= QUOTA + skew + CONNECTIONS as u64);
            assert!(
                answered_of_key <= QUOTA + lost_of_key + skew,
                "round {round}: {answered_of_key} answered of {QUOTA}, {lost_of_key} lost"
            );
            self.rounds += 1;
        }
        self
    }

    /// What one key's requests are on the disk; says how many answered ones are missing there.
    #[track_caller]
    fn compare(&mut self, round: u64, asked: &Asked, counted: Option<u64>, killed: Instant) -> u64 {
        let counted = counted.expect("a count never goes back over a crash");
        let answered = asked.answers.len() as u64;
        let most = answered + asked.unanswered;
        assert!(counted <= most, "round {round}: {counted} on the disk of {most} asked for");
        let mut answers = asked.answers.clone();
        answers.sort_unstable();
        let due = answers.iter().filter(|at| **at + LOSS_MAX < killed).count() as u64;
        let oldest_lost = answers.get(counted as usize).map(|at| killed.duration_since(*at));
        assert!(
            counted >= due,
            "round {round}: {counted} on the disk, {due} were answered {LOSS_MAX:?} before the kill; \
             the oldest that is missing {oldest_lost:?} before"
        );
        let lost = answered.saturating_sub(counted);
        self.loss_max = self.loss_max.max(oldest_lost.unwrap_or_default());
        self.lost += lost;
        self.answered += answered;
        self.refused += asked.refused;
        self.proving += u64::from(due > 0);
        lost
    }
}

/// What clients saw until the gateway was gone.
struct Load {
    limited: Asked,
    free: Asked,
    killed: Instant,
}

#[derive(Default)]
struct Asked {
    /// When each 200 had come.
    answers: Vec<Instant>,
    refused: u64,
    /// Sent, and neither answered nor refused.
    unanswered: u64,
}

impl Load {
    /// Asks with a key that has a quota and with one that has none until the gateway is gone, which it is
    /// told to be after a while.
    fn run(gateway: &Gateway, value: &str, after: Duration, signal: Signal) -> Self {
        let (limited, free) = (Mutex::default(), Mutex::default());
        let is_over = AtomicBool::new(false);
        let mut killed = Instant::now();
        std::thread::scope(|scope| {
            for (value, asked) in [(value, &limited), ("free-key-0123456789-0123456789", &free)] {
                for _ in 0..CONNECTIONS {
                    let (addr, is_over) = (gateway.addr(), &is_over);
                    scope.spawn(move || ask(addr, value, asked, is_over));
                }
            }
            std::thread::sleep(after);
            killed = Instant::now();
            gateway.signal(signal);
            is_over.store(true, Ordering::SeqCst);
        });
        Self { limited: limited.into_inner().unwrap(), free: free.into_inner().unwrap(), killed }
    }
}

fn ask(addr: SocketAddr, value: &str, asked: &Mutex<Asked>, is_over: &AtomicBool) {
    let request = format!("GET /prod/mock HTTP/1.1\r\nHost: a\r\nx-api-key: {value}\r\n\r\n");
    let Ok(mut client) = Client::try_connect(addr) else { return };
    while client.try_send(request.as_bytes()).is_ok() {
        let response = client.try_response_to("GET");
        let at = Instant::now();
        let mut asked = asked.lock().unwrap();
        let is_closing = match response {
            Ok(Some(response)) => {
                match response.status {
                    200 => asked.answers.push(at),
                    429 => asked.refused += 1,
                    _ => panic!("{response:?}"),
                }
                response.header("connection") == Some("close")
            }
            Ok(None) | Err(_) => {
                assert!(is_over.load(Ordering::SeqCst) || is_gone(addr), "closed without a reason");
                asked.unanswered += 1;
                return;
            }
        };
        drop(asked);
        if is_closing {
            return;
        }
        std::thread::sleep(PAUSE);
    }
}

/// The kill may be noticed before the flag that says so is seen.
fn is_gone(addr: SocketAddr) -> bool {
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        if std::net::TcpStream::connect(addr).is_err() {
            return true;
        }
        std::thread::sleep(PAUSE);
    }
    false
}

/// What the gateway says that a key used and has left, over these days.
#[track_caller]
fn used(ops: SocketAddr, plan: &str, key: &str) -> (u64, u64) {
    let page = usage_page(ops, plan, &format!("&keyId={key}"));
    let pairs = page["values"][key].as_array().unwrap();
    let used = pairs.iter().map(|pair| pair[0].as_u64().unwrap()).sum();
    // Of today, which is the one before the last.
    (used, pairs[1][1].as_u64().unwrap_or(u64::MAX))
}

#[track_caller]
pub(super) fn start(state: &Path, quota_keys: u64) -> Gateway {
    let keys = state.with_extension("csv");
    std::fs::write(&keys, key_file(quota_keys)).unwrap();
    let (keys, state) = (keys.display().to_string(), state.display().to_string());
    Gateway::start(&template(QUOTA), &["--api-keys", &keys, "--state", &state])
}

fn key_file(quota_keys: u64) -> String {
    let mut text = String::from("Id,Name,Key,UsagePlanIds\n");
    for key in 0..quota_keys {
        writeln!(text, "q{key},q{key},quota-key-{key}-0123456789,limited").unwrap();
    }
    text.push_str("free,free,free-key-0123456789-0123456789,free\n");
    text
}

/// `/prod/mock` wants a key; the plan `limited` has a quota and the plan `free` none.
pub(super) fn template(quota: u64) -> String {
    format!(
        "Resources:
  Api: {{Type: AWS::ApiGateway::RestApi, Properties: {{Name: counted}}}}
{}  Deployment:
    Type: AWS::ApiGateway::Deployment
    DependsOn: [Getmock]
    Properties: {{RestApiId: !Ref Api}}
  Prod:
    Type: AWS::ApiGateway::Stage
    Properties: {{RestApiId: !Ref Api, DeploymentId: !Ref Deployment, StageName: prod}}
  Limited:
    Type: AWS::ApiGateway::UsagePlan
    Properties:
      UsagePlanName: limited
      ApiStages: [{{ApiId: !Ref Api, Stage: !Ref Prod}}]
      Quota: {{Limit: {quota}, Period: MONTH}}
  Free:
    Type: AWS::ApiGateway::UsagePlan
    Properties:
      UsagePlanName: free
      ApiStages: [{{ApiId: !Ref Api, Stage: !Ref Prod}}]
",
        mock("mock", true)
    )
}

/// SplitMix64: the same moments for the same seed.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}
