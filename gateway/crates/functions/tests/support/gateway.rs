//! Plays the gateway for tests: as the launcher of environments, or as a process with a supervisor that a test kills.
#![forbid(unsafe_code)]

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use gateway_compile::{Code, FunctionPlan, Runtime};
use gateway_functions::{
    Containment, EnvironmentId, LogLine, LogSink, Notice, Order, Supervisor, SupervisorSettings,
    launcher, orders,
};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [launcher::COMMAND] => ExitCode::from(launcher::main()),
        ["run", containment, directory, code] => run(containment, directory, code),
        _ => {
            eprintln!("this is a part of the tests");
            ExitCode::from(2)
        }
    }
}

/// Starts one environment and waits to be killed.
fn run(containment: &str, directory: &str, code: &str) -> ExitCode {
    let containment = match containment {
        "tree" => Containment::Tree,
        _ => Containment::Namespace,
    };
    let (sender, receiver) = orders();
    let settings = SupervisorSettings {
        launcher: std::env::current_exe().expect("this program has a path"),
        directory: directory.into(),
        user: None,
        environment: Vec::new(),
    };
    let notify = Arc::new(|_, notice: Notice| println!("{notice:?}"));
    let _supervisor =
        Supervisor::start_with(settings, Some(containment), receiver, notify, Arc::new(Standard))
            .expect("a supervisor starts");
    let function = FunctionPlan {
        name: "killed".into(),
        version: "$LATEST".into(),
        arn: "arn:aws:lambda:eu-west-1:000000000000:function:killed".into(),
        region: "eu-west-1".into(),
        runtime: Runtime::Provided,
        handler: "x".into(),
        code: Code::Path { path: PathBuf::from(code), fingerprint: 1 },
        environment: Vec::new(),
        timeout_ms: 3000,
        memory_mb: 128,
        reserved_concurrency: None,
    };
    let start = Order::Start {
        environment: EnvironmentId(1),
        shard: 0,
        function: Arc::new(function),
        runtime_api: SocketAddr::from(([127, 0, 0, 1], 1)),
    };
    sender.send(start).expect("the supervisor takes orders");
    loop {
        std::thread::park();
    }
}

struct Standard;

impl LogSink for Standard {
    fn line(&self, line: LogLine<'_>) {
        println!("{}", String::from_utf8_lossy(line.text));
    }
}
