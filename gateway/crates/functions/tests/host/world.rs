//! Shards with hosts, and a supervisor whose environments are threads that follow a script.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::rc::Rc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use gateway_compile::functions::{Code, FunctionPlan, Runtime as PlanRuntime};
use gateway_functions::{
    EnvironmentId, Exit, Functions, Host, HostSettings, Invocation, InvokeError, LocalFunction,
    Notice, NoticeKind, Order, OrderReceiver, Outcome, PlatformEvent,
};
use gateway_rt::{
    Backend, Driver, DriverChoice, Moment, Sender, ShardConfig, mailbox, spawn_shard,
};

/// Far more than anything here needs: what hangs fails.
pub(crate) const LONG: Duration = Duration::from_secs(30);

/// What an environment does until it ends.
pub(crate) type Script = Arc<dyn Fn(&mut Runtime) -> Exit + Send + Sync>;

type Do = Box<dyn FnOnce(&Rc<Local>) + Send>;

pub(crate) struct World {
    pub(crate) functions: Arc<Functions>,
    pub(crate) plan: Arc<FunctionPlan>,
    pub(crate) seen: Arc<Seen>,
    shards: Vec<Sender<Do>>,
    threads: Vec<JoinHandle<std::io::Result<()>>>,
}

/// What the supervisor saw.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) started: AtomicUsize,
    pub(crate) alive: AtomicUsize,
    pub(crate) alive_max: AtomicUsize,
    pub(crate) killed: AtomicUsize,
    pub(crate) pokes: AtomicUsize,
    pub(crate) log: Mutex<Vec<PlatformEvent>>,
}

/// What a shard's thread has.
pub(crate) struct Local {
    pub(crate) host: Host,
    functions: RefCell<HashMap<usize, Rc<LocalFunction>>>,
}

/// A runtime: one connection to the runtime API, opened when it is needed.
pub(crate) struct Runtime {
    pub(crate) api: SocketAddr,
    /// Counts from 1.
    pub(crate) environment: u64,
    stream: Option<TcpStream>,
    sockets: Arc<Mutex<Option<Vec<TcpStream>>>>,
}

/// What `next` answered, or what any request did.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

pub(crate) fn settings() -> HostSettings {
    HostSettings {
        concurrency_max: 4,
        environments_max: 100,
        wait_max: LONG,
        waiting_max: 1000,
        idle_max: Duration::from_secs(300),
        init_max: Duration::from_secs(10),
    }
}

pub(crate) fn plan(timeout_ms: u32, reserved: Option<u32>) -> Arc<FunctionPlan> {
    Arc::new(FunctionPlan {
        name: "hello".into(),
        version: "$LATEST".into(),
        arn: "arn:aws:lambda:us-east-1:000000000000:function:hello".into(),
        region: "us-east-1".into(),
        runtime: PlanRuntime::Provided,
        handler: "hello.handler".into(),
        code: Code::Inline("".into()),
        environment: Vec::new(),
        timeout_ms,
        memory_mb: 128,
        reserved_concurrency: reserved,
    })
}

pub(crate) fn invocation(payload: &str) -> Invocation {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let id = format!("8476a536-e9f4-11e8-9739-{:012x}", COUNT.fetch_add(1, SeqCst));
    Invocation {
        request_id: id.as_bytes().try_into().expect("36 characters"),
        payload: payload.as_bytes().to_vec(),
        trace_id: b"Root=1-5759e988-bd862e3fe1be46a994272793".to_vec(),
        deadline: Moment::now() + LONG,
    }
}

/// Answers every event with itself.
pub(crate) fn echo() -> Script {
    Arc::new(|runtime| {
        while let Some(event) = runtime.next() {
            runtime.respond(&event.id(), &event.body);
        }
        Exit::Status(0)
    })
}

impl World {
    pub(crate) fn new(script: Script) -> Self {
        Self::with(1, settings(), plan(3_000, None), script)
    }

    pub(crate) fn with(
        count: usize,
        settings: HostSettings,
        plan: Arc<FunctionPlan>,
        script: Script,
    ) -> Self {
        let functions = Arc::new(Functions::new(settings));
        let seen = Arc::new(Seen::default());
        let (orders, ordered) = gateway_functions::orders();
        let (shards, inboxes): (Vec<_>, Vec<_>) =
            (0..count).map(|_| mailbox::<Do>(4096).expect("descriptors")).unzip();
        let driver = Driver::probe(DriverChoice::Auto).expect("a driver");
        let mut threads = Vec::new();
        for (index, inbox) in inboxes.into_iter().enumerate() {
            let config = ShardConfig {
                index,
                cpu: None,
                backend: Backend::Monoio,
                driver,
                ring_entries: 256,
            };
            let (functions, orders) = (functions.clone(), orders.clone());
            let (peers, seen) = (shards.clone(), seen.clone());
            let main = move || async move {
                let poke = Rc::new(move |shard: usize| {
                    seen.pokes.fetch_add(1, SeqCst);
                    let serve: Do = Box::new(|local| local.host.serve_waiting());
                    let _ = peers[shard].try_send(serve);
                });
                let host = Host::new(index, functions, orders, poke);
                let local = Rc::new(Local { host, functions: RefCell::default() });
                let mut inbox = inbox.attach().expect("a driver");
                while let Some(what) = inbox.recv().await {
                    what(&local);
                    if STOP.with(std::cell::Cell::get) {
                        break;
                    }
                }
            };
            threads.push(spawn_shard(config, main).expect("a thread"));
        }
        let (peers, watched) = (shards.clone(), seen.clone());
        std::thread::spawn(move || supervise(ordered, peers, watched, script));
        Self { functions, plan, seen, shards, threads }
    }

    /// Runs `what` on a shard and waits for what it returns.
    pub(crate) fn on<T: Send + 'static>(
        &self,
        shard: usize,
        what: impl FnOnce(&Rc<Local>) -> T + Send + 'static,
    ) -> T {
        let (sender, receiver) = channel();
        let what: Do = Box::new(move |local| {
            let _ = sender.send(what(local));
        });
        assert!(self.shards[shard].try_send(what).is_ok(), "the mailbox has room");
        receiver.recv_timeout(LONG).expect("the shard answers")
    }

    pub(crate) fn housekeep(&self, shard: usize) {
        self.on(shard, |local| local.host.housekeep(Moment::now()));
    }

    /// Invokes the function and does not wait for its result.
    pub(crate) fn begin(
        &self,
        shard: usize,
        invocation: Invocation,
    ) -> Receiver<Result<Outcome, InvokeError>> {
        let (sender, receiver) = channel();
        let plan = self.plan.clone();
        self.on(shard, move |local| {
            let function = local.function(&plan);
            gateway_rt::spawn(async move {
                let _ = sender.send(function.invoke(invocation).await);
            });
        });
        receiver
    }

    pub(crate) fn invoke(&self, shard: usize, payload: &str) -> Result<Outcome, InvokeError> {
        self.begin(shard, invocation(payload)).recv_timeout(LONG).expect("an outcome")
    }

    /// The outcome's document, and that it is an error.
    #[track_caller]
    pub(crate) fn fails(&self, payload: &str) -> String {
        let outcome = self.invoke(0, payload).expect("an outcome");
        assert!(outcome.is_error, "{outcome:?}");
        String::from_utf8(outcome.payload).expect("UTF-8")
    }

    #[track_caller]
    pub(crate) fn succeeds(&self, shard: usize, payload: &str) {
        let expect = Outcome { payload: payload.as_bytes().to_vec(), is_error: false };
        assert_eq!(self.invoke(shard, payload), Ok(expect));
    }

    /// Waits until `is_so`, which must come true.
    #[track_caller]
    pub(crate) fn until(&self, what: &str, is_so: impl Fn(&Self) -> bool) {
        for _ in 0..3_000 {
            if is_so(self) {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("never: {what}; {:?}", self.functions.stats());
    }
}

impl Drop for World {
    fn drop(&mut self) {
        for shard in &self.shards {
            let stop: Do = Box::new(|local| {
                local.host.shut_down();
                STOP.with(|stop| stop.set(true));
            });
            let _ = shard.try_send(stop);
        }
        for thread in self.threads.drain(..) {
            let ended = thread.join();
            if !std::thread::panicking() {
                ended.expect("no panic").expect("a driver");
            }
        }
    }
}

thread_local! {
    static STOP: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

impl Local {
    pub(crate) fn function(&self, plan: &Arc<FunctionPlan>) -> Rc<LocalFunction> {
        let key = Arc::as_ptr(plan) as usize;
        let mut functions = self.functions.borrow_mut();
        functions.entry(key).or_insert_with(|| self.host.function(plan)).clone()
    }

    /// No snapshot has the function any more.
    pub(crate) fn forget(&self, plan: &Arc<FunctionPlan>) {
        let function = self.functions.borrow_mut().remove(&(Arc::as_ptr(plan) as usize));
        drop(function);
    }
}

/// The supervisor: environments are threads, and killing one shuts its sockets down.
fn supervise(orders: OrderReceiver, shards: Vec<Sender<Do>>, seen: Arc<Seen>, script: Script) {
    type Sockets = Arc<Mutex<Option<Vec<TcpStream>>>>;
    let mut environments: HashMap<EnvironmentId, (usize, Sockets)> = HashMap::new();
    while let Some(order) = orders.blocking_recv() {
        match order {
            Order::Start { environment, shard, runtime_api, .. } => {
                seen.started.fetch_add(1, SeqCst);
                let alive = seen.alive.fetch_add(1, SeqCst) + 1;
                seen.alive_max.fetch_max(alive, SeqCst);
                let sockets: Sockets = Arc::new(Mutex::new(Some(Vec::new())));
                environments.insert(environment, (shard, sockets.clone()));
                let (script, seen, to) = (script.clone(), seen.clone(), shards[shard].clone());
                std::thread::spawn(move || {
                    let mut runtime = Runtime {
                        api: runtime_api,
                        environment: environment.0,
                        stream: None,
                        sockets: sockets.clone(),
                    };
                    let exit = script(&mut runtime);
                    drop(runtime);
                    if sockets.lock().expect("no panic").take().is_some() {
                        exited(&to, &seen, environment, exit);
                    }
                });
            }
            Order::Kill { environment } => {
                seen.killed.fetch_add(1, SeqCst);
                let Some((shard, sockets)) = environments.get(&environment) else { continue };
                if let Some(sockets) = sockets.lock().expect("no panic").take() {
                    for socket in sockets {
                        let _ = socket.shutdown(Shutdown::Both);
                    }
                    exited(&shards[*shard], &seen, environment, Exit::Signal(9));
                }
            }
            Order::Log { event, .. } => seen.log.lock().expect("no panic").push(event),
        }
    }
}

fn exited(shard: &Sender<Do>, seen: &Seen, environment: EnvironmentId, exit: Exit) {
    seen.alive.fetch_sub(1, SeqCst);
    let notice = Notice { environment, kind: NoticeKind::Exited(exit) };
    let tell: Do = Box::new(move |local| local.host.notice(notice));
    let _ = shard.try_send(tell);
}

impl Runtime {
    /// Asks for an invocation; `None` when the environment ends.
    pub(crate) fn next(&mut self) -> Option<Answer> {
        let answer = self.request("GET", "invocation/next", "", b"")?;
        (answer.status == 200).then_some(answer)
    }

    pub(crate) fn respond(&mut self, id: &str, body: &[u8]) -> Option<u16> {
        let path = format!("invocation/{id}/response");
        self.request("POST", &path, "", body).map(|answer| answer.status)
    }

    /// One request; `None` when the connection ends.
    pub(crate) fn request(
        &mut self,
        method: &str,
        path: &str,
        fields: &str,
        body: &[u8],
    ) -> Option<Answer> {
        let length = match method {
            "GET" => String::new(),
            _ => format!("Content-Length: {}\r\n", body.len()),
        };
        let head = format!(
            "{method} /2018-06-01/runtime/{path} HTTP/1.1\r\nHost: {}\r\n{length}{fields}\r\n",
            self.api
        );
        self.send(head.as_bytes())?;
        self.send(body)?;
        self.receive()
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) -> Option<()> {
        self.stream()?.write_all(bytes).ok()
    }

    /// The next answer on the connection.
    pub(crate) fn receive(&mut self) -> Option<Answer> {
        let stream = self.stream()?;
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            stream.read_exact(&mut byte).ok()?;
            head.push(byte[0]);
        }
        let head = String::from_utf8(head).expect("ASCII");
        let status = head[9..12].parse().expect("a status");
        let mut answer = Answer { status, head, body: Vec::new() };
        let len = answer.value("content-length").map_or(0, |len| len.parse().expect("a length"));
        answer.body.resize(len, 0);
        stream.read_exact(&mut answer.body).ok()?;
        Some(answer)
    }

    /// Ends the connection; the next request opens another one.
    pub(crate) fn disconnect(&mut self) {
        if let Some(stream) = self.stream.take() {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Another connection of the same runtime.
    pub(crate) fn beside(&self) -> Runtime {
        let sockets = self.sockets.clone();
        Runtime { api: self.api, environment: self.environment, stream: None, sockets }
    }

    fn stream(&mut self) -> Option<&mut TcpStream> {
        if self.stream.is_none() {
            let stream = TcpStream::connect(self.api).ok()?;
            stream.set_nodelay(true).ok()?;
            stream.set_read_timeout(Some(LONG)).ok()?;
            let mut sockets = self.sockets.lock().expect("no panic");
            sockets.as_mut()?.push(stream.try_clone().ok()?);
            drop(sockets);
            self.stream = Some(stream);
        }
        self.stream.as_mut()
    }
}

impl Answer {
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        let is_it = |line: &&str| {
            line.split_once(": ").is_some_and(|(field, _)| field.eq_ignore_ascii_case(name))
        };
        self.head.lines().find(is_it).map(|line| line.split_once(": ").expect("found").1)
    }

    pub(crate) fn id(&self) -> String {
        self.value("lambda-runtime-aws-request-id").expect("a request id").to_owned()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).expect("UTF-8")
    }
}
