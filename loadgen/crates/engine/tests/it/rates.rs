//! Counts and times of plans that go well.

use std::sync::Mutex;
use std::time::Duration;

use loadgen_engine::{Arrivals, Outcome, Plan, Step, Stop, run, run_until};

use crate::backend::{OK, Reply, both_ways, plan, request, start};

fn outcome(plan: &Plan) -> Outcome {
    run(plan, &mut |_| {}).expect("a plan that can be run")
}

fn constant(rps: f64, ms: u64) -> Arrivals {
    Arrivals::Steps(vec![Step { from_rps: rps, to_rps: rps, lasts: Duration::from_millis(ms) }])
}

#[test]
fn a_constant_rate_sends_the_whole_schedule_at_its_times() {
    let target = start(|_| Reply::Keep(OK.to_vec()));
    let plan = Plan { connections: 8, threads: 2, ..plan(&target, constant(500.0, 1000)) };
    let outcome = outcome(&plan);
    assert_eq!((outcome.sent, outcome.unsent), (500, 0));
    assert_eq!(outcome.statuses.into_iter().collect::<Vec<_>>(), [(200, 500)]);
    assert_eq!(outcome.latency_us.len(), 500);
    assert_eq!(outcome.service_us.len(), 500);
    assert_eq!(outcome.by_request_us.len(), 1);
    assert!(outcome.by_request_us[0] == outcome.latency_us);
    assert_eq!(outcome.received_bytes, 500 * OK.len() as u64);
    assert_eq!(outcome.seconds.iter().map(|second| second.answered).sum::<u64>(), 500);
    assert_eq!(outcome.samples.len(), 500);
    for (index, sample) in outcome.samples.iter().enumerate() {
        assert!(sample.intended_us.abs_diff(index as u64 * 2000) <= 1, "{index}: {sample:?}");
        assert!(sample.intended_us <= sample.sent_us && sample.sent_us <= sample.received_us);
    }
    assert!(outcome.took >= Duration::from_micros(998_000));
    assert!(outcome.cpu_us.0 + outcome.cpu_us.1 > 0);
}

#[test]
fn at_once_goes_out_in_one_go() {
    let target = start(|_| Reply::Keep(OK.to_vec()));
    let plan =
        Plan { connections: 60, threads: 2, ..plan(&target, Arrivals::AtOnce { count: 60 }) };
    let outcome = outcome(&plan);
    assert_eq!(outcome.statuses.get(&200), Some(&60));
    assert!(outcome.samples.iter().all(|sample| sample.intended_us == 0));
    let mut connections: Vec<u16> = outcome.samples.iter().map(|s| s.connection).collect();
    connections.sort_unstable();
    assert_eq!(connections, (0..60).collect::<Vec<u16>>());
}

#[test]
fn at_once_with_few_connections_waits_in_order_and_its_latency_counts() {
    let target = start(|_| {
        std::thread::sleep(Duration::from_millis(10));
        Reply::Keep(OK.to_vec())
    });
    let outcome = outcome(&plan(&target, Arrivals::AtOnce { count: 10 }));
    assert_eq!(outcome.statuses.get(&200), Some(&10));
    // Five rounds of 10 ms on two connections; service times know nothing of the wait.
    assert!(outcome.latency_us.max() >= 50_000, "{}", outcome.latency_us.max());
    assert!(outcome.latency_us.max() > 3 * outcome.service_us.min());
}

#[test]
fn the_closed_model_ends_at_its_count_or_its_time() {
    let target = start(|_| Reply::Keep(OK.to_vec()));
    let counted = Plan { count_max: 101, threads: 2, ..plan(&target, Arrivals::Closed) };
    for counted in both_ways(counted) {
        let counted = outcome(&counted);
        assert_eq!((counted.sent, counted.unsent), (101, 0));
        assert_eq!(counted.statuses.get(&200), Some(&101));
        assert!(counted.latency_us == counted.service_us);
        assert_eq!(counted.received_bytes, 101 * OK.len() as u64);
    }
    let timed = Plan { lasts_max: Duration::from_millis(200), ..plan(&target, Arrivals::Closed) };
    for timed in both_ways(timed) {
        let timed = outcome(&timed);
        assert!(timed.sent > 10);
        assert_eq!(timed.statuses.get(&200), Some(&timed.sent));
        assert!(timed.took >= Duration::from_millis(150), "{:?}", timed.took);
        assert!(timed.samples.iter().all(|sample| sample.intended_us <= sample.sent_us));
    }
}

#[test]
fn bounds_cut_an_open_schedule_and_what_is_left_is_told() {
    let target = start(|_| Reply::Keep(OK.to_vec()));
    let counted = Plan { count_max: 30, threads: 2, ..plan(&target, constant(100.0, 1000)) };
    let counted = outcome(&counted);
    assert_eq!((counted.sent, counted.unsent), (30, 70));
    // One connection that takes 50 ms an answer, and 40 requests in 100 ms.
    let slow = start(|_| {
        std::thread::sleep(Duration::from_millis(50));
        Reply::Keep(OK.to_vec())
    });
    let lasts_max = Duration::from_millis(200);
    let late = Plan { connections: 1, lasts_max, ..plan(&slow, constant(400.0, 100)) };
    let late = outcome(&late);
    assert_eq!(late.sent + late.unsent, 40);
    assert!((3..=8).contains(&late.sent), "{}", late.sent);
}

#[test]
fn a_stop_ends_a_run_early() {
    let target = start(|_| Reply::Keep(OK.to_vec()));
    let stop = Stop::default();
    let plan = plan(&target, constant(100.0, 60_000));
    let outcome = run_until(&plan, &stop, &mut |progress| {
        if progress.answered > 0 {
            stop.stop();
        }
    })
    .expect("a plan");
    assert!(outcome.sent > 0 && outcome.sent < 1000, "{}", outcome.sent);
    assert_eq!(outcome.sent + outcome.unsent, 6000);
    assert!(outcome.errors.is_empty());
}

#[test]
fn a_stop_cuts_a_closed_run_short_and_what_was_under_way_is_no_failure() {
    let target = start(|head| match head.split(' ').nth(1) {
        Some("/silent") => Reply::Silence,
        _ => Reply::Keep(OK.to_vec()),
    });
    let mut plan = Plan { connections: 4, ..plan(&target, Arrivals::Closed) };
    plan.requests = vec![request("GET", "/"), request("GET", "/silent")];
    for plan in both_ways(plan) {
        let (stop, started) = (Stop::default(), std::time::Instant::now());
        let outcome = run_until(&plan, &stop, &mut |progress| {
            if progress.answered > 0 {
                stop.stop();
            }
        })
        .expect("a plan");
        assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
        assert!(outcome.errors.is_empty(), "{:?}", outcome.errors);
        assert_eq!(outcome.statuses.values().sum::<u64>() + 4, outcome.sent);
    }
}

#[test]
fn answers_in_pieces_are_whole_in_the_closed_model() {
    let target = start(|head| match head.split(' ').nth(1) {
        Some("/chunked") => Reply::Pieces(vec![
            b"HTTP/1.1 404 No\r\nTransfer-Enc".to_vec(),
            b"oding: chunked\r\n\r\n5\r\nhe".to_vec(),
            b"llo\r\n0\r\n\r\n".to_vec(),
        ]),
        Some("/long") => {
            let head = b"HTTP/1.1 201 Yes\r\nContent-Length: 300000\r\n\r\n";
            Reply::Keep([&head[..], &[b'x'; 300_000]].concat())
        }
        Some("/none") => Reply::Keep(b"HTTP/1.1 204 No Content\r\n\r\n".to_vec()),
        _ => Reply::Keep(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n".to_vec()),
    });
    let mut plan = Plan { count_max: 200, connections: 7, ..plan(&target, Arrivals::Closed) };
    let paths = [("GET", "/chunked"), ("GET", "/long"), ("GET", "/none"), ("HEAD", "/head")];
    plan.requests = paths.map(|(method, path)| request(method, path)).into_iter().collect();
    for plan in both_ways(plan) {
        let outcome = outcome(&plan);
        let all = [(200, 50), (201, 50), (204, 50), (404, 50)];
        assert_eq!(outcome.statuses.into_iter().collect::<Vec<_>>(), all, "{:?}", outcome.errors);
        assert!(outcome.errors.is_empty(), "{:?}", outcome.errors);
    }
}

#[test]
fn requests_take_turns_by_weight() {
    static SEEN: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let target = start(|head| {
        SEEN.lock().expect("no panic").push(head[..6].to_owned());
        Reply::Keep(OK.to_vec())
    });
    let mut plan = Plan { connections: 1, count_max: 8, ..plan(&target, Arrivals::Closed) };
    plan.requests = vec![request("GET", "/a"), request("GET", "/b")];
    plan.requests[0].weight = 3;
    for plan in both_ways(plan) {
        let outcome = outcome(&plan);
        let seen = std::mem::take(&mut *SEEN.lock().expect("no panic"));
        let order: String = seen.iter().map(|head| &head[5..6]).collect();
        assert_eq!(order, "aabaaaba");
        assert_eq!(outcome.by_request_us[0].len(), 6);
        assert_eq!(outcome.by_request_us[1].len(), 2);
    }
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let target = start(|head| {
        let status = if head.starts_with("GET /a") { 200 } else { 404 };
        Reply::Keep(format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n").into_bytes())
    });
    let mut plan = Plan { pipeline: 8, count_max: 100, ..plan(&target, Arrivals::Closed) };
    plan.requests = vec![request("GET", "/a"), request("GET", "/b")];
    let outcome = outcome(&plan);
    assert_eq!(outcome.statuses.into_iter().collect::<Vec<_>>(), [(200, 50), (404, 50)]);
    assert!(outcome.samples.iter().all(|s| s.status == if s.request == 0 { 200 } else { 404 }));
}

#[test]
fn without_keep_alive_each_request_has_a_connection() {
    use std::sync::atomic::{AtomicU64, Ordering};
    static SAME: AtomicU64 = AtomicU64::new(0);
    let target = start(|_| {
        SAME.fetch_add(1, Ordering::Relaxed);
        Reply::Keep(OK.to_vec())
    });
    let plan = Plan { keep_alive: false, count_max: 20, ..plan(&target, Arrivals::Closed) };
    assert_eq!(outcome(&plan).statuses.get(&200), Some(&20));
}

#[test]
fn marks_are_found_in_head_and_body_across_pieces() {
    let target = start(|head| {
        let path = head.split(' ').nth(1).unwrap_or_default();
        match path {
            "/head" => Reply::Keep(
                b"HTTP/1.1 200 OK\r\nX-Cache: hit\r\nContent-Length: 0\r\n\r\n".to_vec(),
            ),
            "/split" => Reply::Pieces(vec![
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nne".to_vec(),
                b"e\r\n4\r\ndle!\r\n0\r\n\r\n".to_vec(),
            ]),
            _ => Reply::Keep(OK.to_vec()),
        }
    });
    let mut plan = Plan { connections: 1, count_max: 3, ..plan(&target, Arrivals::Closed) };
    plan.requests =
        vec![request("GET", "/head"), request("GET", "/split"), request("GET", "/none")];
    plan.marks = vec![b"needle!".to_vec(), b"X-Cache: hit".to_vec()];
    let outcome = outcome(&plan);
    let marks: Vec<_> =
        outcome.samples.iter().map(|sample| (sample.request, sample.mark)).collect();
    assert_eq!(marks, [(0, Some(1)), (1, Some(0)), (2, None)]);
}

#[test]
fn progress_is_told_while_it_runs() {
    let target = start(|_| Reply::Keep(OK.to_vec()));
    let mut seen = Vec::new();
    run(&plan(&target, constant(100.0, 900)), &mut |progress| seen.push(progress.clone()))
        .expect("a plan");
    assert!(seen.len() >= 3, "{seen:?}");
    assert!(seen.windows(2).all(|pair| pair[0].sent <= pair[1].sent));
    assert!(seen[0].open > 0 && seen[0].sent < 90, "{seen:?}");
    assert_eq!(seen.last().map(|last| last.answered), Some(90));
}

#[test]
fn a_plan_that_cannot_be_run_says_why() {
    let target = start(|_| Reply::Keep(OK.to_vec()));
    let good = plan(&target, Arrivals::Closed);
    let bad = |plan: Plan| run(&plan, &mut |_| {}).map(|_| ()).expect_err("a bad plan").to_string();
    let threads = bad(Plan { threads: 3, ..good.clone() });
    assert_eq!(threads, "a plan has 1 to 2 threads, not 3");
    let rate = bad(Plan { arrivals: constant(f64::NAN, 1), ..good.clone() });
    assert!(rate.starts_with("a rate is 0 to"), "{rate}");
    let mut weightless = good.clone();
    weightless.requests[0].weight = 0;
    assert!(bad(weightless).starts_with("no request has a weight"));
    assert!(bad(Plan { requests: Vec::new(), ..good }).contains("requests"));
}
