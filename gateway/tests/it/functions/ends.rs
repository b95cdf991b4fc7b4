//! What happens to functions when the gateway ends, or their definition changes.

use serde_json::json;

use rustix::process::Signal;

use super::stack::Stack;
use super::{descendants, environments, get, serve, wait_until};
use crate::support::Gateway;

/// Starts a grandchild in a session of its own, which an end of the environment must reach as well.
const FORKS: &str = "
    import os, subprocess

    daemon = subprocess.Popen(['setsid', '--fork', 'sleep', '1000'])

    def handler(event, context):
        return {'body': 'ok'}
";

fn is_alive(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // A zombie is nobody's process any more.
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

fn start() -> (Gateway, Vec<(u32, String)>) {
    let stack = Stack::new().python("forks", FORKS).route("GET", "f", "forks");
    let gateway = serve(stack, &["--shards", "2"]);
    assert_eq!(get(&gateway, "/s/f").status, 200);
    wait_until("the daemon runs", || {
        descendants(gateway.pid()).iter().any(|(_, line)| line.starts_with("sleep 1000"))
    });
    let processes = descendants(gateway.pid());
    (gateway, processes)
}

#[test]
fn a_stop_in_order_leaves_no_process() {
    let (gateway, processes) = start();
    assert!(processes.len() >= 2, "{processes:?}");
    assert_eq!(gateway.stop().code, Some(0));
    let left: Vec<_> = processes.iter().filter(|(pid, _)| is_alive(*pid)).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_killed_gateway_leaves_no_process() {
    for _ in 0..5 {
        let (gateway, processes) = start();
        gateway.signal(Signal::KILL);
        gateway.ended();
        wait_until("all processes have ended", || !processes.iter().any(|(pid, _)| is_alive(*pid)));
    }
}

#[test]
fn requests_in_flight_are_answered_before_a_stop() {
    let code = "
        import time

        def handler(event, context):
            time.sleep(0.7)
            return {'body': 'done'}
    ";
    let stack = Stack::new().python("slow", code).route("GET", "f", "slow");
    let gateway = serve(stack, &[]);
    let response = std::thread::scope(|scope| {
        let asked = scope.spawn(|| get(&gateway, "/s/f"));
        wait_until("the function runs", || environments(&gateway, "slow") == 1);
        std::thread::sleep(std::time::Duration::from_millis(300));
        gateway.signal(Signal::TERM);
        asked.join().unwrap()
    });
    assert_eq!((response.status, response.text()), (200, "done"));
    assert_eq!(gateway.ended().code, Some(0));
}

#[test]
fn a_changed_function_is_taken_up_and_its_old_environments_end() {
    let stack = |word: &str| {
        let code = format!("def handler(event, context):\n    return {{'body': '{word}'}}\n");
        Stack::new()
            .python("f", &code)
            .python("other", "def handler(event, context):\n    return {'body': 'other'}\n")
            .route("GET", "f", "f")
            .route("GET", "other", "other")
            .template()
    };
    let gateway = Gateway::start(&stack("one"), &[]);
    assert_eq!(get(&gateway, "/s/f").text(), "one");
    assert_eq!(get(&gateway, "/s/other").text(), "other");
    let other = runtime_pids(&gateway, "other");
    std::fs::write(gateway.template(), stack("two")).unwrap();
    wait_until("the new code answers", || get(&gateway, "/s/f").text() == "two");
    wait_until("the old environment is gone", || environments(&gateway, "f") == 1);
    assert_eq!(runtime_pids(&gateway, "other"), other, "what did not change stays warm");
}

/// A directory's code changes without the definition.
#[test]
fn changed_files_of_a_code_directory_are_taken_up() {
    let directory = tempfile::tempdir().unwrap();
    let write = |word: &str| {
        let code = format!("def main(event, context):\n    return {{'body': '{word}'}}\n");
        std::fs::write(directory.path().join("app.py"), code).unwrap();
    };
    write("one");
    let properties = json!({
        "Runtime": "python3.11",
        "Handler": "app.main",
        "Code": directory.path().to_str().unwrap(),
    });
    let stack = Stack::new().function("f", properties).route("GET", "f", "f");
    let gateway = serve(stack, &[]);
    assert_eq!(get(&gateway, "/s/f").text(), "one");
    write("another one");
    wait_until("the new code answers", || get(&gateway, "/s/f").text() == "another one");
}

fn runtime_pids(gateway: &Gateway, function: &str) -> Vec<u32> {
    let wanted = format!("AWS_LAMBDA_FUNCTION_NAME={function}");
    let has = |pid: u32| {
        let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|variable| variable == wanted.as_bytes())
    };
    descendants(gateway.pid()).into_iter().map(|(pid, _)| pid).filter(|pid| has(*pid)).collect()
}
