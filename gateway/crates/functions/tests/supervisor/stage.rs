//! What tests have in common: a supervisor, its notices and lines, and a runtime API.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use gateway_compile::{Code, FunctionPlan, Runtime};
use gateway_functions::{
    Containment, EnvironmentId, Exit, LogLine, LogSink, Notice, NoticeKind, Order, OrderSender,
    PlatformEvent, Supervisor, SupervisorSettings, orders,
};

pub(crate) const LAUNCHER: &str = env!("CARGO_BIN_EXE_functions-test-gateway");

/// How long anything may take here before the test has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Both ways to hold processes together, where this machine permits both.
pub(crate) fn containments() -> Vec<Containment> {
    let directory = tempfile::tempdir().unwrap();
    let (_orders, receiver) = orders();
    let settings = settings(directory.path());
    let notify = Arc::new(|_, _| {});
    let sink = Arc::new(Kept::default());
    let namespace = Containment::Namespace;
    match Supervisor::start_with(settings, Some(namespace), receiver, notify, sink) {
        Ok(_) => vec![Containment::Namespace, Containment::Tree],
        Err(error) => {
            println!("left out: PID namespaces ({error})");
            vec![Containment::Tree]
        }
    }
}

fn settings(directory: &Path) -> SupervisorSettings {
    SupervisorSettings {
        launcher: LAUNCHER.into(),
        directory: directory.join("functions"),
        user: None,
        environment: vec![("AWS_ENDPOINT_URL".to_owned(), "http://127.0.0.1:9".to_owned())],
    }
}

#[derive(Default)]
pub(crate) struct Kept(Mutex<Vec<(String, Vec<u8>)>>);

impl LogSink for Kept {
    fn line(&self, line: LogLine<'_>) {
        assert!(line.group.starts_with("/aws/lambda/"));
        self.0.lock().unwrap().push((line.stream.to_owned(), line.text.to_owned()));
    }
}

/// A supervisor, and what it says.
pub(crate) struct Stage {
    pub(crate) directory: tempfile::TempDir,
    supervisor: Option<Supervisor>,
    orders: OrderSender,
    notices: Receiver<Notice>,
    sink: Arc<Kept>,
    next: AtomicU64,
}

impl Stage {
    pub(crate) fn new() -> Self {
        Self::with(None)
    }

    pub(crate) fn with(containment: Option<Containment>) -> Self {
        Self::of(containment, |_| {})
    }

    pub(crate) fn of(
        containment: Option<Containment>,
        change: impl FnOnce(&mut SupervisorSettings),
    ) -> Self {
        let directory = tempfile::tempdir().unwrap();
        std::fs::set_permissions(directory.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let mut settings = settings(directory.path());
        change(&mut settings);
        let (orders, receiver) = orders();
        let (sender, notices) = channel();
        let notify = Arc::new(move |shard: usize, notice: Notice| {
            assert_eq!(shard, 3);
            println!("{notice:?}");
            let _ = sender.send(notice);
        });
        let sink = Arc::new(Kept::default());
        let supervisor =
            Supervisor::start_with(settings, containment, receiver, notify, sink.clone()).unwrap();
        let supervisor = Some(supervisor);
        Self { directory, supervisor, orders, notices, sink, next: AtomicU64::new(1) }
    }

    /// Writes a function's directory, with one file; a program where its name is `bootstrap`.
    pub(crate) fn code(&self, file: &str, text: &str) -> Code {
        let path = self.directory.path().join(format!("code-{}", self.next_id()));
        std::fs::create_dir(&path).unwrap();
        write_file(&path, file, text);
        Code::Path { path, fingerprint: 1 }
    }

    pub(crate) fn next_id(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn start(&self, plan: FunctionPlan, runtime_api: SocketAddr) -> EnvironmentId {
        let environment = EnvironmentId(self.next_id());
        let function = Arc::new(plan);
        let order = Order::Start { environment, shard: 3, function, runtime_api };
        self.orders.send(order).unwrap();
        environment
    }

    /// Starts a shell script as a provided runtime.
    pub(crate) fn script(&self, text: &str) -> EnvironmentId {
        let code = self.code("bootstrap", &format!("#!/bin/sh\n{text}\n"));
        self.start(plan(Runtime::Provided, code), nowhere())
    }

    pub(crate) fn kill(&self, environment: EnvironmentId) {
        self.orders.send(Order::Kill { environment }).unwrap();
    }

    pub(crate) fn log(&self, environment: EnvironmentId, event: PlatformEvent) {
        self.orders.send(Order::Log { environment, event, unix_ms: 0 }).unwrap();
    }

    #[track_caller]
    pub(crate) fn notice(&self) -> (EnvironmentId, NoticeKind) {
        let notice = self.notices.recv_timeout(PATIENCE).expect("a notice");
        (notice.environment, notice.kind)
    }

    #[track_caller]
    pub(crate) fn exit_of(&self, environment: EnvironmentId) -> Exit {
        match self.notice() {
            (ended, NoticeKind::Exited(exit)) if ended == environment => exit,
            other => panic!("{environment:?} should have ended: {other:?}, {:#?}", self.lines()),
        }
    }

    #[track_caller]
    pub(crate) fn start_failure(&self) -> String {
        match self.notice() {
            (_, NoticeKind::StartFailed(why)) => why,
            other => panic!("should not have started: {other:?}"),
        }
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        let lines = self.sink.0.lock().unwrap();
        lines.iter().map(|(_, text)| String::from_utf8_lossy(text).into_owned()).collect()
    }

    pub(crate) fn streams(&self) -> Vec<String> {
        self.sink.0.lock().unwrap().iter().map(|(stream, _)| stream.clone()).collect()
    }

    /// Waits for a line that begins so, and gives the rest.
    #[track_caller]
    pub(crate) fn line(&self, start: &str) -> String {
        let found = || self.lines().iter().find_map(|l| Some(l.strip_prefix(start)?.to_owned()));
        wait_for(found).unwrap_or_else(|| panic!("no line {start:?} in {:#?}", self.lines()))
    }

    pub(crate) fn end(&mut self) {
        drop(self.supervisor.take());
    }
}

pub(crate) fn write_file(directory: &Path, file: &str, text: &str) {
    let path: PathBuf = directory.join(file);
    std::fs::write(&path, text).unwrap();
    let mode = if file == "bootstrap" { 0o755 } else { 0o644 };
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// Asks until there is an answer, or patience ends.
pub(crate) fn wait_for<T>(mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let since = Instant::now();
    while since.elapsed() < PATIENCE {
        if let Some(answer) = ask() {
            return Some(answer);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    None
}

pub(crate) fn plan(runtime: Runtime, code: Code) -> FunctionPlan {
    FunctionPlan {
        name: "hello".into(),
        version: "$LATEST".into(),
        arn: "arn:aws:lambda:eu-west-1:000000000000:function:hello".into(),
        region: "eu-west-1".into(),
        runtime,
        handler: "index.handler".into(),
        code,
        environment: vec![("GREETING".into(), "hei".into())],
        timeout_ms: 3000,
        memory_mb: 128,
        reserved_concurrency: None,
    }
}

/// An address where nobody listens; another each time, as environments' are.
pub(crate) fn nowhere() -> SocketAddr {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let [.., a, b] = NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    let [.., c, _] = std::process::id().to_be_bytes();
    SocketAddr::from(([127, c, a, b], 1))
}

/// The processes whose command line holds `marker`, which no other does.
pub(crate) fn processes_with(marker: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let Ok(line) = std::fs::read(entry.path().join("cmdline")) else { continue };
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        let stat = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        let is_zombie = stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('Z'));
        let is_own = entry.file_name().to_str() == Some(&std::process::id().to_string());
        if line.contains(marker) && !is_zombie && !is_own {
            found.push(line);
        }
    }
    found
}

#[track_caller]
pub(crate) fn wait_for_none_with(marker: &str) {
    let none = wait_for(|| processes_with(marker).is_empty().then_some(()));
    assert!(none.is_some(), "left over: {:?}", processes_with(marker));
}

/// A request that a runtime made.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) path: String,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: String,
    answer: Sender<String>,
}

impl Request {
    fn respond(&self, status: &str, headers: &str, body: &str) {
        let head = format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\n\r\n", body.len());
        self.answer.send(head + body).unwrap();
    }

    /// Answers `next` with an invocation.
    #[track_caller]
    pub(crate) fn invoke(&self, id: &str, event: &str, headers: &str) {
        assert_eq!(self.path, "/2018-06-01/runtime/invocation/next", "{}", self.body);
        let deadline = std::time::SystemTime::now() + Duration::from_secs(3);
        let deadline = deadline.duration_since(std::time::UNIX_EPOCH).unwrap().as_millis();
        let headers = format!(
            "Content-Type: application/json\r\nLambda-Runtime-Aws-Request-Id: {id}\r\n\
             Lambda-Runtime-Deadline-Ms: {deadline}\r\n\
             Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:eu-west-1:000000000000:function:hello\r\n{headers}"
        );
        self.respond("200 OK", &headers, event);
    }

    pub(crate) fn accept(&self) {
        self.respond("202 Accepted", "", "{\"status\":\"OK\"}");
    }
}

/// A runtime API whose answers the test gives.
pub(crate) struct Api {
    pub(crate) address: SocketAddr,
    requests: Receiver<Request>,
}

impl Api {
    /// The thread ends when the test does.
    pub(crate) fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, requests) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let sender = sender.clone();
                std::thread::spawn(move || serve(stream, &sender));
            }
        });
        Self { address, requests }
    }

    #[track_caller]
    pub(crate) fn request(&self) -> Request {
        self.requests.recv_timeout(PATIENCE).expect("a request of the runtime's")
    }

    /// Answers `next` with an event, and gives what comes back, accepted.
    #[track_caller]
    pub(crate) fn invoke(&self, id: &str, event: &str) -> Request {
        self.request().invoke(id, event, "Lambda-Runtime-Trace-Id: Root=1-5;Sampled=1\r\n");
        let result = self.request();
        result.accept();
        result
    }
}

fn serve(stream: TcpStream, sender: &Sender<Request>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    while let Some((path, headers, body)) = read_request(&mut reader) {
        let (answer, answers) = channel();
        let body = String::from_utf8_lossy(&body).into_owned();
        if sender.send(Request { path, headers, body, answer }).is_err() {
            return;
        }
        let Ok(answer) = answers.recv() else { return };
        if (&stream).write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

type Parts = (String, HashMap<String, String>, Vec<u8>);

fn read_request(reader: &mut BufReader<TcpStream>) -> Option<Parts> {
    let mut line = String::new();
    if reader.read_line(&mut line).ok()? == 0 {
        return None;
    }
    let path = line.split(' ').nth(1)?.to_owned();
    let mut headers = HashMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.insert(name.to_lowercase(), value.trim().to_owned());
    }
    let mut body = Vec::new();
    if headers.get("transfer-encoding").is_some_and(|coding| coding == "chunked") {
        loop {
            let mut size = String::new();
            reader.read_line(&mut size).ok()?;
            let size = usize::from_str_radix(size.trim(), 16).ok()?;
            if size == 0 {
                break;
            }
            let mut chunk = vec![0; size + 2];
            reader.read_exact(&mut chunk).ok()?;
            body.extend_from_slice(&chunk[..size]);
        }
        loop {
            let mut trailer = String::new();
            reader.read_line(&mut trailer).ok()?;
            let Some((name, value)) = trailer.trim_end().split_once(':') else { break };
            headers.insert(name.to_lowercase(), value.trim().to_owned());
        }
    } else {
        body = vec![0; headers.get("content-length").map_or(0, |len| len.parse().unwrap())];
        reader.read_exact(&mut body).ok()?;
    }
    Some((path, headers, body))
}
