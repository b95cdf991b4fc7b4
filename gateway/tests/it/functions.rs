//! Lambda functions through the front door: real processes, real runtimes, real clients of the runtime API.
//!
//! What the event is, field by field, is in the golden cases of the area `events`.

mod authorizers;
mod concurrency;
mod custom;
mod ends;
mod example;
mod hostile;
mod logs;
mod remote;
mod runtimes;
pub(crate) mod stack;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::support::{Client, Gateway, PATIENCE, Response};

/// Starts the gateway on a stack's template.
#[track_caller]
fn serve(stack: stack::Stack, args: &[&str]) -> Gateway {
    Gateway::start(&stack.template(), args)
}

/// One request with these lines behind the `Host`, on a connection of its own.
#[track_caller]
fn ask(gateway: &Gateway, verb: &str, target: &str, lines: &[&str], body: &[u8]) -> Response {
    let mut client = Client::connect(gateway.addr());
    let lines: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
    let length = body.len();
    let head = format!(
        "{verb} {target} HTTP/1.1\r\nHost: f.execute-api.us-east-1.amazonaws.com\r\n{lines}Content-Length: {length}\r\n\r\n"
    );
    client.send(&[head.as_bytes(), body].concat());
    client.response_to(verb)
}

/// `GET target` without more.
#[track_caller]
fn get(gateway: &Gateway, target: &str) -> Response {
    ask(gateway, "GET", target, &[], b"")
}

/// Waits until `holds`, no longer than a test waits for anything.
#[track_caller]
fn wait_until(what: &str, holds: impl Fn() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < PATIENCE, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The processes below this one, however deep, with their command lines.
fn descendants(pid: u32) -> Vec<(u32, String)> {
    let mut found = Vec::new();
    let mut parents = vec![pid];
    let all: Vec<(u32, u32)> = std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(|pid| Some((pid, parent_of(pid)?)))
        .collect();
    while let Some(parent) = parents.pop() {
        for (child, _) in all.iter().filter(|(_, of)| *of == parent) {
            let line = std::fs::read(format!("/proc/{child}/cmdline")).unwrap_or_default();
            found.push((*child, String::from_utf8_lossy(&line).replace('\0', " ")));
            parents.push(*child);
        }
    }
    found
}

fn parent_of(pid: u32) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold anything.
    stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()
}

/// The environments of a function, by the variable that every process of one has.
fn environments(gateway: &Gateway, function: &str) -> usize {
    let wanted = format!("AWS_LAMBDA_FUNCTION_NAME={function}");
    let mut runtimes: Vec<_> = descendants(gateway.pid())
        .into_iter()
        .filter_map(|(pid, _)| {
            let environment = std::fs::read(format!("/proc/{pid}/environ")).ok()?;
            let mut variables = environment.split(|byte| *byte == 0);
            let runtime_api = environment
                .split(|byte| *byte == 0)
                .find(|variable| variable.starts_with(b"AWS_LAMBDA_RUNTIME_API="))?
                .to_vec();
            variables.any(|variable| variable == wanted.as_bytes()).then_some(runtime_api)
        })
        .collect();
    runtimes.sort();
    runtimes.dedup();
    runtimes.len()
}

/// A program of the workspace, built beside this test.
#[track_caller]
fn program(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_BIN_EXE_gateway")).with_file_name(name);
    assert!(path.exists(), "{} is not built; run `cargo build -p {name}`", path.display());
    path
}
