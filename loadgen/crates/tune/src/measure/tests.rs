use std::sync::Arc;

use loadgen_engine::{Request, Target};

use super::*;

fn settings() -> Settings {
    let target = Target { address: ([127, 0, 0, 1], 8080).into(), tls: None };
    let bytes: Arc<[u8]> = Arc::from(&b"GET / HTTP/1.1\r\n\r\n"[..]);
    let request = |name: &str| Request {
        name: name.to_owned(),
        bytes: bytes.clone(),
        is_head: false,
        weight: 1,
    };
    Settings::new(target, String::new(), vec![request("a"), request("b")])
}

fn sample(request: u16, intended_ms: u64, took_ms: u64, status: u16) -> Sample {
    Sample {
        request,
        intended_us: intended_ms * 1_000,
        sent_us: intended_ms * 1_000,
        received_us: (intended_ms + took_ms) * 1_000,
        status,
        ..Sample::default()
    }
}

fn outcome(samples: Vec<Sample>, unsent: u64) -> Outcome {
    Outcome {
        started_unix_us: 0,
        took: Duration::from_secs(2),
        sent: samples.len() as u64,
        unsent,
        statuses: BTreeMap::new(),
        errors: BTreeMap::new(),
        latency_us: histogram(),
        service_us: histogram(),
        by_request_us: Vec::new(),
        seconds: Vec::new(),
        late_us: histogram(),
        cpu_us: (600_000, 400_000),
        received_bytes: 0,
        samples,
        samples_lost: 0,
    }
}

#[test]
fn the_warm_up_is_left_out_and_what_was_not_sent_is_an_error() {
    let settings = settings();
    let load = Load {
        rate_rps: Some(10.0),
        connections: 1,
        warm_up: Duration::from_secs(1),
        lasts: Duration::from_secs(1),
    };
    let plan = Engine::new(&settings).plan(&load);
    let samples = vec![
        sample(0, 999, 1, 200), // warm-up
        sample(0, 1_000, 7, 200),
        sample(1, 1_100, 3, 503),
        sample(1, 1_200, 0, 0),
        sample(0, 1_900, 500, 200), // too late for the rate
    ];
    let facts = facts(&settings, &load, &plan, &outcome(samples, 2));
    assert_eq!((facts.requests, facts.errors, facts.unanswered), (6, 4, 3));
    assert_eq!(facts.statuses, BTreeMap::from([(200, 2), (503, 1)]));
    assert_eq!((facts.achieved_rps, facts.offered_rps), (1.0, 10.0));
    assert_eq!(facts.latency_ms(0.0).map(f64::round), Some(3.0));
    assert_eq!(facts.latency_ms(100.0).map(f64::round), Some(500.0));
    assert_eq!(facts.by_request[1].2, 2);
    assert_eq!(facts.generator_cores, 0.5);
}

#[test]
fn accounts_are_read_within_the_step_only() {
    let load = Load {
        rate_rps: Some(1.0),
        connections: 1,
        warm_up: Duration::from_millis(500),
        lasts: Duration::from_secs(1),
    };
    let mut accounts = Accounts::new(Some(std::process::id()), &load);
    let at = |elapsed_ms, answered| Progress { elapsed_ms, answered, ..Progress::default() };
    accounts.look(&at(400, 40));
    assert!(accounts.first.is_none());
    accounts.look(&at(600, 60));
    assert_eq!(accounts.facts(), (None, None));
    accounts.look(&at(800, 80));
    accounts.look(&at(1_400, 140));
    accounts.look(&at(1_900, 190));
    let ends = (accounts.first.as_ref(), accounts.last.as_ref());
    assert_eq!((ends.0.map(|r| r.answered), ends.1.map(|r| r.answered)), (Some(60), Some(140)));
    let (gateway, machine) = accounts.facts();
    assert!(gateway.is_some() && machine.is_some());
}
