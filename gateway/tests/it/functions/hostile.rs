//! Functions that crash, hang, leak, flood, lie and fork: who called them is answered as Lambda would have it, others
//! are served, and nothing stays behind.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;

use super::stack::Stack;
use super::{descendants, environments, get, serve, wait_until};
use crate::support::{Client, Gateway};

const HOSTILE: &str = "
    import os, subprocess, sys, time

    def handler(event, context):
        kind = event['path'].strip('/')
        if kind == 'crash':
            os._exit(3)
        if kind == 'abort':
            os.abort()
        if kind == 'hang':
            time.sleep(1000)
        if kind == 'leak':
            held = []
            while True:
                held.append(bytearray(16 << 20))
                held[-1][::4096] = b'x' * len(held[-1][::4096])
        if kind == 'flood':
            line = 'x' * 1023
            for _ in range(10 * 1024):
                print(line)
            return {'statusCode': 200, 'body': 'flooded'}
        if kind == 'garbage':
            return ['not', 'a', 'response']
        if kind == 'status':
            return {'statusCode': 'many', 'body': 'x'}
        if kind == 'unknown':
            return {'statusCode': 200, 'verb': 'x'}
        if kind == 'raise':
            raise ValueError('as asked')
        if kind == 'exit':
            sys.exit(0)
        if kind == 'forks':
            for _ in range(5):
                subprocess.Popen(['setsid', '--fork', 'sleep', '1000'])
            os._exit(1)
";

/// What each kind is answered with, and how often it is called: 1,000 times in all.
const KINDS: [(&str, u16, usize); 11] = [
    ("crash", 502, 60),
    ("abort", 502, 20),
    ("hang", 502, 20),
    ("leak", 502, 20),
    ("flood", 200, 30),
    ("garbage", 502, 300),
    ("status", 502, 200),
    ("unknown", 502, 100),
    ("raise", 502, 200),
    ("exit", 502, 30),
    ("forks", 502, 20),
];

const QUIET: &str = "
    def handler(event, context):
        return {'statusCode': 200, 'body': 'quiet'}
";

fn start() -> Gateway {
    let stack = KINDS.iter().fold(Stack::new(), |stack, (kind, ..)| {
        // Only what is to time out has little time: the machine may be busy.
        let timeout = if *kind == "hang" { 1 } else { 20 };
        let limits =
            json!({ "Timeout": timeout, "MemorySize": 128, "ReservedConcurrentExecutions": 4 });
        stack.python_with(kind, HOSTILE, limits).route("GET", kind, kind)
    });
    serve(stack.python("quiet", QUIET).route("GET", "quiet", "quiet"), &["--shards", "2"])
}

#[test]
fn each_kind_is_answered_as_lambda_would() {
    let gateway = start();
    for (kind, status, _) in KINDS {
        let response = get(&gateway, &format!("/s/{kind}"));
        assert_eq!(response.status, status, "{kind}");
        if status == 502 {
            assert_eq!(response.text(), r#"{"message": "Internal server error"}"#, "{kind}");
            assert_eq!(response.header("x-amzn-errortype"), Some("InternalServerErrorException"));
        }
    }
    // A log says what happened, in Lambda's words.
    for (kind, words) in [
        ("crash", "Runtime exited with error: exit status 3"),
        ("hang", "Task timed out after 1.00 seconds"),
        ("exit", "Runtime exited without providing a reason"),
    ] {
        wait_until(kind, || super::logs::log(&gateway, kind).contains(words));
    }
    // On a busy machine it may meet the limit of its data before anybody has looked.
    wait_until("the leak has ended", || {
        let log = super::logs::log(&gateway, "leak");
        log.contains("signal: killed") || log.contains("MemoryError")
    });
}

#[test]
fn a_thousand_hostile_calls_leave_nothing_behind() {
    let gateway = start();
    let quiet = || get(&gateway, "/s/quiet");
    // What is made once is there before counting.
    for (kind, status, _) in KINDS {
        assert_eq!(get(&gateway, &format!("/s/{kind}")).status, status, "{kind}");
    }
    assert_eq!(quiet().status, 200);
    wait_until("hostile environments are gone or idle", || {
        processes_of(&gateway, "sleep 1000") == 0
    });
    let (fds, memory) = (descriptors(&gateway), resident_kib(&gateway));
    let is_over = &AtomicBool::new(false);
    let served = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let bystander = scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                let response = quiet();
                assert_eq!((response.status, response.text()), (200, "quiet"));
                served.fetch_add(1, Ordering::Relaxed);
                std::thread::sleep(Duration::from_millis(2));
            }
        });
        let callers: Vec<_> = KINDS
            .iter()
            .map(|&(kind, status, count)| {
                let gateway = &gateway;
                scope.spawn(move || {
                    let target = format!("/s/{kind}");
                    let callers: Vec<_> = (0..2).map(|half| (count + half) / 2).collect();
                    std::thread::scope(|scope| {
                        for calls in callers {
                            let target = &target;
                            scope.spawn(move || {
                                let mut client = Client::connect(gateway.addr());
                                for _ in 0..calls {
                                    let head = format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n");
                                    client.send(head.as_bytes());
                                    assert_eq!(client.response().status, status, "{target}");
                                }
                            });
                        }
                    });
                })
            })
            .collect();
        let ended: Vec<_> = callers.into_iter().map(|caller| caller.join()).collect();
        is_over.store(true, Ordering::Relaxed);
        assert!(ended.iter().all(Result::is_ok), "a caller was answered otherwise, see above");
        bystander.join().unwrap();
    });
    assert!(served.load(Ordering::Relaxed) > 100, "others were served meanwhile");
    wait_until("no grandchild is left", || processes_of(&gateway, "sleep 1000") == 0);
    for (kind, ..) in KINDS {
        assert!(environments(&gateway, kind) <= 4, "{kind}");
    }
    wait_until("no descriptor is left", || descriptors(&gateway) <= fds + 4 * 4 * KINDS.len());
    let grown = resident_kib(&gateway).saturating_sub(memory);
    assert!(grown < 48 * 1024, "{grown} KiB more are resident");
}

fn processes_of(gateway: &Gateway, line: &str) -> usize {
    descendants(gateway.pid()).iter().filter(|(_, command)| command.starts_with(line)).count()
}

fn descriptors(gateway: &Gateway) -> usize {
    std::fs::read_dir(format!("/proc/{}/fd", gateway.pid())).unwrap().count()
}

fn resident_kib(gateway: &Gateway) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{}/status", gateway.pid())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// A timeout is the function's own, and not the integration's.
#[test]
fn a_function_that_takes_longer_than_the_integration_answers_504() {
    let code = "
        import time

        def handler(event, context):
            if event['queryStringParameters']:
                time.sleep(0.6)
            return {'body': 'late'}
    ";
    let route = super::stack::Route {
        integration: Some(json!({ "TimeoutInMillis": 200 })),
        ..Default::default()
    };
    let stack = Stack::new().python("late", code).route_with("GET", "f", "late", route);
    let gateway = serve(stack, &[]);
    // On a busy machine the start alone takes longer.
    wait_until("it has started", || get(&gateway, "/s/f").status == 200);
    let reports = || super::logs::log(&gateway, "late").matches("REPORT").count();
    let before = reports();
    let started = Instant::now();
    let response = get(&gateway, "/s/f?late=1");
    assert_eq!(
        (response.status, response.text()),
        (504, r#"{"message": "Endpoint request timed out"}"#)
    );
    assert!(started.elapsed() < Duration::from_millis(5_000));
    // The function goes on, and its environment is used again.
    wait_until("the late invocation ends", || reports() > before);
    assert_eq!(environments(&gateway, "late"), 1);
}

/// A function sees no connection of the gateway: it could read what others send, and answer in its name.
#[test]
fn a_function_inherits_no_connection() {
    let code = "
        import os, socket

        def handler(event, context):
            found = []
            for fd in os.listdir('/proc/self/fd'):
                try:
                    found.append(str(socket.socket(fileno=os.dup(int(fd))).getpeername()[1]))
                except OSError:
                    pass
            return {'body': ' '.join(found)}
    ";
    let stack = Stack::new().python("spy", code).python("quiet", QUIET);
    let gateway = serve(stack.route("GET", "spy", "spy").route("GET", "quiet", "quiet"), &[]);
    // Connections of clients, idle and busy, and of another function's runtime, before the spy starts.
    let mut idle = Client::connect(gateway.addr());
    idle.send(b"GET /s/quiet HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(idle.response().status, 200);
    let seen = get(&gateway, "/s/spy");
    assert_eq!(seen.status, 200);
    let count = seen.text().split_whitespace().count();
    assert!(count <= 1, "beside that to its runtime API it has connections to {}", seen.text());
    // Nor does its launcher hold one open that the gateway closes.
    let sockets = |pid: u32| {
        let fds = std::fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten();
        let links = fds.filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok());
        let sockets = links.filter(|link| link.to_string_lossy().starts_with("socket:"));
        sockets.collect::<std::collections::BTreeSet<_>>().len()
    };
    for (pid, line) in descendants(gateway.pid()) {
        if line.contains("function-environment") {
            // Its own, to the gateway.
            assert!(sockets(pid) <= 1, "a launcher has {} sockets", sockets(pid));
        }
    }
}

/// Code that cannot even be loaded.
#[test]
fn code_that_does_not_load_is_said() {
    let stack = Stack::new()
        .python("syntax", "def handler(event, context)\n")
        .python("import", "import nothing_of_that_name\n\ndef handler(event, context):\n    pass\n")
        .python_with("missing", "x = 1\n", json!({ "Handler": "index.nobody" }))
        .node("nodesyntax", "exports.handler = async () => {")
        .python("exits", "import sys\nsys.exit(7)\n");
    let names = ["syntax", "import", "missing", "nodesyntax", "exits"];
    let stack = names.iter().fold(stack, |stack, name| stack.route("GET", name, name));
    let gateway = serve(stack, &[]);
    for (name, words) in names.iter().zip([
        "Syntax error in module 'index'",
        "No module named 'nothing_of_that_name'",
        "Handler 'nobody' missing on module 'index'",
        "SyntaxError",
        "exit status 7",
    ]) {
        assert_eq!(get(&gateway, &format!("/s/{name}")).status, 502, "{name}");
        wait_until(name, || super::logs::log(&gateway, name).contains(words));
    }
}
