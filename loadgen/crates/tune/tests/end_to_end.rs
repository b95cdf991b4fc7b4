//! The knee of a server whose capacity is known: it works on one request at a time, for a millisecond or longer.
#![forbid(unsafe_code)]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use loadgen_engine::{Request, Target};
use loadgen_tune::{Event, Settings, tune};

/// What no step may exceed: a request holds the server for a millisecond. A rate holds if 95 % of it were answered,
/// and answers count for 20 ms beyond a step of 800 ms.
const CAPACITY_RPS: f64 = 1_000.0 / 0.95 * 1.03;

fn server() -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let address = listener.local_addr().expect("an address");
    let turn = Arc::new(Mutex::new(()));
    thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            let turn = turn.clone();
            thread::spawn(move || serve(connection, &turn));
        }
    });
    address
}

fn serve(mut connection: TcpStream, turn: &Mutex<()>) {
    let _ = connection.set_nodelay(true);
    let (mut buffer, mut filled) = ([0; 4096], 0);
    while let Ok(count @ 1..) = connection.read(&mut buffer[filled..]) {
        filled += count;
        if buffer[..filled].ends_with(b"\r\n\r\n") {
            filled = 0;
            let working = turn.lock();
            thread::sleep(Duration::from_millis(1));
            drop(working);
            if connection.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").is_err() {
                return;
            }
        }
    }
}

#[test]
fn the_knee_of_a_server_is_below_its_capacity_and_not_far_below() {
    let address = server();
    let bytes = format!("GET / HTTP/1.1\r\nhost: {address}\r\n\r\n");
    let request = Request {
        name: "GET /".to_owned(),
        bytes: Arc::from(bytes.as_bytes()),
        is_head: false,
        weight: 1,
    };
    let target = Target { address, tls: None };
    let mut settings = Settings::new(target, format!("http://{address}"), vec![request]);
    settings.connections = Some(16);
    settings.gateway_pid = Some(std::process::id());
    settings.step_lasts = Duration::from_millis(800);
    settings.warm_up = Duration::from_millis(200);
    settings.lasts_max = Duration::from_secs(60);
    // Wide, for a machine that stalls for a tenth of a second: it is the capacity that is looked for.
    settings.thresholds =
        ["p90<200ms", "errors<2%"].map(|t| t.parse().expect("a threshold")).to_vec();
    let mut steps = 0;
    let found =
        tune(&settings, &mut |event| steps += usize::from(matches!(event, Event::Measured(_))))
            .expect("it answers");
    let ceiling_rps = found.trials[0].rate_rps;
    assert!(ceiling_rps <= CAPACITY_RPS, "{ceiling_rps}");
    let knee_rps = found.end.holds_rps.unwrap_or_default();
    assert!(knee_rps <= CAPACITY_RPS, "{knee_rps}: {:#?}", found.steps);
    assert!(knee_rps >= ceiling_rps * 0.25, "{knee_rps} of {ceiling_rps}: {:#?}", found.steps);
    assert_eq!(steps, found.steps.len());
    assert!(found.took <= settings.lasts_max + Duration::from_secs(10));
    let step = found.steps.first().expect("a step");
    let process = step.gateway.as_ref().expect("this process was looked at");
    assert!(process.cpu_us_per_request > 0.0, "{process:?}");
    assert!(step.machine.is_some_and(|machine| machine.cpus > 0));
    let page = loadgen_report::html::render(&found.report());
    assert!(page.contains("CPU time per request"));
}
