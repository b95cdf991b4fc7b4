//! Disks that refuse: the gateway goes on serving, says so, and makes good what it could not write.

use std::fs::{self, File};
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;

use super::super::exact::{key_file, metric, usage_of_all};
use super::crash::template;
use crate::support::{Client, Gateway, PATIENCE};

/// Keys that were never written, enough to outgrow any disk of [`DISK_SIZE`].
const KEYS: usize = 20_000;

const DISK_SIZE: &str = "size=4m";

const NOT_DURABLE: &str = "Usage counts are not durable";
const FAILURES: &str = "gateway_usage_writes_total{result=\"failure\"}";
const SUCCESSES: &str = "gateway_usage_writes_total{result=\"success\"}";

#[test]
fn a_disk_that_is_full_and_then_read_only() {
    in_namespace("a full and a read-only disk", "child_meets_a_full_and_a_read_only_disk");
}

#[test]
fn child_meets_a_full_and_a_read_only_disk() {
    let Some(dir) = std::env::var_os(DIRECTORY).map(PathBuf::from) else { return };
    let (disk, view) = (dir.join("disk"), dir.join("view"));
    fs::create_dir(&disk).unwrap();
    fs::create_dir(&view).unwrap();
    mount(&["-t", "tmpfs", "-o", DISK_SIZE, "none"], &disk);
    mount(&["--bind", disk.to_str().unwrap()], &view);
    let state = view.join("state");
    let gateway = start(&dir, &state);
    let (addr, ops) = (gateway.addr(), gateway.ops_addr());
    let mut asked = Asked::default();
    asked.ask(addr, 1);
    wait_until("the first write", || metric(ops, SUCCESSES) > 0);
    assert_eq!(degraded(ops), None);

    fill(&disk.join("ballast"));
    wait_until("a full disk", || {
        asked.ask(addr, 100);
        gateway.stderr().contains(NOT_DURABLE)
    });
    let cause = degraded(ops).expect("degraded");
    assert!(cause.contains("No space left"), "{cause}");
    assert!(cause.contains(state.join("usage.redb").to_str().unwrap()), "{cause}");
    assert!(gateway.stderr().contains("No space left"), "{}", gateway.stderr());
    assert!(metric(ops, FAILURES) >= 1);
    asked.ask(addr, 50);

    // A file that is open keeps its disk writable; a full disk made the gateway open it anew.
    run(Command::new("umount").arg("-l").arg(&view));
    mount(&["--bind", disk.to_str().unwrap()], &view);
    mount(&["-o", "remount,bind,ro"], &view);
    wait_until("a read-only disk", || {
        asked.ask(addr, 1);
        degraded(ops).is_some_and(|cause| cause.contains("Read-only file system"))
    });
    assert!(gateway.stderr().contains("Read-only file system"), "{}", gateway.stderr());
    asked.ask(addr, 50);

    fs::remove_file(disk.join("ballast")).unwrap();
    mount(&["-o", "remount,size=64m"], &disk);
    mount(&["-o", "remount,bind,rw"], &view);
    gateway.wait_for_stderr("Usage counts are durable again", 1);
    wait_until("readiness", || degraded(ops).is_none());
    assert_eq!(
        gateway.stderr().matches(NOT_DURABLE).count(),
        2,
        "once a cause:\n{}",
        gateway.stderr()
    );
    let before = asked.keys;
    asked.ask(addr, 10);
    let writes = metric(ops, SUCCESSES);
    wait_until("one more write", || metric(ops, SUCCESSES) > writes);
    // Nothing of what was counted meanwhile is lost, not even to a kill.
    gateway.signal(Signal::KILL);
    gateway.ended();
    let gateway = start(&dir, &state);
    let kept: u64 =
        usage_of_all(gateway.ops_addr(), "limited").iter().map(|(_, count)| count).sum();
    assert!(kept >= before as u64, "{kept} of {before} counted while the disk refused");
    assert!(kept <= asked.keys as u64);
    assert_eq!(gateway.stop().code, Some(0));

    // The same, found read-only at the start.
    mount(&["-o", "remount,bind,ro"], &view);
    let gateway = start(&dir, &state);
    let cause = degraded(gateway.ops_addr()).expect("degraded");
    assert!(cause.contains("Read-only file system"), "{cause}");
    assert!(gateway.stderr().contains("not durable until a restart"), "{}", gateway.stderr());
    asked.ask(gateway.addr(), 1);
    assert_eq!(gateway.stop().code, Some(0));
    println!("checked: {} requests, each answered 200, {kept} counts kept", asked.keys);
}

#[test]
fn a_state_directory_that_is_a_file() {
    let home = TempDir::new().unwrap();
    let state = home.path().join("state");
    fs::write(&state, "not a directory").unwrap();
    let gateway = start(home.path(), &state);
    Asked::default().ask(gateway.addr(), 10);
    let cause = degraded(gateway.ops_addr()).expect("degraded");
    assert!(cause.contains(state.to_str().unwrap()) && cause.contains("--state"), "{cause}");
    let log = gateway.stderr();
    assert!(log.contains("not durable until a restart") && log.contains("--state"), "{log}");
    let used: u64 =
        usage_of_all(gateway.ops_addr(), "limited").iter().map(|(_, count)| count).sum();
    assert_eq!(used, 10, "counted in memory");
    assert_eq!(fs::read(&state).unwrap(), b"not a directory");
}

#[test]
fn a_second_process_on_the_same_directory() {
    let home = TempDir::new().unwrap();
    let state = home.path().join("state");
    let gateway = start(home.path(), &state);
    let second = Command::new(env!("CARGO_BIN_EXE_gateway"))
        .args(["run", "--listen", "127.0.0.1:0", "--ops", "none", "--control", "none", "--state"])
        .arg(&state)
        .arg(gateway.template())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&second.stderr);
    assert_eq!(second.status.code(), Some(2), "{text}");
    assert!(text.contains("another process holds") && text.contains("--state"), "{text}");
    assert!(text.contains(state.to_str().unwrap()), "{text}");
    Asked::default().ask(gateway.addr(), 10);
    assert_eq!(degraded(gateway.ops_addr()), None, "the first is not disturbed");
}

/// Requests so far, each with a key of its own.
#[derive(Default)]
struct Asked {
    keys: usize,
}

impl Asked {
    /// So many more; each must be answered 200.
    #[track_caller]
    fn ask(&mut self, addr: SocketAddr, count: usize) {
        let mut client = Client::connect(addr);
        for key in self.keys..self.keys + count {
            assert!(key < KEYS, "the disk did not get full");
            let request = format!(
                "GET /prod/mock HTTP/1.1\r\nHost: a\r\nx-api-key: limited-key-{key:012}\r\n\r\n"
            );
            client.send(request.as_bytes());
            let response = client.response();
            assert_eq!(response.status, 200, "{response:?}");
        }
        self.keys += count;
    }
}

fn start(home: &Path, state: &Path) -> Gateway {
    let keys = home.join("keys.csv");
    fs::write(&keys, key_file(KEYS, "limited")).unwrap();
    let (keys, state) = (keys.display().to_string(), state.display().to_string());
    Gateway::start(&template(1_000), &["--api-keys", &keys, "--state", &state])
}

/// What `/readyz` says that does not work; it must be ready all the same.
#[track_caller]
fn degraded(ops: SocketAddr) -> Option<String> {
    let response = Client::get(ops, "/readyz");
    let json: Value = serde_json::from_slice(&response.body).unwrap();
    assert_eq!((response.status, &json["ready"]), (200, &Value::Bool(true)), "{json}");
    let causes = json.get("degraded")?.as_array().unwrap();
    let cause = causes.first().unwrap().as_str().unwrap();
    assert!(causes.len() == 1 && cause.starts_with("usage counts are not durable: "), "{json}");
    Some(cause.to_owned())
}

#[track_caller]
fn wait_until(what: &str, mut is_there: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_there() {
        assert!(Instant::now() < deadline, "{what} did not come in {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Writes until nothing fits any more.
fn fill(path: &Path) {
    let mut file = File::create(path).unwrap();
    for size in [64 * 1024, 4 * 1024, 1] {
        let block = vec![1; size];
        while file.write_all(&block).is_ok() {}
    }
}

fn mount(arguments: &[&str], at: &Path) {
    run(Command::new("mount").args(arguments).arg(at));
}

fn run(command: &mut Command) {
    let status = command.status().unwrap();
    assert!(status.success(), "{command:?}: {status}");
}

/// Tells a child its directory, and that it is one.
const DIRECTORY: &str = "TRAFFIC_TEST_DIRECTORY";

/// Runs a test of this module where it may mount what it likes; names what is left out where that is not
/// allowed.
#[track_caller]
fn in_namespace(what: &str, test: &str) {
    let home = TempDir::new().unwrap();
    for flags in ["-m", "-rm"] {
        let mut probe = Command::new("unshare");
        probe.args([flags, "mount", "-t", "tmpfs", "none"]).arg(home.path());
        if !probe.output().is_ok_and(|output| output.status.success()) {
            continue;
        }
        let output = Command::new("unshare")
            .arg(flags)
            .arg(std::env::current_exe().unwrap())
            .args(["--exact", &format!("traffic::quota_crash::disk::{test}")])
            .args(["--nocapture", "--test-threads=1"])
            .env(DIRECTORY, home.path())
            .output()
            .unwrap();
        let (out, err) =
            (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{out}\n{err}");
        let checked = out.lines().find(|line| line.contains("checked: "));
        return println!("{}", checked.unwrap_or_else(|| panic!("nothing done:\n{out}\n{err}")));
    }
    println!("left out: {what} (no private mounts on this machine)");
}
