//! Latencies from the intended time agree with a backend's own log, where a closed loop is wrong.
//!
//! The backend stalls all answers for 100 ms every second. At a constant rate a tenth of all requests falls into a
//! stall, and one that comes `x` ms before its end waits `x` ms, so P(latency > x) = 0.1 · (1 − x / 100): p99 is 90 ms
//! and p99.9 is 99 ms. A closed loop sends next to nothing during a stall and sees it in one request a connection.
//!
//! The truth is not that arithmetic, for a busy machine stalls longer, but the backend's log of when it wrote each
//! answer: requests are served in order, so the k-th intended time (k / rate) belongs to the k-th answer.
//! `STALLS_SECONDS` makes the run longer.
#![forbid(unsafe_code)]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use loadgen_engine::{Arrivals, Outcome, Plan, Record, Request, Step, Target, run};

const RATE_RPS: u64 = 500;
const STALL: Duration = Duration::from_millis(100);
const BETWEEN: Duration = Duration::from_millis(900);
const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
/// Noise of the machine only adds to the error, and a bias stays: the best of so many runs is judged.
const ATTEMPTS_MAX: usize = 8;

#[derive(Default)]
struct Backend {
    is_stalled: Mutex<bool>,
    moved: Condvar,
    /// When each answer was written, in microseconds since 1970.
    answered: Mutex<Vec<u64>>,
}

fn unix_us() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_micros() as u64
}

impl Backend {
    fn start() -> (Arc<Self>, Target) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("bound");
        let backend = Arc::new(Self::default());
        let (stalls, serves) = (backend.clone(), backend.clone());
        std::thread::spawn(move || stalls.stall());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let backend = serves.clone();
                std::thread::spawn(move || backend.serve(stream));
            }
        });
        (backend, Target { address, tls: None })
    }

    fn stall(&self) {
        loop {
            std::thread::sleep(BETWEEN);
            *self.is_stalled.lock().expect("no panic") = true;
            std::thread::sleep(STALL);
            *self.is_stalled.lock().expect("no panic") = false;
            self.moved.notify_all();
        }
    }

    /// Requests are small and come whole.
    fn serve(&self, mut stream: TcpStream) -> Option<()> {
        stream.set_nodelay(true).ok()?;
        let mut piece = [0; 1024];
        while stream.read(&mut piece).ok()? > 0 {
            let stalled = self.is_stalled.lock().expect("no panic");
            drop(self.moved.wait_while(stalled, |is_stalled| *is_stalled).expect("no panic"));
            stream.write_all(ANSWER).ok()?;
            let now = unix_us();
            self.answered.lock().expect("no panic").push(now);
        }
        None
    }

    /// The latencies of a run at a constant rate by the backend's own log, ascending.
    fn truth(&self, outcome: &Outcome) -> Vec<u64> {
        let mut answered = std::mem::take(&mut *self.answered.lock().expect("no panic"));
        answered.sort_unstable();
        assert_eq!(answered.len() as u64, outcome.sent, "every request was answered");
        let intended = (0..).map(|k| outcome.started_unix_us + k * 1_000_000 / RATE_RPS);
        let mut truth: Vec<u64> = answered
            .iter()
            .zip(intended)
            .map(|(at, intended)| at.saturating_sub(intended))
            .collect();
        truth.sort_unstable();
        truth
    }
}

fn plan(target: &Target, arrivals: Arrivals, connections: usize, seconds: u64) -> Plan {
    let bytes: Arc<[u8]> = Arc::from(&b"GET / HTTP/1.1\r\nHost: stalls\r\n\r\n"[..]);
    Plan {
        target: target.clone(),
        requests: vec![Request { name: "GET /".to_owned(), bytes, is_head: false, weight: 1 }],
        arrivals,
        connections,
        threads: 1,
        lasts_max: Duration::from_secs(seconds),
        count_max: u64::MAX,
        timeout: Duration::from_secs(10),
        keep_alive: true,
        pipeline: 1,
        record: Record::Counts,
        marks: Vec::new(),
    }
}

/// The smallest value that `quantile` of all are not above.
fn at(sorted: &[u64], quantile: f64) -> u64 {
    let rank = (quantile * sorted.len() as f64).ceil() as usize;
    sorted[rank.clamp(1, sorted.len()) - 1]
}

#[test]
fn percentiles_are_the_backends_own_and_a_closed_loops_are_not() {
    let seconds = std::env::var("STALLS_SECONDS").ok().and_then(|text| text.parse().ok());
    let seconds = seconds.unwrap_or(10);
    let (backend, target) = Backend::start();
    let rate = RATE_RPS as f64;
    let steps = vec![Step { from_rps: rate, to_rps: rate, lasts: Duration::from_secs(seconds) }];
    let open = plan(&target, Arrivals::Steps(steps), 64, seconds);
    let mut told = Vec::new();
    let truth = loop {
        let outcome = run(&open, &mut |_| {}).expect("a plan");
        assert_eq!(outcome.latency_us.len(), RATE_RPS * seconds, "{:?}", outcome.errors);
        let truth = backend.truth(&outcome);
        let error = |quantile: f64| {
            let (is, was) = (outcome.latency_us.value_at_quantile(quantile), at(&truth, quantile));
            (is, was, is as f64 / was as f64 - 1.0)
        };
        let (p99, p999) = (error(0.99), error(0.999));
        told.push(format!(
            "p99 {} µs, truth {}, {:+.2} %; p99.9 {} µs, truth {}, {:+.2} %; sent late at most {} µs, p99 {}",
            p99.0, p99.1, p99.2 * 100.0, p999.0, p999.1, p999.2 * 100.0,
            outcome.late_us.max(), outcome.late_us.value_at_quantile(0.99),
        ));
        if p99.2.abs() <= 0.05 && p999.2.abs() <= 0.05 {
            break truth;
        }
        assert!(told.len() < ATTEMPTS_MAX, "{}", told.join("\n"));
    };
    eprintln!("{}", told.join("\n"));
    assert!((80_000..150_000).contains(&at(&truth, 0.99)), "the backend stalls as it should");

    let closed = run(&plan(&target, Arrivals::Closed, 4, 5), &mut |_| {}).expect("a plan");
    let closed_p99 = closed.latency_us.value_at_quantile(0.99);
    eprintln!("closed loop: p99 {closed_p99} µs of {} requests", closed.sent);
    assert!(closed_p99 < at(&truth, 0.99) / 2, "a closed loop hides the stalls: {closed_p99} µs");
}
