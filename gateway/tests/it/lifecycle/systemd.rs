//! The service manager's protocols, without a service manager.

use std::net::{SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::hostile::template;
use crate::support::{Client, PATIENCE};

/// The gateway as a service: its child, killed when dropped, and what it tells.
struct Service {
    child: Child,
    notify: UnixDatagram,
    directory: TempDir,
}

impl Service {
    /// Runs `gateway run` through a shell that sets up what a service manager would.
    fn start(set_up: &str, stdin: Stdio, args: &[&str]) -> Self {
        let directory = TempDir::new().unwrap();
        let definition = directory.path().join("template.yaml");
        std::fs::write(&definition, template("http://127.0.0.1:1")).unwrap();
        let path = directory.path().join("notify");
        let notify = UnixDatagram::bind(&path).unwrap();
        notify.set_read_timeout(Some(PATIENCE)).unwrap();
        let child = Command::new("/bin/sh")
            .arg("-c")
            .arg(format!("{set_up} exec \"$0\" \"$@\""))
            .arg(env!("CARGO_BIN_EXE_gateway"))
            .arg("run")
            .arg(&definition)
            .args(["--ops", "none", "--control", "none", "--shards", "1"])
            .args(args)
            .env("NOTIFY_SOCKET", &path)
            .stdin(stdin)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self { child, notify, directory }
    }

    /// Waits for a message that holds `text`; the ones before it may be others.
    #[track_caller]
    fn wait_for(&self, text: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        let mut buffer = [0; 4096];
        loop {
            let count = self.notify.recv(&mut buffer);
            let count = count.unwrap_or_else(|error| panic!("no {text}: {error}"));
            let message = String::from_utf8_lossy(&buffer[..count]).into_owned();
            if message.lines().any(|line| line.starts_with(text)) {
                return message;
            }
            assert!(Instant::now() < deadline, "no {text}");
        }
    }

    fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_service_manager_is_told() {
    let args = ["--listen", "127.0.0.1:0"];
    let mut service = Service::start("export WATCHDOG_USEC=400000;", Stdio::null(), &args);
    service.wait_for("READY=1");
    // Ready is ready for signals, too: this one comes at once.
    service.signal(Signal::HUP);
    let reloading = service.wait_for("RELOADING=1");
    assert!(reloading.contains("MONOTONIC_USEC="), "{reloading}");
    service.wait_for("READY=1");
    // A reload that fails is over, too.
    std::fs::write(service.directory.path().join("template.yaml"), "Resources: [").unwrap();
    service.signal(Signal::HUP);
    service.wait_for("RELOADING=1");
    service.wait_for("READY=1");
    for _ in 0..3 {
        service.wait_for("WATCHDOG=1");
    }
    service.signal(Signal::TERM);
    service.wait_for("STOPPING=1");
    let status = service.child.wait().unwrap();
    assert_eq!(status.code(), Some(0));
}

#[test]
fn a_socket_that_is_passed_in_is_served() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr: SocketAddr = listener.local_addr().unwrap();
    // A client may come before the service does.
    let mut early = Client::connect(addr);
    early.send(&crate::hostile::get("/s/mock"));
    let set_up = "exec 3<&0 0</dev/null; export LISTEN_FDS=1 LISTEN_PID=$$ LISTEN_FDNAMES=http;";
    let mut service =
        Service::start(set_up, Stdio::from(OwnedFd::from(listener)), &["--listen", "127.0.0.1:1"]);
    service.wait_for("READY=1");
    assert_eq!(early.response().status, 200);
    for _ in 0..10 {
        assert_eq!(Client::get(addr, "/s/mock").status, 200);
    }
    service.signal(Signal::TERM);
    service.wait_for("STOPPING=1");
    assert_eq!(service.child.wait().unwrap().code(), Some(0));
}
