//! The open model: exact counts, due times, latencies from them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use hdrhistogram::serialization::Deserializer;
use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};
use loadgen_scenario::{Load, RunSettings, Schedule, run_goose};
use proptest::prelude::*;

use crate::server::Server;
use crate::{run, scenario};

#[test]
fn a_rate_sends_exactly_its_count_evenly() {
    let server = Server::start();
    let result = run(
        "name: s\nrequests: [{path: /a, weight: 2}, {path: /b}]\nload: {arrival: {rate: 200/s}, users_max: 8}\nduration: 1s\n",
        &server,
    );
    assert_eq!((result.requests, result.unsent, result.failed()), (200, 0, 0));
    assert_eq!(server.seen().len(), 200);
    assert_eq!(result.by_request.iter().map(|r| r.requests).sum::<u64>(), 200);
    let seen = server.seen();
    let first = seen.iter().map(|s| s.at).min().expect("some");
    let half = seen.iter().filter(|s| s.at - first < Duration::from_millis(500)).count();
    assert!((70..=130).contains(&half), "half of them in half the time: {half}");
    assert!(!result.late_us.is_empty(), "users waited for requests");
    assert!(result.took >= Duration::from_millis(990) && result.took < Duration::from_secs(3));
}

/// A server that stands still for 300 ms of a second: a closed loop with one connection would see one slow answer.
#[test]
fn latencies_count_from_the_time_a_request_was_due() {
    let started = Instant::now();
    let stall = Arc::new(AtomicBool::new(false));
    let stalled = Arc::clone(&stall);
    let server = Server::answering(move |seen| {
        if seen.path() == "/prod/stall" && !stalled.swap(true, Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(300));
        }
        (200, Vec::new())
    });
    let result = run(
        "name: s\nrequests: [{path: /stall}]\nload: {arrival: {rate: 100/s}, users_max: 1}\nduration: 1s\n",
        &server,
    );
    assert!(started.elapsed() < Duration::from_secs(10));
    assert_eq!(result.requests, 100);
    // One in flight: the first takes 300 ms, and the 29 that were due meanwhile 290, 280, … 10 ms. So three in ten
    // are slow, evenly spread up to 300 ms, though only one answer was.
    let slow = |over_ms: u64| {
        result
            .latency_us
            .iter_recorded()
            .filter(|v| v.value_iterated_to() > over_ms * 1_000)
            .map(|v| v.count_at_value())
            .sum::<u64>()
    };
    // A busy machine only adds to them.
    assert!((28..=70).contains(&slow(10)), "{}", slow(10));
    assert!((13..=40).contains(&slow(150)), "{}", slow(150));
    let p99_ms = result.latency_us.value_at_quantile(0.99) as f64 / 1e3;
    assert!((275.0..600.0).contains(&p99_ms), "{p99_ms}");
    // What waited for a busy user is not the generator's fault.
    assert!(result.late_us.len() < 75, "{}", result.late_us.len());
}

#[test]
fn a_target_that_hangs_does_not_hold_the_run() {
    let server = Server::answering(|_| {
        std::thread::sleep(Duration::from_secs(20));
        (200, Vec::new())
    });
    let result = run(
        "name: s\nrequests: [{path: /a}]\nload: {arrival: {rate: 100/s}, users_max: 2}\nduration: 400ms\ntimeout: 300ms\n",
        &server,
    );
    assert_eq!(result.requests + result.unsent, 40);
    assert_eq!(result.errors["timeout"], result.requests);
    assert!(
        (2..=8).contains(&result.requests),
        "two users, 300 ms each, 700 ms: {}",
        result.requests
    );
    assert!(result.took < Duration::from_secs(4), "{:?}", result.took);
    assert!(result.warnings().iter().any(|warning| warning.contains("not sent")));
}

#[test]
fn the_keyboard_stops_a_run_which_keeps_what_it_has() {
    let server = Server::start();
    for load in ["{arrival: {rate: 100/s}, users_max: 4}", "{users: 2}"] {
        let text = format!("name: s\nrequests: [{{path: /a}}]\nload: {load}\nduration: 60s\n");
        let started = Instant::now();
        let mut is_told = false;
        let settings = RunSettings::new(server.target());
        let result = run_goose(&scenario(&text), &settings, &mut |progress| {
            if progress.elapsed_ms > 300 && !is_told {
                is_told = true;
                // What goose's handler does on SIGINT.
                goose::trigger_killswitch("test");
            }
        });
        let result = result.expect("a result");
        assert!(result.requests > 10 && result.took < Duration::from_secs(5), "{load}: {result:?}");
        assert!(started.elapsed() < Duration::from_secs(10), "{load}");
    }
}

#[test]
fn bursts_come_at_once_beside_the_rate() {
    let server = Server::start();
    let result = run(
        "name: s\nrequests: [{path: /a}]\nload: {arrival: {rate: 20/s}, burst: {count: 30, every: 400ms}, users_max: 40}\nduration: 1s\n",
        &server,
    );
    assert_eq!(result.requests, 20 + 2 * 30);
    let seen = server.seen();
    let first = seen.iter().map(|s| s.at).min().expect("some");
    let by = |ms: u64| seen.iter().filter(|s| s.at - first < Duration::from_millis(ms)).count();
    // Requests come late on a busy machine, and never early.
    assert!(by(380) <= 9 && by(780) <= 47, "{} {}", by(380), by(780));
    assert!(by(600) >= 38 && by(1_000) >= 76, "{} {}", by(600), by(1_000));
}

#[test]
fn the_log_of_histograms_reads_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("run.hlog");
    let server = Server::start();
    let scenario = scenario(
        "name: s\nrequests: [{path: /a}]\nload: {arrival: {rate: 100/s}, users_max: 8}\nduration: 1500ms\n",
    );
    let settings = RunSettings { hdr_log: Some(path.clone()), ..RunSettings::new(server.target()) };
    let mut told = Vec::new();
    let result = run_goose(&scenario, &settings, &mut |progress| told.push(progress.clone()))
        .expect("a result");
    let log = std::fs::read(&path).expect("a log");
    assert!(log.starts_with(b"#[Histogram log format version 1.3]\n"));
    let mut all: Histogram<u64> = loadgen_scenario::histogram();
    let mut intervals = 0;
    for entry in IntervalLogIterator::new(&log) {
        if let LogEntry::Interval(interval) = entry.expect("an entry") {
            let text = interval.encoded_histogram();
            let bytes = base64(text);
            let part: Histogram<u64> =
                Deserializer::new().deserialize(&mut bytes.as_slice()).expect("a histogram");
            assert_eq!(interval.start_timestamp().as_secs(), intervals);
            all.add(&part).expect("it fits");
            intervals += 1;
        }
    }
    assert!(intervals >= 2);
    assert_eq!(all.len(), 150);
    assert_eq!(all.value_at_quantile(0.99), result.latency_us.value_at_quantile(0.99));
    assert_eq!(
        result.seconds.iter().map(|s| s.answered).collect::<Vec<_>>().iter().sum::<u64>(),
        150
    );
    assert!(told.len() >= 4, "progress was told: {}", told.len());
    assert_eq!(told.last().map(|p| (p.sent, p.answered, p.failed)), Some((150, 150, 0)));
}

/// RFC 4648, for the log's histograms.
fn base64(text: &str) -> Vec<u8> {
    let digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let values = text
        .bytes()
        .filter(|b| *b != b'=')
        .map(|b| digits.iter().position(|d| *d == b).expect("a digit") as u32);
    let (mut out, mut bits, mut count) = (Vec::new(), 0_u32, 0);
    for value in values {
        (bits, count) = ((bits << 6) | value, count + 6);
        if count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
        }
    }
    out
}

fn arrivals(load: &str) -> Schedule {
    let scenario = scenario(&format!("name: s\nrequests: [{{path: /a}}]\n{load}\n"));
    match scenario.load {
        Load::Arrivals(arrivals) => Schedule::new(&arrivals),
        Load::Users(_) => panic!("an arrival rate"),
    }
}

#[test]
fn due_times_are_the_integral_of_the_rate() {
    let steady: Vec<_> = arrivals("load: {arrival: {rate: 4/s}}\nduration: 1s").collect();
    assert_eq!(steady, [0, 250, 500, 750].map(Duration::from_millis));
    // From 0 to 100/s in 2 s: 100 requests, request k at sqrt(k / 25).
    let ramp: Vec<_> = arrivals("load: {arrival: {rate: 100/s, ramp: 2s}}\nduration: 2s").collect();
    assert_eq!(ramp.len(), 100);
    for (k, due) in ramp.iter().enumerate() {
        let exact = (k as f64 / 25.0).sqrt();
        assert!((due.as_secs_f64() - exact).abs() < 1e-6, "{k}: {due:?} {exact}");
    }
    let stages =
        "load: {stages: [{rate: 10/s, for: 1s}, {rate: 30/s, ramp: 1s, for: 1s}], repeat: 2}";
    // The second round begins with a jump back to 10/s.
    assert_eq!(arrivals(stages).total(), 2 * (10 + 20 + 30));
    let slow = arrivals("load: {arrival: {rate: 30/m}}\nduration: 5s");
    assert_eq!(slow.collect::<Vec<_>>(), [0, 2, 4].map(Duration::from_secs));
}

proptest! {
    #[test]
    fn schedules_are_in_order_complete_and_on_the_curve(
        stages in proptest::collection::vec((0u32..500, 0u32..400, 1u32..400), 1..6),
        burst in proptest::option::of((1u32..20, 50u32..500)),
    ) {
        let text: Vec<String> = stages.iter()
            .map(|(rate, ramp, lasts)| format!("{{rate: {rate}/s, ramp: {ramp}ms, for: {lasts}ms}}")).collect();
        let burst_text = burst.map(|(count, every)| format!(", burst: {{count: {count}, every: {every}ms}}"));
        let load = format!("{{stages: [{{rate: 40/s, for: 100ms}}, {}]{}}}", text.join(", "), burst_text.unwrap_or_default());
        let schedule = arrivals(&format!("load: {load}"));
        let total = schedule.total();
        let due: Vec<Duration> = schedule.collect();
        prop_assert_eq!(due.len() as u64, total);
        prop_assert!(due.is_sorted());
        let lasts_ms: u32 = 100 + stages.iter().map(|(_, ramp, lasts)| ramp + lasts).sum::<u32>();
        let end = Duration::from_millis(u64::from(lasts_ms));
        prop_assert!(due.iter().all(|due| *due < end + Duration::from_micros(1)), "{:?}", due.last());
        // The integral of the rate, in requests.
        let (mut before, mut area) = (40.0, 4.0);
        for (rate, ramp, lasts) in stages {
            let (rate, ramp, lasts) = (f64::from(rate), f64::from(ramp) / 1e3, f64::from(lasts) / 1e3);
            area += (before + rate) / 2.0 * ramp + rate * lasts;
            before = rate;
        }
        let rounds = burst.map_or(0, |(count, every)| u64::from((lasts_ms - 1) / every * count));
        prop_assert!((total as f64 - area - rounds as f64).abs() < 1.0 + 1e-6, "{} {} {}", total, area, rounds);
    }
}
