//! How many environments there are, and who waits for them.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;

use super::stack::Stack;
use super::{environments, get, serve, wait_until};
use crate::support::Gateway;

const SLOW: &str = "
    import os, time

    def handler(event, context):
        time.sleep(0.05)
        return {'body': str(os.getpid())}
";

/// `count` requests at once, each on a connection of its own; the statuses and bodies.
fn at_once(gateway: &Gateway, target: &str, count: usize) -> Vec<(u16, String)> {
    std::thread::scope(|scope| {
        let asked: Vec<_> = (0..count)
            .map(|_| {
                scope.spawn(|| {
                    let r = get(gateway, target);
                    (r.status, r.text().to_owned())
                })
            })
            .collect();
        asked.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

/// Acceptance: 100 at once on a cold function that may have 10 environments.
#[test]
fn a_burst_on_a_cold_function_is_answered_by_no_more_environments_than_it_may_have() {
    for shards in ["1", "2"] {
        let limit = json!({ "ReservedConcurrentExecutions": 10, "Timeout": 20 });
        let stack = Stack::new().python_with("slow", SLOW, limit).route("GET", "slow", "slow");
        let gateway = serve(stack, &["--shards", shards]);
        let most = AtomicUsize::new(0);
        let is_over = std::sync::atomic::AtomicBool::new(false);
        let answers = std::thread::scope(|scope| {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    most.fetch_max(environments(&gateway, "slow"), Ordering::Relaxed);
                    std::thread::sleep(Duration::from_millis(5));
                }
            });
            let answers = at_once(&gateway, "/s/slow", 100);
            is_over.store(true, Ordering::Relaxed);
            answers
        });
        let failed: Vec<_> = answers.iter().filter(|(status, _)| *status != 200).collect();
        assert!(failed.is_empty(), "{shards} shards: {failed:?}\n{}", gateway.stderr());
        let mut pids: Vec<_> = answers.iter().map(|(_, pid)| pid).collect();
        pids.sort();
        pids.dedup();
        assert!(pids.len() <= 10, "{shards} shards: {} environments answered", pids.len());
        let most = most.load(Ordering::Relaxed);
        assert!((1..=10).contains(&most), "{shards} shards: {most} environments were seen");
    }
}

#[test]
fn a_function_with_no_concurrency_is_throttled() {
    let none = json!({ "ReservedConcurrentExecutions": 0 });
    let stack = Stack::new().python_with("off", SLOW, none).route("GET", "off", "off");
    let gateway = serve(stack, &[]);
    let response = get(&gateway, "/s/off");
    assert_eq!(
        (response.status, response.text()),
        (500, r#"{"message": "Internal server error"}"#)
    );
    assert_eq!(environments(&gateway, "off"), 0);
}

/// The one environment was started by one shard; requests of the other reach it too.
#[test]
fn shards_share_the_environments_that_there_may_be() {
    let one = json!({ "ReservedConcurrentExecutions": 1, "Timeout": 20 });
    let stack = Stack::new().python_with("one", SLOW, one).route("GET", "one", "one");
    let gateway = serve(stack, &["--shards", "2"]);
    for _ in 0..3 {
        let answers = at_once(&gateway, "/s/one", 20);
        let first = &answers[0];
        assert!(answers.iter().all(|answer| answer == first && answer.0 == 200), "{answers:?}");
    }
}

#[test]
fn without_waiting_what_finds_no_environment_is_refused_at_once() {
    let one = json!({ "ReservedConcurrentExecutions": 1, "Timeout": 20 });
    let code = SLOW.replace("0.05", "1.5");
    let stack = Stack::new().python_with("one", &code, one).route("GET", "one", "one");
    let gateway = Gateway::start(&stack.template(), &["-c", &no_waiting()]);
    let started = Instant::now();
    let answers = at_once(&gateway, "/s/one", 5);
    let ok = answers.iter().filter(|(status, _)| *status == 200).count();
    let refused = answers.iter().filter(|(status, _)| *status == 500).count();
    assert_eq!((ok, refused), (1, 4), "{answers:?}");
    assert!(started.elapsed() < Duration::from_secs(10));
}

fn no_waiting() -> String {
    use std::io::Write as _;
    let mut file = tempfile::Builder::new().suffix(".toml").tempfile().unwrap();
    write!(file, "[functions]\nwait = \"0s\"\n").unwrap();
    file.into_temp_path().keep().unwrap().to_str().unwrap().to_owned()
}

#[test]
fn an_environment_that_nobody_uses_ends() {
    let stack = Stack::new().python("f", SLOW).route("GET", "f", "f");
    let directory = tempfile::tempdir().unwrap();
    let config = directory.path().join("gateway.toml");
    std::fs::write(&config, "[functions]\nidle_timeout = \"300ms\"\n").unwrap();
    let gateway = Gateway::start(&stack.template(), &["-c", config.to_str().unwrap()]);
    assert_eq!(get(&gateway, "/s/f").status, 200);
    assert_eq!(environments(&gateway, "f"), 1);
    wait_until("the environment ends", || environments(&gateway, "f") == 0);
    assert_eq!(get(&gateway, "/s/f").status, 200, "and another starts when it is needed");
}
