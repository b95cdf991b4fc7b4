//! Backups, and many clients at once.

use std::path::Path;
use std::process::{Command, Output};
use std::time::Instant;

use super::client::{Control, ControlGateway as _};
use super::tools::{Desk, aws, said};
use crate::support::Gateway;

fn gateway(args: &[&std::ffi::OsStr]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_gateway")).args(args).output().unwrap()
}

#[track_caller]
fn run(command: &str, file: &Path, state: &Path, more: &[&str]) -> (bool, String) {
    let mut args = vec![command.as_ref(), file.as_os_str(), "--state".as_ref(), state.as_os_str()];
    args.extend(more.iter().map(AsRef::<std::ffi::OsStr>::as_ref));
    let output = gateway(&args);
    (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
}

fn start(state: &Path) -> Gateway {
    let directory = state.to_str().unwrap();
    Gateway::start(super::EMPTY, &["--control", "127.0.0.1:0", "--state", directory])
}

#[test]
fn a_backup_of_a_running_gateway_makes_another_one_the_same() {
    let (first, second, files) =
        (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let running = start(first.path());
    let mut control = Control::of(running.control_addr(), first.path());
    let api = control.json("POST", "/restapis", r#"{"name":"backed up"}"#, 201);
    let (online, offline) = (files.path().join("online"), files.path().join("offline"));
    let address = running.control_addr().to_string();
    let (done, text) = run("backup", &online, first.path(), &["--control", &address]);
    assert!(done, "{text}");
    let (done, text) = run("backup", &online, first.path(), &["--control", &address]);
    assert!(!done, "an older backup is not overwritten: {text}");
    let (done, text) = run("restore", &online, first.path(), &[]);
    assert!(!done && text.contains("another process"), "a gateway uses it: {text}");
    running.stop();
    let (done, text) = run("backup", &offline, first.path(), &[]);
    assert!(done, "{text}");
    assert_eq!(std::fs::read(&online).unwrap(), std::fs::read(&offline).unwrap());
    let (done, text) = run("restore", &offline, second.path(), &[]);
    assert!(done, "{text}");
    let (done, text) = run("restore", &offline, second.path(), &[]);
    assert!(!done && text.contains("--force"), "{text}");
    let (done, text) = run("restore", &offline, second.path(), &["--force"]);
    assert!(done, "{text}");
    let running = start(second.path());
    let mut control = Control::of(running.control_addr(), second.path());
    let path = format!("/restapis/{}", api["id"].as_str().unwrap());
    assert_eq!(control.json("GET", &path, "", 200)["name"], "backed up");
}

#[test]
fn a_backup_has_the_buckets_and_the_code() {
    let Some(aws) = aws() else { return };
    let (first, second, files) =
        (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let running = start(first.path());
    let desk = Desk::at(&running);
    let (zip, object) = (desk.path().join("code.zip"), vec![b'o'; 100_000]);
    let python = "import zipfile\nwith zipfile.ZipFile('code.zip', 'w') as z:\n z.writestr('a.py', 'def h(e, c): return e')\n";
    said(&desk.run_as(&aws.with_file_name("python"), &["-c", python], first.path()));
    desk.write("object", &object);
    let role = "arn:aws:iam::000000000000:role/r";
    let create = format!(
        "lambda create-function --function-name kept --runtime python3.12 --handler a.h --role {role} --zip-file fileb://{}",
        zip.display()
    );
    for command in [
        "s3api create-bucket --bucket full",
        "s3api create-bucket --bucket empty",
        "s3 cp object s3://full/a/b",
        &create,
    ] {
        said(&desk.run_as(&aws, &command.split(' ').collect::<Vec<_>>(), first.path()));
    }
    let (online, offline) = (files.path().join("online"), files.path().join("offline"));
    let address = running.control_addr().to_string();
    let (done, text) = run("backup", &online, first.path(), &["--control", &address]);
    // The code, two buckets, and an object with its data.
    assert!(done && text.contains("and 5 files"), "{text}");
    running.stop();
    let (done, text) = run("backup", &offline, first.path(), &[]);
    assert!(done, "{text}");
    assert_eq!(std::fs::read(&online).unwrap(), std::fs::read(&offline).unwrap());
    let (done, text) = run("restore", &offline, second.path(), &[]);
    assert!(done, "{text}");
    let (done, text) = run("restore", &offline, second.path(), &[]);
    assert!(!done && text.contains("--force"), "{text}");
    let running = start(second.path());
    let desk = Desk::at(&running);
    let run =
        |args: &str| said(&desk.run_as(&aws, &args.split(' ').collect::<Vec<_>>(), second.path()));
    run("s3 cp s3://full/a/b back");
    assert_eq!(std::fs::read(desk.path().join("back")).unwrap(), object);
    run("s3api head-bucket --bucket empty");
    run("lambda invoke --function-name kept --payload {\"is\":\"back\"} out");
    assert_eq!(std::fs::read_to_string(desk.path().join("out")).unwrap(), r#"{"is": "back"}"#);
}

#[test]
fn a_backup_of_a_gateway_in_development_needs_no_credentials_of_its_own() {
    let (state, files) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let directory = state.path().to_str().unwrap();
    let dev = || super::dev(&["--state", directory]);
    let running = dev();
    let address = running.control_addr().to_string();
    let mut control = Control::dev(running.control_addr());
    control.json("POST", "/restapis", r#"{"name":"a"}"#, 201);
    let file = files.path().join("first");
    let (done, text) = run("backup", &file, state.path(), &["--control", &address]);
    assert!(done && text.starts_with("4 documents"), "{text}");
    running.stop();
    // Those of an earlier run lie there, and are not those of this one.
    start(state.path()).stop();
    assert!(state.path().join("credentials").is_file());
    let running = dev();
    let address = running.control_addr().to_string();
    let file = files.path().join("second");
    let (done, text) = run("backup", &file, state.path(), &["--control", &address]);
    assert!(done, "{text}");
    running.stop();
    let (other, nobody) = (tempfile::tempdir().unwrap(), files.path().join("third"));
    let running = start(other.path());
    std::fs::remove_file(other.path().join("credentials")).unwrap();
    let address = running.control_addr().to_string();
    let (done, text) = run("backup", &nobody, other.path(), &["--control", &address]);
    assert!(!done && text.contains("no credentials to ask it with"), "{text}");
}

/// Clients at once, and what each of them writes.
const CLIENTS: usize = 16;
const WRITES: usize = 40;

#[test]
fn many_clients_at_once_lose_no_write() {
    let state = tempfile::tempdir().unwrap();
    let gateway = start(state.path());
    let addr = gateway.control_addr();
    let started = Instant::now();
    std::thread::scope(|scope| {
        for client in 0..CLIENTS {
            let state = state.path();
            scope.spawn(move || {
                let mut control = Control::of(addr, state);
                for write in 0..WRITES {
                    let body = format!(r#"{{"name":"k-{client}-{write}"}}"#);
                    control.json("POST", "/apikeys", &body, 201);
                }
            });
        }
    });
    let (count, took) = (CLIENTS * WRITES, started.elapsed());
    println!("{count} durable writes in {took:?}: {:.0}/s", count as f64 / took.as_secs_f64());
    let mut control = Control::of(addr, state.path());
    let (mut names, mut position) = (std::collections::BTreeSet::new(), String::new());
    loop {
        let page = control.json("GET", &format!("/apikeys?limit=500{position}"), "", 200);
        names.extend(page["item"].as_array().unwrap().iter().map(|key| key["name"].to_string()));
        let Some(next) = page["position"].as_str() else { break };
        position = format!(
            "&position={}",
            next.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D")
        );
    }
    assert_eq!(names.len(), count);
}
